"""Everything a database holds, as plain values, to hold two stores against each other and to show where they differ.

Left out, because they tell of the harvest and not of what was harvested:
- `window.attempts`: how often a window was read; an interrupted reading is one more.
- `window.stored` and `window.unchanged`: what a reading found stored already depends on the readings before it.
- the tables `place` and `job_run`: whose turn it is and who ran what, by the machine's clock.
- numbers that name rows (`window.id`, `ingest_error.id`, `outbox.id`): a rolled-back row uses one up. A window is
  named by its days.
The columns of the clock (`checked_at`, `closed_at`, `first_seen`, `updated`, ...) stay: the hour stands still in these
tests. Where it does not, `CLOCK` names those that say when a window was looked at and when a fact was last heard; who
is believed for which fact stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from db.engine import Sessions, reading
from db.models import Base, Window

LEFT_OUT = {
    "window": frozenset({"id", "attempts", "stored", "unchanged"}),
    "ingest_error": frozenset({"id", "window_id"}),
    "outbox": frozenset({"id"}),
}
TABLES_LEFT_OUT = frozenset({"place", "job_run"})
CLOCK = frozenset(
    {
        "window.checked_at",
        "item.provenance",
        "item.votes_at",
        "code.checked_at",
        "evidence.seen_at",
        "ingest_error.seen_at",
    }
)

State = dict[str, list[str]]  # table -> its rows as text, sorted


def state(sessions: Sessions, also_without: Collection[str] = ()) -> State:
    """Read every row of every table but for the columns left out; `also_without` names further ones."""
    found: State = {}
    with reading(sessions) as session:
        for table, names, spans in _tables(session, also_without):
            found[table.name] = sorted(_line(row, names, spans) for row in session.execute(select(table)).mappings())
    return found


def fingerprint(sessions: Sessions, also_without: Collection[str] = ()) -> str:
    """Hash the same rows and columns of a large database, a row at a time; only stores of one kind can be compared."""
    digest = hashlib.sha256()
    with reading(sessions) as session:
        for table, names, spans in _tables(session, also_without):
            query = select(table).order_by(*table.primary_key).execution_options(yield_per=500)
            for row in session.execute(query).mappings():
                digest.update(f"{table.name} {_line(row, names, spans)}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def differences(one: State, other: State) -> list[str]:
    """List the rows that only one of two states has: `-` of the first, `+` of the second."""
    lines: list[str] = []
    for table in one:
        lines += [f"- {table}: {row}" for row in one[table] if row not in other[table]]
        lines += [f"+ {table}: {row}" for row in other[table] if row not in one[table]]
    return lines


def _tables(session: Session, also_without: Collection[str]) -> Iterator[tuple[Table, list[str], dict[int, str]]]:
    """Give each table with the columns that count, and what the windows' numbers stand for."""
    spans = {w.id: f"{w.source} {w.channel} {w.from_day}" for w in session.scalars(select(Window))}
    for table in Base.metadata.sorted_tables:
        left_out = LEFT_OUT.get(table.name, frozenset())
        names = [c.name for c in table.c if c.name not in left_out and f"{table.name}.{c.name}" not in also_without]
        if table.name not in TABLES_LEFT_OUT:
            yield table, names, spans


def _line(row: Any, names: Collection[str], spans: dict[int, str]) -> str:
    values = {name: row[name] for name in names}
    if "window_id" in row:
        values["window"] = spans[row["window_id"]]
    if "provenance" in row:
        values["believed"] = {name: said[0] for name, said in row["provenance"].items()}
    return json.dumps(values, sort_keys=True, default=repr, ensure_ascii=False)
