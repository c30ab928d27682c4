"""Importing: a stream of any length, such as arXiv's public dump, in batches and constant memory."""

from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from core.record import PaperRecord
from db import windows
from db.engine import Sessions
from db.upsert import chunks
from ingest.batch import Tally
from ingest.claims import BEGAN
from ingest.service.saving import keep, store
from ingest.source import EntryError, SourceResult
from ingest.sources import arxiv_snapshot

BATCH = 2_000  # entries of an import in one transaction


@dataclass(frozen=True, slots=True)
class Channel:
    """What an import is booked under: its source and the name of its file."""

    source: str
    name: str


def import_records(
    sessions: Sessions,
    entries: Iterable[PaperRecord | EntryError],
    channel: Channel,
    clock: Clock,
    *,
    final_months: Container[str] = frozenset(),
    on_progress: Callable[[int], None] | None = None,
) -> SourceResult:
    """Store a stream of any length in batches, a transaction each, in constant memory; tells how many were read.

    Entries that cannot be read are kept under a window of their own, in a month that has no papers, so that a file's
    faults never count against a month. An error of the stream leaves that window open and is raised.
    """
    span = (channel.source, channel.name, BEGAN, BEGAN)
    with sessions.begin() as session:
        windows.ensure(session, [span])
        window_id = windows.find(session, span).id
    tally, unread, read = Tally(), set[str](), 0
    for part in chunks(entries, BATCH):
        with sessions.begin() as session:
            stored = store(session, [e for e in part if isinstance(e, PaperRecord)], clock(), final_months)
            broken = [entry for entry in part if isinstance(entry, EntryError)]
            unread |= keep(session, window_id, (*broken, *stored.refused), clock())
        tally, read = tally + stored, read + len(part)
        if on_progress:
            on_progress(read)
    with sessions.begin() as session:
        windows.mark(session, window_id, clock(), windows.Counts(read - len(unread), len(unread), None), "")
        windows.drop_errors(session, window_id, unread)
    return SourceResult(channel.source, tally.new, tally.changed, tally.unchanged, len(unread), windows_closed=1)


def import_snapshot(
    sessions: Sessions,
    path: str,
    clock: Clock,
    *,
    categories: Collection[str] | None = None,
    final_months: Container[str] = frozenset(),
    on_progress: Callable[[int], None] | None = None,
) -> SourceResult:
    """Import arXiv's public metadata dump (`-`: standard input), all of it or the papers in some categories.

    Raises UsageError where the file is absent or cut short; what was read before is kept.
    """
    entries = arxiv_snapshot.read(path, categories)
    channel = Channel(arxiv_snapshot.NAME, Path(path).name)
    return import_records(sessions, entries, channel, clock, final_months=final_months, on_progress=on_progress)
