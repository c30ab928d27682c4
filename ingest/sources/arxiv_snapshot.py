"""Reads the public dump of arXiv's metadata: JSON lines, one paper each, about three million, never all in memory.

Fields (https://www.kaggle.com/datasets/Cornell-University/arxiv): id, submitter, authors, title, comments, journal-ref,
doi, report-no, categories (space separated), license, abstract, versions[{version, created}], update_date,
authors_parsed [[last, first, suffix, affiliation...]].
"""

import gzip
import lzma
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
import zstandard

from core.errors import UsageError
from core.ids import parse_arxiv_id
from core.record import Author, PaperRecord
from core.text import says_withdrawn
from ingest.source import EntryError

NAME = "arxiv-snapshot"
LONGEST = 4_000_000  # bytes of one line; the longest author lists need about 200,000


class _Version(msgspec.Struct):
    version: str
    created: str


class _Line(msgspec.Struct):
    """The fields used of one line; all others are skipped without being built."""

    id: str
    title: str
    abstract: str = ""
    authors: str = ""
    authors_parsed: list[list[str]] = []
    categories: str = ""
    comments: str | None = None
    journal_ref: str | None = msgspec.field(default=None, name="journal-ref")
    doi: str | None = None
    versions: list[_Version] = []
    update_date: str | None = None


_decode = msgspec.json.Decoder(_Line).decode


def read(path: str, categories: Collection[str] | None = None) -> Iterator[PaperRecord | EntryError]:
    """Read a dump line by line: plain, .gz, .xz or .zst by its name, `-` for standard input.

    With `categories`, papers in none of them are passed over. A line that cannot be read is an EntryError; a file that
    is not there, not what its name says, or cut short raises UsageError.
    """
    wanted = None if categories is None else frozenset(categories)
    with opened(path) as stream:
        for line in _lines(stream):
            if isinstance(line, EntryError):
                yield line
            elif (entry := _entry(line, wanted)) is not None:
                yield entry


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, whatever it is packed with; raises UsageError with what is wrong with it."""
    try:
        if path == "-":
            yield sys.stdin.buffer
            return
        with Path(path).open("rb") as file, _unpacked(file, Path(path).suffix) as stream:
            yield stream
    except FileNotFoundError as problem:
        raise UsageError(f"There is no file {path}", "Give the path of the dump, or - for standard input") from problem
    except (OSError, EOFError, lzma.LZMAError, zstandard.ZstdError) as problem:
        raise UsageError(f"{path} cannot be read to its end: {problem}", "Fetch it again; what was read is kept") from (
            problem
        )


def _unpacked(file: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if suffix == ".xz":
        return cast(BinaryIO, lzma.LZMAFile(file))
    if suffix == ".zst":
        return cast(BinaryIO, BufferedReader(_Zstd(file), 1 << 20))
    return file


class _Zstd(RawIOBase):
    """Unpacks zstd frame by frame and, unlike zstandard's own reader, notices a file that ends within one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed = self._plain = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and self._more():
            pass
        count = min(len(buffer), len(self._plain))
        buffer[:count], self._plain = self._plain[:count], self._plain[count:]
        return count

    def _more(self) -> bool:
        data = self._packed or self._file.read(1024)  # so little cannot become more than some 32 MB
        if not data:
            if self._frame is not None:
                raise EOFError("the file ends within a frame")
            return False
        frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        self._plain = frame.decompress(data)
        self._packed = frame.unused_data if frame.eof else b""
        self._frame = None if frame.eof else frame
        return True


def _lines(stream: BinaryIO) -> Iterator[bytes | EntryError]:
    """Cut a stream into lines; of one that never ends only the beginning is held."""
    while line := stream.readline(LONGEST):
        whole = line.endswith(b"\n") or len(line) < LONGEST
        if whole:
            if line.strip():
                yield line
            continue
        yield EntryError(f"a line of more than {LONGEST} bytes", line[: 64 * 1024])
        while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
            pass


def _entry(line: bytes, wanted: frozenset[str] | None) -> PaperRecord | EntryError | None:
    try:
        paper = _decode(line)
        if wanted is not None and wanted.isdisjoint(paper.categories.split()):
            return None
        return _record(paper)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
        return EntryError(str(problem), line)


def _record(paper: _Line) -> PaperRecord:
    """Turn a line into a claim as old as its newest version; raises ValueError where the line names no paper."""
    parsed = parse_arxiv_id(paper.id)
    if parsed is None:
        raise ValueError(f"{paper.id!r} is no arXiv id")
    dates = [_moment(version.created) for version in paper.versions]
    updated = datetime.fromisoformat(paper.update_date).replace(tzinfo=UTC) if paper.update_date else None
    known = [moment for moment in (*dates, updated) if moment is not None]
    if not known:
        raise ValueError(f"{paper.id} has neither versions nor an update_date")
    return PaperRecord(
        source=NAME,
        id=parsed[0],
        kind="paper",
        title=paper.title,
        as_of=max(known),
        arxiv_id=parsed[0],
        abstract=paper.abstract or None,
        authors=_authors(paper),
        categories=tuple(paper.categories.split()),
        submitted=dates[0] if dates else None,
        version=_number(paper.versions[-1].version) if paper.versions else None,
        withdrawn=says_withdrawn(paper.abstract, paper.comments),
        doi=paper.doi.split()[0] if paper.doi and paper.doi.split() else None,
        journal_ref=paper.journal_ref,
        comment=paper.comments,
    )


def _authors(paper: _Line) -> tuple[Author, ...]:
    if paper.authors_parsed:
        return tuple(_author(parts) for parts in paper.authors_parsed if parts)
    names = paper.authors.replace(" and ", ", ").split(",")
    return tuple(Author(name.strip()) for name in names if name.strip())


def _author(parts: list[str]) -> Author:
    last, first, suffix = (*parts, "", "")[:3]
    affiliation = ", ".join(part for part in parts[3:] if part)
    return Author(" ".join(part for part in (first, last, suffix) if part), affiliation or None)


def _number(version: str) -> int | None:
    digits = version.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() else None


def _moment(text: str) -> datetime:
    """Read a date such as `Mon, 2 Apr 2007 19:18:42 GMT` (RFC 5322); raises ValueError where it is none."""
    return parsedate_to_datetime(text).astimezone(UTC)
