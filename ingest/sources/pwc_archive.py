"""Reads the last dumps of the old Papers with Code, each one JSON array of any length, never all in memory.

paperswithcode.com ended in July 2025; its dumps are kept at https://huggingface.co/pwc-archive under CC BY-SA 4.0.
Fields of `papers-with-abstracts`: paper_url, arxiv_id, title, abstract, url_abs, url_pdf, proceeding, authors[],
tasks[], date, methods[{name, ...}] and more; of `links-between-papers-and-code`: paper_url, paper_title,
paper_arxiv_id, paper_url_abs, paper_url_pdf, repo_url, is_official, mentioned_in_paper, mentioned_in_github, framework.

The array is cut by the standard library's decoder over a buffer that moves along. ijson does the same as fast, but its
C parser (3.6.0) crashes the process on an integer of 5,000 digits and takes all memory for deep nesting.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal, NamedTuple

from core.clock import iso
from core.errors import UsageError
from core.ids import parse_arxiv_id
from core.record import Author, CodeLink, PaperRecord
from ingest import loose
from ingest.claims import repository as normal
from ingest.links import repository
from ingest.source import EntryError
from ingest.sources.arxiv_snapshot import opened

NAME = "pwc-archive"
Kind = Literal["pwc-papers", "pwc-links"]
KINDS: tuple[Kind, ...] = ("pwc-papers", "pwc-links")
ENDED = datetime(2025, 7, 29, tzinfo=UTC)  # the last dump's day: no claim of the archive is younger
LONGEST = 4_000_000  # characters of one entry; the longest need some 100,000
_PART = 1 << 16  # bytes read at once; as much may be lost where a packed file is cut
_BLANKS = frozenset(" \t\n\r")
_MONTH = re.compile(r"(?<=\b\d{4}) \d{1,2}$", re.ASCII)
_AGAIN = "Fetch the file again; what was read is kept"
# Numbers are not needed, and made into none: reading them has limits of its own.
_decode = json.JSONDecoder(parse_int=lambda _: 0, parse_float=lambda _: 0, parse_constant=lambda _: 0).raw_decode


class Entry(NamedTuple):
    """One entry of a dump, counted from 1, and what it claims: None where it is about no paper on arXiv."""

    number: int
    content: PaperRecord | EntryError | None


def entries(path: str, kind: Kind, after: int = 0) -> Iterator[Entry]:
    """Read a dump entry by entry, beginning behind the entry of that number; packed as its name says, `-` for stdin.

    Raises UsageError for a file that is not there, is cut short or damaged, or is the other kind of dump.
    """
    read = read_paper if kind == "pwc-papers" else read_link
    with opened(path) as stream:
        for number, (value, raw) in enumerate(_Array(stream, path), 1):
            if number == 1:
                _check_kind(value, kind, path)
            if number > after:
                yield Entry(number, read(value, raw))


def read_paper(value: object, raw: str) -> PaperRecord | EntryError | None:
    """Read an entry of papers-with-abstracts. Its `date` may be that of a conference and is not used."""
    entry = loose.mapping(value)
    try:
        arxiv_id = _arxiv_id(entry, "arxiv_id", ("url_abs", "url_pdf"))
    except ValueError as problem:
        return _broken(str(problem), raw)
    title = loose.text(entry.get("title"))
    if arxiv_id is None or title is None:
        return _broken("no title", raw, arxiv_id) if arxiv_id else None
    return PaperRecord(
        source=NAME,
        id=arxiv_id,
        kind="paper",
        title=title,
        as_of=ENDED,
        arxiv_id=arxiv_id,
        abstract=loose.text(entry.get("abstract")),
        authors=tuple(Author(name) for name in loose.texts(entry.get("authors"))),
        journal_ref=_proceedings(entry.get("proceeding")),
        tasks=loose.texts(entry.get("tasks")),
    )


def read_link(value: object, raw: str) -> PaperRecord | EntryError | None:
    """Read an entry of links-between-papers-and-code: a note that says where a paper's code is, and nothing else."""
    entry = loose.mapping(value)
    try:
        arxiv_id = _arxiv_id(entry, "paper_arxiv_id", ("paper_url_abs", "paper_url_pdf"))
    except ValueError as problem:
        return _broken(str(problem), raw)
    link = loose.text(entry.get("repo_url"))
    url = (repository(link) or loose.address(link)) if link else None
    if arxiv_id is None or url is None:
        return _broken("no address of a repository", raw, arxiv_id) if arxiv_id else None
    official = entry.get("is_official")
    code = CodeLink(url, official if isinstance(official, bool) else None)
    return PaperRecord(NAME, arxiv_id, "paper", "", ENDED, arxiv_id=arxiv_id, code=(code,))


def digest(record: PaperRecord) -> int:
    """Name what an entry claims by a signed number of 64 bits; it changes when entries are read otherwise."""
    name = hashlib.blake2b(repr(record).encode("utf-8", "surrogatepass"), digest_size=8, person=NAME.encode())
    return int.from_bytes(name.digest(), "little", signed=True)


def is_noted(record: PaperRecord, claims: dict[str, Any] | None) -> bool:
    """Tell whether a note (the `claims` that ingest.rows.to_note makes) holds all that a link's record says."""
    if claims is None or record.title:
        return False
    said = [NAME, iso(ENDED)]
    for link in record.code:
        url = normal(link.url) or ""
        source, _, checked_at = claims["code"].get(url, [None] * 3)
        official = claims["registers"].get(f"official {url}")
        if [source, checked_at] != said or (link.official is not None and official != [link.official, *said]):
            return False
    return True


def _arxiv_id(entry: dict[str, object], field: str, links: tuple[str, str]) -> str | None:
    """Find the paper's arXiv id; None for a paper that is not on arXiv; raises ValueError for one that is no id."""
    if not entry:
        raise ValueError("no JSON object with fields")
    named = entry.get(field)
    for text in (named, *(entry.get(link) for link in links)):
        if isinstance(text, str) and (parsed := parse_arxiv_id(text)):
            return parsed[0]
    if named is None or named == "":
        return None
    raise ValueError(f"{field} is no arXiv id")


def _broken(reason: str, raw: str, arxiv_id: str | None = None) -> EntryError:
    return EntryError(reason, raw.encode("utf-8", "surrogatepass"), arxiv_id)


def _proceedings(value: object) -> str | None:
    """Read a conference, as in "CVPR 2018 6", without the month behind its year."""
    name = loose.text(value)
    return _MONTH.sub("", name) if name else None


def _check_kind(value: object, kind: Kind, path: str) -> None:
    """Refuse the other dump by the fields of its first entry, before all of its entries count as broken."""
    names = loose.mapping(value).keys()
    meant: Kind | None = "pwc-links" if "repo_url" in names else "pwc-papers" if "abstract" in names else None
    if meant not in (None, kind):
        raise UsageError(f"{path} is not of the kind {kind}", f"Import it with: shirube import {meant} {path}")


class _Array:
    """Cuts a JSON array into its values, each with its text; bytes that are no UTF-8 become lone surrogates."""

    def __init__(self, stream: BinaryIO, path: str) -> None:
        self._parts = _texts(stream)
        self._path = path
        self._buffer, self._place, self._count = "", 0, 0

    def __iter__(self) -> Iterator[tuple[object, str]]:
        if self._sign() != "[":
            raise UsageError(f"{self._path} holds no JSON array", "Give the dump as it was published, packed or not")
        self._place += 1
        ended = self._sign() == "]"
        while not ended:
            yield self._value()
            ended = self._sign() == "]"
            if not ended and self._sign() != ",":
                raise self._damaged()
            self._place += not ended
        self._place += 1
        if self._sign():
            raise UsageError(f"{self._path} goes on behind the end of its array", _AGAIN)

    def _sign(self) -> str:
        """Step over blanks and give the sign behind them, which stays; "" at the end."""
        while True:
            while self._buffer[self._place : self._place + 1] in _BLANKS:
                self._place += 1
            if self._place < len(self._buffer) or not self._more():
                return self._buffer[self._place : self._place + 1]

    def _value(self) -> tuple[object, str]:
        """Read the value that comes next; more of the file is taken until it is whole."""
        self._count += 1
        self._sign()
        while (found := self._decoded()) is None or found[1] == len(self._buffer):  # a number's end is not its end
            if len(self._buffer) - self._place > LONGEST or not self._more():
                raise self._damaged()
        value, end = found
        raw, self._place = self._buffer[self._place : end], end
        return value, raw

    def _decoded(self) -> tuple[object, int] | None:
        try:
            return _decode(self._buffer, self._place)
        except RecursionError as problem:
            raise self._damaged("is nested too deeply") from problem
        except ValueError:
            return None

    def _more(self) -> bool:
        part = next(self._parts, "")
        self._buffer, self._place = self._buffer[self._place :] + part, 0
        return part != ""

    def _damaged(self, how: str = "is cut short or damaged") -> UsageError:
        return UsageError(f"{self._path}: entry {self._count:,} {how}", _AGAIN)


def _texts(stream: BinaryIO) -> Iterator[str]:
    """Read the file part by part; a part is never empty."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    while part := stream.read(_PART):
        if text := decoder.decode(part):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
