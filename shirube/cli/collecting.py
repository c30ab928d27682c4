"""Commands that collect: pull the sources, import a public dump."""

from datetime import date
from typing import Annotated

import typer

from core.errors import UsageError
from shirube import terminal
from shirube.cli.options import PARTLY, Day, Sources, read_categories
from shirube.wiring import NETWORK_SOURCES, Wiring

commands = typer.Typer()


@commands.command(epilog="Examples:  shirube pull    shirube pull --source hf --since 2026-10-01 --until 2026-10-31")
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


@commands.command("import", epilog="Example:  shirube import arxiv-snapshot dump.json.zst --categories 'cs.CL cs.LG'")
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
            categories=read_categories(categories),
            final_months=final_months(wiring),
            on_progress=lambda n: bar(n, n),
        )
    terminal.out(
        f"{result.new:,} new, {result.changed:,} changed, {result.unchanged:,} unchanged, {result.errors:,} unreadable"
    )
    if result.errors or result.failure:
        raise typer.Exit(PARTLY)
