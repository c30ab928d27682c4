"""Whole databases, table by table: read as one moment saw them, written into an empty one, and compared.

Values travel as the texts, numbers and bytes that drivers take (db.bulk), so that both kinds of database give and take
the same. Full text is not copied: its triggers, or `db.search.fill`, make it anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, Connection, Engine, Integer, MetaData, Table, func, inspect, literal, select, text
from sqlalchemy.orm import Session

from core.errors import RefusedError
from db import bulk, migrate
from db.models import Base

ROWS = 1_000  # read and written at a time
_WHOLE = 1 << 256
_FROM = 17  # digits of the numbers that are written with an exponent

Tuples = list[tuple[Any, ...]]


@dataclass(slots=True)
class Tally:
    """How many rows a table has, and a sum over them that no order of rows changes."""

    rows: int = 0
    total: int = 0

    def add(self, table: Table, tuples: Iterable[tuple[Any, ...]]) -> None:
        """Count rows in: each is hashed, its JSON with the keys in order, and the hashes are added."""
        documents = [isinstance(column.type, JSON) for column in table.columns]
        for row in tuples:
            self.rows += 1
            self.total = (self.total + _hash(row, documents)) % _WHOLE

    def count(self, tuples: Sequence[tuple[Any, ...]]) -> None:
        """Count rows in, and sum nothing."""
        self.rows += len(tuples)

    @property
    def name(self) -> str:
        """Write the sum, 64 digits."""
        return f"{self.total:064x}"


def tables() -> list[Table]:
    """List the tables of the models, parents before those that refer to them."""
    return Base.metadata.sorted_tables


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Open a session that sees the database as it is now, whatever others write meanwhile, and keeps nobody waiting."""
    level = {"shirube_read": True} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**level) as connection, Session(connection) as session:
        yield session


def read(session: Session, table: Table) -> Iterator[Tuples]:
    """Read a table, at most ROWS rows at a time, columns in the order of the model."""
    result = session.execute(select(table).execution_options(yield_per=ROWS))
    for part in result.mappings().partitions(ROWS):
        yield list(bulk.encoded(table, [dict(row) for row in part]))


def tally(session: Session, table: Table) -> Tally:
    """Count and sum a table."""
    found = Tally()
    for part in read(session, table):
        found.add(table, part)
    return found


def write(session: Session, table: Table, tuples: Sequence[tuple[Any, ...]]) -> int:
    """Write rows into a table that holds none of them; gives how many were written."""
    return bulk.write(session, table, list(tuples))


def described(session: Session, name: str, columns: Sequence[str]) -> Table:
    """Describe a table as the database has it now: of an older revision its columns may be others than the model's."""
    known = Base.metadata.tables.get(name)
    if known is not None and tuple(known.columns.keys()) == tuple(columns):
        return known
    found = Table(name, MetaData(), autoload_with=session.connection(), resolve_fks=False)
    return Table(name, MetaData(), *(Column(column, found.columns[column].type) for column in columns))


@contextmanager
def into_empty(connection: Connection, revision: str = "head") -> Iterator[Session]:
    """Open a session on an empty database, made at a revision and brought to the newest when the session ends.

    The connection is that of `db.migrate.locked`, whose end keeps all of it or nothing. Raises RefusedError where the
    database holds something, at whatever revision it is.
    """
    with Session(connection) as session:
        if not is_empty(session):
            raise RefusedError(
                "That database holds something already, and Shirube never overwrites one",
                "Move it away, or name an empty one",
            )
        if migrate.revision(connection):
            migrate.clear(connection)
        migrate.bring(connection, revision)
        yield session
        migrate.bring(connection)
        end(session)


def is_empty(session: Session) -> bool:
    """Tell whether no table of the models holds a row; an older revision lacks some of them, and of others columns."""
    there = set(inspect(session.connection()).get_table_names())
    known = [table for table in tables() if table.name in there]
    return all(session.execute(select(literal(1)).select_from(table).limit(1)).first() is None for table in known)


def end(session: Session) -> None:
    """Have PostgreSQL count on from the numbers that were written; SQLite does so by itself."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in tables():
        key = list(table.primary_key.columns)
        if len(key) == 1 and isinstance(key[0].type, Integer):
            last = select(func.coalesce(func.max(key[0]), 0) + 1).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, key[0].name)
            session.execute(select(func.setval(sequence, last, text("false"))))


def _hash(row: Sequence[Any], documents: Sequence[bool]) -> int:
    values = [_plain(value, document) for value, document in zip(row, documents, strict=True)]
    written = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
    return int.from_bytes(hashlib.sha256(written).digest(), "big")


def _plain(value: Any, document: bool) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value + 0.0
    return json.loads(value, parse_float=_float, parse_int=_int) if document and value is not None else value


def _float(digits: str) -> float:
    """Read a number as both databases keep it: one of them knows no -0.0."""
    return float(digits) + 0.0


def _int(digits: str) -> float:
    """Read a number without a point: PostgreSQL writes the 1e16 of a document so, which is no other number."""
    return int(digits) if len(digits) < _FROM else float(digits)
