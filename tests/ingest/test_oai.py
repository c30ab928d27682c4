"""arXiv's OAI-PMH: changes of a day, resumed after every page, deleted papers, and nothing believed that was cut."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from core.errors import SourceError
from core.record import PaperRecord, Version
from db import windows
from db.engine import Sessions, reading
from db.models import Item, Note
from ingest.service import pull, store
from ingest.source import NOTHING, Earlier, EntryError, Moving, Page, TokenExpiredError, Window
from ingest.sources.arxiv_oai import ArxivOai, set_of
from ingest.sources.arxiv_raw import cut_list, read_record
from tests.ingest.doubles import NOW, FakeTime, guarded
from tests.upstream import Upstream

CATEGORIES = ("cs.LG", "cs.CL", "cs.AI")
BUSY = date(2026, 9, 9)
WINDOW = Window("arxiv", "oai:cs:cs:LG", BUSY, BUSY)
QUIET = Window("arxiv", "oai:cs:cs:LG", date(2025, 1, 1), date(2025, 1, 1))


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A fresh stand-in with two records a page."""
    with Upstream(months=("2026-09",)) as running:
        running.catalogue.oai_page = 2
        yield running


class Harvest:
    """What a window gave."""

    def __init__(self, up: Upstream, window: Window = WINDOW, earlier: Earlier = NOTHING, **changes: Any) -> None:
        """Read the whole window, keeping the failure as a value."""
        self.pages: list[Page] = []
        self.failure: SourceError | None = None
        self.time = FakeTime()
        with guarded(up, time=self.time, **changes) as guard:
            try:
                for page in ArxivOai(f"{up.url}/oai", CATEGORIES, guard).fetch(window, NOW, earlier):
                    self.pages.append(page)
            except SourceError as failure:
                self.failure = failure

    @property
    def records(self) -> list[PaperRecord]:
        """All records in order."""
        return [record for page in self.pages for record in page.records]

    def record(self, arxiv_id: str) -> PaperRecord:
        """The one of a paper."""
        (found,) = [record for record in self.records if record.id == arxiv_id]
        return found

    @property
    def ids(self) -> list[str]:
        """Their ids in order."""
        return [record.id for record in self.records]


def truth(up: Upstream, day: date = BUSY, category: str = "cs.LG") -> list[str]:
    """The ids whose record changed on a day."""
    papers = up.catalogue.papers.values()
    return sorted(p.arxiv_id for p in papers if p.datestamp == day and category in p.categories)


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize("sizes", [True, False])
def test_a_list_is_read_to_its_end_whatever_its_pages(up: Upstream, page: int, sizes: bool) -> None:
    up.catalogue.oai_page, up.catalogue.oai_sizes = page, sizes
    harvest = Harvest(up)
    assert harvest.failure is None
    assert harvest.ids == truth(up)
    assert len(harvest.ids) > 2
    assert harvest.pages[-1].expected == len(harvest.ids)
    assert harvest.pages[-1].token is None


def test_asks_for_the_set_and_the_day_in_the_format_with_versions(up: Upstream) -> None:
    Harvest(up)
    first, second = (parse_qs(request.query) for request in up.log[:2])
    assert first == {
        "verb": ["ListRecords"],
        "metadataPrefix": ["arXivRaw"],
        "set": ["cs:cs:LG"],
        "from": ["2026-09-09"],
        "until": ["2026-09-09"],
    }
    # The token comes url-encoded and is encoded once more, as an argument.
    assert second["resumptionToken"][0].startswith("verb%3DListRecords%26metadataPrefix%3DarXivRaw%26set%3D")
    assert second["resumptionToken"][0].endswith("%26skip%3D2")
    assert set(second) == {"verb", "resumptionToken"}
    assert "resumptionToken=verb%253DListRecords" in up.log[1].query


def test_an_interrupted_list_goes_on_at_its_token(up: Upstream) -> None:
    whole = Harvest(up)
    rest = Harvest(up, earlier=Earlier(whole.pages[0].token))
    assert rest.ids == whole.ids[2:]
    assert rest.pages[-1].expected == len(whole.ids)


def test_an_empty_day_is_proven_by_the_server(up: Upstream) -> None:
    assert Harvest(up, QUIET).pages == [Page((), expected=0)]
    assert len(up.log) == 1


def test_every_field_is_read(up: Upstream) -> None:
    paper = up.catalogue.papers[truth(up)[0]]
    up.catalogue.revise(
        paper.arxiv_id,
        datetime(2026, 9, 20, 5, 6, 7, tzinfo=UTC),
        comment="12 pages, github.com/harbour/wicks",
        doi="10.1234/boats 10.1234/second",
        journal_ref="Boats 3 (2026)",
    )
    paper.modified = date(2026, 9, 25)
    window = Window("arxiv", "oai:cs:cs:LG", paper.modified, paper.modified)
    record = Harvest(up, window).record(paper.arxiv_id)
    assert (record.source, record.id, record.kind, record.arxiv_id) == ("arxiv", paper.arxiv_id, "paper", record.id)
    assert record.submitted == paper.submitted
    assert record.version == 2
    assert record.versions == (Version(1, paper.submitted), Version(2, paper.updated))
    assert record.as_of == datetime(2026, 9, 25, tzinfo=UTC)  # a correction is newer than the version
    assert [(a.name, a.affiliation) for a in record.authors] == [(a.name, a.affiliation) for a in paper.authors]
    assert record.categories == tuple(paper.categories)
    assert (record.doi, record.journal_ref, record.withdrawn) == ("10.1234/boats", "Boats 3 (2026)", False)
    assert record.code[0].url == "https://github.com/harbour/wicks"


def test_a_withdrawn_version_is_told_by_its_words_and_by_its_size(up: Upstream) -> None:
    arxiv_id = truth(up)[0]
    paper = up.catalogue.withdraw(arxiv_id)
    window = Window("arxiv", "oai:cs:cs:LG", paper.datestamp, paper.datestamp)
    assert Harvest(up, window).record(arxiv_id).withdrawn
    paper.comment = paper.abstract = "Superseded"
    assert Harvest(up, window).record(arxiv_id).withdrawn


def test_a_deleted_record_says_withdrawn_and_nothing_else(up: Upstream) -> None:
    gone = truth(up)[0]
    up.catalogue.delete(gone)
    day = up.catalogue.today
    record = Harvest(up, Window("arxiv", "oai:cs:cs:LG", day, day)).record(gone)
    assert record == PaperRecord(
        "arxiv", gone, "paper", "", datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC),
        arxiv_id=gone, withdrawn=True,
    )  # fmt: skip


def page_of(records: Sequence[str], token: str = "") -> str:
    """A page with these records."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<ListRecords>{''.join(records)}{token}</ListRecords></OAI-PMH>"
    )


def raw_records(up: Upstream) -> list[str]:
    """The records of the window as the stand-in writes them."""
    query = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": "cs:cs:LG", "from": str(BUSY)}
    up.catalogue.oai_page = 1000
    page = cut_list(up.answer("/oai", {**query, "until": str(BUSY)}).body)
    assert not isinstance(page, str)
    return [record.decode() for record in page.records]


def test_a_record_that_comes_on_two_pages_is_given_once(up: Upstream) -> None:
    one, two, three = raw_records(up)[:3]
    token = '<resumptionToken completeListSize="3" cursor="0">again</resumptionToken>'
    up.fault("/oai", status=200, times=1, body=page_of([one, two], token))
    up.fault("/oai", status=200, times=1, body=page_of([two, three], '<resumptionToken completeListSize="3"/>'))
    harvest = Harvest(up)
    assert harvest.ids == truth(up)[:3]
    assert (harvest.failure, harvest.pages[-1].expected) == (None, 3)


@pytest.mark.parametrize("how", ["no-date", "bad-date", "no-title", "bad-xml"])
@pytest.mark.parametrize("place", ["first", "last"])
def test_one_malformed_record_costs_one_record(up: Upstream, place: str, how: str) -> None:
    ids = truth(up)
    up.fault("/oai", f"malformed-{place}", how=how, times=1)
    harvest = Harvest(up)
    lost = ids[{"first": 0, "last": 1}[place]]
    (error,) = [error for page in harvest.pages for error in page.errors]
    assert harvest.failure is None
    assert harvest.ids == [paper for paper in ids if paper != lost]
    assert error.item_id == lost
    assert lost.encode() in error.raw
    assert harvest.pages[-1].expected == len(ids)


def test_a_record_without_an_id_or_of_another_format_is_an_error() -> None:
    for raw in (
        b"<record><header><identifier>oai:arXiv.org:one</identifier></header></record>",
        b"<record><header><datestamp>2026-09-09</datestamp></header></record>",
        b"<record><header><identifier>oai:arXiv.org:2609.01234</identifier><datestamp>2026-09-09</datestamp></header>"
        b"<metadata><dc><title>Boats</title></dc></metadata></record>",
    ):
        entry = read_record(raw)
        assert isinstance(entry, EntryError)
        assert entry.raw == raw


@pytest.mark.parametrize(
    ("kind", "options"),
    [("empty-page", {}), ("cut", {}), ("gzip-cut", {}), ("wrong-length", {}), ("maintenance", {}),
     ("status", {"status": 503}), ("status", {"status": 503, "retry_after": "1"})],
)  # fmt: skip
def test_a_passing_fault_leaves_no_trace(up: Upstream, kind: str, options: dict[str, Any]) -> None:
    up.fault("/oai", kind, times=2, after=1, **options)
    harvest = Harvest(up)
    assert harvest.failure is None
    assert harvest.ids == truth(up)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("empty-page", "partial"), ("cut", "cut short"), ("maintenance", "HTML"), ("json", "no XML"),
     ("doctype", "refused"), ("billion-laughs", "refused"), ("deep", "no OAI-PMH")],
)  # fmt: skip
def test_a_lasting_fault_is_a_failure_and_what_came_is_kept(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/oai", kind, after=1)
    harvest = Harvest(up)
    assert reason in str(harvest.failure)
    assert not isinstance(harvest.failure, TokenExpiredError)
    assert harvest.ids == truth(up)[:2]
    assert "root:" not in str(harvest.failure)


def test_flow_control_is_obeyed_to_the_second(up: Upstream) -> None:
    up.fault("/oai", status=503, retry_after="7", times=1)
    harvest = Harvest(up)
    assert harvest.ids == truth(up)
    assert harvest.time.sleeps == [7.0]


def test_a_token_that_expired_is_told_apart_and_asked_for_once(up: Upstream) -> None:
    up.fault("/oai", "bad-token", after=1)
    harvest = Harvest(up)
    assert isinstance(harvest.failure, TokenExpiredError)
    assert len(up.log) == 2
    assert isinstance(Harvest(up, earlier=Earlier("nonsense")).failure, TokenExpiredError)


def test_a_list_that_is_gone_when_it_is_resumed_has_expired(up: Upstream) -> None:
    token = Harvest(up).pages[0].token
    for paper in up.catalogue.papers.values():
        paper.modified = date(2026, 9, 28)
    assert isinstance(Harvest(up, earlier=Earlier(token)).failure, TokenExpiredError)


def test_a_refusal_says_why(up: Upstream) -> None:
    error = '<OAI-PMH><error code="badArgument">Set does not exist &amp; never did</error></OAI-PMH>'
    up.fault("/oai", status=200, body=error)
    assert "Set does not exist & never did" in str(Harvest(up).failure)
    assert not isinstance(Harvest(up).failure, TokenExpiredError)


def test_a_token_that_leads_to_itself_is_not_followed_for_ever(up: Upstream) -> None:
    page = page_of(raw_records(up)[:1], "<resumptionToken expires='2026-09-10T00:00:00Z'>round</resumptionToken>")
    up.fault("/oai", status=200, body=page)
    harvest = Harvest(up)
    assert "does not end" in str(harvest.failure)
    assert len(up.log) == 2


@pytest.mark.parametrize(
    ("category", "name"),
    [("cs.LG", "cs:cs:LG"), ("stat.ML", "stat:stat:ML"), ("eess.AS", "eess:eess:AS"), ("math.OC", "math:math:OC"),
     ("quant-ph", "physics:quant-ph"), ("astro-ph.EP", "physics:astro-ph:EP"), ("q-bio.NC", "q-bio:q-bio:NC"),
     ("cs", "cs:cs")],
)  # fmt: skip
def test_sets_are_named_as_arxiv_names_them(category: str, name: str) -> None:
    assert set_of(category) == name


def test_windows_are_days_of_change_since_the_store_follows() -> None:
    with guarded() as guard:
        source = ArxivOai("https://oaipmh.arxiv.org/oai", ("cs.LG", "cs.CL"), guard, lambda: date(2026, 3, 1))
    asked = source.windows(date(2026, 2, 20), date(2026, 3, 9), date(2026, 3, 2))
    assert [(window.start.day, window.channel) for window in asked] == [
        (2, "oai:cs:cs:LG"), (2, "oai:cs:cs:CL"), (1, "oai:cs:cs:LG"), (1, "oai:cs:cs:CL"),
    ]  # fmt: skip
    assert source.windows(date(2026, 2, 1), date(2026, 2, 20), date(2026, 3, 2)) == []
    assert source.reread_days() == 3
    assert isinstance(source, Moving)


# Through the ledger


def pulled(sessions: Sessions, up: Upstream, day: date = BUSY, now: datetime = NOW) -> list[tuple[bool, str | None]]:
    """Pull one day of one set; whether each window closed, and why not."""
    with guarded(up) as guard:
        source = ArxivOai(f"{up.url}/oai", ("cs.LG",), guard)
        return [(result.closed, result.failure) for result in pull(sessions, [source], day, day, lambda: now)]


def stored(sessions: Sessions) -> dict[str, Item]:
    """All items by id."""
    with reading(sessions) as session:
        return {item.id: item for item in session.query(Item)}


def test_a_token_that_expires_in_mid_harvest_restarts_the_window(sessions: Sessions, up: Upstream) -> None:
    up.fault("/oai", "bad-token", after=1, times=1)
    assert pulled(sessions, up) == [(True, None)]
    assert sorted(stored(sessions)) == truth(up)
    assert len(up.log) == 2 + (len(truth(up)) + 1) // 2


def test_an_interrupted_list_is_resumed_by_the_next_pull(sessions: Sessions, up: Upstream) -> None:
    fault = up.fault("/oai", "maintenance", after=1)
    assert pulled(sessions, up)[0][0] is False
    assert sorted(stored(sessions)) == truth(up)[:2]
    assert fault.hits == 4
    up.clear_faults()
    up.log.clear()
    assert pulled(sessions, up) == [(True, None)]
    assert "resumptionToken" in up.log[0].query
    assert sorted(stored(sessions)) == truth(up)
    with reading(sessions) as session:
        (window,) = windows.standings(session, [("arxiv", "oai:cs:cs:LG", BUSY, BUSY)])
    assert (window.received, window.expected, window.token) == (len(truth(up)), len(truth(up)), None)


def test_a_day_whose_records_all_changed_again_is_empty_without_doubt(sqlite_sessions: Sessions, up: Upstream) -> None:
    now = datetime(2026, 9, 10, 3, tzinfo=UTC)
    assert pulled(sqlite_sessions, up, now=now) == [(True, None)]
    for arxiv_id in truth(up):
        up.catalogue.papers[arxiv_id].modified = date(2026, 9, 10)
    assert pulled(sqlite_sessions, up, now=now + timedelta(hours=21)) == [(True, None)]


DELETED = Window("arxiv", "oai:cs:cs:LG", date(2026, 9, 30), date(2026, 9, 30))  # the stand-in's today


def test_a_deletion_marks_a_stored_paper_and_makes_none_of_an_unknown_one(sessions: Sessions, up: Upstream) -> None:
    known, unknown = truth(up)[0], truth(up, date(2026, 9, 10))[0]  # of a day that is not read
    assert up.catalogue.today == DELETED.start
    assert pulled(sessions, up) == [(True, None)]
    assert not stored(sessions)[known].withdrawn
    for gone in (known, unknown):
        up.catalogue.delete(gone)
    for hours in (3, 24):  # and again when the day is read anew
        now = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=hours)
        assert pulled(sessions, up, DELETED.start, now) == [(True, None)]
        items = stored(sessions)
        assert unknown not in items
        assert (items[known].withdrawn, items[known].title) == (True, up.catalogue.papers[known].title)
        assert items[known].version == 1
    with reading(sessions) as session:
        assert [note.id for note in session.query(Note)] == [unknown]
        (window,) = windows.standings(session, [("arxiv", DELETED.channel, DELETED.start, DELETED.end)])
    changed = len(truth(up, DELETED.start))
    assert (window.state, window.expected, window.received, window.errors) == ("closed", changed, changed, 0)


def test_an_unknown_paper_that_was_deleted_is_withdrawn_when_it_comes(sessions: Sessions, up: Upstream) -> None:
    gone = truth(up)[0]
    up.catalogue.delete(gone)
    assert pulled(sessions, up, DELETED.start) == [(True, None)]
    assert gone not in stored(sessions)
    listed = PaperRecord(
        "hf", gone, "paper", up.catalogue.papers[gone].title, NOW - timedelta(days=1), arxiv_id=gone, votes=3
    )
    with sessions.begin() as session:
        assert store(session, [listed], NOW).new == 1
    assert stored(sessions)[gone].withdrawn
    with reading(sessions) as session:
        assert session.query(Note).all() == []


def test_a_paper_that_arxiv_gives_again_after_its_deletion_is_back(sessions: Sessions, up: Upstream) -> None:
    back = truth(up)[0]
    assert pulled(sessions, up) == [(True, None)]
    up.catalogue.delete(back)
    assert pulled(sessions, up, DELETED.start) == [(True, None)]
    assert stored(sessions)[back].withdrawn
    paper = up.catalogue.papers[back]
    paper.deleted, paper.modified = False, date(2026, 10, 6)
    assert pulled(sessions, up, paper.modified) == [(True, None)]
    assert not stored(sessions)[back].withdrawn
