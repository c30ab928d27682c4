"""Reads the public dump of arXiv's metadata: JSON lines, one paper each, about three million, never all in memory.

An import needs more than records: where a line ends, to go on there after an interruption, and a digest of it, to pass
over what an earlier dump held already.

Fields (https://www.kaggle.com/datasets/Cornell-University/arxiv): id, submitter, authors, title, comments, journal-ref,
doi, report-no, categories (space separated), license, abstract, versions[{version, created}], update_date,
authors_parsed [[last, first, suffix, affiliation...]].
"""

import gzip
import hashlib
import lzma
import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec
import zstandard

from core.errors import UsageError
from core.ids import parse_arxiv_id
from core.record import Author, CodeLink, PaperRecord, Version
from core.text import says_withdrawn, text_hash
from ingest.links import HOSTS, code_links
from ingest.source import EntryError

NAME = "arxiv-snapshot"
LONGEST = 4_000_000  # bytes of one line; the longest author lists need about 200,000
READING = b"5"  # of what a line is read as: another number, and every line counts as new
_ID_FIRST = re.compile(rb'\s*\{\s*"id"\s*:\s*"([^"\\]+)"')
_UPDATED = re.compile(rb'"update_date"\s*:\s*"(\d{4}-\d\d-\d\d)')
_DATE = re.compile(r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
# Broken JSON, wrong values, dates beyond the calendar, and brackets within brackets without end.
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}


class Line(NamedTuple):
    """One line of a dump, or what could be kept of it, and where it ends: bytes of the unpacked stream."""

    end: int
    content: bytes | EntryError


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
    for line in lines(path):
        if isinstance(line.content, EntryError):
            yield line.content
        elif wanted is None or is_wanted(line.content, wanted):
            yield read_line(line.content)


def lines(path: str, after: int = 0) -> Iterator[Line]:
    """Cut a dump into lines that are not blank, beginning behind a place that a `Line.end` told; errors as in `read`.

    Of a line that never ends only the beginning is held.
    """
    with opened(path) as stream:
        _skip(stream, after)
        yield from _lines(stream, after)


def read_line(line: bytes) -> PaperRecord | EntryError:
    """Read one line."""
    try:
        return _record(_decode(line))
    except _UNREADABLE as problem:
        return EntryError(str(problem), line)


def is_wanted(line: bytes, wanted: frozenset[str]) -> bool:
    """Tell whether a line's paper is in one of the categories; a line that cannot be read is."""
    try:
        return not wanted.isdisjoint(_decode(line).categories.split())
    except _UNREADABLE:
        return True


def named(line: bytes) -> str | None:
    """Tell the id that a line begins with, without reading it; None where it begins with something else."""
    found = _ID_FIRST.match(line)
    return found[1].decode("utf-8", "replace") if found else None


def updated(line: bytes) -> str | None:
    """Tell the day on which a line says its paper last changed, as written, without reading the line."""
    place = line.rfind(b'"update_date"')  # near the end; within a text its quotation marks would be escaped
    found = _UPDATED.match(line, place) if place >= 0 else None
    return found[1].decode() if found else None


def digest(line: bytes) -> int:
    """Name the content of a line by a signed number of 64 bits; it changes with `READING` too."""
    name = hashlib.blake2b(line, digest_size=8, person=b"snapshot" + READING)
    return int.from_bytes(name.digest(), "little", signed=True)


def identity(path: str, categories: Collection[str] | None = None) -> str | None:
    """Name a file as it is now, by size, time of change and beginning, and what is wanted of it; None for a stream."""
    if path == "-":
        return None
    with opened(path) as stream:
        first = stream.readline(LONGEST)
    found = os.stat(path)
    wanted = None if categories is None else sorted(set(categories))
    return text_hash(repr((found.st_size, found.st_mtime_ns, first, wanted, READING)))


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


def _skip(stream: BinaryIO, count: int) -> None:
    """Go to a place; only a plain file gets there without unpacking what lies before."""
    if count and isinstance(stream, BufferedReader) and not isinstance(stream.raw, _Zstd) and stream.seekable():
        stream.seek(count)
        return
    while count and (part := stream.read(min(count, 1 << 20))):
        count -= len(part)


def _lines(stream: BinaryIO, place: int) -> Iterator[Line]:
    while line := stream.readline(LONGEST):
        place += len(line)
        if line.endswith(b"\n") or len(line) < LONGEST:
            if not line.isspace():
                yield Line(place, line)
            continue
        while (rest := stream.readline(LONGEST)) and not rest.endswith(b"\n"):
            place += len(rest)
        place += len(rest)
        yield Line(place, EntryError(f"a line of more than {LONGEST} bytes", line[: 64 * 1024]))


def _record(paper: _Line) -> PaperRecord:
    """Turn a line into a claim as old as its newest version; raises ValueError where the line names no paper."""
    parsed = parse_arxiv_id(paper.id)
    if parsed is None:
        raise ValueError(f"{paper.id!r} is no arXiv id")
    versions = [(_number(version.version), _moment(version.created)) for version in paper.versions]
    known = [moment for _, moment in versions]
    if paper.update_date:
        known.append(datetime.fromisoformat(paper.update_date).replace(tzinfo=UTC))
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
        submitted=versions[0][1] if versions else None,
        version=versions[-1][0] if versions else None,
        versions=tuple(Version(number, created) for number, created in versions if number is not None),
        withdrawn=says_withdrawn(paper.abstract, paper.comments),
        doi=paper.doi.split()[0] if paper.doi and paper.doi.split() else None,
        journal_ref=paper.journal_ref,
        comment=paper.comments,
        code=_code(paper.comments, paper.abstract),
    )


def _code(*texts: str | None) -> tuple[CodeLink, ...]:
    whole = " ".join(text for text in texts if text).lower()
    # Few name any, and the pattern alone is slow.
    return code_links(*texts) if any(host in whole for host in HOSTS) else ()


def _authors(paper: _Line) -> tuple[Author, ...]:
    if paper.authors_parsed:
        return tuple(_author(parts) for parts in paper.authors_parsed if parts)
    names = paper.authors.replace(" and ", ", ").split(",")
    return tuple(Author(name.strip()) for name in names if name.strip())


def _author(parts: list[str]) -> Author:
    if len(parts) == 3 and parts[0] and parts[1] and not parts[2]:  # nearly always
        return Author(f"{parts[1]} {parts[0]}")
    last, first, suffix, *where = (*parts, "", "") if len(parts) < 3 else parts
    return Author(
        " ".join(part for part in (first, last, suffix) if part), ", ".join(part for part in where if part) or None
    )


def _number(version: str) -> int | None:
    digits = version.removeprefix("v")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _moment(text: str) -> datetime:
    """Read a date such as `Mon, 2 Apr 2007 19:18:42 GMT` (RFC 5322); raises ValueError where it is none."""
    found = _DATE.fullmatch(text)
    if found and (month := _NUMBERS.get(found[2])):
        day, _, year, hour, minute, second = found.groups()
        return datetime(int(year), month, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    return parsedate_to_datetime(text).astimezone(UTC)
