"""Copies the database into another, of either kind, and proves that both hold the same."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import RefusedError
from db import copying, migrate
from db.engine import make_engine, make_sessions
from ingest.service import complete_full_text
from shirube.wiring import Wiring

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What was copied: rows by table."""

    rows: dict[str, int]


def move(wiring: Wiring, url: str, progress: Progress = lambda done, total, note: None) -> Moved:
    """Copy everything into the empty database at `url`, and compare every table there with the original.

    The original stays as it is. Raises RefusedError where the other holds something already, is the same, or differs
    afterwards. It is one transaction: whatever fails, or is killed, leaves the other as it was.
    """
    source, target = wiring.engine, make_engine(url)
    if source.url == target.url:
        raise RefusedError("That is the database in use", "Name another one to copy it into")
    with (
        copying.snapshot(source) as old,
        migrate.locked(target) as connection,
        copying.into_empty(connection) as new,
    ):
        moved = Moved(_copied(old, new, progress))
    complete_full_text(make_sessions(target))
    return moved


def _copied(old: Session, new: Session, progress: Progress) -> dict[str, int]:
    """Copy all tables and compare each."""
    tables, rows = copying.tables(), {}
    for number, table in enumerate(tables, 1):
        there = copying.Tally()
        for part in copying.read(old, table):
            there.add(table, part)
            copying.write(new, table, part)
        here = copying.tally(new, table)
        if (here.rows, here.total) != (there.rows, there.total):
            raise RefusedError(f"Table {table.name} differs after copying", "Report it; nothing was kept")
        rows[table.name] = here.rows
        progress(number, len(tables), f" {table.name}")
    return rows
