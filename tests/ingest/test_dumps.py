"""What the ledger knows of a dump: up to which day it tells, and which months it proves to be whole."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.months import days, first_day, last_day
from db import dumps
from db.announced import followed_since
from db.engine import Sessions, reading
from db.followed import covers, noted
from db.models import Imported, Item, Version, Window
from ingest.service import import_snapshot
from tests.ingest.shelf import still
from tests.ingest.test_snapshot import line

MONTHS = ("2026-04", "2026-05", "2026-06")
IMPORTED = datetime(2026, 12, 1, 9, tzinfo=UTC)


def told(day: date, number: int = 1, categories: str = "cs.LG", update: date | None = None) -> bytes:
    """A line of a dump about a paper of a day."""
    created = format_datetime(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), usegmt=True)
    return line(
        id=f"{day:%y%m}.{day.day * 100 + number:05d}",
        title=f"Brass herons {day} {number}",
        doi=None,
        categories=categories,
        versions=[{"version": "v1", "created": created}],
        update_date=(update or day).isoformat(),
    )


def month(name: str, categories: str = "cs.LG") -> list[bytes]:
    return [told(day, categories=categories) for day in days(first_day(name), last_day(name))]


def imported(
    sessions: Sessions, folder: Path, lines: Sequence[bytes], name: str = "dump", only: Sequence[str] | None = None
) -> None:
    (folder / name).write_bytes(b"".join(lines))
    import_snapshot(sessions, str(folder / name), still(IMPORTED), categories=only)


def followed(sessions: Sessions, asked: str, source: str = "arxiv") -> None:
    """Note that a day of arXiv was read for these categories."""
    with sessions.begin() as session:
        span = {"source": source, "channel": "api", "from_day": date(2026, 11, 1), "to_day": date(2026, 11, 1)}
        session.add(Window(**span, state="closed", asked=asked, checked_at=IMPORTED, closed_at=IMPORTED))


def held(sessions: Sessions) -> frozenset[str]:
    with reading(sessions) as session:
        return dumps.held_months(session, MONTHS)


def newest(sessions: Sessions) -> date | None:
    with reading(sessions) as session:
        return dumps.newest_day(session, "cs.CL cs.LG")


WHOLE = [*month("2026-04"), *month("2026-05"), told(date(2026, 6, 2))]


def test_changes_are_followed_from_the_newest_day_of_a_dump_however_late_it_was_read(
    sessions: Sessions, tmp_path: Path
) -> None:
    imported(sessions, tmp_path, [told(date(2026, 4, 9)), told(date(2026, 4, 2), update=date(2026, 4, 20))])
    with reading(sessions) as session:
        assert followed_since(session) == date(2026, 4, 20)


def test_a_date_ahead_of_the_clock_makes_no_dump_newer(sqlite_sessions: Sessions, tmp_path: Path) -> None:
    ahead = IMPORTED.date() + timedelta(days=400)
    imported(sqlite_sessions, tmp_path, [told(date(2026, 4, 9)), told(date(2026, 4, 2), update=ahead)])
    assert newest(sqlite_sessions) == date(2026, 4, 9)


@pytest.mark.parametrize(("narrow", "day"), [(["cs.LG"], 9), (["cs.CL", "cs.LG"], 20), (None, 20)])
def test_the_newest_day_is_that_of_a_dump_of_all_that_is_followed(
    sqlite_sessions: Sessions, tmp_path: Path, narrow: list[str] | None, day: int
) -> None:
    imported(sqlite_sessions, tmp_path, [told(date(2026, 4, 9))], "older")
    imported(sqlite_sessions, tmp_path, [told(date(2026, 4, 20))], "newer", only=narrow)
    assert newest(sqlite_sessions) == date(2026, 4, day)


def test_where_no_dump_holds_all_that_is_followed_the_one_that_ends_first_is_gone_back_to(
    sqlite_sessions: Sessions, tmp_path: Path
) -> None:
    imported(sqlite_sessions, tmp_path, [told(date(2026, 4, 9))], "older", only=["cs.LG"])
    imported(sqlite_sessions, tmp_path, [told(date(2026, 4, 20), categories="cs.CL")], "newer", only=["cs.CL"])
    assert newest(sqlite_sessions) == date(2026, 4, 9)


def test_a_dump_read_by_a_clock_that_is_behind_is_read_again_by_one_that_is_right(
    sessions: Sessions, tmp_path: Path
) -> None:
    (tmp_path / "dump").write_bytes(told(date(2026, 4, 9)))
    for now in (datetime(2020, 1, 1, tzinfo=UTC), IMPORTED, IMPORTED):
        result = import_snapshot(sessions, str(tmp_path / "dump"), still(now))
    assert (result.new, result.changed, result.unchanged) == (0, 0, 1)
    with reading(sessions) as session:
        item = session.scalars(select(Item)).one()
        assert (item.submitted, item.submitted_from) == (datetime(2026, 4, 9, 12, tzinfo=UTC), "arxiv")
        assert session.scalars(select(Version.number)).all() == [1]
        assert session.scalars(select(Imported.item_id)).all() == [item.id]


def test_a_dump_holds_the_months_that_end_a_month_before_its_newest_day(sessions: Sessions, tmp_path: Path) -> None:
    imported(sessions, tmp_path, WHOLE)
    assert held(sessions) == {"2026-04"}  # of May it may lack what arXiv held back


def test_a_dump_of_one_paper_holds_no_month(sessions: Sessions, tmp_path: Path) -> None:
    imported(sessions, tmp_path, [told(date(2014, 1, 2)), told(date(2026, 4, 9), update=date(2026, 8, 1))])
    assert held(sessions) == frozenset()


def test_a_month_with_a_day_of_which_the_dump_tells_nothing_is_not_whole(sessions: Sessions, tmp_path: Path) -> None:
    imported(sessions, tmp_path, [one for one in WHOLE if b"Brass herons 2026-04-17 1" not in one])
    assert held(sessions) == frozenset()


@pytest.mark.parametrize(
    ("only", "asked", "whole"),
    [
        (None, "cs.CL cs.LG", True),
        (["cs.LG"], "cs.LG", True),
        (["cs.LG", "cs.CV"], "cs.LG", True),
        (["cs.LG"], "cs.CV cs.LG", False),
        (["cs.LG"], None, False),  # nobody said what is followed
        (None, None, True),
        (None, "cs.CV", False),  # a dump without any paper of what is followed
    ],
)
def test_a_dump_read_for_less_than_is_followed_holds_no_month(
    sqlite_sessions: Sessions, tmp_path: Path, only: list[str] | None, asked: str | None, whole: bool
) -> None:
    if asked:
        followed(sqlite_sessions, asked)
    imported(sqlite_sessions, tmp_path, WHOLE, only=only)
    assert held(sqlite_sessions) == ({"2026-04"} if whole else frozenset())


def test_a_dump_from_before_its_newest_day_was_noted_holds_no_month(sqlite_sessions: Sessions, tmp_path: Path) -> None:
    imported(sqlite_sessions, tmp_path, WHOLE)
    with sqlite_sessions.begin() as session:
        session.query(Window).update({"asked": None})
    assert held(sqlite_sessions) == frozenset()


def test_the_same_dump_again_for_less_takes_nothing_back(sqlite_sessions: Sessions, tmp_path: Path) -> None:
    imported(sqlite_sessions, tmp_path, WHOLE)
    imported(sqlite_sessions, tmp_path, WHOLE)
    imported(sqlite_sessions, tmp_path, [*WHOLE, told(date(2026, 4, 3), 2)], only=["cs.LG"])
    assert held(sqlite_sessions) == {"2026-04"}
    assert newest(sqlite_sessions) == date(2026, 6, 2)


def test_the_next_dump_of_the_same_name_brings_its_own_day(sqlite_sessions: Sessions, tmp_path: Path) -> None:
    imported(sqlite_sessions, tmp_path, WHOLE)
    imported(sqlite_sessions, tmp_path, [*WHOLE, *month("2026-06"), told(date(2026, 7, 9))])
    assert held(sqlite_sessions) == {"2026-04", "2026-05"}
    assert newest(sqlite_sessions) == date(2026, 7, 9)
    with reading(sqlite_sessions) as session:
        assert followed_since(session) == date(2026, 7, 9)


def test_a_dump_read_for_more_is_as_new_as_itself(sqlite_sessions: Sessions, tmp_path: Path) -> None:
    followed(sqlite_sessions, "cs.CV cs.LG")
    imported(sqlite_sessions, tmp_path, [*WHOLE, *month("2026-06"), told(date(2026, 7, 9))], only=["cs.LG"])
    assert held(sqlite_sessions) == frozenset()
    imported(sqlite_sessions, tmp_path, [*WHOLE, told(date(2026, 4, 9), 2, "cs.CV")])
    assert held(sqlite_sessions) == {"2026-04"}
    assert newest(sqlite_sessions) == date(2026, 6, 2)


def test_a_later_dump_of_the_name_read_for_less_leaves_what_the_wider_one_told(
    sessions: Sessions, tmp_path: Path
) -> None:
    """It said that all was told of up to its own day: months of changes were never asked for."""
    imported(sessions, tmp_path, WHOLE)
    imported(sessions, tmp_path, [*month("2026-06"), told(date(2026, 9, 9))], only=["cs.LG"])
    assert word(sessions) == ("*", date(2026, 6, 2))
    with reading(sessions) as session:
        assert followed_since(session) == date(2026, 6, 2)


def test_a_dump_read_for_one_category_and_then_another_tells_of_both(sqlite_sessions: Sessions, tmp_path: Path) -> None:
    lines = [
        *month("2026-04"),
        *month("2026-04", "cs.CV"),
        told(date(2026, 6, 2), 3),
        told(date(2026, 6, 9), 4, "cs.CV"),
    ]
    for category in ("cs.LG", "cs.CV", "cs.LG"):
        imported(sqlite_sessions, tmp_path, lines, only=[category])
    assert word(sqlite_sessions) == ("cs.CV cs.LG", date(2026, 6, 2))


def word(sessions: Sessions) -> tuple[str | None, date | None]:
    """What the ledger notes of the one dump."""
    with reading(sessions) as session:
        window = session.scalars(select(Window).where(Window.source == "arxiv-snapshot")).one()
        return window.asked, window.newest


CATEGORIES = ("cs.CL", "cs.CV", "cs.LG")
words = st.tuples(
    st.just("*") | st.sets(st.sampled_from(CATEGORIES), min_size=1).map(noted),
    st.integers(1, 9).map(lambda day: date(2026, 9, day)),
)


@given(st.lists(words, min_size=1, max_size=5))
def test_no_category_is_said_to_be_told_of_longer_than_it_was_and_none_is_forgotten(
    told_of: list[tuple[str, date]],
) -> None:
    had: dumps.Word | None = None
    for one in told_of:
        had = dumps.joined(had, one)
    assert had is not None
    for category in (*CATEGORIES, "math.CO"):
        days = [day for asked, day in told_of if covers(asked, category)]
        assert covers(had[0] or "", category) == bool(days)
        assert not days or had[1] <= max(days)
    assert dumps.joined(had, told_of[-1]) == had


def test_what_was_noted_of_nothing_is_taken_for_everything_until_a_dump_tells_of_that() -> None:
    old = (None, date(2026, 5, 1))
    assert dumps.joined(old, ("cs.LG", date(2026, 9, 1))) == ("cs.LG", date(2026, 5, 1))
    assert dumps.joined(old, ("*", date(2026, 9, 1))) == ("*", date(2026, 9, 1))
