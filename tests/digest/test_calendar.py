"""The ledger laid out by day: states, sums, and what nobody can know."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from digest.calendar import Row, absent, calendar, missing, others, standing, worst
from digest.coverage import WindowFact

MONTH, TODAY = "2026-06", date(2026, 6, 20)
READ = datetime(2026, 6, 20, 9, 0, tzinfo=UTC)


def day(number: int, **more: object) -> WindowFact:
    """One day of arXiv's API, complete with seven papers unless told otherwise."""
    at = date(2026, 6, number)
    fact = WindowFact("arxiv", "api", at, at, "closed", 7, 7, 0, None, READ, READ, False)
    return replace(fact, **more)  # type: ignore[arg-type]


def row(*windows: WindowFact, source: str = "arxiv") -> Row:
    found = calendar(MONTH, windows, (source,), TODAY)
    return next(one for one in found if one.source == source)


@pytest.mark.parametrize(
    ("window", "state"),
    [
        (day(3), "complete"),
        (day(20), "growing"),
        (day(3, state="stale", error="503"), "stale"),
        (day(3, state="error", received=5), "partial"),
        (day(3, state="open", received=5), "partial"),
        (day(3, state="error", received=0, errors=1), "partial"),
        (day(3, state="error", received=0, expected=None), "failed"),
        (day(3, state="open", received=0, expected=None, checked_at=None), "open"),
        (day(3, received=6, errors=1), "complete"),
    ],
)
def test_a_window_stands_in_one_of_six_ways(window: WindowFact, state: str) -> None:
    assert standing(window) == state
    assert row(window).cells[window.start.day - 1].state == state


@pytest.mark.parametrize(
    ("states", "together"),
    [
        ("complete complete", "complete"),
        ("complete growing", "growing"),
        ("failed failed", "failed"),
        ("open failed", "failed"),
        ("complete failed", "partial"),
        ("growing open", "partial"),
        ("stale open", "stale"),
    ],
)
def test_several_windows_of_a_day_stand_together(states: str, together: str) -> None:
    assert worst(states.split()) == together


def test_days_are_covered_not_asked_or_ahead() -> None:
    found = row(*[day(n) for n in range(1, 21) if n not in (4, 5, 11)])
    assert [cell.day.day for cell in found.cells if cell.state == "absent"] == [4, 5, 11]
    assert [cell.day.day for cell in found.cells if cell.state == "ahead"] == list(range(21, 31))
    assert absent(found) == [(date(2026, 6, 4), date(2026, 6, 5)), (date(2026, 6, 11), date(2026, 6, 11))]


def test_what_is_missing_is_what_no_entry_came_for() -> None:
    short = day(4, state="error", expected=10, received=6, errors=1)
    assert missing(short) == 3
    found = row(*[short if n == 4 else day(n) for n in range(1, 21)])
    assert (found.expected, found.received, found.unreadable, found.missing) == (143, 139, 1, 3)
    cell = found.cells[3]
    assert (cell.expected, cell.received, cell.unreadable, cell.missing) == (10, 6, 1, 3)


def test_what_is_missing_is_unknown_where_a_day_gave_no_total() -> None:
    failed = day(4, state="error", expected=None, received=0)
    assert row(*[failed if n == 4 else day(n) for n in range(1, 21)]).missing is None
    assert row(*[day(n) for n in range(1, 20)]).missing is None  # the twentieth was not asked


def test_a_window_of_many_days_gives_a_state_and_no_counts() -> None:
    month = replace(day(1), source="labs", channel="qwen", end=date(2026, 6, 30), expected=None)
    silent = replace(month, channel="openai", state="error", received=0)
    found = row(month, silent, source="labs")
    assert {(cell.state, cell.received) for cell in found.cells[:20]} == {("partial", None)}
    assert (found.expected, found.received, found.missing) == (None, 7, None)


def test_lists_of_changes_and_of_announcements_are_told_apart() -> None:
    changes = [day(n, channel="oai:cs:cs:LG", state="error") for n in (1, 2)]
    windows = [*(day(n) for n in range(1, 21)), *changes, day(20, channel="rss")]
    assert {cell.state for cell in row(*windows).cells[:19]} == {"complete"}
    assert {key: len(found) for key, found in others(windows).items()} == {
        ("arxiv", "oai:cs:cs:LG"): 2, ("arxiv", "rss"): 1,
    }  # fmt: skip


def test_a_source_of_the_ledger_that_is_not_expected_has_a_row_too() -> None:
    recorded = replace(day(1), source="recorded", channel="facts", end=date(2026, 6, 30))
    assert [one.source for one in calendar(MONTH, [recorded], ("arxiv",), TODAY)] == ["arxiv", "recorded"]
    assert {cell.state for cell in calendar(MONTH, [recorded], ("arxiv",), TODAY)[0].cells} == {"absent", "ahead"}
