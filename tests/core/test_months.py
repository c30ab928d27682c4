"""Months as people write them, and the rule that puts each item in exactly one."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.months import (
    closing_time,
    days,
    default_month,
    first_day,
    growing_months,
    item_month,
    last_day,
    month_of,
    parse_month,
    shift,
)

months = st.builds("{:04d}-{:02d}".format, st.integers(1992, 2099), st.integers(1, 12))
SEEN = datetime(2026, 7, 2, 1, 0, tzinfo=UTC)


@given(months, st.integers(-200, 200), st.integers(-200, 200))
def test_shifts_add_up(month: str, one: int, other: int) -> None:
    assert shift(shift(month, one), other) == shift(month, one + other)
    assert (shift(month, one) > month) == (one > 0)


@given(months)
def test_the_days_of_a_month_are_its_own(month: str) -> None:
    own = list(days(first_day(month), last_day(month)))
    assert {month_of(day) for day in own} == {month}
    assert month_of(first_day(month) - timedelta(days=1)) == shift(month, -1)
    assert month_of(last_day(month) + timedelta(days=1)) == shift(month, 1)
    assert parse_month(month) == month


def test_no_day_lies_between_an_end_and_an_earlier_beginning() -> None:
    assert list(days(date(2026, 6, 2), date(2026, 6, 1))) == []


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "26-06", "2026-6", "2026-06-01", "1991-07", "June", ""])
def test_what_is_no_month_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="YYYY-MM"):
        parse_month(text)


@pytest.mark.parametrize(
    ("kind", "arxiv_id", "submitted", "feed_date", "month"),
    [
        ("paper", "2606.00001", datetime(2026, 5, 31, 23, 59, tzinfo=UTC), None, "2026-05"),  # the v1 date wins
        ("paper", "2606.00001", None, date(2026, 7, 1), "2026-06"),  # never a listing day
        ("paper", None, None, None, "2026-07"),
        ("post", None, None, date(2026, 6, 30), "2026-06"),
        ("post", None, datetime(2026, 5, 1, tzinfo=UTC), None, "2026-07"),
        # Half past one on 1 July in Tokyo is still June in UTC.
        ("paper", None, datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=9))), None, "2026-06"),
        # The first zone to begin a month, and one of the last.
        ("paper", None, datetime(2026, 7, 1, 13, 59, tzinfo=timezone(timedelta(hours=14))), None, "2026-06"),
        ("paper", None, datetime(2026, 7, 1, 14, 0, tzinfo=timezone(timedelta(hours=14))), None, "2026-07"),
        ("paper", None, datetime(2026, 6, 30, 12, 59, tzinfo=timezone(timedelta(hours=-11))), None, "2026-06"),
        ("paper", None, datetime(2026, 6, 30, 13, 0, tzinfo=timezone(timedelta(hours=-11))), None, "2026-07"),
        # The hour that a zone lives through twice, and the one it leaves out.
        ("paper", None, datetime(2026, 11, 1, 1, 30, fold=0, tzinfo=ZoneInfo("America/New_York")), None, "2026-11"),
        ("paper", None, datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")), None, "2026-11"),
        ("paper", None, datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo("America/New_York")), None, "2026-03"),
        # A leap day, and its last moment in UTC.
        ("post", None, None, date(2028, 2, 29), "2028-02"),
        ("paper", None, datetime(2028, 2, 29, 23, 59, tzinfo=UTC), None, "2028-02"),
        ("paper", None, datetime(2028, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=9))), None, "2028-02"),
    ],
)
def test_each_item_has_one_month(
    kind: str, arxiv_id: str | None, submitted: datetime | None, feed_date: date | None, month: str
) -> None:
    assert item_month(kind, arxiv_id, submitted, feed_date, SEEN) == month


@given(st.integers(1_200_000_000, 4_000_000_000), st.timezones())
def test_a_moment_lies_in_the_month_of_utc_wherever_it_was_written_down(seconds: int, zone: ZoneInfo) -> None:
    """In every zone there is, at hours that come twice and on leap days: one month, and the day is one of its own."""
    utc = datetime.fromtimestamp(seconds, UTC)
    month = item_month("paper", None, datetime.fromtimestamp(seconds, zone), None, SEEN)
    assert month == f"{utc:%Y-%m}"
    assert first_day(month) <= utc.date() <= last_day(month)


def test_a_month_closes_in_the_next_one() -> None:
    assert closing_time("2026-12", 5) == datetime(2027, 1, 5, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(("day", "month"), [(1, "2025-12"), (7, "2025-12"), (8, "2026-01"), (31, "2026-01")])
def test_the_month_people_mean_in_its_first_week_is_the_last_one(day: int, month: str) -> None:
    assert default_month(datetime(2026, 1, day, 12, tzinfo=UTC)) == month


@pytest.mark.parametrize(
    ("now", "months"),
    [
        (datetime(2026, 12, 31, 23, tzinfo=UTC), ("2026-12",)),
        (datetime(2027, 1, 1, 0, tzinfo=UTC), ("2026-12", "2027-01")),
        (datetime(2027, 1, 5, 5, 59, tzinfo=UTC), ("2026-12", "2027-01")),
        (datetime(2027, 1, 5, 6, tzinfo=UTC), ("2027-01",)),
    ],
)
def test_a_month_grows_until_it_may_close(now: datetime, months: tuple[str, ...]) -> None:
    assert growing_months(now, 5) == months
