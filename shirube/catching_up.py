"""The catch-up view from the command line: every month of it made in turn, then all of them as one."""

from collections.abc import Callable

from db.engine import reading
from db.models import Issue
from digest.service.catching_up import catch_up, months_between
from shirube import monthly, terminal
from shirube.monthly import Outcome
from shirube.wiring import Wiring


def make_catch_up(
    wiring: Wiring, since: str, month: str, write: Callable[[Issue], None], *, offline: bool = False
) -> Outcome:
    """Pull what is missing of each month, oldest first, rank, and hand the view of all of them to `write`.

    Each month's own issue is made, and closed where it may be, as `digest MONTH` does. Ctrl-C makes the view of what
    came. Raises UsageError for a span that no view holds, NotFoundError where nothing of it is stored.
    """
    months = months_between(since, month)
    whole = Outcome(month)
    if offline:
        monthly.rank(wiring)
    for each in [] if offline else months:
        terminal.say(f"{each}:")
        outcome = monthly.make_month(wiring, each, lambda issue: None)
        whole.failed += [name for name in outcome.failed if name not in whole.failed]
        whole.interrupted, whole.sample = outcome.interrupted, outcome.sample
        whole.early |= outcome.early
        if outcome.interrupted or outcome.sample:
            break
    with reading(wiring.sessions) as session:
        view = catch_up(session, since, month, wiring.roadmap, wiring.clock, wiring.issue_options())
    write(view)
    return whole
