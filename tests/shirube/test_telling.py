"""The lines a person reads while sources are read."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ingest.batch import Tally
from ingest.service import WindowResult
from ingest.source import Window
from roadmap.model import Roadmap
from shirube.telling import Countdown, announcement, window_line

SATURDAY = date(2026, 10, 31)
DAILY = Window("hf", "daily", SATURDAY, SATURDAY)
QWEN = Window("labs", "qwen", date(2026, 10, 1), SATURDAY)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (WindowResult(DAILY, True), None),
        (WindowResult(DAILY, False, asked=False), None),
        (WindowResult(QWEN, True), None),
        (WindowResult(DAILY, True, Tally(new=2, unchanged=1)), "Daily Papers 2026-10-31: 3 papers, 2 new"),
        (WindowResult(DAILY, True, Tally(new=1)), "Daily Papers 2026-10-31: 1 paper, 1 new"),
        (WindowResult(DAILY, True, Tally(errors=2)), "Daily Papers 2026-10-31: 0 papers, 0 new, 2 unreadable"),
        (WindowResult(DAILY, False, failure="503"), "Daily Papers 2026-10-31: not complete: 503"),
        (
            WindowResult(QWEN, True, Tally(new=4)),
            "The labs' feeds (Qwen) 2026-10-01 to 2026-10-31: 4 papers and posts, 4 new",
        ),
        (
            WindowResult(replace(QWEN, channel="heronry"), False, failure="404"),
            "The labs' feeds (heronry) 2026-10-01 to 2026-10-31: not complete: 404",
        ),
    ],
)
def test_a_window_has_a_line_where_there_is_something_to_say(
    roadmap: Roadmap, result: WindowResult, line: str | None
) -> None:
    assert window_line(result, roadmap.labs) == line


def test_the_announcement_counts_the_days_due_and_adds_both_costs() -> None:
    due = [Window("arxiv", "api", SATURDAY - timedelta(days=n), SATURDAY - timedelta(days=n)) for n in range(10)]
    measured = announcement(due, 500, 3.0, 20.0)
    assert "10 days due, from 2026-10-31 back to 2026-10-22: about 7,000 papers in 7 min" in measured  # 42 s + 350 s
    assert "at 20 embedded a second" in measured
    unmeasured = announcement(due[:1], 500, 3.0, None)
    assert "1 day due, from 2026-10-31 back to 2026-10-31: about 700 papers in 1 min" in unmeasured
    assert "not measured yet" in unmeasured


def test_the_countdown_begins_with_the_second_window_of_arxiv_and_ends_with_the_last() -> None:
    left = Countdown(due=4, began=0.0)
    told = [left.after("labs", 500.0), *(left.after("arxiv", 500.0 + 90 * n) for n in range(1, 5))]
    assert told == ["", "", ", about 3 min left", ", about 2 min left", ""]
