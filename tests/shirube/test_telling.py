"""The lines a person reads while sources are read."""

from dataclasses import replace
from datetime import date

import pytest

from ingest.batch import Tally
from ingest.service import WindowResult
from ingest.source import Window
from roadmap.model import Roadmap
from shirube.telling import window_line

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
