"""Commands about the schedule: what runs when, how it went, and one job run now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from shirube import terminal
from shirube.cli.options import FAILED, PARTLY

if TYPE_CHECKING:
    from shirube.wiring import Wiring

commands = typer.Typer()
EXIT = {"done": 0, "failed": FAILED}


@commands.command(epilog="Examples:  shirube jobs    shirube jobs close    shirube jobs run pull-arxiv")
def jobs(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME | run NAME]", help="One job; with run, run it now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as values, for programs.")] = False,
) -> None:
    """List the schedule with next and last runs, explain one job, or run one now."""
    wiring: Wiring = context.obj
    match words or []:
        case []:
            _list(wiring, as_json)
        case ["run"]:
            raise UsageError("run needs the name of a job", "Write shirube jobs run NAME; shirube jobs lists them")
        case [name]:
            _explain(wiring, name, as_json)
        case ["run", name]:
            _run(wiring, name, as_json)
        case _:
            raise UsageError("That is more than one job", "Write shirube jobs NAME, or shirube jobs run NAME")


def _list(wiring: Wiring, as_json: bool) -> None:
    from db.engine import reading
    from shirube import joblist, ticking
    from shirube.jobs import schedule

    now = wiring.clock()
    with reading(wiring.sessions) as session:
        found = joblist.listed(session, schedule(), now)
    if as_json:
        terminal.out(json.dumps(found, indent=2))
        return
    terminal.table(("job", "cron (UTC)", "next", "last", "how it went", "what it does"), joblist.rows(found))
    terminal.out(ticking.scheduler_line(found["scheduler"], now))


def _explain(wiring: Wiring, name: str, as_json: bool) -> None:
    from db.engine import reading
    from shirube import joblist
    from shirube.jobs import schedule
    from shirube.worker import find

    job = find(schedule(), name)
    with reading(wiring.sessions) as session:
        found = joblist.explained(session, job, wiring.clock())
    terminal.out(json.dumps(found, indent=2) if as_json else "\n".join(joblist.lines(found)))


def _run(wiring: Wiring, name: str, as_json: bool) -> None:
    from shirube.stopping import Stopping, leave_at_once
    from shirube.worker import Worker

    stop = Stopping()
    with stop.listening():
        ended = Worker(wiring, stop).run_now(name)
    if ended is None:
        leave_at_once([name], PARTLY)
    _explain(wiring, name, as_json)
    if code := EXIT.get(ended, PARTLY):
        raise typer.Exit(code)
