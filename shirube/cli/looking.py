"""Commands that look at how things stand: what is stored and missing, what is not well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from core.months import parse_month
from shirube import terminal
from shirube.cli.options import FAILED

if TYPE_CHECKING:
    from shirube.wiring import Wiring

ERRORS_SHOWN = 50  # at a terminal, the newest first
ALL_ERRORS = 10_000

commands = typer.Typer()


@commands.command(epilog="Examples:  shirube status    shirube status --month 2026-06    shirube status --errors")
def status(
    context: typer.Context,
    month: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Only this month; default: the newest ones.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="List the entries that could not be read instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as values, for programs.")] = False,
) -> None:
    """Say what is stored, what is missing day by day, and what is being done about it."""
    from db.engine import reading
    from shirube import calendar
    from shirube import status as state

    if month and errors:
        raise UsageError("--errors lists those of all months", "Leave --month out")
    wiring: Wiring = context.obj
    wanted = parse_month(month) if month else None
    limit = ALL_ERRORS if as_json else ERRORS_SHOWN
    with reading(wiring.sessions) as session:
        found = {"errors": state.errors(session, limit)} if errors else state.status(session, wiring, wanted)
    if as_json:
        terminal.out(json.dumps(found, indent=2))
        return
    terminal.out("\n".join(calendar.error_lines(found["errors"], limit) if errors else calendar.lines(found)))


@commands.command()
def doctor(context: typer.Context) -> None:
    """Try everything once and say how to mend what is not well."""
    from shirube.checks import lines
    from shirube.doctor import examine

    terminal.say("Trying everything once; that takes some seconds.")
    checks = examine(context.obj)
    terminal.out("\n".join(lines(checks)))
    if not all(c.well for c in checks):
        raise typer.Exit(FAILED)
