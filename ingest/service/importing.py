"""Importing: a stream of any length, such as arXiv's public dump, in batches and constant memory.

A dump is read once: every line or entry that was read into an item is remembered by a digest, so that an interrupted
import goes on where it was, the same dump again writes no row, and next month's costs only what differs.
"""

import gc
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import UsageError
from core.record import PaperRecord
from db import bulk, dumps, papers, search, storing, windows
from db.engine import Sessions, reading, writing
from db.followed import noted
from db.upsert import chunks
from ingest.claims import BEGAN, is_ahead
from ingest.service.arriving import store_many
from ingest.service.saving import keep
from ingest.source import EntryError, SourceResult
from ingest.sources import arxiv_snapshot, pwc_archive
from ingest.sources.arxiv_snapshot import Line

BATCH = 4_000  # entries of an import in one transaction

Entry = PaperRecord | EntryError
OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Channel:
    """What an import is booked under: its source and the name of its file."""

    source: str
    name: str


def import_records(
    sessions: Sessions,
    entries: Iterable[Entry],
    channel: Channel,
    clock: Clock,
    *,
    on_progress: OnProgress | None = None,
) -> SourceResult:
    """Store a stream of any length in batches, a transaction each, in constant memory; tells how many were read.

    Entries that cannot be read are kept under a window of their own, in a month that has no papers, so that a file's
    faults never count against a month. An error of the stream leaves that window open and is raised.
    """
    book = _Book(sessions, channel, clock)
    with _full_text_after(sessions):
        for part in chunks(entries, BATCH):
            book.store(part)
            if on_progress:
                on_progress(book.read)
    return book.close()


def import_snapshot(
    sessions: Sessions,
    path: str,
    clock: Clock,
    *,
    categories: Collection[str] | None = None,
    on_progress: OnProgress | None = None,
) -> SourceResult:
    """Import arXiv's public metadata dump (`-`: standard input), all of it or the papers in some categories.

    The ledger notes up to which day it tells. Raises UsageError where the file is absent or cut short; what was read
    before is kept.
    """
    wanted = None if categories is None else frozenset(categories)
    file = arxiv_snapshot.identity(path, categories)
    book = _Book(sessions, Channel(arxiv_snapshot.NAME, Path(path).name), clock)
    after = book.resume(file)
    with _full_text_after(sessions):
        for part in chunks(arxiv_snapshot.lines(path, after), BATCH):
            _store_lines(book, part, wanted, file)
            if on_progress:
                on_progress(book.read)
    return book.close(noted(categories))


def import_archive(
    sessions: Sessions,
    path: str,
    kind: pwc_archive.Kind,
    clock: Clock,
    *,
    on_progress: OnProgress | None = None,
) -> SourceResult:
    """Import a dump of the old Papers with Code (`-`: standard input); progress tells the entries read.

    Raises UsageError where the file is absent, cut short or of another kind; what was read before is kept.
    """
    file = arxiv_snapshot.identity(path)
    book = _Book(sessions, Channel(pwc_archive.NAME, f"{kind}:{Path(path).name}"), clock)
    after = book.resume(file)
    with _full_text_after(sessions):
        for part in _what_came(pwc_archive.entries(path, kind, after)):
            _store_entries(book, part, file)
            if on_progress:
                on_progress(part[-1].number)
    return book.close()


def complete_full_text(sessions: Sessions, on_progress: OnProgress | None = None) -> None:
    """Bring what an import left out into the full-text index, part by part; costs one look where nothing was left."""
    with reading(sessions) as session:
        last = "" if search.unfinished(session) else None
    while last is not None:
        with sessions.begin() as session:
            last = search.fill(session, last)


@dataclass
class _Book:
    """The ledger's page of one import: how much was read, and what came of it."""

    sessions: Sessions
    channel: Channel
    clock: Clock
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    passed_over: int = 0  # entries about papers that are not on arXiv
    noted: int = 0  # entries about papers that are not stored: kept as notes
    unread: set[str] = field(default_factory=set)  # hashes of the entries that could not be read
    newest: date | None = None  # the newest day (UTC) that a record told of
    resumable: bool = False  # a place is stored, and the errors kept are those of this reading
    window_id: int = 0

    def __post_init__(self) -> None:
        span = (self.channel.source, self.channel.name, BEGAN, BEGAN)
        with self.sessions.begin() as session:
            windows.ensure(session, [span])
            self.window_id = windows.find(session, span).id

    @property
    def read(self) -> int:
        """Count the entries so far."""
        return self.new + self.changed + self.unchanged + len(self.unread)

    def resume(self, file: str | None) -> int:
        """Take up the counts of an interrupted reading of the same file; gives the place to go on at, else 0."""
        with self.sessions.begin() as session:
            standing = windows.standing(session, self.window_id)
            token = json.loads(standing.token or "{}")
            if file is None or token.get("file") != file:
                windows.begin_anew(session, self.window_id)
                return 0
            self.unread, self.resumable = windows.kept_errors(session, self.window_id), True
        self.new, self.changed = token["new"], token["changed"]
        self.passed_over, self.noted = token["passed_over"], token["noted"]
        self.unchanged = standing.counts.unchanged
        self.newest = date.fromisoformat(token["newest"]) if token["newest"] else None
        return int(token["at"])

    def store(
        self,
        entries: Iterable[Entry],
        digests: Collection[tuple[str, int]] = (),
        file: str | None = None,
        at: int = 0,
    ) -> None:
        """Store a batch in one transaction: items, digests of their lines, broken entries, and the place reached."""
        part = list(entries)
        with writing(self.sessions) as session:
            records = [entry for entry in part if isinstance(entry, PaperRecord)]
            tally = store_many(session, records, self.clock())
            broken = [entry for entry in part if isinstance(entry, EntryError)]
            self.unread |= keep(session, self.window_id, (*broken, *tally.refused), self.clock())
            refused = {entry.item_id for entry in tally.refused}
            notes = [record.id for record in records if not record.title and record.id not in refused]
            unknown = papers.absent(session, notes) if notes else set()
            # A date that was left out as ahead of us is asked for again by a clock that is right.
            again = refused | unknown | {record.id for record in records if is_ahead(record, self.clock())}
            bulk.remember(session, [line for line in digests if line[0] not in again])
            self.new, self.changed = self.new + tally.new, self.changed + tally.changed
            self.unchanged += len(records) - len(tally.refused) - tally.new - tally.changed
            self.noted += sum(note in unknown for note in notes)
            self._look_at(_newest(records, self.clock()))
            if file is not None:
                self._advance(session, file, at)

    def close(self, asked: str | None = None) -> SourceResult:
        """Close the window: all was read; `asked` is what a dump of arXiv's was read for."""
        with self.sessions.begin() as session:
            windows.mark(session, self.window_id, self.clock(), self._counts(), "")
            if asked is not None:
                dumps.note(session, self.window_id, asked, self.newest)
            windows.drop_errors(session, self.window_id, self.unread)
        counts = (self.new, self.changed, self.unchanged, len(self.unread))
        return SourceResult(
            self.channel.source, *counts, windows_closed=1, passed_over=self.passed_over, noted=self.noted
        )

    def _advance(self, session: Session, file: str, at: int) -> None:
        """Note the place reached; an import that is interrupted now goes on there."""
        if not self.resumable:
            windows.drop_errors(session, self.window_id, self.unread)
            self.resumable = True
        newest = self.newest.isoformat() if self.newest else None
        names = ("new", "changed", "passed_over", "noted")
        token = {"file": file, "at": at, "newest": newest, **{name: getattr(self, name) for name in names}}
        windows.advance(session, self.window_id, self._counts(), json.dumps(token))

    def pass_over(self, days: Sequence[str | None]) -> None:
        """Count lines that are known, each with the day (ISO) it tells of: an earlier reading may have been broken off.

        So a stream, which cannot be resumed, comes to its newest day all the same.
        """
        self.unchanged += len(days)
        today = self.clock().astimezone(UTC).date().isoformat()
        told = max((day for day in days if day is not None and day <= today), default=None)
        self._look_at(date.fromisoformat(told) if told else None)

    def _look_at(self, day: date | None) -> None:
        """Remember the newest day told of."""
        if day is not None:
            self.newest = max(day, self.newest or day)

    def _counts(self) -> windows.Counts:
        stored = self.new + self.changed
        return windows.Counts(stored + self.unchanged, len(self.unread), None, stored, self.unchanged)


def _newest(records: Iterable[PaperRecord], now: datetime) -> date | None:
    """Give the newest day (UTC) told of; one ahead of the clock is a slip of the pen."""
    told = max((record.as_of for record in records if record.as_of <= now), default=None)
    return None if told is None else told.astimezone(UTC).date()


def _store_lines(book: _Book, part: list[Line], wanted: frozenset[str] | None, file: str | None) -> None:
    """Store what a batch of lines tells that no line before it told; lines known by their digest are only counted."""
    with _no_collection():
        entries: list[Entry] = []
        digests: list[tuple[str, int]] = []
        for content, digest in _new_lines(book, part, wanted):
            entry = content if isinstance(content, EntryError) else arxiv_snapshot.read_line(content)
            entries.append(entry)
            if isinstance(entry, PaperRecord):
                digests.append((entry.id, digest))
        if entries:
            book.store(entries, digests, file, part[-1].end)


def _new_lines(
    book: _Book, part: list[Line], wanted: frozenset[str] | None
) -> Iterator[tuple[bytes | EntryError, int]]:
    """Give the lines of papers wanted whose digest is not known, each with its digest; count the others unchanged."""
    contents = [line.content for line in part]
    if wanted is not None:
        contents = [c for c in contents if isinstance(c, EntryError) or arxiv_snapshot.is_wanted(c, wanted)]
    named = [(content, *_name(content)) for content in contents]
    with reading(book.sessions) as session:
        known = bulk.imported(session, {item_id for _, item_id, _ in named if item_id is not None})
    passed = [content for content, item_id, digest in named if (item_id, digest) in known]
    book.pass_over([arxiv_snapshot.updated(line) for line in passed if isinstance(line, bytes)])
    for content, item_id, digest in named:
        if (item_id, digest) not in known:
            yield content, digest


def _name(content: bytes | EntryError) -> tuple[str | None, int]:
    if isinstance(content, EntryError):
        return None, 0
    return arxiv_snapshot.named(content), arxiv_snapshot.digest(content)


def _what_came(entries: Iterable[pwc_archive.Entry]) -> Iterator[list[pwc_archive.Entry]]:
    """Cut entries into batches; where the file breaks, what came before is given first."""
    part: list[pwc_archive.Entry] = []
    try:
        for entry in entries:
            part.append(entry)
            if len(part) == BATCH:
                yield part
                part = []
    except UsageError:
        if part:
            yield part
        raise
    if part:
        yield part


def _store_entries(book: _Book, part: list[pwc_archive.Entry], file: str | None) -> None:
    """Store what a batch of entries tells that no entry before it told; entries known by their digest are counted."""
    records = [entry.content for entry in part if isinstance(entry.content, PaperRecord)]
    digests = {(record.id, pwc_archive.digest(record)): record for record in records}
    with reading(book.sessions) as session:
        known = bulk.imported(session, {record.id for record in records})
        rest = {name: record for name, record in digests.items() if name not in known}
        notes = storing.notes(session, {record.id for record in rest.values() if not record.title})
    claims = {note["id"]: note["claims"] for note in notes}
    noted = {name for name, record in rest.items() if pwc_archive.is_noted(record, claims.get(record.id))}
    fresh: list[Entry] = [record for name, record in rest.items() if name not in noted]
    fresh += [entry.content for entry in part if isinstance(entry.content, EntryError)]
    book.noted += len(noted)
    book.unchanged += len(records) - len(rest) + len(noted)
    book.passed_over += sum(entry.content is None for entry in part)
    if fresh:
        book.store(fresh, rest.keys() - noted, file, part[-1].number)


@contextmanager
def _full_text_after(sessions: Sessions) -> Iterator[None]:
    """Fill the full-text index at the end, also where the stream broke; a process that is killed leaves it to the next.

    The next start or import finds it unfinished.
    """
    try:
        yield
    except Exception:
        complete_full_text(sessions)
        raise
    complete_full_text(sessions)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from searching a batch for circles again and again: it has none, and it dies as a whole."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
