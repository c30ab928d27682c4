"""Arriving: papers nobody has told of yet go straight to rows, many at once; all others are merged one by one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Table
from sqlalchemy.orm import Session

from core.record import PaperRecord
from db import bulk, search, storing
from db.models import Code, Item, Version
from ingest import direct
from ingest.batch import Tally
from ingest.rows import Row
from ingest.service.saving import store

_ITEM: Table = Item.__table__  # type: ignore[assignment]
_CHILDREN: tuple[tuple[Table, str], ...] = (
    (Version.__table__, "versions"),  # type: ignore[assignment]
    (Code.__table__, "code"),
)


def store_many(session: Session, records: Sequence[PaperRecord], now: datetime) -> Tally:
    """Store records as `saving.store` does, to the same rows; the caller commits.

    Items that are new stay out of the full-text index until `search.fill`.
    """
    storing.hold(session)
    bulk.make_room(session)
    fresh, rest = _parted(session, records, now)
    with search.suspended(session):
        bulk.insert(session, _ITEM, fresh)
    for table, name in _CHILDREN:
        bulk.insert(session, table, [child for row in fresh for child in row[name]])
    merged = store(session, rest, now) if rest else Tally()
    return replace(merged, new=merged.new + len(fresh), ids=merged.ids | {row["id"] for row in fresh})


def _parted(session: Session, records: Sequence[PaperRecord], now: datetime) -> tuple[list[Row], list[PaperRecord]]:
    """Part rows of papers that nothing stored and nothing else in the batch can be about from records to be merged."""
    times = Counter(record.id for record in records)
    rows = [direct.row(record, now) if times[record.id] == 1 else None for record in records]
    able = [row for row in rows if row is not None]
    dois = [row["doi"] for row in able if row["doi"]]
    known = bulk.known(session, [row["id"] for row in able], dois, [row["folded_title"] for row in able])
    alone = [row for row in able if not known.has(row["id"], row["doi"], row["folded_title"])]
    ids = {row["id"] for row in alone}
    return alone, [record for record in records if record.id not in ids]
