"""One batch of records, from claims to what must be written: match, merge, compare. Pure: rows in, rows out."""

import json
from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from core.record import PaperRecord
from ingest.claims import RecordError
from ingest.merge import Believed, Matcher, believe, changed_fields, join, month_for
from ingest.rows import Row, from_row, to_row
from ingest.source import EntryError
from ingest.sources.recorded import MODEL, half_floats


@dataclass(frozen=True, slots=True)
class Tally:
    """What storing came to: items new, changed, unchanged; ids received; records refused, kept as errors."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: int = 0
    ids: frozenset[str] = frozenset()
    refused: tuple[EntryError, ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        """Sum up counts; ids and refused records belong to one batch and are not carried on."""
        return Tally(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.errors + len(other.refused),
        )


@dataclass(slots=True)
class _Change:
    """An item touched by a batch: what was stored of it, under which ids, and what is believed now."""

    before: Believed | None
    after: Believed
    was: list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch comes to: rows to write, ids of items that became another, and the counts."""

    rows: list[Row]
    gone: list[str]
    tally: Tally


def plan(
    fresh: Sequence[Believed], stored: Sequence[Row], now: datetime, final_months: Container[str] = frozenset()
) -> Plan:
    """Merge beliefs into the stored rows that may be the same items, and say what must be written."""
    rows = {row["id"]: row for row in stored}
    changes = _changes(fresh, rows, final_months)
    verdicts = [_verdict(change, rows, now, final_months) for change in changes.values()]
    words = [word for word, _ in verdicts]
    writing = [row for _, row in verdicts if row is not None]
    gone = [was for change in changes.values() for was in change.was if was != change.after.id and was in rows]
    ids = frozenset(belief.id for belief in fresh)
    return Plan(writing, gone, Tally(words.count("new"), words.count("changed"), words.count("unchanged"), ids=ids))


def vector_rows(records: Iterable[PaperRecord], known: Container[str], now: datetime) -> list[Row]:
    """Give the vectors that the recorded month brings, but for items that have one already."""
    return [
        {
            "item_id": record.id,
            "model": MODEL,
            "text_hash": record.vector_of,
            "vector": half_floats(record.vector),
            "made_at": now,
        }
        for record in records
        if record.vector is not None and record.vector_of is not None and record.id not in known
    ]


def believed(records: Iterable[PaperRecord], now: datetime) -> tuple[list[Believed], list[EntryError]]:
    """Believe each record by itself; those that name no item come back as errors, not raised."""
    fresh: list[Believed] = []
    refused: list[EntryError] = []
    for record in records:
        try:
            fresh.append(believe(record, now))
        except RecordError as problem:
            raw = json.dumps(asdict(record), default=str).encode("utf-8", "surrogatepass")
            refused.append(EntryError(problem.message, raw, record.id))
    return fresh, refused


def _changes(fresh: Sequence[Believed], rows: dict[str, Row], final_months: Container[str]) -> dict[str, _Change]:
    """Merge each belief into the item it is about; the result is by the id the item ends up with."""
    stored = {item_id: from_row(row) for item_id, row in rows.items()}
    matcher = Matcher(stored.values())
    changes: dict[str, _Change] = {}
    for belief in fresh:
        known = matcher.find(belief)
        if known is not None and known.id != belief.id and belief.arxiv_id and _frozen(rows, known.id, final_months):
            known = None  # a post in a final issue keeps its name; the paper becomes an item of its own
        change = _merged(belief, known, changes, stored)
        if known is not None and known.id != change.after.id:
            matcher.remove(known.id)
        matcher.add(change.after)
        changes[change.after.id] = change
    return changes


def _merged(
    belief: Believed, known: Believed | None, changes: dict[str, _Change], stored: dict[str, Believed]
) -> _Change:
    if known is None:
        return _Change(None, belief, [])
    earlier = changes.pop(known.id, None)
    before = earlier.before if earlier else stored.get(known.id)
    return _Change(before, join(known, belief), [*(earlier.was if earlier else []), known.id])


def _frozen(rows: dict[str, Row], item_id: str, final_months: Container[str]) -> bool:
    return item_id in rows and rows[item_id]["month"] in final_months


def _verdict(
    change: _Change, rows: dict[str, Row], now: datetime, final_months: Container[str]
) -> tuple[str, Row | None]:
    """Say whether an item is new, changed or unchanged, and give the row to write where anything differs."""
    before, after = change.before, change.after
    old = rows.get(before.id) if before else None
    month = month_for(after, old["month"] if old else None, final_months)
    if old is None:
        return "new", to_row(after, month, now)
    moved = month != old["month"] or bool(changed_fields(before, after))
    if not moved and before == after:
        return "unchanged", None
    return "changed" if moved else "unchanged", to_row(after, month, now if moved else old["updated"])
