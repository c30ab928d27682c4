"""Importing the dumps of the old Papers with Code: killed, cut, repeated, and links that come before their papers."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import Clock
from core.errors import UsageError
from core.record import PaperRecord
from db.engine import Sessions, reading
from db.models import Code, IngestError, Item, Window
from ingest.service import arriving, import_archive, importing, store
from ingest.source import SourceResult
from ingest.sources import pwc_archive
from ingest.sources.pwc_archive import ENDED, Kind
from tests.ingest.fake import dump
from tests.ingest.test_pwc_archive import LINK, PAPER, written
from tests.ingest.test_resuming import Killed


def paper(number: int, **given: Any) -> dict[str, Any]:
    named = f"1805.{number:05d}"
    return PAPER | {"arxiv_id": named, "title": f"Brass herons {number}", "url_abs": None, "url_pdf": None} | given


def link(number: int, repository: str = "brass", **given: Any) -> dict[str, Any]:
    url = f"https://github.com/moorhen/{repository}"
    named = {"paper_arxiv_id": f"1805.{number:05d}", "paper_url_abs": None, "paper_url_pdf": None}
    return LINK | named | {"repo_url": url} | given


def run(sessions: Sessions, path: str, kind: Kind, clock: Clock) -> SourceResult:
    return import_archive(sessions, path, kind, clock)


def links(sessions: Sessions) -> set[tuple[str, str, bool | None]]:
    with reading(sessions) as session:
        return {(row.item_id, row.url, row.official) for row in session.scalars(select(Code))}


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)


def test_papers_are_stored_once_and_broken_entries_kept(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    values = [paper(1), paper(2, title=None), paper(3, arxiv_id=None), paper(4), paper(1), "herons"]
    path = written(tmp_path / "papers.json.gz", values)
    first = run(sessions, path, "pwc-papers", clock)
    assert first == SourceResult("pwc-archive", 2, 0, 1, 2, windows_closed=1, passed_over=1)
    with reading(sessions) as session:
        item = session.get_one(Item, "1805.00001")
        assert (item.submitted, item.submitted_from, item.month, item.tasks) == (None, "id", "2018-05", PAPER["tasks"])
        assert {error.item_id: error.reason for error in session.scalars(select(IngestError))} == {
            "1805.00002": "no title",
            None: "no JSON object with fields",
        }
        assert session.scalars(select(Window)).one().state == "closed"
    before = dump(sessions)
    again = run(sessions, path, "pwc-papers", clock)
    assert again == SourceResult("pwc-archive", 0, 0, 3, 2, windows_closed=1, passed_over=1)
    assert dump(sessions) == before


def test_the_archive_is_believed_last(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    known = PaperRecord("hf", "1805.00001", "paper", "Brazen herons", ENDED, arxiv_id="1805.00001")
    with sessions.begin() as session:
        store(session, [known], clock())
    assert run(sessions, written(tmp_path / "papers", [paper(1)]), "pwc-papers", clock).changed == 1
    with reading(sessions) as session:
        item = session.get_one(Item, "1805.00001")
        assert (item.title, item.abstract) == ("Brazen herons", "Herons of brass wade.")


def test_links_add_code_to_papers_known(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    run(sessions, written(tmp_path / "papers", [paper(1), paper(2)]), "pwc-papers", clock)
    values = [
        link(1),
        link(1, "other", is_official=False),
        link(2, is_official=None),
        link(1),
        link(2, paper_title=None),
    ]
    path = written(tmp_path / "links", values)
    assert run(sessions, path, "pwc-links", clock) == SourceResult("pwc-archive", 0, 2, 3, windows_closed=1)
    url = "https://github.com/moorhen/"
    assert links(sessions) == {
        ("1805.00001", f"{url}brass", True),
        ("1805.00001", f"{url}other", False),
        ("1805.00002", f"{url}brass", True),
    }
    before = dump(sessions)
    assert run(sessions, path, "pwc-links", clock).unchanged == 5
    assert dump(sessions) == before


def test_a_link_waits_for_its_paper(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    path = written(tmp_path / "links", [link(1), link(1, "other"), link(2)])
    for _ in range(2):
        assert run(sessions, path, "pwc-links", clock) == SourceResult(
            "pwc-archive", unchanged=3, windows_closed=1, noted=3
        )
        assert links(sessions) == set()
    run(sessions, written(tmp_path / "papers", [paper(1)]), "pwc-papers", clock)
    assert {item_id for item_id, *_ in links(sessions)} == {"1805.00001"}
    assert len(links(sessions)) == 2
    assert run(sessions, path, "pwc-links", clock).noted == 1


@pytest.mark.usefixtures("small_batches")
def test_a_killed_import_goes_on_where_it_was(
    sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [
        paper(n, **({"arxiv_id": None} if n % 7 == 0 else {"title": None} if n == 5 else {})) for n in range(1, 40)
    ]
    path = written(tmp_path / "papers.json.gz", values)
    whole, numbers = importing._store_entries, list[int]()

    def dying(book: Any, part: list[pwc_archive.Entry], file: str | None) -> None:
        numbers.append(part[0].number)
        if numbers == [1, 11, 21]:
            raise Killed
        whole(book, part, file)

    monkeypatch.setattr(importing, "_store_entries", dying)
    with pytest.raises(Killed):
        run(sessions, path, "pwc-papers", clock)
    result = run(sessions, path, "pwc-papers", clock)
    assert numbers == [1, 11, 21, 21, 31]
    assert result == SourceResult("pwc-archive", 33, 0, 0, 1, windows_closed=1, passed_over=5)


def cut_plain(raw: bytes) -> bytes:
    return raw[: len(raw) * 2 // 3]


def cut_packed(raw: bytes) -> bytes:
    return cut_plain(gzip.compress(raw, 0))


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(("name", "cut"), [("papers.json", cut_plain), ("papers.json.gz", cut_packed)])
def test_what_came_of_a_cut_file_is_kept(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path, name: str, cut: Callable[[bytes], bytes]
) -> None:
    raw = json.dumps([paper(n, abstract="heron " * 2_000) for n in range(1, 48)], indent=2).encode()
    (tmp_path / name).write_bytes(cut(raw))
    with pytest.raises(UsageError) as caught:
        run(sqlite_sessions, str(tmp_path / name), "pwc-papers", clock)
    assert "what was read is kept" in str(caught.value)
    with reading(sqlite_sessions) as session:
        kept = len(session.scalars(select(Item.id)).all())
        assert session.scalars(select(Window)).one().state == "open"
    assert 24 < kept < 47
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    result = run(sqlite_sessions, str(tmp_path / name), "pwc-papers", clock)
    assert (result.new, result.unchanged) == (47 - kept, kept)


def test_a_link_that_waits_already_is_not_read_again(
    sqlite_sessions: Sessions, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [link(1, name, is_official=said) for name, said in (("a", True), ("b", None), ("c", False))]
    run(sqlite_sessions, written(tmp_path / "links", values), "pwc-links", clock)
    stored: list[str] = []
    whole = arriving.store_many

    def noting(session: Any, records: list[PaperRecord], *given: Any) -> Any:
        stored.extend(code.url for record in records for code in record.code)
        return whole(session, records, *given)

    monkeypatch.setattr(importing, "store_many", noting)
    more = [*values, link(1, "b", is_official=True), link(1, "d"), link(2, "a")]
    result = run(sqlite_sessions, written(tmp_path / "more", more), "pwc-links", clock)
    assert [url.removeprefix("https://github.com/moorhen/") for url in stored] == ["b", "d", "a"]
    assert (result.unchanged, result.noted) == (6, 6)
    run(sqlite_sessions, written(tmp_path / "papers", [paper(1)]), "pwc-papers", clock)
    assert sorted((url[-1], official) for _, url, official in links(sqlite_sessions)) == [
        ("a", True),
        ("b", True),
        ("c", False),
        ("d", True),
    ]
