"""The moments of a schedule: the newest that has come, and when there is none."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shirube.jobs import Job, Outcome
from shirube.worker import slot_after, slot_before


def _matches(moment: datetime) -> bool:
    return moment.minute == 20 and moment.hour % 2 == 0 and moment.day >= 28


@given(st.integers(0, 8 * 365 * 86_400))
def test_the_moment_before_is_the_newest_that_has_come(seconds: int) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    job = Job("close", "20 */2 28-31 * *", lambda wiring, stop: Outcome(), "", "")
    before, after = slot_before(job, now), slot_after(job, now)
    assert before is not None
    assert after is not None
    assert before <= now < after
    assert _matches(before)
    assert _matches(after)
    minute = now.replace(second=0, microsecond=0)
    between = int((minute - before) / timedelta(minutes=20))
    assert not any(_matches(before + timedelta(minutes=20 * n)) for n in range(1, between + 1))


def test_the_29th_of_february_is_found_four_years_back_or_said_to_be_none() -> None:
    job = Job("leap", "0 0 29 2 *", lambda wiring, stop: Outcome(), "", "")
    assert slot_before(job, datetime(2024, 3, 1, tzinfo=UTC)) == datetime(2024, 2, 29, tzinfo=UTC)
    assert slot_before(job, datetime(2026, 3, 1, tzinfo=UTC)) is None
