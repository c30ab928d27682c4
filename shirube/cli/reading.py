"""Commands for a reader: the digest of a month, the papers stored, and the ranking between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from core.months import default_month, parse_month
from shirube import terminal
from shirube.cli.options import ENGLISH, PARTLY, Day, Kind, Lang, Month, Sort, Stages, known_stages, paper_filter
from shirube.help import WithFormats

if TYPE_CHECKING:
    from db.models import Issue
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
    folder = None if out == "-" else Path(out or wiring.digests_dir)
    copy = _Copy(folder, form, lang.value, stages, minutes)
    if since:
        outcome = catching_up.make_catch_up(wiring, parse_month(since), wanted, copy.write, offline=offline)
    else:
        outcome = monthly.make_month(wiring, wanted, copy.write, offline=offline)
        _others_closed(wiring, outcome, wanted=month is None and not offline)
    terminal.out(copy.told)
    if outcome.partly:
        raise typer.Exit(PARTLY)


@dataclass(slots=True)
class _Copy:
    """The digest in the form that was asked for, made anew as often as it grows; without a folder it is kept here."""

    folder: Path | None
    form: str
    lang: str
    stages: list[int]
    minutes: int | None
    told: str = ""  # the file it is in, or without a folder the digest itself

    def write(self, issue: Issue) -> None:
        """Take the issue as it is now."""
        from shirube import output

        wanted = (self.form, self.lang, self.stages, self.minutes)
        if self.folder is None:
            self.told = output.render(issue, *wanted)
            return
        self.told = str(output.write_digest(issue, self.folder, *wanted))
        terminal.say(f"Written: {self.told}")


def _others_closed(wiring: Wiring, outcome: Outcome, *, wanted: bool) -> None:
    """Close the other months that are due, unless the run was stopped, has no more than the sample, or came early."""
    from shirube import monthly

    if wanted and not (outcome.sample or outcome.interrupted or outcome.early):
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
    from db.papers import listed
    from shirube import output

    wiring: Wiring = context.obj
    order = sort or (Sort.fit if topic or stage else Sort.worth)
    wanted = paper_filter(wiring, topic, lab, stage, since, until, kind, has_code, min_fit, limit)
    with reading(wiring.sessions) as session:
        found = listed(session, replace(wanted, sort=order.value), {s.number: s.topics for s in wiring.roadmap.stages})
        output.listing(found, form, wiring.roadmap, min_fit=min_fit)
