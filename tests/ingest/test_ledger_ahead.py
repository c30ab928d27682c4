"""A clock that was ahead once: what the ledger noted by it is not believed once the clock is right."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from core.clock import iso
from core.record import CodeLink, PaperRecord
from db import issues, windows
from db.engine import Sessions, reading
from db.models import Code, History, Item, Note, Window
from digest import coverage, rows
from ingest.service import store
from tests.ingest.doubles import pull_all
from tests.ingest.shelf import CountingShelf, Shelf, ids, paper

FIRST, RIGHT = date(2026, 10, 1), datetime(2026, 10, 28, 12, tzinfo=UTC)
AHEAD = RIGHT + timedelta(days=29)


def pulled(sessions: Sessions, source: Shelf, now: datetime) -> None:
    """Pull from October's first day on, with the papers that there are."""
    pull_all(sessions, [source], FIRST, now.date(), lambda: now, closing_day=5)


def noted(sessions: Sessions) -> list[Window]:
    """The ledger, the first day first."""
    with reading(sessions) as session:
        return list(session.scalars(select(Window).order_by(Window.from_day)))


@pytest.mark.parametrize("shelf", [Shelf, CountingShelf])
@pytest.mark.parametrize("name", ["arxiv", "hf"])
def test_days_that_a_clock_ahead_called_read_are_read_when_they_come(
    sessions: Sessions, shelf: type[Shelf], name: str
) -> None:
    source = shelf({day: [paper(day.day, day)] for day in (date(2026, 10, 27), date(2026, 10, 28))}, name=name)
    pulled(sessions, source, AHEAD)
    for day in range(29, 32):
        source.papers[date(2026, 10, day)] = [paper(day, date(2026, 10, day))]
        pulled(sessions, source, datetime(2026, 10, day, 12, tzinfo=UTC))
    pulled(sessions, source, datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert ids(sessions) == {f"2610.{day:05d}" for day in range(27, 32)}


def test_days_asked_by_a_clock_ahead_are_noted_anew_and_days_to_come_tell_nothing(sessions: Sessions) -> None:
    pulled(sessions, Shelf({}), AHEAD)
    with reading(sessions) as session:
        assert issues.last_reads(session, RIGHT) == {}
    pulled(sessions, Shelf({}), RIGHT)
    came = [window for window in noted(sessions) if window.from_day <= RIGHT.date()]
    assert all(window.checked_at == window.closed_at == RIGHT for window in came)
    with reading(sessions) as session:
        assert issues.last_reads(session, RIGHT) == {"arxiv": RIGHT}
        facts = [rows.window(row) for row in issues.windows(session, "2026-10")]
    assert len(facts) == 31
    assert coverage.horizon("2026-10", coverage.noted_by(facts, RIGHT)) == RIGHT.date()
    unasked = coverage.noted_by(facts, RIGHT - timedelta(days=1))
    assert [fact.complete for fact in unasked] == [False] * 27


def test_a_clock_that_is_behind_costs_the_ledger_nothing(sessions: Sessions) -> None:
    source = Shelf({FIRST: [paper(1, FIRST)]})
    pulled(sessions, source, RIGHT)
    before = [(window.state, window.checked_at, window.received) for window in noted(sessions)]
    behind = datetime(2020, 1, 1, tzinfo=UTC)
    pull_all(sessions, [source], date(2019, 12, 31), behind.date(), lambda: behind)
    assert [(window.state, window.checked_at, window.received) for window in noted(sessions)][2:] == before


def test_what_was_complete_before_keeps_its_numbers_and_its_moment(sessions: Sessions) -> None:
    source = CountingShelf({FIRST: [paper(1, FIRST)]})
    before = RIGHT - timedelta(days=1)
    pulled(sessions, source, before)
    pulled(sessions, source, AHEAD)
    with sessions.begin() as session:
        windows.take_back(session, [first.span for first in windows.calendar(session, "2026-10")], RIGHT)
    first = noted(sessions)[0]
    assert (first.state, first.received, first.closed_at, first.checked_at) == ("open", 1, before, None)


def test_a_second_machine_that_is_a_minute_ahead_costs_no_reading(sessions: Sessions) -> None:
    source = Shelf({})
    pulled(sessions, source, RIGHT + timedelta(minutes=1))
    asked = len(source.asked)
    pulled(sessions, source, RIGHT)
    assert len(source.asked) == asked


def listed(as_of: datetime, votes: int, stars: int, title: str) -> PaperRecord:
    """What Daily Papers says of one paper."""
    code = (CodeLink("https://github.com/pond/herons", stars=stars),)
    return PaperRecord(
        source="hf", id="2606.00001", kind="paper", title=title, as_of=as_of, arxiv_id="2606.00001",
        votes=votes if title else None, code=code,
    )  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_what_was_said_by_a_clock_ahead_gives_way_to_the_next_word(sessions: Sessions, known: bool) -> None:
    """Of a note as well: it waits until somebody names its paper."""
    words = [(AHEAD, 50, 90, "Herons of brass"), (RIGHT, 5, 9, "Herons of tin")]
    for now, votes, stars, title in words:
        record = listed(now, votes, stars, title if known else "")
        with sessions.begin() as session:
            store(session, [record], now)
    later = RIGHT + timedelta(hours=1)
    with sessions.begin() as session:
        store(session, [listed(RIGHT - timedelta(days=1), 7, 7, "Herons of lead" if known else "")], later)
    with reading(sessions) as session:
        if not known:
            said = session.scalars(select(Note)).one().claims["registers"]
            assert said["stars https://github.com/pond/herons"][0] == 9
            return
        item = session.scalars(select(Item)).one()
        assert (item.votes, item.votes_at, item.title) == (5, RIGHT, "Herons of tin")
        assert session.scalars(select(Code.stars)).one() == 9


@pytest.mark.parametrize("known", [True, False])
def test_stars_that_a_clock_ahead_read_are_dated_by_the_next_look(sessions: Sessions, known: bool) -> None:
    """The day stands in reasons, and so in issues that are frozen."""
    for now, stars in ((AHEAD, 90), (RIGHT, 9)):
        with sessions.begin() as session:
            store(session, [listed(now, 5, stars, "Herons of brass" if known else "")], now)
    with reading(sessions) as session:
        if known:
            code = session.scalars(select(Code)).one()
            assert (code.stars, code.checked_at, code.first_seen) == (9, RIGHT, RIGHT)
        else:
            said = session.scalars(select(Note)).one().claims["code"]["https://github.com/pond/herons"]
            assert said[1:] == [iso(RIGHT), iso(RIGHT)]


def test_votes_that_a_clock_ahead_read_first_are_of_the_next_look(sessions: Sessions) -> None:
    """What changed since an issue closed is told by the day on which votes were first read."""
    for now in (AHEAD, RIGHT):
        with sessions.begin() as session:
            store(session, [listed(now, 5, 9, "Herons of brass")], now)
    with reading(sessions) as session:
        assert {told.first_at for told in session.scalars(select(History))} == {RIGHT}
