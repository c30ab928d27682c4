"""arXiv's query API: nothing lost, nothing twice, nothing believed that was cut (reliability.md, rows 4 to 8)."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from core.errors import SourceError
from core.record import CodeLink, PaperRecord
from ingest.source import Counting, EntryError, Page, Window
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_page import ArxivPage, cut, read_entry
from tests.ingest.doubles import NOW, FakeTime, guarded
from tests.upstream import Upstream

CATEGORIES = ("cs.LG", "cs.CL", "cs.AI")
BUSY = date(2026, 9, 9)  # the awkward papers of the stand-in begin here
WINDOW = Window("arxiv", "api", BUSY, BUSY)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
)
TOTAL = "<opensearch:totalResults>1</opensearch:totalResults>"
DATES = "<updated>2026-09-03T01:02:03Z</updated><published>2026-09-01T01:02:03Z</published>"


class Harvest:
    """What a window gave."""

    def __init__(self, up: Upstream, page_size: int = 3, window: Window = WINDOW, **changes: Any) -> None:
        """Read the whole window, keeping the failure as a value."""
        self.time = FakeTime()
        self.records: list[PaperRecord] = []
        self.errors: list[EntryError] = []
        self.expected: int | None = None
        self.failure: SourceError | None = None
        with guarded(up, time=self.time, **changes) as guard:
            try:
                for page in ArxivApi(up.url, CATEGORIES, guard, page_size).fetch(window, NOW):
                    self.records += page.records
                    self.errors += page.errors
                    self.expected = page.expected
            except SourceError as failure:
                self.failure = failure

    @property
    def ids(self) -> list[str]:
        """The ids in order."""
        return [record.id for record in self.records]


def truth(up: Upstream, day: date = BUSY) -> list[str]:
    """The ids that the stand-in holds for a day."""
    papers = [
        paper
        for paper in up.catalogue.papers.values()
        if paper.submitted.date() == day and set(paper.categories) & set(CATEGORIES)
    ]
    return [paper.arxiv_id for paper in sorted(papers, key=lambda paper: (paper.submitted, paper.arxiv_id))]


def test_asks_for_the_day_in_ascending_order(up: Upstream) -> None:
    harvest = Harvest(up, page_size=2)
    asked = [parse_qs(request.query) for request in up.log]
    assert asked[0]["search_query"] == [
        "(cat:cs.LG OR cat:cs.CL OR cat:cs.AI) AND submittedDate:[202609090000 TO 202609092359]"
    ]
    assert [page["start"] for page in asked] == [[str(start)] for start in range(0, len(truth(up)), 2)]
    assert {(page["sortBy"][0], page["sortOrder"][0], page["max_results"][0]) for page in asked} == {
        ("submittedDate", "ascending", "2")
    }
    assert up.log[0].headers["User-Agent"].startswith("shirube/")
    assert harvest.failure is None


@pytest.mark.parametrize("page_size", [1, 2, 3, 500])
def test_the_page_size_changes_nothing(up: Upstream, page_size: int) -> None:
    harvest = Harvest(up, page_size)
    assert harvest.ids == truth(up)
    assert harvest.expected == len(truth(up)) > 3
    assert harvest.errors == []


def test_a_day_without_papers_is_one_request(up: Upstream) -> None:
    harvest = Harvest(up, window=Window("arxiv", "api", date(2025, 1, 1), date(2025, 1, 1)))
    assert (harvest.ids, harvest.expected, harvest.failure) == ([], 0, None)
    assert len(up.log) == 1


@pytest.mark.parametrize("how", ["no-date", "bad-date", "no-title", "bad-xml"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_malformed_entry_costs_one_entry(up: Upstream, place: str, how: str) -> None:
    ids = truth(up)
    up.fault("/api/query", f"malformed-{place}", how=how, times=1)
    harvest = Harvest(up, page_size=3)
    lost = ids[{"first": 0, "middle": 1, "last": 2}[place]]
    assert harvest.failure is None
    assert harvest.ids == [paper for paper in ids if paper != lost]
    assert [error.item_id for error in harvest.errors] == [lost]
    assert lost.encode() in harvest.errors[0].raw
    assert harvest.expected == len(harvest.ids) + 1


@pytest.mark.parametrize(
    ("kind", "options"),
    [("empty-page", {}), ("cut", {}), ("gzip-cut", {}), ("wrong-length", {}), ("wrong-length", {"by": -600}),
     ("maintenance", {}), ("status", {"status": 503}), ("status", {"status": 429, "retry_after": "1"})],
)  # fmt: skip
def test_a_passing_fault_leaves_no_trace(up: Upstream, kind: str, options: dict[str, Any]) -> None:
    up.fault("/api/query", kind, times=2, after=1, **options)
    harvest = Harvest(up, page_size=2)
    assert harvest.failure is None
    assert harvest.ids == truth(up)
    assert harvest.errors == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("empty-page", "partial"), ("cut", "cut short"), ("maintenance", "HTML"), ("json", "no XML"),
     ("doctype", "refused"), ("billion-laughs", "refused"), ("gzip-bomb", "fold")],
)  # fmt: skip
def test_a_lasting_fault_is_a_failure_and_never_nothing_new(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/api/query", kind, after=1)
    harvest = Harvest(up, page_size=2)
    assert harvest.failure is not None
    assert reason in str(harvest.failure)
    assert harvest.ids == truth(up)[:2]  # what came is kept
    assert len(up.log) <= 5
    assert "root:" not in str(harvest.failure)


def test_tags_a_hundred_thousand_deep_do_no_harm(up: Upstream) -> None:
    up.fault("/api/query", "deep")
    harvest = Harvest(up)
    assert "no Atom feed" in str(harvest.failure)


def test_a_deep_entry_is_an_error_of_that_entry() -> None:
    page = ArxivPage(HEAD.encode(), (), 1)
    entry = read_entry(page, b"<entry>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</entry>")
    assert isinstance(entry, EntryError)


def test_an_invented_total_ends_as_partial(up: Upstream) -> None:
    up.fault("/api/query", "total-wrong", total=5000)
    harvest = Harvest(up)
    assert "partial" in str(harvest.failure)
    assert harvest.ids == truth(up)
    assert len(up.log) < 12


def test_a_total_that_grows_or_shrinks_while_paging_is_followed(up: Upstream) -> None:
    count = len(truth(up))
    up.fault("/api/query", "total-wrong", total=count - 1, times=1)
    assert Harvest(up, page_size=2).ids == truth(up)


def test_nothing_is_passed_over_when_a_paper_vanishes_while_paging(up: Upstream) -> None:
    with guarded(up) as guard:
        pages = ArxivApi(up.url, CATEGORIES, guard, page_size=2).fetch(WINDOW, NOW)
        first = next(pages)
        up.catalogue.hold(first.records[0].id)
        found = {record.id for page in (first, *pages) for record in page.records}
    up.catalogue.release(first.records[0].id)
    assert sorted(found) == sorted(truth(up))


def test_a_server_that_ignores_the_start_is_not_followed_for_ever(up: Upstream) -> None:
    page = up.answer("/api/query", {"search_query": "cat:cs.LG", "max_results": "1"}).body.decode()
    up.fault("/api/query", status=200, body=page)
    harvest = Harvest(up, page_size=1)
    assert "partial" in str(harvest.failure)
    assert len(up.log) == 2
    assert len(harvest.ids) == 1


def test_a_refused_query_says_why() -> None:
    raw = (
        "<entry><id>https://arxiv.org/api/errors#malformed_query</id><title>Error</title>"
        "<summary>malformed search_query: cat:</summary></entry>"
    )
    with pytest.raises(SourceError, match="malformed search_query"):
        read_entry(ArxivPage(HEAD.encode(), (), 1), raw.encode())


def read(inner: str) -> PaperRecord:
    """Read one invented entry that must be readable."""
    body = f"{HEAD}{TOTAL}<entry>{inner}</entry></feed>"
    page = cut(body.encode())
    assert isinstance(page, ArxivPage)
    entry = read_entry(page, page.entries[0])
    assert isinstance(entry, PaperRecord), entry
    return entry


def test_every_field_is_read() -> None:
    record = read(
        f"""<id>http://arxiv.org/abs/2609.01234v3</id><title>Lanterns\n  for Small Boats</title>{DATES}
        <link href="https://arxiv.org/abs/2609.01234v3" rel="alternate"/>
        <link href="http://arxiv.org/pdf/2609.01234v3" rel="related" title="pdf"/>
        <summary>We light boats.\n Code: https://github.com/harbour/lanterns.</summary>
        <category term="cs.CL"/><category term="cs.LG"/>
        <arxiv:comment>12 pages, see github.com/harbour/wicks</arxiv:comment><arxiv:primary_category term="cs.LG"/>
        <arxiv:journal_ref>Boats 3 (2026)</arxiv:journal_ref><arxiv:doi>10.1234/boats</arxiv:doi>
        <author><name>Aiko Oar</name><arxiv:affiliation>Harbour  Lab</arxiv:affiliation>
        <arxiv:affiliation>Pier</arxiv:affiliation></author><author><name>B. Sail</name></author><author/>"""
    )
    assert (record.source, record.kind, record.id, record.version) == ("arxiv", "paper", "2609.01234", 3)
    assert record.title == "Lanterns for Small Boats"
    assert record.abstract == "We light boats. Code: https://github.com/harbour/lanterns."
    assert [(author.name, author.affiliation) for author in record.authors] == [
        ("Aiko Oar", "Harbour Lab; Pier"),
        ("B. Sail", None),
    ]
    assert record.categories == ("cs.LG", "cs.CL")
    assert record.submitted == datetime(2026, 9, 1, 1, 2, 3, tzinfo=UTC)
    assert record.as_of == datetime(2026, 9, 3, 1, 2, 3, tzinfo=UTC)
    assert (record.doi, record.journal_ref) == ("10.1234/boats", "Boats 3 (2026)")
    assert record.url == "https://arxiv.org/abs/2609.01234"
    assert record.pdf_url == "https://arxiv.org/pdf/2609.01234v3"
    assert record.withdrawn is False
    assert record.code == (
        CodeLink("https://github.com/harbour/wicks"),
        CodeLink("https://github.com/harbour/lanterns"),
    )


def test_subject_classes_of_other_systems_are_no_categories() -> None:
    record = read(
        f"""<id>http://arxiv.org/abs/2609.01234v1</id><title>Lanterns</title>{DATES}
        <category term="cond-mat.dis-nn"/><category term="68T05, 94A29"/><category term="I.2.7; E.4"/>
        <category term="hep-th"/><arxiv:primary_category term="cs.LG"/>"""
    )
    assert record.categories == ("cs.LG", "cond-mat.dis-nn", "hep-th")


@pytest.mark.parametrize(
    ("given", "doi"),
    [("10.1234/boats\n 10.1234/oars", "10.1234/boats"), (" ", None), ("10.1234/boats", "10.1234/boats")],
)
def test_of_several_dois_the_first_counts(given: str, doi: str | None) -> None:
    record = read(
        f"""<id>http://arxiv.org/abs/2609.01234v1</id><title>Lanterns</title>{DATES}
        <arxiv:doi>{given}</arxiv:doi><arxiv:primary_category term="cs.LG"/>"""
    )
    assert record.doi == doi


def test_an_old_id_and_a_withdrawal_are_read() -> None:
    record = read(
        f"<id>http://arxiv.org/abs/math.GT/0309136v2</id><title>Knots</title>{DATES}"
        "<summary>This paper has been withdrawn by the author.</summary>"
    )
    assert (record.id, record.version, record.withdrawn) == ("math/0309136", 2, True)


def test_text_encoded_twice_is_read_once() -> None:
    twice = "Dörte Ümlaut".encode().decode("latin-1")
    record = read(
        f"<id>http://arxiv.org/abs/2609.01234v1</id><title>Ä α $x$</title>{DATES}"
        f"<author><name>{twice}</name></author><author><name>Zoë Ångström</name></author>"
    )
    assert [author.name for author in record.authors] == ["Dörte Ümlaut", "Zoë Ångström"]
    assert record.title == "Ä α $x$"
    assert record.abstract is None


def test_windows_are_days_and_recent_ones_are_read_again() -> None:
    with guarded() as guard:
        source = ArxivApi("https://export.arxiv.org", CATEGORIES, guard)
        windows = source.windows(date(2026, 2, 27), date(2026, 3, 9), date(2026, 3, 2))
        assert [window.start.day for window in windows] == [2, 1, 28, 27]
        assert all(window.start == window.end for window in windows)
        assert source.reread_days() == 4
        with pytest.raises(ValueError, match="2000"):
            ArxivApi("https://export.arxiv.org", CATEGORIES, guard, page_size=2001)


def test_the_total_of_a_day_is_one_small_request(up: Upstream) -> None:
    with guarded(up) as guard:
        api = ArxivApi(up.url, CATEGORIES, guard)
        assert isinstance(api, Counting)
        assert api.total(WINDOW) == len(truth(up)) > 3
        assert api.total(Window("arxiv", "api", date(2025, 1, 1), date(2025, 1, 1))) == 0
    assert [parse_qs(request.query)["max_results"] for request in up.log] == [["1"], ["1"]]
    assert api.categories == CATEGORIES


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("empty-page", "partial"), ("cut", "cut short"), ("maintenance", "HTML"), ("json", "no XML"),
     ("doctype", "refused")],
)  # fmt: skip
def test_a_total_is_believed_only_from_a_whole_page(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/api/query", kind)
    with guarded(up) as guard, pytest.raises(SourceError, match=reason):
        ArxivApi(up.url, CATEGORIES, guard).total(WINDOW)


def test_a_refused_query_has_no_total_of_one(up: Upstream) -> None:
    entry = (
        "<entry><id>https://arxiv.org/api/errors#malformed_query</id><title>Error</title>"
        "<summary>malformed search_query: cat:</summary></entry>"
    )
    up.fault("/api/query", status=200, body=f"{HEAD}{TOTAL}{entry}</feed>")
    with guarded(up) as guard, pytest.raises(SourceError, match="malformed search_query"):
        ArxivApi(up.url, CATEGORIES, guard).total(WINDOW)


def looked_up(up: Upstream, ids: list[str]) -> list[Page]:
    """Ask for papers by their ids."""
    with guarded(up) as guard:
        return list(ArxivApi(up.url, CATEGORIES, guard).by_ids(ids, NOW))


def test_papers_are_found_by_their_ids_and_unknown_ones_are_absent(up: Upstream) -> None:
    known = truth(up)[:3]
    (page,) = looked_up(up, [known[0], f"{known[1]}v1", "2609.99999", f"https://arxiv.org/abs/{known[2]}", known[0]])
    assert sorted(record.id for record in page.records) == sorted(known)
    assert (page.expected, page.errors) == (3, ())
    assert looked_up(up, ["2609.99999"]) == [Page((), expected=0)]


def test_what_is_no_id_is_an_error_and_never_asked_for(up: Upstream) -> None:
    strange, page = looked_up(up, ["abc", truth(up)[0]])
    assert [error.raw for error in strange.errors] == [b"abc"]
    assert len(page.records) == 1
    assert "abc" not in up.log[0].query
    assert looked_up(up, []) == []


def test_ids_are_asked_for_two_hundred_at_once(up: Upstream) -> None:
    everything = [paper.arxiv_id for paper in up.catalogue.visible()]
    ids = everything[:90] + [f"2609.8{number:04d}" for number in range(150)]
    pages = looked_up(up, ids)
    assert sorted(record.id for page in pages for record in page.records) == sorted(everything[:90])
    assert [parse_qs(request.query)["max_results"] for request in up.log] == [["200"], ["40"]]


def test_a_list_that_comes_short_is_asked_again_and_then_a_failure(up: Upstream) -> None:
    ids = truth(up)[:3]
    up.fault("/api/query", "short-page", times=1)
    assert len(looked_up(up, ids)[0].records) == 3
    up.fault("/api/query", "short-page")
    with pytest.raises(SourceError, match="2 of 3"):
        looked_up(up, ids)
