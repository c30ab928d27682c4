"""Hugging Face Daily Papers: both shapes, broken entries, lists without an end, and the real corpus."""

import json
import lzma
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import SourceError
from core.ids import parse_arxiv_id
from core.record import Author, CodeLink, PaperRecord
from ingest.source import EntryError, Page, Window
from ingest.sources.hf_papers import HfPapers, read_entry
from tests.ingest.doubles import NOW, guarded
from tests.upstream import Upstream

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "hf_daily_papers.jsonl.xz"
DAY = date(2026, 9, 10)
NEW: dict[str, Any] = {
    "paper": {
        "id": "2609.01234",
        "authors": [{"_id": "1", "name": "Aiko  Oar", "hidden": False}, {"_id": "2"}, "odd"],
        "publishedAt": "2026-09-09T00:00:00.000Z",
        "title": "Lanterns\n for Boats",
        "summary": "We light\nboats.",
        "upvotes": 163,
        "projectPage": "https://lanterns.example/",
        "githubRepo": "https://github.com/harbour/lanterns/",
        "githubStars": 8,
        "ai_summary": "A machine's opinion.",
        "ai_keywords": ["boats", "light", "boats"],
        "organization": {"_id": "3", "name": "harbour", "fullname": "Harbour Lab"},
    },
    "publishedAt": "2026-09-08T20:00:00.000Z",
    "title": "Lanterns for Boats",
    "numComments": 4,
    "submitterOrganization": {"name": "somebody-else"},
}
OLD: dict[str, Any] = {
    "paper": {
        "id": "2405.01234",
        "authors": [{"name": "B. Sail", "user": {"fullname": "x"}, "status": "claimed_verified"}],
        "publishedAt": "2024-05-24T17:34:15.000Z",
        "title": "Wicks",
        "summary": "On wicks.",
        "upvotes": 5,
    },
    "publishedAt": "2024-05-27T03:14:41.021Z",
    "title": "Wicks",
    "mediaUrl": "https://media.example/x.png",
    "numComments": 1,
}


def day_of(up: Upstream, day: date = DAY) -> Page:
    """Read one day."""
    with guarded(up) as guard:
        (page,) = HfPapers(up.url, guard).fetch(Window("hf", "daily", day, day), NOW)
    return page


def test_the_new_shape_is_read() -> None:
    assert read_entry(NEW, DAY, NOW) == PaperRecord(
        source="hf",
        id="2609.01234",
        kind="paper",
        title="Lanterns for Boats",
        as_of=NOW,
        arxiv_id="2609.01234",
        abstract="We light boats.",
        authors=(Author("Aiko Oar"),),
        submitted=datetime(2026, 9, 9, tzinfo=UTC),
        url="https://arxiv.org/abs/2609.01234",
        votes=163,
        discussion=4,
        daily_date=DAY,
        organization="harbour",
        project_url="https://lanterns.example/",
        keywords=("boats", "light"),
        code=(CodeLink("https://github.com/harbour/lanterns", stars=8),),
    )


def test_the_old_shape_is_read() -> None:
    record = read_entry(OLD, date(2024, 5, 27), NOW)
    assert isinstance(record, PaperRecord)
    assert (record.votes, record.discussion, record.organization, record.code) == (5, 1, None, ())
    assert record.submitted == datetime(2024, 5, 24, 17, 34, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "item_id"),
    [({"paper": {"id": "2609.01234", "title": 7}}, "2609.01234"), ({"paper": {"title": "No id"}}, None), (7, None),
     ({"paper": {"id": "not-an-id", "title": "x"}}, "not-an-id"), ({"paper": []}, None), (None, None)],
)  # fmt: skip
def test_what_cannot_be_read_is_kept(entry: Any, item_id: str | None) -> None:
    error = read_entry(entry, DAY, NOW)
    assert isinstance(error, EntryError)
    assert error.item_id == item_id
    assert json.loads(error.raw) == entry


def test_a_field_of_the_wrong_kind_is_absent() -> None:
    paper = NEW["paper"] | {"upvotes": "many", "githubStars": -1, "projectPage": "javascript:alert(1)", "authors": 3,
                            "organization": "harbour", "ai_keywords": {"a": 1}, "publishedAt": 0}  # fmt: skip
    record = read_entry(NEW | {"paper": paper, "numComments": True}, DAY, NOW)
    assert isinstance(record, PaperRecord)
    assert (record.votes, record.project_url, record.authors, record.keywords) == (None, None, (), ())
    assert (record.organization, record.submitted, record.discussion, record.code[0].stars) == (None,) * 4


def test_a_day_is_one_page_with_its_total(up: Upstream) -> None:
    page = day_of(up)
    listed = [p.arxiv_id for p in up.catalogue.papers.values() if p.daily and p.daily.day == DAY]
    assert sorted(record.id for record in page.records) == sorted(listed)
    assert page.expected == len(listed) > 0
    assert {record.daily_date for record in page.records} == {DAY}
    assert "limit=100" in up.log[0].query


def test_a_long_list_is_read_to_its_end(up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = day_of(up)
    monkeypatch.setattr("ingest.sources.hf_papers._PAGE", 1)
    assert day_of(up) == whole
    monkeypatch.setattr("ingest.sources.hf_papers._MOST_PAGES", 1)
    with pytest.raises(SourceError, match="no end"):
        day_of(up)


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_malformed_entry_costs_one_entry(up: Upstream, place: str) -> None:
    whole = day_of(up)
    up.fault("/api/daily_papers", f"malformed-{place}")
    page = day_of(up)
    assert len(page.records) == len(whole.records) - 1
    assert len(page.errors) == 1
    assert page.errors[0].item_id in {record.id for record in whole.records}
    assert page.expected == whole.expected


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("maintenance", "HTML"), ("not-json", "no complete JSON"), ("cut", "JSON"), ("json", "no list")],
)
def test_a_lasting_fault_is_a_failure_and_never_nothing_new(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/api/daily_papers", kind)
    with pytest.raises(SourceError, match=reason):
        day_of(up)


def test_a_line_break_inside_an_address_does_not_cost_the_repository() -> None:
    entry = {**NEW, "paper": {**NEW["paper"], "githubRepo": "https://github.com/harbour/\nlanterns\n"}}
    record = read_entry(entry, DAY, NOW)
    assert isinstance(record, PaperRecord)
    assert record.code == (CodeLink("https://github.com/harbour/lanterns", stars=8),)


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus is not beside this checkout")
def test_every_real_entry_is_read() -> None:
    count = 0
    with lzma.open(CORPUS, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            record = read_entry(entry, date.fromisoformat(entry["file_day"]), NOW)
            assert isinstance(record, PaperRecord), record
            assert parse_arxiv_id(record.id) == (record.id, None)
            assert record.abstract
            assert record.submitted
            assert record.votes is not None
            assert bool(record.code) == bool(entry["paper"].get("githubRepo"))
            count += 1
    assert count == 9881
