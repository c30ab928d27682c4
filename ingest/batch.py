"""One batch of records, from claims to what must be written: match, merge, compare. Pure: rows in, rows out.

Whatever is stored is read back as what was believed, and the whole is written: so a batch of one and a batch of
thousands come to the same rows. A belief that makes no item stays a note until its paper comes.
"""

import json
from collections.abc import Container, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from core.record import PaperRecord
from ingest.believed import Believed
from ingest.claims import RecordError
from ingest.matching import Matcher
from ingest.merge import believe, changed_fields, month_for
from ingest.rows import Row, from_note, from_row, to_note, to_row
from ingest.source import EntryError
from ingest.sources.recorded import MODEL, half_floats


@dataclass(frozen=True, slots=True)
class Tally:
    """What storing came to: items new, changed, unchanged; ids received; records refused, kept as errors.

    A note about a paper that nobody has named yet makes no item: it counts as unchanged.
    """

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


@dataclass(frozen=True, slots=True)
class Stock:
    """What is stored that a batch may be about: rows of `item` with all that hangs on them, and notes.

    `issued` are the ids among them that a final issue considered.
    """

    rows: Sequence[Row] = ()
    notes: Sequence[Row] = ()
    issued: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Change:
    """An item touched by a batch: what is believed now, and the ids it was known by before."""

    after: Believed
    was: frozenset[str]


@dataclass(slots=True)
class Plan:
    """What a batch comes to: rows to write, items that became another, notes to write, notes used up, counts.

    `gone` tells what the id of each of those items is now. `refiled` are rows that hang on an item, by their table's
    name, whose content stands in another row of it now.
    """

    rows: list[Row] = field(default_factory=list)
    refiled: dict[str, list[Row]] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    notes: list[Row] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def plan(fresh: Sequence[Believed], stock: Stock, now: datetime, final_months: Container[str] = frozenset()) -> Plan:
    """Merge beliefs into what is stored of the same items, and say what must be written."""
    rows = {row["id"]: row for row in stock.rows}
    known = {note["id"]: from_note(note) for note in stock.notes} | {id_: from_row(row) for id_, row in rows.items()}
    frozen = {id_ for id_, row in rows.items() if row["arxiv_id"] is None and id_ in stock.issued}
    made, words = Plan(), list[str]()
    for change in _changes(fresh, known, frozen):
        if change.after.is_note:
            made.notes += [to_note(change.after)] if change.after != known.get(change.after.id) else []
            words.append("unchanged")
            continue
        word, row = _verdict(change, known, rows, now, final_months)
        words.append(word)
        if row is not None:
            made.rows.append(row)
            _refile(made.refiled, rows.get(row["id"]), row)
        made.gone |= {id_: change.after.id for id_ in sorted(change.was & rows.keys()) if id_ != change.after.id}
        made.spent += sorted(id_ for id_ in change.was if id_ in known and id_ not in rows)
    ids = frozenset(belief.id for belief in fresh)
    made.tally = Tally(words.count("new"), words.count("changed"), words.count("unchanged"), ids=ids)
    return made


def vector_rows(records: Iterable[PaperRecord], known: Container[str], now: datetime) -> list[Row]:
    """Give the vectors that the recorded month brings, but for items that have one already."""
    return [
        {
            "item_id": record.id,
            "model": MODEL,
            "text_hash": record.vector_of,
            "vector": half_floats(record.vector),
            "made_at": now,
            "item_updated": now,  # if the record changes nothing of its item, its text is compared once more
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


def _changes(fresh: Sequence[Believed], known: dict[str, Believed], frozen: Container[str]) -> list[_Change]:
    """Unite each belief with what is known of the same item; what hangs together is one change."""
    matcher = Matcher(known.values(), frozen)
    changes: dict[str, _Change] = {}
    for belief in fresh:
        whole, taken = matcher.united(belief)
        was = frozenset[str]()
        for item_id in taken:
            earlier = changes.pop(item_id, None)
            was |= earlier.was if earlier else {item_id}
            if item_id != whole.id:
                matcher.forget(item_id)
        matcher.add(whole)
        changes[whole.id] = _Change(whole, was)
    return list(changes.values())


def _verdict(
    change: _Change, known: dict[str, Believed], rows: dict[str, Row], now: datetime, final_months: Container[str]
) -> tuple[str, Row | None]:
    """Say whether an item is new, changed or unchanged, and give the row to write where anything differs.

    Of several items that prove to be one, the month and the last change are those of the one whose id is kept.
    """
    after = change.after
    stored = sorted(change.was & rows.keys(), key=lambda id_: (id_ != after.id, id_))
    if not stored:
        return "new", to_row(after, month_for(after, None, final_months), now)
    before, old = known[stored[0]], rows[stored[0]]
    month = month_for(after, old["month"], final_months)
    moved = month != old["month"] or bool(changed_fields(before, after))
    if not moved and before == after:
        return "unchanged", None
    return "changed" if moved else "unchanged", to_row(after, month, now if moved else old["updated"])


def _refile(refiled: dict[str, list[Row]], old: Row | None, row: Row) -> None:
    """Note what is stored of a repository in a spelling that another source's took the place of."""
    spelled = {link["url"] for link in row["code"]}
    if old is not None and (others := {link["url"] for link in old["code"]} - spelled):
        for name, subject in (("code", "url"), ("history", "subject")):
            refiled.setdefault(name, []).extend(child for child in old[name] if child[subject] in others)
