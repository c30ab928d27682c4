"""What comes after other jobs waits for them: a month is not closed before days that are just being read."""

from datetime import date

import pytest

from db.engine import Sessions
from shirube import monthly
from shirube.jobs import Outcome
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.wiring import Wiring
from tests.digest.store import add_paper, add_window, at, shortlist
from tests.shirube.command import Bench
from tests.shirube.working import Bell, Hours, elsewhere, worker

DAILY = "0 3 * * *"


def test_what_was_missed_is_made_up_for_in_order(sessions: Sessions) -> None:
    """After an absence the pulls and the closing are due at one instant."""
    hours, pull, close = Hours(), Bell("pull", DAILY), Bell("close", DAILY, after=("pull",))

    def while_it_runs(_wiring: Wiring, _stop: Stopping) -> None:
        elsewhere(other.look)
        elsewhere(lambda: other.knock(close.job))
        assert close.rung == []

    pull.during = while_it_runs
    one, other = (worker(sessions, hours, close, pull) for _ in range(2))
    assert one.knock(close.job) is None
    one.look()
    assert (len(pull.rung), len(close.rung)) == (1, 0)
    other.look()
    assert (len(pull.rung), len(close.rung)) == (1, 1)
    assert one.knock(close.job) is None, "it was made"


def test_a_pull_that_failed_keeps_no_month_open(sessions: Sessions) -> None:
    hours, close = Hours(), Bell("close", DAILY, after=("pull",))
    pull = Bell("pull", DAILY, during=lambda wiring, stop: Outcome(failure="away"))
    one = worker(sessions, hours, pull, close)
    one.look()
    one.look()
    assert len(close.rung) == 1


def test_one_job_run_now_waits_for_nobody(sessions: Sessions) -> None:
    close = Bell("close", DAILY, after=("pull",))
    assert worker(sessions, Hours(), Bell("pull", DAILY), close).run_now("close") == "done"


def test_a_month_whose_reading_was_stopped_stays_a_draft_however_late(sessions: Sessions) -> None:
    """Ctrl-C in `digest` of a month that is overdue: what was to be read is not there yet."""
    wiring = Bench(load_settings(), lambda: at("2026-07-20"))
    wiring.__dict__["sessions"] = sessions
    with sessions.begin() as session:
        add_paper(session, wiring.roadmap, "2606.10000", "2026-06", seen=at("2026-06-10"))
        shortlist(session, "2026-06")
        add_window(session, "arxiv", "2026-06", channel="api", from_day=date(2026, 6, 1), to_day=date(2026, 6, 10))
    written: list[str] = []

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(monthly, "_unreachable", lambda _wiring: [])
        patched.setattr(monthly, "_pull", stopped)
        outcome = monthly.make_month(wiring, "2026-06", lambda issue: written.append(issue.status))
    assert (outcome.interrupted, written) == (True, ["draft"])
