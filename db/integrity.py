"""Looks whether a database is whole: its file, its references, its full text (nothing is changed)."""

from sqlalchemy import Connection, Engine, select, text

from db import migrate
from db.models import Base

MOST = 5  # faults of one kind that are told


def faults(engine: Engine) -> list[str]:
    """List what is wrong, in words; nothing where the database is whole. Raises DatabaseError where it cannot be read."""
    with engine.connect().execution_options(shirube_read=True) as connection:
        if migrate.revision(connection) not in migrate.revisions():
            return ["no table of this program is there: run shirube db upgrade"]
        if engine.dialect.name == "sqlite":
            return [*_sqlite(connection), *_unreadable(connection)]
        return [*_postgresql(connection), *_unreadable(connection)]


def _sqlite(connection: Connection) -> list[str]:
    """Ask SQLite itself (https://sqlite.org/pragma.html#pragma_integrity_check)."""
    said = connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})").scalars().all()
    found = [f"the file is damaged: {line}" for line in said if line != "ok"]
    if found:
        return found
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()[:MOST]
    return [f"a row of {row[0]} has lost its row of {row[2]}" for row in orphans]


def _postgresql(connection: Connection) -> list[str]:
    """Ask for indexes that cannot be used; PostgreSQL checks pages as it reads them."""
    broken = text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready) ORDER BY 1")
    return [f"index {name} cannot be used: REINDEX it" for name in connection.scalars(broken)]


def _unreadable(connection: Connection) -> list[str]:
    """Read every row of every table once, without keeping any."""
    for table in Base.metadata.sorted_tables:
        for part in connection.execute(select(table).execution_options(yield_per=1_000)).partitions():
            del part
    return []
