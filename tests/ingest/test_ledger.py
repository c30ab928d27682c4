"""The ledger: interrupted readings go on, windows close on evidence only, and every entry is accounted for."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import Clock
from core.errors import SourceError
from core.record import LabClaim
from db.engine import Sessions, reading
from db.models import IngestError
from ingest.batch import Tally
from ingest.service import Progress, pull, store
from ingest.source import NOTHING, Earlier, EntryError, Marks, Page, SourceResult, TokenExpiredError
from ingest.source import Window as Stretch
from tests.ingest.doubles import pull_all
from tests.ingest.fake import Fake, dump
from tests.ingest.shelf import DAY, NEXT, NOW, CountingShelf, Shelf, after, empty, facts, ids, paper, window
from tests.ingest.test_faults import PowerCut, power_cut
from tests.ingest.test_service import note

LATER = SourceError("arXiv said 503", "Later")
ODD = EntryError("no title", b"<entry/>", "2606.00009")


def one(sessions: Sessions, source: Any, clock: Clock, **given: Any) -> SourceResult:
    (result,) = pull_all(sessions, [source], DAY, DAY, clock, **given)
    return result


def seven(**given: Any) -> Shelf:
    return Shelf({DAY: [paper(1), paper(2), paper(3), ODD, paper(4), paper(5), paper(6)]}, **given)


# Resuming


def test_an_interrupted_window_goes_on_where_it_stopped(sessions: Sessions, clock: Clock) -> None:
    source = seven(faults={3: LATER})
    assert one(sessions, source, clock).new == 3
    left = window(sessions)
    assert (left.state, left.token, left.received, left.errors, left.stored) == ("error", "4", 3, 1, 3)
    assert (left.expected, left.error) == (7, "arXiv said 503")
    assert one(sessions, source, clock) == SourceResult("arxiv", new=3, errors=1, windows_closed=1)
    assert source.asked == ["02 from 0", "02 from 2", "02 from 4", "02 from 4", "02 from 6"]
    done = window(sessions)
    assert (done.state, done.token, done.expected, done.received, done.errors) == ("closed", None, 7, 6, 1)
    assert (done.stored, done.unchanged, done.error) == (6, 0, None)


def test_a_reading_that_is_killed_goes_on_as_well(sessions: Sessions, clock: Clock) -> None:
    with pytest.raises(KeyboardInterrupt):
        one(sessions, seven(faults={3: KeyboardInterrupt()}), clock)
    assert (window(sessions).state, window(sessions).token, window(sessions).received) == ("open", "4", 3)
    assert ids(sessions) == {"2606.00001", "2606.00002", "2606.00003"}
    again = seven()
    one(sessions, again, clock)
    assert again.asked == ["02 from 4", "02 from 6"]
    assert window(sessions).received == 6


def test_token_and_records_are_written_together_at_every_step(sessions: Sessions, clock: Clock) -> None:
    engine = sessions.kw["bind"]
    with power_cut(engine, 0) as steps:
        one(sessions, seven(), clock)
    undisturbed = facts(sessions)
    assert len(steps) > 30
    for at in range(1, len(steps) + 1):
        empty(engine)
        with pytest.raises(PowerCut), power_cut(engine, at):
            one(sessions, seven(), clock)
        one(sessions, seven(), clock)
        assert facts(sessions) == undisturbed, f"power cut at step {at}"


def test_an_expired_token_restarts_the_window_once(sessions: Sessions, clock: Clock) -> None:
    source = seven(faults={3: LATER, 4: TokenExpiredError("badResumptionToken")})
    one(sessions, source, clock)
    result = one(sessions, source, clock)
    assert source.asked[3:] == ["02 from 4", "02 from 0", "02 from 2", "02 from 4", "02 from 6"]
    assert result == SourceResult("arxiv", new=3, unchanged=3, errors=1, windows_closed=1)
    done = window(sessions)
    assert (done.state, done.received, done.errors, done.stored, done.unchanged) == ("closed", 6, 1, 3, 3)


def test_tokens_that_expire_again_and_again_are_a_failure(sessions: Sessions, clock: Clock) -> None:
    expired = TokenExpiredError("badResumptionToken")
    source = seven(faults={2: expired, 4: expired})
    assert one(sessions, source, clock).failure == "badResumptionToken"
    assert len(source.asked) == 4  # begun twice, never a third time
    assert (window(sessions).state, window(sessions).token) == ("error", None)
    assert one(sessions, source, clock).windows_closed == 1


def test_a_list_that_grew_while_its_reading_was_interrupted_is_read_from_its_beginning(
    sessions: Sessions, clock: Clock
) -> None:
    source = Shelf({DAY: [paper(1), paper(2), paper(3), paper(4)]}, faults={2: LATER})
    one(sessions, source, clock)
    source.papers[DAY].insert(0, paper(7))  # the token now points at a paper seen: the sum would come out even
    result = one(sessions, source, clock)
    assert source.asked[2:] == ["02 from 2", "02 from 0", "02 from 2", "02 from 4"]
    assert (result.windows_closed, result.new, result.unchanged) == (1, 3, 2)
    assert (window(sessions).received, window(sessions).expected, window(sessions).stored) == (5, 5, 3)
    assert "2606.00007" in ids(sessions)


def test_parts_that_do_not_add_up_are_read_again_from_the_beginning(sessions: Sessions, clock: Clock) -> None:
    source = seven(faults={3: LATER})
    one(sessions, source, clock)
    source.papers[DAY].insert(0, source.papers[DAY].pop())  # as long as before, and in another order
    result = one(sessions, source, clock)
    assert source.asked[3:] == [f"02 from {n}" for n in (4, 6, 0, 2, 4, 6)]
    assert (result.windows_closed, result.new) == (1, 3)
    assert (window(sessions).received, window(sessions).errors, window(sessions).expected) == (6, 1, 7)


def test_a_token_that_fails_twice_alike_is_given_up(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = seven(faults={2: LATER, 3: LATER})
    for left in ("2", None):
        one(sqlite_sessions, source, clock)
        assert window(sqlite_sessions).token == left
    assert one(sqlite_sessions, source, clock).windows_closed == 1
    assert source.asked[3] == "02 from 0"


def test_a_window_once_complete_keeps_its_numbers_while_it_is_read_again(sqlite_sessions: Sessions) -> None:
    source = seven(reread=100)
    one(sqlite_sessions, source, lambda: NOW)
    source.faults = {len(source.asked) + 3: LATER}
    one(sqlite_sessions, source, lambda: after(1))
    left = window(sqlite_sessions)
    assert (left.state, left.received, left.expected, left.token) == ("stale", 6, 7, None)
    one(sqlite_sessions, source, lambda: after(1))
    assert (window(sqlite_sessions).state, window(sqlite_sessions).closed_at) == ("closed", NOW)


# Marks


class Marked(Fake):
    """Says unchanged to whoever shows its mark, and notes what was shown."""

    shown: list[Earlier]

    def fetch(self, window: Stretch, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Give the day's pages, or nothing at all."""
        self.shown.append(earlier)
        if earlier.marks.etag == '"a"':
            yield Page((), unchanged=True)
        else:
            yield from super().fetch(window, now)


def marked(*pages: Page | BaseException) -> Marked:
    source = Marked({DAY: list(pages)}, name="labs", reread=100)
    source.shown = []
    return source


def test_an_unchanged_answer_counts_as_a_full_reading(sessions: Sessions) -> None:
    source = marked(Page((paper(1),), (ODD,), 2, marks=Marks('"a"', "Tue, 02 Jun 2026 09:00:00 GMT")))
    one(sessions, source, lambda: NOW)
    before = dump(sessions)
    (result,) = pull(sessions, [source], DAY, DAY, lambda: after(1))
    assert (result.closed, result.proven, result.tally) == (True, True, Tally())
    assert dump(sessions) == before
    read = window(sessions)
    assert (read.checked_at, read.closed_at, read.attempts, read.received) == (after(1), NOW, 2, 1)
    assert source.shown == [NOTHING, Earlier(marks=Marks('"a"', "Tue, 02 Jun 2026 09:00:00 GMT"))]


def test_marks_are_kept_only_of_an_answer_stored_in_full(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = marked(Page((paper(1),), expected=2, marks=Marks('"a"')))
    for _ in range(2):
        assert one(sqlite_sessions, source, clock).failure == "partial: 1 of 2 entries arrived"
    assert window(sqlite_sessions).etag is None
    assert source.shown == [NOTHING, NOTHING]


def test_a_failure_leaves_the_marks_of_the_last_full_answer(sqlite_sessions: Sessions) -> None:
    source = marked(Page((paper(1),), expected=1, marks=Marks('"a"')))
    one(sqlite_sessions, source, lambda: NOW)
    broken = Fake({DAY: [LATER]}, name="labs", reread=100)
    one(sqlite_sessions, broken, lambda: after(1))
    assert window(sqlite_sessions).state == "stale"
    one(sqlite_sessions, source, lambda: after(2))
    assert (window(sqlite_sessions).state, window(sqlite_sessions).closed_at) == ("closed", NOW)


def test_errors_are_tried_again_without_marks(sqlite_sessions: Sessions) -> None:
    source = marked(Page((), (ODD,), 1, marks=Marks('"a"')))
    one(sqlite_sessions, source, lambda: NOW)
    source.pages = {DAY: [Page((paper(9),), expected=1)]}
    assert one(sqlite_sessions, source, lambda: NOW, retry_errors=True).new == 1
    assert source.shown == [NOTHING, NOTHING]
    with reading(sqlite_sessions) as session:
        assert session.scalars(select(IngestError)).all() == []


def test_unchanged_proves_nothing_where_nothing_was_shown(sqlite_sessions: Sessions, clock: Clock) -> None:
    result = one(sqlite_sessions, Fake({DAY: [Page((), unchanged=True)]}), clock)
    assert (result.windows_open, window(sqlite_sessions).state) == (1, "error")
    assert "unchanged" in (result.failure or "")


# Evidence


@pytest.mark.parametrize(
    ("pages", "failure"),
    [
        ([Page((), expected=5)], "partial: 0 of 5 entries arrived"),
        ([Page((paper(1),), expected=2)], "partial: 1 of 2 entries arrived"),
        ([Page((paper(1), paper(1)), expected=2)], "partial: 1 of 2 entries arrived"),
        ([Page((paper(1),), expected=3), Page((), expected=3)], "partial: 1 of 3 entries arrived"),
        ([Page((paper(1), paper(2)), expected=1)], "partial: 2 of 1 entries arrived"),
        ([Page((paper(1),), expected=1), Page((), expected=2)], "partial: 1 of 2 entries arrived"),
        ([Page((paper(1),), expected=2), SourceError("the answer is cut")], "the answer is cut"),
        ([], "nothing came: the source gave no page at all"),
    ],
    ids=["empty", "short", "repeated", "second-empty", "too-many", "grew", "cut", "no-page"],
)
def test_no_window_closes_without_evidence(
    sessions: Sessions, clock: Clock, pages: list[Page | BaseException], failure: str
) -> None:
    result = one(sessions, Fake({DAY: pages}), clock)
    assert (result.failure, result.windows_closed) == (failure, 0)
    assert (window(sessions).state, window(sessions).closed_at) == ("error", None)


def test_nothing_new_is_proven_by_a_total_alone(sqlite_sessions: Sessions, clock: Clock) -> None:
    with_total = Fake({DAY: [Page((), expected=0)]})
    without = Fake({DAY: [Page(())]}, name="labs")
    results = list(pull(sqlite_sessions, [with_total, without], DAY, DAY, clock))
    assert [(result.closed, result.proven) for result in results] == [(True, True), (True, False)]


def test_a_source_that_suddenly_has_nothing_is_not_believed(sessions: Sessions) -> None:
    source = Fake({DAY: [Page((paper(1), paper(2)), expected=2)]}, reread=100)
    one(sessions, source, lambda: NOW)
    source.pages = {}
    result = one(sessions, source, lambda: after(1))
    assert result.failure == "doubtful: the source says it has nothing where 2 entries came before"
    assert (window(sessions).state, window(sessions).received) == ("stale", 2)


# Sums


def test_every_entry_is_booked_once(sessions: Sessions, clock: Clock) -> None:
    with sessions.begin() as session:
        store(session, [paper(1), paper(2, title="As it was")], NOW)
    pages = [Page((paper(1), paper(2), paper(3)), (ODD,), 5), Page((paper(3), paper(1), paper(4)), (ODD,), 5)]
    result = one(sessions, Fake({DAY: pages}), clock)
    done = window(sessions)
    assert (result.windows_closed, done.received, done.errors, done.expected) == (1, 4, 1, 5)
    assert (done.stored, done.unchanged) == (3, 1)
    assert done.received == done.stored + done.unchanged


def test_a_post_that_joins_its_paper_is_accounted_for(sessions: Sessions, clock: Clock) -> None:
    claim = (LabClaim("heronry", "feed", "https://heronry.example/brass"),)
    page = Page((note(labs=claim), replace(note(), id="2606.00001", arxiv_id="2606.00001", kind="paper")), expected=2)
    assert one(sessions, Fake({DAY: [page]}), clock).windows_closed == 1
    done = window(sessions)
    assert (ids(sessions), done.received, done.stored, done.unchanged) == ({"2606.00001"}, 2, 1, 1)


def losing(session: Any, records: Any, now: datetime) -> Tally:
    return store(session, records[:-1], now)


def miscounting(session: Any, records: Any, now: datetime) -> Tally:
    return replace(store(session, records, now), new=0)


@pytest.mark.parametrize("broken", [losing, miscounting])
def test_a_sum_that_is_wrong_is_a_failure(
    sqlite_sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch, broken: Callable[..., Tally]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("ingest.service.reading.store", broken)
        result = one(sqlite_sessions, seven(), clock)
    assert (result.failure or "").startswith("count: of 2 records of a page")
    assert (window(sqlite_sessions).state, window(sqlite_sessions).token) == ("error", None)
    assert one(sqlite_sessions, seven(), clock).windows_closed == 1


def test_numbers_of_a_part_that_were_altered_are_noticed(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = seven(faults={3: LATER})
    one(sqlite_sessions, source, clock)
    with sqlite_sessions.begin() as session:
        session.merge(window(sqlite_sessions)).stored = 9
    assert one(sqlite_sessions, source, clock).windows_closed == 1  # read again from the beginning
    assert source.asked[3:] == [f"02 from {n}" for n in (4, 6, 0, 2, 4, 6)]
    assert (window(sqlite_sessions).stored, window(sqlite_sessions).unchanged) == (0, 6)


# Order, two at once, errors


def test_the_newest_month_of_all_sources_comes_before_history(sqlite_sessions: Sessions, clock: Clock) -> None:
    sources = [Fake({}, name="hf"), Fake({}, name="arxiv")]
    days = date(2026, 5, 30), date(2026, 6, 2)
    seen: list[Progress] = []
    results = list(pull(sqlite_sessions, sources, *days, clock, on_progress=seen.append))
    order = [(result.window.source, result.window.start.strftime("%m-%d")) for result in results]
    june = [("hf", "06-02"), ("hf", "06-01"), ("arxiv", "06-02"), ("arxiv", "06-01")]
    may = [("hf", "05-31"), ("hf", "05-30"), ("arxiv", "05-31"), ("arxiv", "05-30")]
    assert order == june + may
    assert [(progress.done, progress.due) for progress in seen] == [(number, 8) for number in range(8)]


def test_two_pulls_at_once_end_with_right_numbers(sessions: Sessions, clock: Clock) -> None:
    both = threading.Barrier(2, timeout=20)
    failures: list[BaseException] = []

    class Meeting(Shelf):
        """Lets both pulls ask for every page at the same moment, as far as both are still reading."""

        def _answer(self, request: str) -> None:
            super()._answer(request)
            try:
                both.wait(0.2)
            except threading.BrokenBarrierError:
                both.reset()

    def run() -> None:
        try:
            source = Meeting({DAY: seven().papers[DAY], NEXT: [paper(n) for n in range(10, 14)]})
            pull_all(sessions, [source], DAY, NEXT, clock)
        except BaseException as problem:
            failures.append(problem)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(ids(sessions)) == 10
    for day, received, errors in ((DAY, 6, 1), (NEXT, 4, 0)):
        done = window(sessions, day)
        assert (done.state, done.received, done.errors, done.token) == ("closed", received, errors, None)
        assert done.stored + done.unchanged == received


def test_a_failure_overtaken_by_another_pull_leaves_the_window_closed(sessions: Sessions, clock: Clock) -> None:
    class Slow(Shelf):
        """Fails after somebody else has read the window to its end."""

        def fetch(self, window: Stretch, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
            yield from list(super().fetch(window, now, earlier))[:1]
            one(sessions, seven(), clock)
            raise LATER

    assert one(sessions, Slow(seven().papers), clock).failure == "arXiv said 503"
    assert (window(sessions).state, window(sessions).received, window(sessions).token) == ("closed", 6, None)


def test_errors_of_an_older_reading_do_not_survive_a_resumed_one(sessions: Sessions, clock: Clock) -> None:
    old = EntryError("was odd once", b"old")
    first = Shelf({DAY: [old, paper(1), paper(2)]}, faults={2: LATER})
    one(sessions, first, clock)
    with sessions.begin() as session:
        session.merge(window(sessions)).token = None  # as if that reading had to begin again
    second = seven(faults={3: LATER})
    one(sessions, second, clock)
    one(sessions, second, clock)
    with reading(sessions) as session:
        assert session.scalars(select(IngestError.reason)).all() == ["no title"]
    assert window(sessions).errors == 1


def test_retrying_errors_reads_only_windows_that_have_some(sessions: Sessions, clock: Clock) -> None:
    source = CountingShelf({DAY: [ODD, paper(1)], NEXT: [paper(2, NEXT)]}, reread=0)
    pull_all(sessions, [source], DAY, NEXT, clock)
    source.papers[DAY][0] = paper(9)
    source.asked.clear()
    pull_all(sessions, [source], DAY, NEXT, clock)
    assert source.asked == []
    (result,) = pull_all(sessions, [source], DAY, NEXT, clock, retry_errors=True)
    assert (source.asked, result.new, result.unchanged) == (["02 from 0"], 1, 1)
    assert window(sessions).errors == 0
