"""The command line: parse, call a service, print. Results go to stdout, everything else to stderr."""

import json
import os
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import ShirubeError, UsageError
from core.months import default_month, parse_month
from shirube import logs, terminal
from shirube.help import WithFormats
from shirube.settings import check_categories, load_settings, shown, split_names
from shirube.wiring import NETWORK_SOURCES, SOURCES, Wiring, program_version

FAILED, WRONG_USAGE, PARTLY = 1, 2, 3
INTERRUPTED = 130  # what typer makes of Ctrl-C

app = typer.Typer(
    name="shirube",
    help="Research papers along a study road: pulled, ranked, and one digest a month that says why each was chosen.",
    epilog="Begin with: shirube digest    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 partly done.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
subscribers_app = typer.Typer(help="The people who get the digest by mail.", no_args_is_help=True)
config_app = typer.Typer(help="The settings in force.", no_args_is_help=True)
db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(subscribers_app, name="subscribers")
app.add_typer(config_app, name="config")
app.add_typer(db_app, name="db")


class Lang(StrEnum):
    """A language of the program."""

    en = "en"
    ja = "ja"


class Kind(StrEnum):
    """What an item is."""

    paper = "paper"
    post = "post"


class Sort(StrEnum):
    """An order of papers."""

    fit = "fit"
    worth = "worth"
    newest = "newest"


Month = Annotated[
    str | None,
    typer.Argument(metavar="[YYYY-MM]", help="The month; default: this one, in its first 7 days the previous one."),
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help=f"One of {', '.join(SOURCES)}; may be repeated. Default: all but recorded."),
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]
Stages = Annotated[list[int] | None, typer.Option("--stage", min=1, help="Only this stage; may be repeated.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        terminal.out(f"shirube {program_version()}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and leave.")
    ] = False,
) -> None:
    """Read the settings once, for whichever command follows."""
    if context.invoked_subcommand is not None:
        settings = load_settings()
        logs.configure(settings.log_format)
        context.obj = Wiring(settings)


@app.command(
    cls=WithFormats,
    epilog="Examples:  shirube digest    shirube digest 2026-10 --lang ja    shirube digest --stage 5 --minutes 60",
)
def digest(
    context: typer.Context,
    month: Month = None,
    stage: Stages = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="Shrink the digest to this reading time.")] = None,
    lang: Annotated[Lang, typer.Option(help="The language of names, reasons and dates.")] = Lang.en,
    form: Annotated[str, typer.Option("--format")] = "html",
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="The folder to write to; - is standard output.")
    ] = None,
    offline: Annotated[bool, typer.Option(help="Use only what is stored; never freezes an issue.")] = False,
) -> None:
    """Pull what is missing, rank, and write the digest of one month; prints where it is."""
    from shirube import monthly, output

    output.check_format(form)
    wiring: Wiring = context.obj
    wanted = parse_month(month) if month else default_month(wiring.clock())
    if wanted > wiring.clock().strftime("%Y-%m"):
        raise UsageError(f"{wanted} has not begun", "Name a month that has")
    stages = _known_stages(wiring, stage)
    folder = Path(out) if out and out != "-" else wiring.digests_dir
    made: list[Path] = []

    def write(issue: Any) -> None:
        last[:] = [issue]
        if out != "-":
            made[:] = [output.write_digest(issue, folder, form, lang.value, stages, minutes)]
            terminal.say(f"Written: {made[0]}")

    last: list[Any] = []
    outcome = monthly.make_month(wiring, wanted, write, offline=offline)
    terminal.out(output.render(last[0], form, lang.value, stages, minutes) if out == "-" else str(made[0]))
    if outcome.partly:
        raise typer.Exit(PARTLY)


@app.command(epilog="Examples:  shirube pull    shirube pull --source hf --since 2026-10-01 --until 2026-10-31")
def pull(
    context: typer.Context,
    source: Sources = None,
    since: Day = None,
    until: Day = None,
    retry_errors: Annotated[bool, typer.Option(help="Read windows again that hold unreadable entries.")] = False,
) -> None:
    """Read the sources; what is complete already is not asked again. Default: this month, or since to until."""
    from shirube import monthly

    wiring: Wiring = context.obj
    today = wiring.clock().date()
    end = until.date() if until else today
    begin = since.date() if since else date(end.year, end.month, 1)
    if begin > end:
        raise UsageError(f"{begin} is after {end}", "Give --since a day before --until")
    results = monthly.pull(wiring, source or list(NETWORK_SOURCES), begin, end, retry_errors=retry_errors)
    rows = [
        (r.source, f"{r.new:,}", f"{r.changed:,}", f"{r.unchanged:,}", f"{r.errors:,}", r.failure or "complete")
        for r in results
    ]
    terminal.table(("source", "new", "changed", "unchanged", "errors", "state"), rows, right=(1, 2, 3, 4))
    if any(r.failure for r in results):
        raise typer.Exit(PARTLY)


@app.command(epilog="Examples:  shirube rank    shirube rank --rebuild    shirube rank --shard 1/4")
def rank(
    context: typer.Context,
    rebuild: Annotated[bool, typer.Option(help="Look at every stored item again.")] = False,
    shard: Annotated[str | None, typer.Option(metavar="i/n", help="Embed only the i-th of n parts.")] = None,
) -> None:
    """Embed and score what is new."""
    from shirube import monthly

    embedded, changed = monthly.rank(context.obj, rebuild=rebuild, part=_part(shard))
    terminal.out(f"{embedded:,} embedded, {changed:,} ratings changed")


@app.command(epilog="Examples:  shirube papers --topic rag --limit 20    shirube papers --lab qwen --format csv")
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
    form: Annotated[str, typer.Option("--format", help="table, json, jsonl or csv.")] = "table",
) -> None:
    """List stored papers and posts with their scores."""
    from db.engine import reading
    from db.papers import PaperFilter, listed
    from shirube import output

    wiring: Wiring = context.obj
    _known(wiring, topic, lab, stage)
    order = sort or (Sort.fit if topic or stage else Sort.worth)
    wanted = PaperFilter(
        topic=topic,
        lab=lab,
        stage=stage,
        since=since.date() if since else None,
        until=until.date() if until else None,
        kind=kind.value if kind else None,
        has_code=True if has_code else None,
        min_fit=min_fit,
        sort=order.value,
        limit=limit,
    )
    with reading(wiring.sessions) as session:
        found = listed(session, wanted, {s.number: s.topics for s in wiring.roadmap.stages})
        output.listing(found, form, wiring.roadmap)


@app.command()
def status(context: typer.Context, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say what is stored, what is missing, and which issues exist."""
    from db.engine import reading
    from shirube import report

    wiring: Wiring = context.obj
    with reading(wiring.sessions) as session:
        found = report.status(session, wiring)
    if as_json:
        terminal.out(json.dumps(found, indent=2))
        return
    report.print_status(found)


@app.command()
def doctor(context: typer.Context) -> None:
    """Try everything once and say how to mend what is not well."""
    from shirube import report

    checks = report.doctor(context.obj)
    rows = [(c.name, "well" if c.well else "NOT WELL", c.found, "" if c.well else c.fix) for c in checks]
    terminal.table(("what", "state", "found", "to mend it"), rows)
    if not all(c.well for c in checks):
        raise typer.Exit(FAILED)


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Run the web service: pages, REST API, feeds."""
    import uvicorn

    from api.app import create_app

    wiring: Wiring = context.obj
    base_url = f"http://{host}:{port}"
    web = create_app(wiring.sessions, wiring.roadmap, wiring.clock, wiring.app_options(base_url))
    terminal.say(f"Serving on {base_url} (Ctrl-C stops).")
    uvicorn.run(web, host=host, port=port, log_level="warning")


@app.command()
def work(context: typer.Context) -> None:
    """Run the scheduled jobs: pull, rank, close the month. It sends no mail."""
    from shirube import jobs

    jobs.run(context.obj)


@app.command(epilog="Examples:  shirube send --dry-run    shirube send 2026-10")
def send(
    context: typer.Context,
    month: Annotated[str | None, typer.Argument(metavar="[YYYY-MM]", help="Default: the last final issue.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say who would get it.")] = False,
) -> None:
    """Mail a final issue to every subscriber; a draft or a sample is refused."""
    from shirube import mail

    ended = mail.send(context.obj, parse_month(month) if month else None, dry_run=dry_run)
    terminal.out(ended)


@subscribers_app.command(
    "add", epilog="Example:  shirube subscribers add reader@example.org --lang ja --consent 'signed up at the course'"
)
def add_subscriber(
    context: typer.Context,
    emails: Annotated[list[str], typer.Argument(help="One or more addresses.")],
    consent: Annotated[str, typer.Option(help="Where and how the person agreed; kept with the date.")],
    lang: Annotated[Lang, typer.Option()] = Lang.en,
    stage: Stages = None,
    minutes: Annotated[int | None, typer.Option(min=1)] = None,
) -> None:
    """Add people who agreed elsewhere to get the digest."""
    from shirube import mail

    wiring: Wiring = context.obj
    outcomes = mail.add(wiring, emails, consent, lang.value, _known_stages(wiring, stage), minutes)
    for email, outcome in outcomes:
        terminal.out(f"{email}\t{outcome}")
    if any(outcome.startswith("invalid") for _, outcome in outcomes):
        raise typer.Exit(FAILED if len(outcomes) == 1 else PARTLY)


@config_app.command("show")
def show_config(context: typer.Context) -> None:
    """Print every setting with its value in force; secrets are masked."""
    wiring: Wiring = context.obj
    for name, value in shown(wiring.settings).items():
        terminal.out(f"{name}={value}")


@db_app.command("upgrade")
def upgrade_database(context: typer.Context) -> None:
    """Make the database, or bring it to the newest form."""
    wiring: Wiring = context.obj
    terminal.say(f"The database is up to date ({wiring.engine.dialect.name}).")


@app.command("import", epilog="Example:  shirube import arxiv-snapshot dump.json.zst --categories 'cs.CL cs.LG'")
def import_file(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="arxiv-snapshot")],
    file: Annotated[str, typer.Argument(help="JSON lines; plain, .gz, .xz or .zst; - is standard input.")],
    categories: Annotated[str | None, typer.Option(help="Only papers in one of these; default: all.")] = None,
) -> None:
    """Import a public dump: arXiv's metadata snapshot."""
    from ingest.service import import_snapshot
    from shirube.monthly import final_months

    if kind != "arxiv-snapshot":
        raise UsageError(f"{kind!r} cannot be imported", "The kind is arxiv-snapshot")
    wiring: Wiring = context.obj
    with terminal.bar("Importing") as bar:
        result = import_snapshot(
            wiring.sessions,
            file,
            wiring.clock,
            categories=_categories(categories),
            final_months=final_months(wiring),
            on_progress=lambda n: bar(n, n),
        )
    terminal.out(
        f"{result.new:,} new, {result.changed:,} changed, {result.unchanged:,} unchanged, {result.errors:,} unreadable"
    )
    if result.errors or result.failure:
        raise typer.Exit(PARTLY)


def main() -> None:
    """Run the command line; expected failures end in two lines of advice, never in a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app(prog_name="shirube")
    except ShirubeError as problem:
        terminal.say(f"shirube: {problem.message}")
        if problem.advice:
            terminal.say(f"  {problem.advice}.")
        sys.exit(WRONG_USAGE if isinstance(problem, UsageError) else FAILED)
    except SystemExit as ended:
        if ended.code != INTERRUPTED:
            raise
        terminal.say("Stopped; what was read is kept.")
        sys.exit(PARTLY)


def _known(wiring: Wiring, topic: str | None, lab: str | None, stage: int | None) -> None:
    if topic is not None and topic not in wiring.roadmap.topics:
        raise UsageError(f"There is no topic {topic!r}", f"Topics are {', '.join(wiring.roadmap.topics)}")
    if lab is not None and lab not in wiring.roadmap.labs:
        raise UsageError(f"There is no lab {lab!r}", f"Labs are {', '.join(wiring.roadmap.labs)}")
    _known_stages(wiring, [stage] if stage is not None else None)


def _known_stages(wiring: Wiring, stages: list[int] | None) -> list[int]:
    numbers = {stage.number for stage in wiring.roadmap.stages}
    for number in stages or []:
        if number not in numbers:
            raise UsageError(f"There is no stage {number}", f"Stages are {min(numbers)} to {max(numbers)}")
    return stages or []


def _categories(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    try:
        return check_categories(split_names(text))
    except ValueError as problem:
        raise UsageError("--categories names what is none", str(problem)) from problem


def _part(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise UsageError(f"{text!r} names no part", "Write --shard i/n, for example 1/4")
    return int(index), int(count)
