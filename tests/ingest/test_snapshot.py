"""The public metadata dump: every field, every packing, every way to be broken; importing twice changes nothing."""

import gzip
import io
import json
import lzma
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import Clock
from core.errors import UsageError
from core.record import Author, PaperRecord, Version
from db.engine import Sessions, reading
from db.models import Code, IngestError, Item, Window
from ingest.links import code_links
from ingest.service import Channel, import_records, import_snapshot
from ingest.source import EntryError
from ingest.sources import arxiv_snapshot
from tests.ingest.fake import dump
from tests.ingest.shelf import NOW, still
from tests.snapshot import snapshot_lines

LINE: dict[str, Any] = {
    "id": "0704.0001",
    "submitter": "Ada Moorhen",
    "authors": "A. Moorhen and B. Coot",
    "title": "Brass\n  herons",
    "comments": "9 pages",
    "journal-ref": "J. Brass 1 (2007)",
    "doi": "10.1/brass",
    "report-no": None,
    "categories": "hep-ph cs.LG",
    "license": None,
    "abstract": "  Herons of brass\nwade.\n",
    "versions": [
        {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
        {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"},
    ],
    "update_date": "2008-11-26",
    "authors_parsed": [["Moorhen", "A.", "", "Heronry"], ["Coot", "B.", "Jr"]],
}


def line(**given: Any) -> bytes:
    return json.dumps(LINE | given).encode() + b"\n"


def entries(path: Path, **given: Any) -> list[PaperRecord | EntryError]:
    return list(arxiv_snapshot.read(str(path), **given))


def one(tmp_path: Path, **given: Any) -> PaperRecord | EntryError:
    (tmp_path / "one").write_bytes(line(**given))
    (entry,) = entries(tmp_path / "one")
    return entry


def test_every_field_of_a_line(tmp_path: Path) -> None:
    assert one(tmp_path) == PaperRecord(
        source="arxiv-snapshot",
        id="0704.0001",
        kind="paper",
        title="Brass\n  herons",
        as_of=datetime(2008, 11, 26, tzinfo=UTC),
        arxiv_id="0704.0001",
        abstract="  Herons of brass\nwade.\n",
        authors=(Author("A. Moorhen", "Heronry"), Author("B. Coot Jr")),
        categories=("hep-ph", "cs.LG"),
        submitted=datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC),
        version=2,
        versions=(
            Version(1, datetime(2007, 4, 2, 19, 18, 42, tzinfo=UTC)),
            Version(2, datetime(2007, 7, 24, 20, 10, 27, tzinfo=UTC)),
        ),
        withdrawn=False,
        doi="10.1/brass",
        journal_ref="J. Brass 1 (2007)",
        comment="9 pages",
    )


def test_old_ids_plain_authors_and_a_withdrawal(tmp_path: Path) -> None:
    entry = one(tmp_path, id="math/0309136", authors_parsed=[], comments="This paper has been withdrawn by its author")
    assert isinstance(entry, PaperRecord)
    assert (entry.id, entry.withdrawn) == ("math/0309136", True)
    assert entry.authors == (Author("A. Moorhen"), Author("B. Coot"))


def test_code_named_in_abstract_and_comment_is_read_as_from_the_api(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    named = {"abstract": "We cast herons. Code: GitHub.com/heronry/cast.", "comments": "hf.co/spaces/heronry/show"}
    path.write_bytes(line(**named) + line(id="0704.0002", doi=None, title="Brass storks"))
    import_snapshot(sessions, str(path), still(NOW))
    with reading(sessions) as session:
        found = session.execute(select(Code.item_id, Code.url, Code.source).order_by(Code.url)).all()
    assert found == [
        ("0704.0001", "https://github.com/heronry/cast", "arxiv-snapshot"),
        ("0704.0001", "https://huggingface.co/spaces/heronry/show", "arxiv-snapshot"),
    ]


_WORDS = ("github.com/a/b", "GitLab.com/A/b-c", "https://hf.co/a/b", "www.huggingface.co/datasets/a/b", "github", "a/b")


@given(st.lists(st.sampled_from(_WORDS)).map(" and ".join), st.none() | st.sampled_from(_WORDS))
def test_the_quick_look_for_code_misses_nothing(abstract: str, comment: str | None) -> None:
    entry = arxiv_snapshot.read_line(line(abstract=abstract, comments=comment))
    assert isinstance(entry, PaperRecord)
    assert entry.code == code_links(comment, abstract)


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".xz", lzma.compress),
        (".zst", lambda data: zstandard.compress(data[:100]) + zstandard.compress(data[100:])),
    ],
)
def test_every_packing(tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"dump.json{suffix}"
    path.write_bytes(pack(line() + b"\n" + line(id="0704.0002").rstrip()))
    assert [entry.id for entry in entries(path) if isinstance(entry, PaperRecord)] == ["0704.0001", "0704.0002"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line())))
    assert len(list(arxiv_snapshot.read("-"))) == 1


def test_categories(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(line() + line(id="0704.0002", categories="math.CO"))
    assert len(entries(path, categories=["cs.LG", "cs.CL"])) == 1
    assert len(entries(path)) == 2


@pytest.mark.parametrize(
    "broken",
    [
        b"{not json}\n",
        b'{"id": "0704.0001"}\n',
        b"\xff\xfe\n",
        line(id="0713.0001"),
        line(versions=[], update_date=None),
        line(versions=[{"version": "v1", "created": "some day"}]),
        line(title=7),
        line(versions=[{"version": "v1", "created": "Thu, 1 Jan 20261111111111111 00:00:00 GMT"}]),
        line(versions=[{"version": "v1", "created": "Fri, 31 Dec 9999 23:59:59 -2300"}]),
        line()[:-2] + b', "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}\n",
    ],
)
@pytest.mark.parametrize("categories", [None, ["cs.LG"]])
def test_a_broken_line_is_kept_and_the_next_is_read(
    tmp_path: Path, broken: bytes, categories: list[str] | None
) -> None:
    path = tmp_path / "dump"
    path.write_bytes(broken + line())
    first, second = entries(path, categories=categories)
    assert isinstance(first, EntryError)
    assert first.raw == broken
    assert isinstance(second, PaperRecord)


_digits = st.integers(0, 10**20).map(str)
_zones = st.sampled_from(["GMT", "", "-0000", "+2359", "-2359", "-9999", "+999999999", "EST"])
_dates = st.one_of(
    st.text(max_size=40),
    st.builds(lambda *parts: "{} Jan {} {}:{}:{} {}".format(*parts), _digits, *[_digits] * 4, _zones),
    st.builds(lambda year, zone: f"Fri, 31 Dec {year:04d} 23:59:59 {zone}", st.integers(0, 10_000), _zones),
)


@given(_dates, _dates, st.lists(st.lists(st.text(max_size=5), max_size=5), max_size=3))
def test_whatever_a_line_says_it_is_read_or_refused(created: str, updated: str, authors: list[list[str]]) -> None:
    versions = [{"version": "v1", "created": created}]
    for given_ in ({"versions": versions}, {"update_date": updated}, {"authors_parsed": authors}):
        entry = arxiv_snapshot.read_line(line(**given_))
        assert isinstance(entry, EntryError) or entry.as_of.tzinfo is not None


def test_a_line_without_end_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arxiv_snapshot, "LONGEST", 2_000)
    path = tmp_path / "dump"
    path.write_bytes(b"x" * 5_000 + b"\n" + line())
    first, second = entries(path)
    assert isinstance(first, EntryError)
    assert "more than 2000 bytes" in first.reason
    assert isinstance(second, PaperRecord)


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_a_file_cut_short_says_so(tmp_path: Path, suffix: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": _zst_with_end}
    whole = packers[suffix](b"".join(line(id=f"0704.{n:04d}") for n in range(1, 400)))
    path = tmp_path / f"dump{suffix}"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="cannot be read to its end"):
        entries(path)


def _zst_with_end(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def test_no_file_and_no_packing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file"):
        entries(tmp_path / "absent")
    (tmp_path / "dump.gz").write_bytes(line())
    with pytest.raises(UsageError, match="cannot be read"):
        entries(tmp_path / "dump.gz")


def test_importing_twice_changes_no_row(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_bytes(b"".join(line(id=f"0704.{n:04d}") for n in range(1, 6)) + b"{oops\n")
    seen: list[int] = []
    result = import_snapshot(sessions, str(path), clock, on_progress=seen.append)
    assert (result.new, result.errors, seen) == (5, 1, [6])
    before = dump(sessions)
    again = import_snapshot(sessions, str(path), clock)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 5)
    assert dump(sessions) == before
    with reading(sessions) as session:
        item = session.scalars(select(Item).where(Item.id == "0704.0003")).one()
        assert session.scalars(select(IngestError.reason)).all() != []
        window = session.scalars(select(Window)).one()
    assert (item.title, item.abstract, item.month) == ("Brass herons", "Herons of brass wade.", "2007-04")
    assert (window.source, window.channel, window.from_day.year) == ("arxiv-snapshot", "dump.json", 1991)


def test_what_was_read_before_a_cut_is_kept(
    sqlite_sessions: Sessions, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ingest.service.importing.BATCH", 100)
    numbers = random.Random(1)
    lines = (line(id=f"0704.{n:04d}", title=numbers.randbytes(300).hex()) for n in range(1, 400))
    path = tmp_path / "dump.xz"
    path.write_bytes(lzma.compress(b"".join(lines))[:-30_000])
    with pytest.raises(UsageError):
        import_snapshot(sqlite_sessions, str(path), clock)
    with reading(sqlite_sessions) as session:
        assert session.scalars(select(Item.id).limit(1)).one() == "0704.0001"
        assert session.scalars(select(Window.state)).one() == "open"


def test_an_import_of_any_source(sqlite_sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    record = one(tmp_path)
    result = import_records(sqlite_sessions, [record, EntryError("odd", b"?")], Channel("pwc", "papers.json"), clock)
    assert (result.source, result.new, result.errors, result.windows_closed) == ("pwc", 1, 1, 1)


def test_real_titles_and_names(sqlite_sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    lines = list(snapshot_lines(300))
    path.write_bytes(b"".join(lines))
    result = import_snapshot(sqlite_sessions, str(path), clock)
    assert (result.new, result.errors) == (len({json.loads(text)["id"] for text in lines}), 0)
