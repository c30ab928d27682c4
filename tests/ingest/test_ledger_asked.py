"""What a window was asked for is part of the ledger: a category that is added opens the days that were read without."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.errors import SourceError
from db import windows
from db.engine import Sessions, reading
from db.models import Window
from ingest.service import due_windows
from ingest.source import EntryError, SourceResult
from ingest.sources.arxiv_api import ArxivApi
from tests.ingest.doubles import guarded, pull_all
from tests.ingest.shelf import DAY, NEXT, CountingShelf, ids, paper, still, window
from tests.upstream import Upstream

EARLY = datetime(2026, 6, 5, 6, tzinfo=UTC)
READ_AT = datetime(2026, 9, 1, 6, tzinfo=UTC)  # after the last count that June's days are due for
LATER = datetime(2026, 11, 2, 6, tzinfo=UTC)


def shelf(*papers: int, categories: Sequence[str] = ("cs.LG",)) -> CountingShelf:
    """A source with some papers on one day, which follows some categories."""
    source = CountingShelf({DAY: [paper(number, categories=("cs.LG", "cs.CV")) for number in papers]})
    source.categories = tuple(categories)
    return source


def pulled(sessions: Sessions, source: CountingShelf, moment: datetime, end: date = DAY) -> SourceResult:
    (result,) = pull_all(sessions, [source], DAY, end, still(moment))
    return result


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A stand-in with one month."""
    with Upstream(months=("2026-07",)) as running:
        yield running


def test_a_category_that_is_added_is_read_of_past_days_as_in_a_fresh_store(sessions: Sessions, up: Upstream) -> None:
    first, last = date(2026, 7, 1), date(2026, 7, 6)
    with guarded(up) as guard:
        few, many = (ArxivApi(up.url, names, guard) for names in (["cs.CL"], ["cs.LG", "cs.CV", "cs.CL"]))
        pull_all(sessions, [few], first, last, still(datetime(2026, 7, 8, tzinfo=UTC)))
        before = ids(sessions)
        (result,) = pull_all(sessions, [many], first, last, still(LATER))
        assert result.windows_closed == 6
        fresh = ids(sessions)
        assert before < fresh
        assert pull_all(sessions, [many], first, last, still(LATER))[0] == SourceResult("arxiv")
    with reading(sessions) as session:
        assert {found.asked for found in windows.calendar(session, "2026-07")} == {"cs.CL cs.CV cs.LG"}


def test_a_category_that_is_left_out_costs_nothing_and_may_come_back(sessions: Sessions) -> None:
    pulled(sessions, shelf(1, 2, categories=("cs.LG", "cs.CV")), READ_AT)
    for categories in (("cs.CV",), ("cs.LG", "cs.CV"), ("cs.CV", "cs.LG")):
        source = shelf(1, 2, categories=categories)
        assert pulled(sessions, source, LATER) == SourceResult("arxiv")
        assert source.asked == []


def test_a_day_recounted_for_less_is_held_against_the_papers_stored(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1, categories=("cs.LG",)), paper(2, categories=("cs.CV",))]})
    source.categories = ("cs.LG", "cs.CV")
    pulled(sessions, source, EARLY)
    fewer = CountingShelf({DAY: [paper(1, categories=("cs.LG",))]})
    fewer.categories = ("cs.LG",)
    pulled(sessions, fewer, EARLY + timedelta(days=1))
    assert fewer.asked == ["02 total"]
    found = window(sessions)
    assert (found.state, found.received, found.expected, found.asked) == ("closed", 1, 1, "cs.LG")


def test_the_same_total_in_other_categories_proves_nothing(sessions: Sessions) -> None:
    one = CountingShelf({DAY: [paper(1, categories=("cs.LG",))]})
    one.categories = ("cs.LG",)
    pulled(sessions, one, READ_AT)
    other = CountingShelf({DAY: [paper(2, categories=("cs.CV",))]})
    other.categories = ("cs.CV",)
    assert pulled(sessions, other, READ_AT).new == 1
    assert ids(sessions) == {"2606.00001", "2606.00002"}


def test_what_was_read_before_marks_existed_is_taken_for_what_is_asked_now(sessions: Sessions) -> None:
    pulled(sessions, shelf(1), READ_AT)
    with sessions.begin() as session:
        session.execute(update(Window).values(asked=None))
    assert pulled(sessions, shelf(1, 2, categories=("cs.LG", "cs.CV")), LATER) == SourceResult("arxiv")
    assert window(sessions).asked == "cs.CV cs.LG"
    assert pulled(sessions, shelf(1, 2, categories=("cs.LG", "cs.CV", "cs.CL")), LATER).new == 1


def test_days_beyond_the_pull_are_open_too_until_the_category_is_taken_back(sessions: Sessions) -> None:
    pulled(sessions, shelf(1), READ_AT, NEXT)
    wider = shelf(1, categories=("cs.LG", "cs.CV"))
    assert [found.start for found in due_windows(sessions, wider, DAY, NEXT, LATER)] == [NEXT, DAY]
    pulled(sessions, wider, LATER)
    states = select(Window.from_day, Window.state, Window.asked).order_by(Window.from_day)
    with reading(sessions) as session:
        assert session.execute(states).all() == [(DAY, "closed", "cs.CV cs.LG"), (NEXT, "open", "cs.LG")]
    assert pulled(sessions, shelf(1), LATER, NEXT) == SourceResult("arxiv")
    with reading(sessions) as session:
        assert session.execute(states).all() == [(DAY, "closed", "cs.CV cs.LG"), (NEXT, "closed", "cs.LG")]


def test_a_reading_that_fails_leaves_the_day_asked_for_less(sessions: Sessions) -> None:
    pulled(sessions, shelf(1), READ_AT)
    wider = shelf(1, 2, categories=("cs.LG", "cs.CV"))
    wider.faults = {1: SourceError("gone")}
    assert pulled(sessions, wider, LATER).failure == "gone"
    assert (window(sessions).state, window(sessions).asked) == ("stale", "cs.LG")
    assert pulled(sessions, wider, LATER).new == 1
    assert (window(sessions).state, window(sessions).asked) == ("closed", "cs.CV cs.LG")


def test_an_unreadable_entry_of_another_category_is_no_entry_of_this_one(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1), EntryError("odd", b"?")]})
    source.categories = ("cs.LG",)
    pulled(sessions, source, READ_AT)
    wider = shelf(1, 2, categories=("cs.LG", "cs.CV"))
    assert pulled(sessions, wider, READ_AT).new == 1
    assert (window(sessions).received, window(sessions).errors) == (2, 0)
