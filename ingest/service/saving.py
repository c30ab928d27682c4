"""Saving: records are believed, merged into what is stored, and what differs is written; the caller commits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from core.record import PaperRecord
from db import issues, moving, storing, windows
from db.storing import Stored
from ingest import batch, posts, rows
from ingest.batch import Stock, Tally
from ingest.believed import Believed
from ingest.claims import folded
from ingest.source import EntryError
from ingest.sources.recorded import MODEL

_Sought = tuple[bool, str, str]  # among posts only?, kind of name, name


def store(session: Session, records: Sequence[PaperRecord], now: datetime) -> Tally:
    """Believe records and save what differs; the caller commits. A record that names no item is refused, not raised."""
    storing.hold(session)
    issues.hold_off_closing(session)
    named = posts.named(records, storing.existing(session, posts.sought(records)))
    fresh, refused = batch.believed(named, now)
    made = batch.plan(fresh, _stock(session, fresh, now), now, issues.final_months(session))
    storing.save(session, made.rows)
    storing.drop(session, made.refiled)
    moving.move(session, made.gone)
    storing.delete_items(session, list(made.gone))
    storing.save_notes(session, made.notes, made.spent)
    if with_vectors := [record.id for record in records if record.vector is not None]:
        known = storing.with_vector(session, MODEL.partition("@")[0], with_vectors)
        storing.add_vectors(session, batch.vector_rows(records, known, now))
    ids = frozenset(record.id for record, as_named in zip(records, named, strict=True) if as_named.id in made.tally.ids)
    return replace(made.tally, ids=ids, refused=tuple(refused))


def _stock(session: Session, fresh: Sequence[Believed], now: datetime) -> Stock:
    """Read what may be the same items, and what these may be the same as in turn, until nothing more turns up."""
    found: dict[str, Stored] = {}
    asked: set[_Sought] = set()
    wanted = {sought for belief in fresh for sought in _sought(belief)}
    while wanted := wanted - asked:
        asked |= wanted
        new = {row["id"]: row for row in _existing(session, wanted) if row["id"] not in found}
        found |= new
        wanted = {sought for row in new.values() for sought in _sought_again(row)}
    notes = storing.notes(session, [belief.id for belief in fresh if belief.arxiv_id is not None])
    stored = [rows.said_by(row, now) for row in found.values()]
    return Stock(stored, [rows.noted_by(note, now) for note in notes], issues.taken(session, found))


def _existing(session: Session, wanted: Iterable[_Sought]) -> Iterator[Stored]:
    """Look items up. Papers look by DOI and title among posts only: arXiv ids tell them apart."""
    for posts_only in (True, False):
        by_kind: dict[str, list[str]] = {"id": [], "doi": [], "title": []}
        for only, kind, value in wanted:
            if only == posts_only:
                by_kind[kind].append(value)
        yield from storing.existing(session, *by_kind.values(), posts_only=posts_only)


def _sought(belief: Believed) -> Iterator[_Sought]:
    is_paper = belief.arxiv_id is not None
    yield is_paper, "id", belief.id
    yield from ((is_paper, kind, value) for kind, value in belief.aliases)
    if belief.value("doi"):
        yield is_paper, "doi", belief.value("doi")
    if title := folded(belief.value("title")):
        yield is_paper, "title", title


def _sought_again(row: Stored) -> Iterator[_Sought]:
    is_paper = row["arxiv_id"] is not None
    names = [("doi", row["doi"]), ("title", row["folded_title"])]
    names += [(alias["kind"], alias["value"]) for alias in row["aliases"]]
    yield from ((is_paper, kind, value) for kind, value in names if value and kind in ("doi", "title"))


def keep(session: Session, window_id: int, entries: Sequence[EntryError], now: datetime) -> set[str]:
    """Keep entries that could not be read under their window; gives the hashes they are known by."""
    return {windows.keep_error(session, window_id, e.reason, e.raw, e.item_id, now) for e in entries}
