"""Looks whether a database is whole: its file, its references, its full text (nothing is changed)."""

import re

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db import migrate, search
from db.models import Base

MOST = 5  # faults of one kind that are told
# What reading a cell raises that is no number, moment, JSON or UTF-8; the last also for much else: see fault.
UNREADABLE = (ValueError, TypeError, DBAPIError)
# What sqlite3 says (https://github.com/python/cpython/blob/main/Modules/_sqlite/cursor.c).
_DAMAGED = re.compile(r"Could not decode to UTF-8 column '(\w+)'")


def faults(engine: Engine) -> list[str]:
    """List what is wrong, in words; nothing where it is whole. Raises DatabaseError where it cannot be read."""
    with engine.connect().execution_options(shirube_read=True) as connection:
        if migrate.revision(connection) not in migrate.revisions():
            return ["no table of this program is there: run shirube db upgrade"]
        if lost := _missing(connection):
            return lost
        found = _sqlite(connection) if engine.dialect.name == "sqlite" else _postgresql(connection)
        with Session(connection) as session:
            return [*found, *_unreadable(connection), *search.check(session, deep=False)]


def fault(problem: Exception) -> str:
    """Say what is wrong with a cell that could not be read; raises the error again where it is not about a cell.

    SQLite repeats a text that is damaged, which may be anybody's address: only its column is told.
    """
    if not isinstance(problem, DBAPIError):
        return str(problem)
    column = _DAMAGED.search(str(problem.orig))
    if column is None:
        raise problem
    return f"a text is damaged in column {column[1]}"


def missing(engine: Engine) -> list[str]:
    """Name the tables that a database at the newest revision should have and has not; nothing where none is lost."""
    with engine.connect().execution_options(shirube_read=True) as connection:
        return _missing(connection)


def damage(engine: Engine) -> list[str]:
    """Name the first page of an SQLite file that is damaged; nothing where none is. It reads the whole file.

    It leaves out what takes long (https://sqlite.org/pragma.html#pragma_quick_check); PostgreSQL checks what it reads.
    """
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect().execution_options(shirube_read=True) as connection:
        said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
    return [f"the file is damaged: {' '.join(line.split())}" for line in said if line != "ok"]


def _missing(connection: Connection) -> list[str]:
    there = set(inspect(connection).get_table_names())
    due = [*(table.name for table in Base.metadata.sorted_tables), *search.TABLES[connection.dialect.name]]
    return [f"the table {name} is missing" for name in due if name not in there]


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
    """Read every row of every table once, without keeping any; a damaged cell may be no number, moment or JSON."""
    found = []
    for table in Base.metadata.sorted_tables:
        try:
            for part in connection.execute(select(table).execution_options(yield_per=1_000)).partitions():
                del part
        except UNREADABLE as problem:
            found.append(f"a row of {table.name} cannot be read: {fault(problem)}")
    return found
