"""Insert or update many rows at once, the same on SQLite and PostgreSQL, touching only rows that really differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import FromClause, Table, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

Row = Mapping[str, Any]
Value = TypeVar("Value")
BATCH = 2_000  # rows in one executemany call


def upsert(
    session: Session, table: FromClause, rows: Sequence[Row], *, keep: Iterable[str] = (), keys: Iterable[str] = ()
) -> int:
    """Insert rows, or update those whose key is known and whose values differ; gives the number of rows written.

    `keys` are the columns of the unique constraint that tells rows apart (default: the primary key).
    Every row must have the same keys. Columns in `keep` are written at insertion and never changed afterwards.
    Rows go through executemany, one statement each, so that no parameter limit applies.
    """
    if not rows:
        return 0
    unique = list(keys) or [column.name for column in _table(table).primary_key]
    statement = _statement(session, _table(table), sorted(rows[0].keys() - set(unique) - set(keep)), unique)
    written = 0
    for batch in chunks(rows, BATCH):
        result = session.execute(statement, list(batch), execution_options={"preserve_rowcount": True})
        written += _rowcount(result)
    return written


def chunks(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Cut values into lists of at most `size`."""
    iterator = iter(values)
    while part := list(islice(iterator, size)):
        yield part


def _statement(session: Session, table: Table, moving: Sequence[str], keys: Sequence[str]) -> Any:
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table)
    if not moving:
        return statement.on_conflict_do_nothing(index_elements=keys)
    differs = or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in moving))
    new = {name: statement.excluded[name] for name in moving}
    return statement.on_conflict_do_update(index_elements=keys, set_=new, where=differs)


def _table(table: FromClause) -> Table:
    if not isinstance(table, Table):
        raise TypeError(f"{table!r} is no table")
    return table


def _rowcount(result: Any) -> int:
    return max(result.rowcount, 0) if isinstance(result, CursorResult) else 0
