"""Commands that look at how things stand: what is stored and missing, what is not well."""

import json
from typing import Annotated

import typer

from shirube import terminal
from shirube.cli.options import FAILED
from shirube.wiring import Wiring

commands = typer.Typer()


@commands.command()
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


@commands.command()
def doctor(context: typer.Context) -> None:
    """Try everything once and say how to mend what is not well."""
    from shirube import report

    checks = report.doctor(context.obj)
    rows = [(c.name, "well" if c.well else "NOT WELL", c.found, "" if c.well else c.fix) for c in checks]
    terminal.table(("what", "state", "found", "to mend it"), rows)
    if not all(c.well for c in checks):
        raise typer.Exit(FAILED)
