"""Totals instead of readings: closed windows are counted anew, and open ones closed where other channels gave all."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.clock import Clock
from core.errors import SourceError
from core.record import PaperRecord
from db import issues, windows
from db.engine import Sessions, reading
from db.models import IngestError
from ingest.due import Rule, next_step
from ingest.service import due_windows, pull, store
from ingest.source import EntryError, Page, SourceResult
from tests.ingest.doubles import make_final, pull_all
from tests.ingest.fake import Fake, dump
from tests.ingest.shelf import DAY, NEXT, CountingShelf, Shelf, ids, paper, still, window

GONE = SourceError("export.arxiv.org cannot be reached", unreachable=True)
READ_AT = datetime(2026, 6, 3, 6, tzinfo=UTC)


def at(*days_later: float) -> list[datetime]:
    return [READ_AT + timedelta(days=days) for days in days_later]


def pulls(sessions: Sessions, source: Any, *moments: datetime, **given: Any) -> list[SourceResult]:
    return [pull_all(sessions, [source], DAY, DAY, still(moment), **given)[0] for moment in moments]


def stored(sessions: Sessions, records: Sequence[PaperRecord], **given: Any) -> None:
    with sessions.begin() as session:
        store(session, records, READ_AT - timedelta(hours=1), **given)


# Closed windows


def test_a_closed_window_is_counted_by_one_request_instead_of_being_read(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1), paper(2), EntryError("odd", b"?")]})
    pulls(sessions, source, READ_AT)
    before = dump(sessions)
    (again,) = pull(sessions, [source], DAY, DAY, lambda: at(1)[0])
    assert (again.closed, again.counted, again.proven, again.expected) == (True, True, True, 3)
    assert source.asked == ["02 from 0", "02 from 2", "02 total"]
    assert dump(sessions) == before
    counted = window(sessions)
    assert (counted.checked_at, counted.closed_at, counted.attempts) == (at(1)[0], READ_AT, 1)


def test_the_total_is_asked_daily_then_weekly_and_no_longer_than_sixty_days(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1)]})
    every_four_hours = [READ_AT + timedelta(hours=4 * n) for n in range(6 * 80)]
    counted = []
    for moment in every_four_hours:
        asked = len(source.asked)
        pulls(sessions, source, moment)
        counted += [(moment - READ_AT) // timedelta(hours=1)] * (len(source.asked) - asked)
    assert counted == [0, 20, 40, 60, 80, *range(80 + 168, 1440, 168)]


def test_what_is_sent_in_on_friday_evening_is_found_when_it_is_announced(sqlite_sessions: Sessions) -> None:
    """arXiv announces it on Monday at 20:00 US Eastern time, which is Tuesday in UTC: four days after Friday's end."""
    friday, tuesday = date(2026, 6, 5), datetime(2026, 6, 9, 4, 15, tzinfo=UTC)
    source = CountingShelf({friday: [paper(1, friday)]})
    for hours in range(0, 72, 4):
        pull_all(sqlite_sessions, [source], friday, friday, still(tuesday - timedelta(hours=72 - hours)))
    source.papers[friday].append(paper(2, friday))
    found = [
        pull_all(sqlite_sessions, [source], friday, friday, still(tuesday + timedelta(hours=hours)))[0].new
        for hours in range(0, 20, 4)
    ]
    assert sum(found) == 1


def test_a_paper_held_back_for_weeks_is_found_in_the_same_pull_that_counts_it(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1), paper(2)]})
    pulls(sessions, source, READ_AT, *at(1, 2, 3, 10, 17))
    source.papers[DAY].append(paper(3))  # submitted on the 2nd, announced on the 26th
    source.asked.clear()
    (found,) = pulls(sessions, source, *at(24))
    assert source.asked == ["02 total", "02 from 0", "02 from 2"]
    assert (found.new, found.unchanged, found.windows_closed) == (1, 2, 1)
    assert (window(sessions).received, window(sessions).expected, window(sessions).closed_at) == (3, 3, at(24)[0])


def test_a_month_is_counted_once_more_after_its_closing_time(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1)]})
    before, closing = datetime(2026, 7, 5, 2, tzinfo=UTC), datetime(2026, 7, 5, 6, tzinfo=UTC)
    pulls(sessions, source, READ_AT, before)
    assert pulls(sessions, source, closing)[0] == SourceResult("arxiv")  # by the week it is not due
    assert pulls(sessions, source, closing, closing_day=5, final_months={"2026-06"})[0] == SourceResult("arxiv")
    later = closing + timedelta(minutes=15)
    assert pulls(sessions, source, later, later, closing_day=5) == [
        SourceResult("arxiv", windows_closed=1),
        SourceResult("arxiv"),
    ]
    assert source.asked == ["02 from 0", "02 total", "02 total"]


def test_votes_read_shortly_before_the_closing_time_are_read_again_after_it(sessions: Sessions) -> None:
    """A month closes when every source was read since: a rest of twenty hours would keep it open for a day."""
    votes = Shelf({DAY: [paper(1)]}, name="hf", reread=40)
    changes = Shelf({DAY: [paper(1)]}, channel="oai:cs", reread=40)  # of arXiv, and keeps no month open
    before, closing = datetime(2026, 7, 5, 5, 45, tzinfo=UTC), datetime(2026, 7, 5, 6, tzinfo=UTC)
    for source, reads in ((votes, 2), (changes, 1)):
        pulls(sessions, source, before, closing_day=5)
        assert pulls(sessions, source, closing, closing_day=5, final_months={"2026-06"})[0].windows_closed == 0
        pulls(sessions, source, closing, closing + timedelta(minutes=15), closing_day=5)
        assert len(source.asked) == reads
    with reading(sessions) as session:
        assert issues.last_reads(session, closing)["hf"] == closing


def test_a_month_that_was_forgotten_is_counted_before_it_closes_at_last(sqlite_sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1)]})
    pulls(sqlite_sessions, source, READ_AT)
    source.papers[DAY].append(paper(2))
    november = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert pulls(sqlite_sessions, source, november, november, closing_day=5)[0].new == 1
    assert source.asked == ["02 from 0", "02 total", "02 from 0"]


def test_a_total_that_cannot_be_had_makes_the_window_stale_until_it_can(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1), paper(2), paper(3)]}, faults={3: GONE})
    pulls(sessions, source, READ_AT)
    (failed,) = pulls(sessions, source, *at(1))
    assert (failed.failure, failed.unreachable) == ("export.arxiv.org cannot be reached", True)
    left = window(sessions)
    assert (left.state, left.received, left.expected, left.closed_at) == ("stale", 3, 3, READ_AT)
    (mended,) = pulls(sessions, source, *at(1.1))
    assert source.asked[3:] == ["02 total"]
    assert (mended.windows_closed, mended.failure) == (1, None)
    assert (window(sessions).state, window(sessions).error, window(sessions).closed_at) == ("closed", None, READ_AT)


def test_a_total_that_falls_to_nothing_removes_nothing(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1)]})
    pulls(sessions, source, READ_AT)
    source.papers[DAY] = []
    (doubted,) = pulls(sessions, source, *at(1))
    assert (doubted.failure or "").startswith("doubtful: ")
    assert (window(sessions).state, window(sessions).received, ids(sessions)) == ("stale", 1, {"2606.00001"})


def test_what_is_only_counted_is_not_listed_as_a_reading(sqlite_sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1)]})
    assert [w.start for w in due_windows(sqlite_sessions, source, DAY, DAY, READ_AT)] == [DAY]
    pulls(sqlite_sessions, source, READ_AT)
    assert due_windows(sqlite_sessions, source, DAY, DAY, at(1)[0]) == []
    assert [w.start for w in due_windows(sqlite_sessions, Shelf({}), DAY, DAY, at(1)[0])] == [DAY]


def test_a_source_that_cannot_count_is_read_again(sqlite_sessions: Sessions) -> None:
    source = Shelf({DAY: [paper(1)]}, reread=1)
    pulls(sqlite_sessions, source, READ_AT - timedelta(hours=6), *at(0.5, 0.7, 8))
    assert source.asked == ["02 from 0", "02 from 0"]


# Open windows


@pytest.mark.parametrize("channel", ["arxiv", "arxiv-snapshot"])
def test_an_open_window_whose_papers_came_by_another_channel_is_closed_by_count(
    sessions: Sessions, clock: Clock, channel: str
) -> None:
    papers = [paper(n, source=channel) for n in range(1, 6)]
    late = datetime(2026, 6, 2, 23, 59, 59, tzinfo=UTC)
    papers[4] = paper(5, source=channel, submitted=late, categories=("math.OC", "cs.CL"))
    others = [
        paper(6, categories=("math.OC",)),
        paper(7, submitted=late + timedelta(seconds=1)),
        paper(8, submitted=datetime(2026, 6, 1, 23, 59, 59, tzinfo=UTC)),
        paper(9, categories=("cs.LGX",)),
    ]
    stored(sessions, papers + others)
    source = CountingShelf({DAY: list(papers)})
    (result,) = pull(sessions, [source], DAY, DAY, clock)
    assert source.asked == ["02 total"]
    assert (result.closed, result.counted, result.proven) == (True, True, True)
    closed = window(sessions)
    assert (closed.state, closed.expected, closed.received, closed.errors) == ("closed", 5, 5, 0)
    assert (closed.stored, closed.unchanged) == (0, 5)


def test_a_count_that_differs_is_no_evidence(sessions: Sessions, clock: Clock) -> None:
    stored(sessions, [paper(1), paper(2)])
    source = CountingShelf({DAY: [paper(1), paper(2), paper(3)]})
    assert pulls(sessions, source, clock())[0].new == 1
    assert source.asked == ["02 total", "02 from 0", "02 from 2"]


@pytest.mark.parametrize(
    "given",
    [{"source": "hf", "categories": ()}, {"source": "recorded"}, {"categories": ("math.OC",)}],
    ids=["readers' list", "recorded month", "another category"],
)
def test_no_total_is_asked_for_what_arxiv_did_not_tell(sessions: Sessions, clock: Clock, given: dict[str, Any]) -> None:
    stored(sessions, [paper(1, **given)])
    source = CountingShelf({DAY: [paper(1)]})
    pulls(sessions, source, clock())
    assert source.asked == ["02 from 0"]


def test_a_paper_a_final_issue_keeps_in_another_month_makes_the_window_be_read(sqlite_sessions: Sessions) -> None:
    first = date(2026, 6, 1)
    stored(sqlite_sessions, [paper(1, submitted=datetime(2026, 5, 31, 12, tzinfo=UTC))])
    with sqlite_sessions.begin() as session:
        moved = [paper(1, submitted=datetime(2026, 6, 1, 12, tzinfo=UTC), as_of=READ_AT)]
        make_final(session, "2026-05")
        store(session, moved, READ_AT)
        assert windows.count_submitted(session, first, first, ("cs.LG",)) == 0


def test_errors_of_an_earlier_reading_are_healed_by_the_count(sessions: Sessions, clock: Clock) -> None:
    source = CountingShelf({DAY: [EntryError("odd", b"?"), paper(2)]}, size=1, faults={2: SourceError("503")})
    pulls(sessions, source, clock())
    with sessions.begin() as session:
        session.merge(window(sessions)).token = None
    stored(sessions, [paper(1), paper(2)])
    source.papers[DAY][0] = paper(1)
    assert pulls(sessions, source, clock())[0].windows_closed == 1
    assert source.asked[2:] == ["02 total"]
    with reading(sessions) as session:
        assert session.query(IngestError).count() == 0
    assert (window(sessions).errors, window(sessions).received) == (0, 2)


def test_an_interrupted_reading_goes_on_without_asking_the_total(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = CountingShelf({DAY: [paper(1), paper(2), paper(3)]}, faults={2: SourceError("503")})
    pulls(sqlite_sessions, source, clock(), clock())
    assert source.asked == ["02 from 0", "02 from 2", "02 from 2"]


def test_a_source_that_says_it_has_nothing_where_papers_are_stored_is_doubted(
    sqlite_sessions: Sessions, clock: Clock
) -> None:
    stored(sqlite_sessions, [paper(1)])
    assert (pulls(sqlite_sessions, CountingShelf({}), clock())[0].failure or "").startswith("doubtful: ")
    assert window(sqlite_sessions).state == "error"


# The calendar


def test_the_calendar_tells_every_window_of_a_month_and_what_comes_next(sessions: Sessions) -> None:
    source = CountingShelf({DAY: [paper(1), EntryError("odd", b"?")], NEXT: [paper(2, NEXT)]}, faults={2: GONE})
    pull_all(sessions, [source], DAY, NEXT, lambda: READ_AT)
    week = Fake({NEXT: [Page((paper(3),))]}, name="pwc")
    pull_all(sessions, [week], NEXT, NEXT, lambda: READ_AT)
    pull_all(sessions, [week], date(2026, 5, 31), date(2026, 5, 31), lambda: READ_AT)
    with reading(sessions) as session:
        rows = windows.calendar(session, "2026-06")
    assert [(r.source, r.channel, r.start, r.end, r.state) for r in rows] == [
        ("arxiv", "api", DAY, DAY, "error"),
        ("arxiv", "api", NEXT, NEXT, "closed"),
        ("pwc", "api", NEXT, NEXT, "closed"),
    ]
    failed, read, other = rows
    assert (failed.expected, failed.received, failed.errors, failed.attempts) == (None, 0, 0, 1)
    assert (failed.error, failed.checked_at) == ("export.arxiv.org cannot be reached", READ_AT)
    assert (read.expected, read.received, read.errors, read.error) == (1, 1, 0, None)
    counting, plain = Rule(4, counting=True), Rule(0)
    assert next_step(failed, READ_AT, counting) == ("retry", READ_AT)
    assert next_step(read, READ_AT, counting) == ("waits-for-the-day-to-end", READ_AT + timedelta(hours=20))
    assert next_step(other, at(9)[0], plain) == ("read-again", READ_AT + timedelta(hours=20))


def test_papers_are_counted_by_day_and_category(sqlite_sessions: Sessions) -> None:
    stored(sqlite_sessions, [paper(n) for n in range(1, 4)])
    with reading(sqlite_sessions) as session:
        assert windows.count_submitted(session, DAY, DAY, ("cs.LG", "cs.CL")) == 3
        assert windows.count_submitted(session, date(2026, 5, 31), NEXT, ("stat.ML",)) == 3
        assert windows.count_submitted(session, DAY, DAY, ("cs%",)) == 0
        assert windows.count_submitted(session, DAY, DAY, ()) == 0
