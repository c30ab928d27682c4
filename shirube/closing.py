"""What cannot be taken back, a month closed and an issue mailed, waits while the sources say that the clock is ahead.

The hour is asked for at that moment: what an earlier answer told of a clock would block one that was set since.
"""

from collections.abc import Sequence

from core.clock import Clock, system_clock
from core.errors import RefusedError
from db.engine import reading
from digest import service as digests
from shirube import trials
from shirube.telling import span
from shirube.wiring import Wiring

# Seconds. To close so much early harms no issue, days after its month; hardly a cache that hides its age keeps longer.
FAR = 3_600.0
VOICES = 2  # hosts that must agree
ADVICE = "Set this machine's clock, for example by timedatectl set-ntp true, and run it again; shirube doctor compares"


def close_due(wiring: Wiring) -> list[str]:
    """Close every month that is due, in order; raises RefusedError where the clock is ahead."""
    refuse_early(wiring)
    return digests.close_due(wiring.sessions, wiring.roadmap, wiring.clock, wiring.issue_options())


def refuse_early(wiring: Wiring) -> None:
    """Stop where a month is due by a clock that is ahead; raises RefusedError. Asks nobody where none is due."""
    with reading(wiring.sessions) as session:
        due = digests.due_months(session, wiring.clock(), wiring.settings.closing_day)
    if due:
        refuse_ahead(wiring)


def refuse_ahead(wiring: Wiring, machine: Clock = system_clock) -> None:
    """Stop where all sources that answer say that this machine's clock is far ahead; raises RefusedError that says so.

    Where they cannot be reached, or are all of one host, nothing is known and nothing stops.
    """
    if len({trial.host for trial in trials.principal(wiring)}) < VOICES:
        return
    ahead = surely_ahead(trials.hours(wiring, machine))
    if ahead > FAR:
        found = f"Nothing is closed or mailed: this machine's clock is {span(ahead)} ahead of all sources that answer"
        raise RefusedError(found, ADVICE)


def surely_ahead(told: Sequence[tuple[str, float]]) -> float:
    """Tell by how many seconds a clock is ahead at least, by hosts and how far each finds it behind.

    One host alone may be wrong, and says nothing; of several one that differs is believed: a clock that is right must
    never be blocked.
    """
    if len({host for host, _ in told}) < VOICES:
        return 0.0
    return max(0.0, min(-behind for _, behind in told))
