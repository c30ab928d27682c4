"""Commands that collect: pull the sources, import a public dump."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from shirube import terminal
from shirube.cli.options import PARTLY, Day, Sources, in_order, read_categories
from shirube.names import NETWORK_SOURCES

if TYPE_CHECKING:
    from ingest.source import SourceResult
    from shirube.wiring import Wiring

commands = typer.Typer()


@commands.command(epilog="Examples:  shirube pull    shirube pull --source hf --since 2026-10-01 --until 2026-10-31")
def pull(
    context: typer.Context,
    source: Sources = None,
    since: Day = None,
    until: Day = None,
    retry_errors: Annotated[bool, typer.Option(help="Read windows again that hold unreadable entries.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="What it came to as values, for programs.")] = False,
) -> None:
    """Read the sources, newest days first; what is complete already is not asked again.

    Default: this month, and what was asked before of the last 74 days where it is due again. Ctrl-C keeps what came.
    """
    from ingest.claims import BEGAN
    from shirube import pulling, telling

    wiring: Wiring = context.obj
    end = until.date() if until else wiring.clock().date()
    names = source or list(NETWORK_SOURCES)
    wiring.sources(tuple(names))  # a wrong name is said before anything is read
    begin = since.date() if since else pulling.first_due(wiring, names, end)
    in_order(begin, end)
    if begin < BEGAN:
        raise UsageError(f"There is nothing of {begin}", f"arXiv began on {BEGAN}: name a day from then on")
    command = _again(source, begin, until, retry_errors)
    pulled = pulling.pull(wiring, names, begin, end, retry_errors=retry_errors, command=command)
    told = json.dumps(pulling.values(pulled), indent=2) if as_json else "\n".join(telling.came_to(pulled.results))
    terminal.out(told)
    if pulled.partly:
        raise typer.Exit(PARTLY)


@commands.command("import", epilog="Example:  shirube import arxiv-snapshot dump.json.zst --categories 'cs.CL cs.LG'")
def import_file(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="arxiv-snapshot, pwc-papers or pwc-links")],
    file: Annotated[str, typer.Argument(help="The dump as published; plain, .gz, .xz or .zst; - is standard input.")],
    categories: Annotated[
        str | None, typer.Option(help="Only papers in one of these (arxiv-snapshot); default: all.")
    ] = None,
) -> None:
    """Import a public dump: arXiv's metadata snapshot, or one of the old Papers with Code."""
    wiring: Wiring = context.obj
    read = _reader(kind, categories)
    with terminal.bar("Importing") as bar:
        result = read(
            wiring.sessions,
            file,
            clock=wiring.clock,
            on_progress=lambda n: bar(n, n),
        )
    terminal.out("\n".join(_imported(result)))
    if result.errors or result.failure:
        raise typer.Exit(PARTLY)


def _reader(kind: str, categories: str | None) -> Callable[..., SourceResult]:
    """Give what imports a kind of dump; raises UsageError for one that is none."""
    from ingest.service import ARCHIVES, import_archive, import_snapshot

    if kind == "arxiv-snapshot":
        return partial(import_snapshot, categories=read_categories(categories))
    if kind not in ARCHIVES:
        raise UsageError(f"{kind!r} cannot be imported", f"The kinds are arxiv-snapshot, {' and '.join(ARCHIVES)}")
    if categories is not None:
        raise UsageError(f"{kind} knows no categories", "Leave --categories out")
    return partial(import_archive, kind=kind)


def _imported(result: SourceResult) -> Iterator[str]:
    """Say what an import came to, and of what it made no paper."""
    yield (
        f"{result.new:,} new, {result.changed:,} changed, {result.unchanged:,} unchanged, {result.errors:,} unreadable"
    )
    if result.noted:
        yield f"{result.noted:,} of the unchanged: about papers not stored here, kept until they are"
    if result.passed_over:
        yield f"{result.passed_over:,} more: about papers that are not on arXiv, passed over"


def _again(sources: list[str] | None, begin: date, until: datetime | None, retry_errors: bool) -> str:
    """Write the command that goes on with a pull that was stopped."""
    words = ["shirube pull", *(f"--source {name}" for name in sources or ()), f"--since {begin}"]
    words += [f"--until {until.date()}"] if until else []
    return " ".join([*words, *(["--retry-errors"] if retry_errors else [])])
