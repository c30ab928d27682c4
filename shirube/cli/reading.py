"""Commands for a reader: the digest of a month, the papers stored, and the ranking between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import UsageError
from core.months import default_month, parse_month
from shirube import terminal
from shirube.cli.options import ENGLISH, PARTLY, Day, Kind, Lang, Month, Sort, Stages, in_order, known, known_stages
from shirube.help import WithFormats

if TYPE_CHECKING:
    from shirube.monthly import Outcome
    from shirube.wiring import Wiring

commands = typer.Typer()
Since = Annotated[
    str | None,
    typer.Option(metavar="YYYY-MM", help="One view of all months from this one on, ranked together; freezes nothing."),
]


@commands.command(
    cls=WithFormats,
    epilog="Examples:  shirube digest    shirube digest 2026-10 --lang ja    shirube digest --since 2026-08",
)
def digest(
    context: typer.Context,
    month: Month = None,
    since: Since = None,
    stage: Stages = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="Shrink the digest to this reading time.")] = None,
    lang: Annotated[Lang, typer.Option(help="The language of names, reasons and dates.")] = ENGLISH,
    form: Annotated[str, typer.Option("--format")] = "html",
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="The folder to write to; - is standard output.")
    ] = None,
    offline: Annotated[bool, typer.Option(help="Use only what is stored; never freezes an issue.")] = False,
) -> None:
    """Pull what is missing, rank, and write the digest of one month; prints where it is.

    Without a month it closes each other month that is due as well.
    """
    from shirube import catching_up, monthly, output

    output.check_format(form)
    wiring: Wiring = context.obj
    wanted, stages = _begun(wiring, month, view=since is not None), known_stages(wiring, stage)
    folder = Path(out) if out and out != "-" else wiring.digests_dir
    made: list[Path] = []
    last: list[Any] = []

    def write(issue: Any) -> None:
        last[:] = [issue]
        if out != "-":
            made[:] = [output.write_digest(issue, folder, form, lang.value, stages, minutes)]
            terminal.say(f"Written: {made[0]}")

    if since:
        outcome = catching_up.make_catch_up(wiring, parse_month(since), wanted, write, offline=offline)
    else:
        outcome = monthly.make_month(wiring, wanted, write, offline=offline)
        _others_closed(wiring, outcome, wanted=month is None and not offline)
    terminal.out(output.render(last[0], form, lang.value, stages, minutes) if out == "-" else str(made[0]))
    if outcome.partly:
        raise typer.Exit(PARTLY)


def _others_closed(wiring: Wiring, outcome: Outcome, *, wanted: bool) -> None:
    """Close the other months that are due, unless the run was stopped or has no more than the sample."""
    from shirube import monthly

    if wanted and not (outcome.sample or outcome.interrupted):
        monthly.close_due(wiring)


def _begun(wiring: Wiring, month: str | None, *, view: bool) -> str:
    """Read the month asked for, else choose one; raises UsageError for one that has not begun."""
    from shirube import monthly

    chosen = default_month(wiring.clock()) if view else monthly.month_meant(wiring)
    wanted = parse_month(month) if month else chosen
    if wanted > wiring.clock().strftime("%Y-%m"):
        raise UsageError(f"{wanted} has not begun", "Name a month that has")
    return wanted


@commands.command(
    epilog="Examples:  shirube rank    shirube rank --rebuild    shirube rank --shard 1/4    shirube rank --cluster"
)
def rank(
    context: typer.Context,
    rebuild: Annotated[bool, typer.Option(help="Look at every stored item again.")] = False,
    shard: Annotated[str | None, typer.Option(metavar="i/n", help="Only the i-th of n parts of what is new.")] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="Embed on Ray; RAY_ADDRESS names a cluster.")] = False,
) -> None:
    """Embed and score what is new."""
    from ranking import shards
    from shirube import monthly

    part = shards.parse(shard) if shard else shards.ALL
    embedded, changed = monthly.rank(context.obj, rebuild=rebuild, part=part, cluster=cluster)
    terminal.out(f"{embedded:,} embedded, {changed:,} ratings changed")


@commands.command(epilog="Examples:  shirube papers --topic rag --limit 9    shirube papers --lab qwen --format bibtex")
def papers(
    context: typer.Context,
    topic: Annotated[str | None, typer.Option(help="A topic's key; lists fit >= 0.5.")] = None,
    lab: Annotated[str | None, typer.Option(help="A lab's key.")] = None,
    stage: Annotated[int | None, typer.Option(min=1)] = None,
    since: Day = None,
    until: Day = None,
    kind: Annotated[Kind | None, typer.Option()] = None,
    has_code: Annotated[bool, typer.Option("--has-code", help="Only with code.")] = False,
    min_fit: Annotated[float | None, typer.Option(min=0, max=1, help="0 lists all.")] = None,
    sort: Annotated[Sort | None, typer.Option(help="Default: fit where a topic or stage is named, else worth.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    form: Annotated[str, typer.Option("--format", help="table, json, jsonl, csv, bibtex, ris or csl.")] = "table",
) -> None:
    """List stored papers and posts with their scores."""
    from db.engine import reading
    from db.papers import PaperFilter, listed
    from shirube import output

    wiring: Wiring = context.obj
    known(wiring, topic, lab, stage)
    first, last = since.date() if since else None, until.date() if until else None
    in_order(first, last)
    order = sort or (Sort.fit if topic or stage else Sort.worth)
    wanted = PaperFilter(
        topic=topic,
        lab=lab,
        stage=stage,
        since=first,
        until=last,
        kind=kind.value if kind else None,
        has_code=True if has_code else None,
        min_fit=min_fit,
        sort=order.value,
        limit=limit,
    )
    with reading(wiring.sessions) as session:
        found = listed(session, wanted, {s.number: s.topics for s in wiring.roadmap.stages})
        output.listing(found, form, wiring.roadmap, min_fit=min_fit)
