"""Papers with Code: filters that must be confirmed, repositories, papers that are not on arXiv."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.errors import SourceError
from core.record import Author, CodeLink, PaperRecord
from db.engine import Sessions, reading
from db.models import Code, Item
from ingest.batch import Tally
from ingest.http import Answer, Guard
from ingest.service import store
from ingest.source import EntryError, Page, Window
from ingest.sources.pwc_api import PwcApi, read_entry
from tests.ingest.doubles import NOW, guarded
from tests.upstream import Upstream

WEEK = Window("pwc", "papers", date(2026, 9, 8), date(2026, 9, 14))
ENTRY: dict[str, Any] = {
    "id": "lanterns-for-boats-260901234",
    "arxiv_id": "2609.01234",
    "title": "Lanterns for Boats",
    "authors": ["Aiko Oar", "B. Sail"],
    "published": "2026-09-09",
    "abstract": "We light boats.",
    "repositories": [
        {"url": "https://github.com/harbour/lanterns", "num_stars": 8, "is_official": True},
        {"url": "https://github.com/Harbour/Lanterns.git", "num_stars": 1, "is_official": False},
        {"url": "https://bitbucket.example/harbour/wicks", "num_stars": None},
        {"url": "javascript:alert(1)"},
    ],
    "project_pages": [{"url": "https://lanterns.example/"}, "https://other.example/"],
    "tasks": [{"name": "Boat Lighting", "slug": "boat-lighting"}],
    "organizations": [{"name": "Harbour Lab", "slug": "harbour-lab"}, "Pier"],
}


def pages(up: Upstream, window: Window = WEEK) -> list[Page]:
    """Read one week."""
    with guarded(up) as guard:
        return list(PwcApi(up.url + "/api/v1", guard).fetch(window, NOW))


def test_every_field_is_read() -> None:
    assert read_entry(ENTRY, NOW) == PaperRecord(
        source="pwc",
        id="2609.01234",
        kind="paper",
        title="Lanterns for Boats",
        as_of=NOW,
        arxiv_id="2609.01234",
        abstract="We light boats.",
        authors=(Author("Aiko Oar"), Author("B. Sail")),
        url="https://arxiv.org/abs/2609.01234",
        organizations=("Harbour Lab", "Pier"),
        project_url="https://lanterns.example/",
        tasks=("Boat Lighting",),
        code=(
            CodeLink("https://github.com/harbour/lanterns", True, 8),
            CodeLink("https://bitbucket.example/harbour/wicks"),
        ),
    )


def test_the_page_size_changes_nothing(up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = pages(up)
    listed = [
        p.arxiv_id
        for p in up.catalogue.papers.values()
        if p.catalogued and WEEK.start <= p.submitted.date() <= WEEK.end
    ]
    assert sorted(record.id for record in whole.records) == sorted(listed)
    assert whole.expected == len(listed) > 3
    monkeypatch.setattr("ingest.sources.pwc_api._PAGE", 2)
    small = pages(up)
    assert tuple(record for page in small for record in page.records) == whole.records
    assert [page.expected for page in small] == [None] * (len(small) - 1) + [whole.expected]
    monkeypatch.setattr("ingest.sources.pwc_api._MOST_PAGES", 1)
    with pytest.raises(SourceError, match="no end"):
        pages(up)


def serve(up: Upstream, **body: Any) -> None:
    """Let the list be this body."""
    dates = {"start_date": "2026-09-08", "end_date": "2026-09-14"}
    whole = {"count": 0, "next_page": None, "results": [], "applied_filters": dates} | body
    up.fault("/api/v1/papers", status=200, body=json.dumps(whole))


@pytest.mark.parametrize(
    "applied", [{}, None, {"start_date": "2026-09-08"}, {"start_date": "2026-09-08", "end_date": "2026-09-15"}]
)
def test_a_filter_that_is_not_confirmed_was_ignored(up: Upstream, applied: Any) -> None:
    serve(up, applied_filters=applied, results=[ENTRY], count=1)
    with pytest.raises(SourceError, match=r"did not confirm the filter .*end_date"):
        pages(up)


def test_papers_elsewhere_and_twins_are_set_aside_and_not_missed(up: Upstream) -> None:
    serve(up, results=[ENTRY, ENTRY, {**ENTRY, "arxiv_id": None}, {"title": "No id at all"}], count=4)
    (page,) = pages(up)
    assert [record.id for record in page.records] == ["2609.01234"]
    assert [error.reason for error in page.errors] == ["no arXiv id"]
    assert page.expected == 2


class Shelf:
    """A catalogue of 250 entries that serves pages as the service does; `change` happens to it behind each page."""

    def __init__(self, change: Callable[[list[dict[str, Any]], int], None]) -> None:
        self.entries = [shelved(number) for number in range(1, 251)]
        self.change = change
        self.asked: list[int] = []

    def get(self, url: str, params: Mapping[str, str], *_: Any, **__: Any) -> Answer:
        """Answer one page."""
        page = int(params["page"])
        self.asked.append(page)
        dates = {name: params[name] for name in ("start_date", "end_date")}
        following = page + 1 if page * 100 < len(self.entries) else None
        body = {"count": len(self.entries), "next_page": following, "applied_filters": dates}
        answer = json.dumps(body | {"results": self.entries[(page - 1) * 100 : page * 100]}).encode()
        self.change(self.entries, len(self.asked))
        return Answer(200, {}, answer, url)


def shelved(number: int) -> dict[str, Any]:
    """An entry of the shelf; every seventh is on no arXiv."""
    arxiv_id = f"2609.{number:05d}" if number % 7 else None
    return {"id": f"paper-{number}", "arxiv_id": arxiv_id, "title": f"Paper {number}"}


def closed(shelf: Shelf) -> tuple[bool, set[str]]:
    """Read the shelf as a window is read: whether all counted came, and what came."""
    came: set[str] = set()
    expected, errors = None, 0
    for page in PwcApi("https://pwc.example/api/v1", cast(Guard, shelf)).fetch(WEEK, NOW):
        came |= {record.id for record in page.records}
        errors += len(page.errors)
        expected = page.expected
    return expected == len(came) + errors, came


CHANGES: list[tuple[list[int], list[int]]] = [  # places at which an entry comes, and then places at which one goes
    ([], [49]),
    ([10], []),
    ([10], [120]),
    ([10], [101]),  # what moves over the edge of a page is on no arXiv
]


def there(entries: list[dict[str, Any]]) -> set[str]:
    """The arXiv ids of entries."""
    return {entry["arxiv_id"] for entry in entries if entry["arxiv_id"]}


@pytest.mark.parametrize(("come", "go"), CHANGES)
def test_a_list_that_moves_while_it_is_read_closes_only_when_all_came(come: list[int], go: list[int]) -> None:
    def change(entries: list[dict[str, Any]], asked: int) -> None:
        for place in come if asked == 1 else ():
            entries.insert(place, shelved(999))
        for place in go if asked == 1 else ():
            entries.pop(place)

    shelf = Shelf(change)
    whole, came = closed(shelf)
    assert not (whole and there(shelf.entries) - came)
    assert closed(shelf) == (True, there(shelf.entries))


@given(st.lists(st.tuples(st.integers(0, 249), st.integers(0, 249), st.integers(1, 2)), max_size=4))
def test_whatever_moves_no_window_closes_without_an_entry_that_was_there(moves: list[tuple[int, int, int]]) -> None:
    def change(entries: list[dict[str, Any]], asked: int) -> None:
        for taken, put, when in moves:
            if when == asked:
                entries.insert(put, shelved(1000 + len(entries)) if taken % 2 else entries.pop(taken))

    shelf = Shelf(change)
    before = there(shelf.entries)
    whole, came = closed(shelf)
    assert not (whole and before - came)


def test_a_list_that_never_rests_is_a_failure_and_not_asked_for_ever() -> None:
    shelf = Shelf(lambda entries, asked: entries.insert(0, shelved(1000 + asked)))
    with pytest.raises(SourceError, match="changes while it is read"):
        closed(shelf)
    assert shelf.asked == [1, 2, 1, 2, 1, 2]


def test_two_entries_of_one_paper_on_two_pages_are_one() -> None:
    shelf = Shelf(lambda entries, asked: None)
    shelf.entries[200] |= {"arxiv_id": "2609.00001"}
    assert closed(shelf)[0]
    assert shelf.asked == [1, 2, 3]


class Weeks:
    """A catalogue that lists entries by the first day of their week."""

    def __init__(self, entries: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        self.entries = entries

    def get(self, url: str, params: Mapping[str, str], *_: Any, **__: Any) -> Answer:
        """Answer one week."""
        results = self.entries.get(params["start_date"], ())
        dates = {name: params[name] for name in ("start_date", "end_date")}
        body = {"count": len(results), "next_page": None, "results": results, "applied_filters": dates}
        return Answer(200, {}, json.dumps(body).encode(), url)


def source(entries: Mapping[str, Sequence[dict[str, Any]]]) -> PwcApi:
    """The source as a pull makes it: it knows of no other pull."""
    return PwcApi("https://pwc.example", cast(Guard, Weeks(entries)))


repos = st.builds(
    lambda name, official, stars: {"url": f"https://github.com/{name}", "is_official": official, "num_stars": stars},
    st.sampled_from(["a/b", "A/B", "c/d"]), st.booleans(), st.integers(1, 3),
)  # fmt: skip
listings = st.dictionaries(
    st.sampled_from(["2026-09-01", "2026-09-08", "2026-09-15"]),
    st.lists(st.tuples(st.sampled_from(["2609.00001", "2609.00002"]), st.lists(repos, max_size=2)), max_size=3),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listings, st.permutations(range(3)), st.lists(st.integers(0, 2), max_size=6))
def test_a_paper_listed_in_several_weeks_is_as_its_newest_entry_says_whoever_is_read_when(
    sqlite_sessions: Sessions,
    listed: dict[str, list[tuple[str, list[dict[str, Any]]]]],
    first: list[int],
    later: list[int],
) -> None:
    """Each entry won in its turn, so that the paper was changed at every reading, once weeks rested out of step."""
    entries = {
        week: [
            {"id": f"{week} {n}", "arxiv_id": paper, "title": f"Herons {week} {n}", "repositories": code}
            for n, (paper, code) in enumerate(papers)
        ]
        for week, papers in listed.items()
    }
    with sqlite_sessions.begin() as session:
        session.execute(delete(Item))
    weeks = source(entries).windows(date(2026, 9, 1), date(2026, 9, 20), date(2026, 9, 20))
    tallies: list[Tally] = []
    for hour, week in enumerate((*first, *later)):
        now = NOW + timedelta(hours=hour)
        (page,) = source(entries).fetch(weeks[week], now)  # a pull of its own
        assert page.expected == len(page.records)
        with sqlite_sessions.begin() as session:
            tallies.append(store(session, page.records, now))
    assert all((tally.new, tally.changed) == (0, 0) for tally in tallies[len(weeks) :])
    with reading(sqlite_sessions) as session:
        titles = set(session.scalars(select(Item.title)))
    newest = {e["arxiv_id"]: e["title"] for week in sorted(entries) for e in entries[week]}
    assert titles == set(newest.values())


def test_what_an_entry_says_newly_is_taken_though_its_week_is_the_same(sqlite_sessions: Sessions) -> None:
    title = ""
    for day, title in enumerate(("Tin lanterns", "Lanterns of tin", "Brass lanterns")):
        now = NOW + timedelta(days=day)
        (page,) = source({"2026-09-08": [{"id": "l", "arxiv_id": "2609.00001", "title": title}]}).fetch(WEEK, now)
        with sqlite_sessions.begin() as session:
            store(session, page.records, now)
    with reading(sqlite_sessions) as session:
        assert session.scalars(select(Item.title)).one() == title


def test_what_a_newer_entry_leaves_open_an_older_one_tells(sqlite_sessions: Sessions) -> None:
    named = {"arxiv_id": "2609.00001", "title": "Lanterns"}
    code = {"url": "https://github.com/a/b", "num_stars": 900, "is_official": True}
    older = {**named, "id": "old", "tasks": ["Lighting"], "repositories": [{**code, "num_stars": 3}]}
    weeks = {"2026-09-08": [{**named, "id": "new", "repositories": [code]}], "2026-09-01": [older]}
    for hour, week in enumerate((WEEK, Window("pwc", "papers", date(2026, 9, 1), date(2026, 9, 7)))):
        (page,) = source(weeks).fetch(week, NOW + timedelta(hours=hour))
        with sqlite_sessions.begin() as session:
            store(session, page.records, NOW + timedelta(hours=hour))
    with reading(sqlite_sessions) as session:
        assert session.scalars(select(Item.tasks)).one() == ["Lighting"]
        assert session.execute(select(Code.official, Code.stars)).one() == (True, 900)


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_malformed_entry_costs_one_entry(up: Upstream, place: str) -> None:
    (whole,) = pages(up)
    up.fault("/api/v1/papers", f"malformed-{place}")
    (page,) = pages(up)
    assert len(page.records) == len(whole.records) - 1
    assert page.errors[0].item_id in {record.id for record in whole.records}
    assert page.expected == whole.expected


def test_a_single_paper_is_found_or_not(up: Upstream) -> None:
    with guarded(up) as guard:
        source = PwcApi(up.url + "/api/v1", guard)
        known = next(p for p in up.catalogue.papers.values() if p.catalogued and p.repo)
        record = source.single(known.arxiv_id, NOW)
        assert record is not None
        assert known.repo is not None
        assert [link.url for link in record.code] == [known.repo.url]
        assert source.single("2601.99999", NOW) is None
        up.fault("/api/v1/papers/", status=200, body=json.dumps({"arxiv_id": known.arxiv_id}))
        with pytest.raises(SourceError, match="no title"):
            source.single(known.arxiv_id, NOW)


@pytest.mark.parametrize(
    ("kind", "reason"), [("maintenance", "HTML"), ("not-json", "no complete JSON"), ("cut", "no complete JSON")]
)
def test_a_lasting_fault_is_a_failure_and_never_nothing_new(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/api/v1/papers", kind)
    with pytest.raises(SourceError, match=reason):
        pages(up)


@pytest.mark.parametrize("body", ["[]", '{"detail": "x"}', '{"results": {}}'])
def test_another_shape_is_a_failure(up: Upstream, body: str) -> None:
    up.fault("/api/v1/papers", status=200, body=body)
    with pytest.raises(SourceError, match=r"no JSON object|no list of results"):
        pages(up)


def test_windows_are_weeks_that_never_move() -> None:
    with guarded() as guard:
        source = PwcApi("https://paperswithcode.co/api/v1", guard)
    whole = source.windows(date(2026, 2, 1), date(2026, 3, 31), date(2026, 12, 1))
    assert [(w.start.isoformat(), w.end.isoformat()) for w in whole][:2] == [
        ("2026-03-29", "2026-03-31"),
        ("2026-03-22", "2026-03-28"),
    ]
    assert len(whole) == 9  # February 2026 has four whole weeks
    assert source.windows(date(2026, 3, 10), date(2026, 3, 31), date(2026, 3, 16)) == whole[2:4]
    assert isinstance(read_entry([], NOW), EntryError)
