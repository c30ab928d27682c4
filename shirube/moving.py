"""Copies the database into another, of either kind, and proves that both hold the same."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, make_url

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
    afterwards; then it is emptied again.
    """
    source, target = wiring.engine, make_engine(url)
    if make_url(url) == make_url(wiring.settings.database):
        raise RefusedError("That is the database in use", "Name another one to copy it into")
    if not migrate.is_new(target):
        with copying.snapshot(target) as session:
            if not migrate.at_head(target) or not copying.is_empty(session):
                raise RefusedError("The database named holds something already", "Name an empty one")
    migrate.upgrade(target)
    try:
        moved = Moved(_copied(source, target, progress))
    except BaseException:
        migrate.downgrade(target, "base")
        raise
    complete_full_text(make_sessions(target))
    return moved


def _copied(source: Engine, target: Engine, progress: Progress) -> dict[str, int]:
    """Copy within one snapshot and one transaction, and compare before it is kept."""
    tables, rows = copying.tables(), {}
    with copying.snapshot(source) as old, make_sessions(target).begin() as new:
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
        copying.end(new)
    return rows
