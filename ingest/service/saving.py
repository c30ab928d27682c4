"""Saving: records are believed, merged into what is stored, and what differs is written; the caller commits."""

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from core.record import PaperRecord
from core.text import fold
from db import storing, windows
from db.storing import Stored
from ingest import batch
from ingest.batch import Tally
from ingest.merge import Believed
from ingest.source import EntryError
from ingest.sources.recorded import MODEL


def store(
    session: Session, records: Sequence[PaperRecord], now: datetime, final_months: Container[str] = frozenset()
) -> Tally:
    """Believe records and save what differs; the caller commits. A record that names no item is refused, not raised."""
    fresh, refused = batch.believed(records, now)
    storing.hold(session)
    made = batch.plan(fresh, _candidates(session, fresh), now, final_months)
    storing.save(session, made.rows)
    storing.delete_items(session, made.gone)
    if with_vectors := [record.id for record in records if record.vector is not None]:
        known = storing.with_vector(session, MODEL.partition("@")[0], with_vectors)
        storing.add_vectors(session, batch.vector_rows(records, known, now))
    return replace(made.tally, refused=tuple(refused))


def _candidates(session: Session, fresh: Sequence[Believed]) -> list[Stored]:
    """Read what may be the same items. Papers look by DOI and title among posts only: arXiv ids tell them apart."""
    found: dict[str, Stored] = {}
    for posts_only in (True, False):
        some = [belief for belief in fresh if (belief.arxiv_id is not None) == posts_only]
        dois = [belief.value("doi") for belief in some if belief.value("doi")]
        titles = [fold(belief.value("title")) for belief in some if belief.value("authors")]
        rows = storing.existing(session, [b.id for b in some], dois, titles, posts_only=posts_only)
        found.update((row["id"], row) for row in rows)
    return list(found.values())


def keep(session: Session, window_id: int, entries: Sequence[EntryError], now: datetime) -> set[str]:
    """Keep entries that could not be read under their window; gives the hashes they are known by."""
    return {windows.keep_error(session, window_id, e.reason, e.raw, e.item_id, now) for e in entries}
