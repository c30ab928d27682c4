"""The harvest: every page kept, windows closed only when all arrived, failures as values, a second run idle."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.clock import Clock
from core.errors import SourceError
from core.record import Author, CodeLink, LabClaim, PaperRecord
from db.engine import Sessions, reading
from db.models import Code, Embedding, Evidence, IngestError, Item, Place, Window
from db.search import matching
from ingest.service import Progress, due_windows, enrich, pull, store
from ingest.source import NOTHING, Earlier, EntryError, Page, SourceResult
from ingest.source import Window as Stretch
from tests.ingest.doubles import make_final, pull_all
from tests.ingest.fake import Fake, dump

DAY, NEXT = date(2026, 6, 2), date(2026, 6, 3)
NOW = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)


def paper(number: int, **given: Any) -> PaperRecord:
    item_id = f"2606.{number:05d}"
    base: dict[str, Any] = {
        "source": "arxiv",
        "title": f"Brass herons, part {number}",
        "as_of": datetime(2026, 6, 2, tzinfo=UTC),
        "submitted": datetime(2026, 6, 2, 12, 0, tzinfo=UTC),
        "authors": (Author("Ada Moorhen"),),
        "abstract": "Herons of brass wade.",
    }
    return PaperRecord(id=item_id, arxiv_id=item_id, kind="paper", **(base | given))


def one(sessions: Sessions, source: Fake, clock: Clock, **given: Any) -> SourceResult:
    (result,) = pull_all(sessions, [source], DAY, NEXT, clock, **given)
    return result


def window(sessions: Sessions, day: date) -> Window:
    with reading(sessions) as session:
        return session.scalars(select(Window).where(Window.from_day == day)).one()


def titles(sessions: Sessions) -> dict[str, str]:
    with reading(sessions) as session:
        return {item.id: item.title for item in session.scalars(select(Item))}


def test_a_pull_stores_what_came_and_closes_its_windows(sessions: Sessions, clock: Clock) -> None:
    broken = EntryError("no title", b"<entry/>", "2606.00009")
    source = Fake({DAY: [Page((paper(1), paper(2)), expected=4), Page((paper(3),), (broken,), 4)]})
    seen: list[Progress] = []
    result = one(sessions, source, clock, on_progress=seen.append)
    assert result == SourceResult("arxiv", new=3, errors=1, windows_closed=2)
    assert source.asked == [NEXT, DAY]
    assert [(progress.received, progress.expected) for progress in seen] == [(0, 0), (2, 4), (4, 4)]
    closed = window(sessions, DAY)
    assert (closed.state, closed.received, closed.errors, closed.expected) == ("closed", 3, 1, 4)
    with reading(sessions) as session:
        kept = session.scalars(select(IngestError)).one()
        item = session.get_one(Item, "2606.00001")
    assert (kept.raw, kept.reason, kept.item_id) == (b"<entry/>", "no title", "2606.00009")
    assert (item.month, item.submitted_from, item.sources) == ("2026-06", "arxiv", ["arxiv"])


def test_the_second_pull_changes_no_row(sessions: Sessions, clock: Clock) -> None:
    code = (CodeLink("https://github.com/heron/brass", True, 4),)
    claims = (LabClaim("heronry", "feed", "https://heronry.example/brass"),)
    records = (paper(1, code=code, labs=claims, doi="10.1/brass"), replace(paper(2), source="hf", votes=3))
    error = EntryError("odd", b"\xff\x00odd")
    source = Fake({DAY: [Page(records, (error,), 3)]}, reread=100)
    one(sessions, source, clock)
    before = dump(sessions)
    later = NOW + timedelta(hours=21)
    again = one(sessions, source, lambda: later)
    assert (again.unchanged, again.changed, again.new) == (2, 0, 0)
    assert source.asked.count(DAY) == 2
    assert dump(sessions) == before
    assert one(sessions, source, lambda: later).unchanged == 0  # read an hour ago: not asked again
    assert source.asked.count(DAY) == 2


def test_a_window_stays_open_until_everything_announced_arrived(sessions: Sessions, clock: Clock) -> None:
    source = Fake({DAY: [Page((paper(1), paper(1)), expected=2)]})
    result = one(sessions, source, clock)
    assert (result.windows_open, result.windows_closed) == (1, 1)
    assert result.failure == "partial: 1 of 2 entries arrived"
    left = window(sessions, DAY)
    assert (left.state, left.received, left.error) == ("error", 1, "partial: 1 of 2 entries arrived")
    source.pages = {DAY: [Page((paper(1), paper(2)), expected=2)]}
    assert one(sessions, source, clock) == SourceResult("arxiv", new=1, unchanged=1, windows_closed=1)
    assert (window(sessions, DAY).state, window(sessions, DAY).attempts) == ("closed", 2)


def test_a_failure_in_mid_window_keeps_its_pages(sessions: Sessions, clock: Clock) -> None:
    source = Fake({DAY: [Page((paper(1),), expected=2), SourceError("arXiv said 503", "Later")]})
    result = one(sessions, source, clock)
    assert (result.failure, result.advice, result.new, result.unreachable) == ("arXiv said 503", "Later", 1, False)
    assert titles(sessions) == {"2606.00001": "Brass herons, part 1"}
    assert (window(sessions, DAY).state, window(sessions, DAY).error) == ("error", "arXiv said 503")


def test_a_fault_in_a_source_is_its_own_failure(
    sqlite_sessions: Sessions, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Fake({NEXT: [KeyError("entry")]}, name="hf")
    whole = Fake({DAY: [Page((paper(1),), expected=1)]})
    first, second = pull_all(sqlite_sessions, [broken, whole], DAY, NEXT, clock)
    assert first.failure == "KeyError: 'entry'"
    assert first.windows_closed == 1
    assert second == SourceResult("arxiv", new=1, windows_closed=2)
    assert "KeyError" in caplog.text


def test_an_unreachable_source_is_asked_once(sqlite_sessions: Sessions, clock: Clock) -> None:
    gone = SourceError("no route", unreachable=True)
    source = Fake({DAY: [gone], NEXT: [gone]})
    result = one(sqlite_sessions, source, clock)
    assert (source.asked, result.unreachable, result.windows_open) == ([NEXT], True, 2)
    assert window(sqlite_sessions, DAY).state == "open"
    assert window(sqlite_sessions, DAY).attempts == 0


def test_three_failures_in_a_row_are_enough(sqlite_sessions: Sessions, clock: Clock) -> None:
    start = date(2026, 6, 1)
    source = Fake({start + timedelta(days=n): [SourceError("503")] for n in range(10)})
    (result,) = pull_all(sqlite_sessions, [source], start, date(2026, 6, 10), clock)
    assert len(source.asked) == 3
    assert (result.windows_open, result.failure, result.unreachable) == (10, "503", False)


class Labs(Fake):
    """Several channels a day, those in `dead` failing."""

    channels, dead = ("ash", "birch", "cedar", "dogwood"), ("ash", "birch", "cedar")

    def windows(self, start: date, end: date, today: date) -> list[Stretch]:
        """One window per day and channel."""
        return [replace(w, channel=name) for w in super().windows(start, end, today) for name in self.channels]

    def fetch(self, window: Stretch, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Fail where the channel is dead."""
        yield from super().fetch(window, now)
        if window.channel in self.dead:
            raise SourceError("404")


def test_dead_channels_do_not_block_the_others(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = Labs({}, name="labs")
    results = list(pull(sqlite_sessions, [source], date(2026, 6, 1), date(2026, 6, 5), clock))
    asked = Counter(result.window.channel for result in results if result.asked)
    assert asked == {"ash": 3, "birch": 3, "cedar": 3, "dogwood": 5}
    assert sum(result.closed for result in results) == 5
    assert len(results) == 20


def test_a_window_complete_once_becomes_stale_and_keeps_its_numbers(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = Fake({DAY: [Page((paper(1),), expected=1)]}, reread=100)
    one(sqlite_sessions, source, clock)
    closed_at = window(sqlite_sessions, DAY).closed_at
    source.pages = {DAY: [SourceError("503")]}
    one(sqlite_sessions, source, lambda: NOW + timedelta(days=1))
    left = window(sqlite_sessions, DAY)
    assert (left.state, left.received, left.expected, left.closed_at) == ("stale", 1, 1, closed_at)


def test_a_day_that_was_not_over_is_read_again(sqlite_sessions: Sessions) -> None:
    noon = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)
    source = Fake({})
    one(sqlite_sessions, source, lambda: noon)
    one(sqlite_sessions, source, lambda: noon + timedelta(hours=21))
    one(sqlite_sessions, source, lambda: noon + timedelta(hours=50))
    assert source.asked == [NEXT, DAY, NEXT]


def test_what_is_due_is_listed_without_asking_or_writing(sessions: Sessions, clock: Clock) -> None:
    source = Fake({NEXT: [SourceError("503")]})
    assert [w.start for w in due_windows(sessions, source, DAY, NEXT, NOW)] == [NEXT, DAY]
    with reading(sessions) as session:
        assert session.scalars(select(Window)).all() == []
    one(sessions, source, clock)
    asked = len(source.asked)
    assert [w.start for w in due_windows(sessions, source, DAY, NEXT, NOW)] == [NEXT]
    assert len(source.asked) == asked


def test_ctrl_c_keeps_every_page_and_the_next_pull_ends_like_an_uninterrupted_one(
    sessions: Sessions, clock: Clock
) -> None:
    whole = {DAY: [Page((paper(1),), expected=2), Page((paper(2),), expected=2)]}
    with pytest.raises(KeyboardInterrupt):
        one(sessions, Fake({DAY: [whole[DAY][0], KeyboardInterrupt()]}), clock)
    assert set(titles(sessions)) == {"2606.00001"}
    assert window(sessions, DAY).state == "open"
    assert one(sessions, Fake(dict(whole)), clock).new == 1
    assert window(sessions, DAY).state == "closed"


def test_a_pull_may_be_left_after_any_window(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = Fake({NEXT: [Page((paper(1),), expected=1)]})
    results = pull(sqlite_sessions, [source], DAY, NEXT, clock)
    first = next(results)
    results.close()  # type: ignore[attr-defined]
    assert (first.window.start, first.closed, first.tally.new) == (NEXT, True, 1)
    assert window(sqlite_sessions, DAY).state == "open"


def test_sources_meet_in_one_item(sessions: Sessions, clock: Clock) -> None:
    hf = paper(1, source="hf", title="brass herons", votes=9, submitted=None, as_of=NOW)
    pwc = paper(1, source="pwc", code=(CodeLink("https://github.com/heron/brass"),), tasks=("wading",))
    with sessions.begin() as session:
        assert store(session, [hf], NOW).new == 1
        assert store(session, [paper(1), pwc], NOW).changed == 1
    with reading(sessions) as session:
        item = session.scalars(select(Item)).one()
        assert session.scalars(select(Code)).one().url == "https://github.com/heron/brass"
    assert (item.title, item.votes, item.votes_at, item.tasks) == ("Brass herons, part 1", 9, NOW, ["wading"])
    assert item.sources == ["arxiv", "hf", "pwc"]
    assert item.provenance["votes"] == ["hf", "2026-07-08T09:00:00Z"]


def test_updated_moves_only_when_something_changes(sessions: Sessions) -> None:
    later = NOW + timedelta(days=1)
    with sessions.begin() as session:
        store(session, [paper(1, source="hf", votes=3, as_of=NOW)], NOW)
        store(session, [paper(1, source="hf", votes=3, as_of=later)], later)
    with reading(sessions) as session:
        item = session.scalars(select(Item)).one()
    assert (item.updated, item.votes_at, item.first_seen) == (NOW, later, NOW)
    with sessions.begin() as session:
        store(session, [paper(1, source="hf", votes=4, as_of=later)], later)
    with reading(sessions) as session:
        assert session.scalars(select(Item.updated)).one() == later


def test_a_text_of_before_is_mended_when_the_same_claim_is_read_again(sessions: Sessions) -> None:
    written = r"Schr{\"o}dinger's herons, by Erd\H{o}s, at Fr\'echet."
    with sessions.begin() as session:
        store(session, [paper(1, abstract=written)], NOW)
        session.execute(update(Item).values(abstract=written))
    with sessions.begin() as session:
        store(session, [paper(1, abstract=written)], NOW + timedelta(hours=1))
    with reading(sessions) as session:
        item = session.scalars(select(Item)).one()
        assert item.abstract == "Schrödinger's herons, by Erdős, at Fréchet."
        assert item.updated == NOW + timedelta(hours=1)  # by which it is rated and compared anew
        assert [one[0] for one in matching(session, "frechet schrodinger", 5)] == [item.id]
        assert (item.version, item.first_seen) == (None, NOW)  # no new version is told of


def test_a_date_learned_later_moves_a_paper_only_between_open_months(sqlite_sessions: Sessions) -> None:
    may = datetime(2026, 5, 31, tzinfo=UTC)
    with sqlite_sessions.begin() as session:
        store(session, [paper(1, submitted=None), paper(2, submitted=None)], NOW)
        store(session, [paper(2, submitted=may)], NOW)
        make_final(session, "2026-05")
        store(session, [paper(1, submitted=may)], NOW)
    with reading(sqlite_sessions) as session:
        months = {item.id: (item.month, item.submitted) for item in session.scalars(select(Item))}
    assert months == {"2606.00001": ("2026-06", may), "2606.00002": ("2026-05", may)}


def note(**given: Any) -> PaperRecord:
    base = {"source": "labs", "submitted": None, "url": "https://heronry.example/brass", "feed_date": DAY}
    return replace(paper(1, **(base | given)), id="heronry:brass", arxiv_id=None, kind="post")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_post_that_is_a_paper_is_one_item_in_either_order(sessions: Sessions, order: tuple[int, int]) -> None:
    claim = (LabClaim("heronry", "feed", "https://heronry.example/brass"),)
    both = (paper(1), note(labs=claim))
    for position in (*order, *order):
        with sessions.begin() as session:
            store(session, [both[position]], NOW)
    with reading(sessions) as session:
        item = session.scalars(select(Item)).one()
        assert session.scalars(select(Evidence)).one().item_id == "2606.00001"
    assert (item.id, item.kind, item.sources) == ("2606.00001", "paper", ["arxiv", "labs"])


def test_a_post_in_a_final_issue_keeps_its_name(sqlite_sessions: Sessions) -> None:
    with sqlite_sessions.begin() as session:
        store(session, [note()], NOW)
        make_final(session, "2026-06", "heronry:brass")
        store(session, [paper(1)], NOW)
    assert set(titles(sqlite_sessions)) == {"heronry:brass", "2606.00001"}


def test_a_late_post_that_no_issue_considered_becomes_its_paper(sessions: Sessions) -> None:
    """It stood beside its paper for ever, since its month had a final issue, though without it."""
    with sessions.begin() as session:
        make_final(session, "2026-06")
        store(session, [note()], NOW)
        store(session, [paper(1)], NOW)
    assert set(titles(sessions)) == {"2606.00001"}


def test_a_record_that_names_no_item_is_kept_as_an_error(sqlite_sessions: Sessions, clock: Clock) -> None:
    source = Fake({DAY: [Page((replace(paper(1), title=" \ud800 "), paper(2)), expected=2)]})
    assert one(sqlite_sessions, source, clock) == SourceResult("arxiv", new=1, errors=1, windows_closed=2)
    with reading(sqlite_sessions) as session:
        assert "has no title" in session.scalars(select(IngestError.reason)).one()


def test_errors_are_capped_kept_once_and_forgotten_when_healed(sqlite_sessions: Sessions, clock: Clock) -> None:
    huge = EntryError("too odd", b"x" * 100_000)
    source = Fake({DAY: [Page((), (huge, huge), 1)]})
    assert one(sqlite_sessions, source, clock).errors == 1
    with reading(sqlite_sessions) as session:
        assert len(session.scalars(select(IngestError.raw)).one()) == 64 * 1024
    assert one(sqlite_sessions, source, clock, retry_errors=True).errors == 1
    source.pages = {DAY: [Page((paper(1),), expected=1)]}
    assert one(sqlite_sessions, source, clock).new == 0  # closed: not asked again by itself
    assert one(sqlite_sessions, source, clock, retry_errors=True).new == 1
    with reading(sqlite_sessions) as session:
        assert session.scalars(select(IngestError)).all() == []


def test_enriching_asks_for_papers_without_code(sqlite_sessions: Sessions, clock: Clock) -> None:
    link = (CodeLink("https://github.com/heron/brass", True),)
    with sqlite_sessions.begin() as session:
        store(session, [paper(1, code=link), paper(2), paper(3), paper(4)], NOW)
    asked: list[str] = []

    def single(item_id: str, now: datetime) -> PaperRecord | None:
        asked.append(item_id)
        return None if item_id == "2606.00003" else paper(int(item_id[5:]), source="pwc", code=link, as_of=now)

    ids = ["2606.00003", "2606.00001", "2606.00002", "2606.00004"]
    result = enrich(sqlite_sessions, single, ids, clock, limit=2)
    assert (asked, result) == (["2606.00003", "2606.00002"], SourceResult("pwc", changed=1))


def test_a_paper_without_code_is_asked_for_every_other_day_and_later_every_month(sessions: Sessions) -> None:
    with sessions.begin() as session:
        store(session, [paper(1), paper(2), paper(3)], NOW)
    asked: list[tuple[int, str]] = []
    day = 0

    def single(item_id: str, now: datetime) -> PaperRecord | None:
        asked.append((day, item_id[-1]))
        code = (CodeLink("https://github.com/heron/brass", True),) if (item_id[-1], day) == ("3", 4) else ()
        return None if item_id[-1] == "1" else paper(int(item_id[5:]), source="pwc", code=code, as_of=now)

    def hour() -> datetime:
        return NOW + timedelta(days=day)

    for day in range(60):  # noqa: B007 - `hour` and `single` look at it
        enrich(sessions, single, ["2606.00001", "2606.00002", "2606.00003"], hour)
    for number in "12":  # the 22nd day is 30 July, the last one on which the papers are young
        assert [when for when, which in asked if which == number] == [*range(0, 26, 2), 54]
    assert [when for when, which in asked if which == "3"] == [0, 2, 4]  # from then on it has code
    with reading(sessions) as session:
        assert set(session.scalars(select(Place.name))) == {"pwc/papers/2606.00001", "pwc/papers/2606.00002"}


def test_a_failure_is_no_reason_to_wait_with_asking_again(sqlite_sessions: Sessions, clock: Clock) -> None:
    with sqlite_sessions.begin() as session:
        store(session, [paper(1)], NOW)
    asked: list[str] = []

    def single(item_id: str, _now: datetime) -> PaperRecord | None:
        asked.append(item_id)
        raise SourceError("busy")

    for _ in range(2):
        assert enrich(sqlite_sessions, single, ["2606.00001"], clock).failure == "busy"
    assert asked == ["2606.00001"] * 2


def test_enriching_stops_where_nobody_answers(sqlite_sessions: Sessions, clock: Clock) -> None:
    with sqlite_sessions.begin() as session:
        store(session, [paper(1), paper(2)], NOW)
    asked: list[str] = []

    def single(item_id: str, _now: datetime) -> PaperRecord | None:
        asked.append(item_id)
        raise SourceError("no route", "Try later", unreachable=True)

    result = enrich(sqlite_sessions, single, ["2606.00001", "2606.00002"], clock)
    assert len(asked) == 1
    assert result == SourceResult("pwc", failure="no route", unreachable=True, advice="Try later")


def test_a_recorded_vector_is_stored_once(sessions: Sessions) -> None:
    record = paper(1, source="recorded", vector=bytes(range(1, 128)) * 3 + b"\x01\x01\x01", vector_of="a" * 32)
    for _ in range(2):
        with sessions.begin() as session:
            store(session, [record], NOW)
    with reading(sessions) as session:
        stored = session.scalars(select(Embedding)).one()
    assert (stored.model, stored.text_hash, len(stored.vector)) == ("all-MiniLM-L6-v2@int8", "a" * 32, 768)
