"""Many new rows at once: past the ORM, past SQLAlchemy's handling of single values, and for PostgreSQL by COPY.

The stored bytes are those that the ordinary way writes (db.upsert); only the way there is shorter. Values are turned
into what both drivers take, column by column. Nothing here updates a row.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Boolean, Column, ColumnElement, Date, Table, Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.models import Alias, Imported, Item, Note
from db.types import UTCDateTime
from db.upsert import Row

_TAKEN = "23505"  # unique_violation (https://www.postgresql.org/docs/current/errcodes-appendix.html)
_ITEM: Table = Item.__table__  # type: ignore[assignment]
_ALIAS: Table = Alias.__table__  # type: ignore[assignment]
_IMPORTED: Table = Imported.__table__  # type: ignore[assignment]


class Known:
    """What of a batch is known already: ids, and DOIs and folded titles that may be a post's."""

    def __init__(self, ids: Iterable[str], dois: Iterable[str], titles: Iterable[str]) -> None:
        self._ids, self._dois, self._titles = frozenset(ids), frozenset(dois), frozenset(titles)

    def has(self, item_id: str, doi: str | None, folded_title: str) -> bool:
        """Tell whether a paper may be an item that is stored."""
        return item_id in self._ids or doi in self._dois or folded_title in self._titles


def insert(session: Session, table: Table, rows: Sequence[Row]) -> int:
    """Insert rows whose keys are new; rows whose key is stored are left as they are. Gives the number inserted.

    Every row must hold all columns of the table; what else it holds is passed over.
    """
    return write(session, table, list(encoded(table, rows)))


def encoded(table: Table, rows: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
    """Turn rows into tuples in the order of the table's columns, of what a driver takes: texts, numbers, bytes."""
    if not rows:
        return iter(())
    names = table.columns.keys()
    columns = zip(*map(itemgetter(*names, names[0]), rows), strict=True)  # one more: of a single one it makes no tuple
    texts = (_texts(column, values) for column, values in zip(table.columns, columns, strict=False))
    return zip(*texts, strict=True)


def write(session: Session, table: Table, tuples: Sequence[tuple[Any, ...]]) -> int:
    """Insert what `encoded` made; gives the number inserted."""
    if not tuples:
        return 0
    return (_executemany if session.get_bind().dialect.name == "sqlite" else _copy)(session, table, tuples)


def make_room(session: Session) -> None:
    """Let SQLite hold more of its indexes in memory on this connection; it begins with 2 MB."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA cache_size = -32768"))


def known(session: Session, ids: Sequence[str], dois: Iterable[str], titles: Iterable[str]) -> Known:
    """Look up what new papers may already be known by: their ids, and what posts (no arXiv id) are told by."""
    posts = select(_ITEM.c.id).where(_ITEM.c.arxiv_id.is_(None)).limit(1)
    found = _found(session, _ITEM.c.id, ids) | _found(session, Note.id, ids)
    renamed = _found(session, _ALIAS.c.value, ids, _ALIAS.c.kind == "id")
    if session.execute(posts).first() is None:
        return Known(found | renamed, frozenset(), frozenset())
    of_posts = _ITEM.c.arxiv_id.is_(None)
    return Known(
        found | renamed,
        _found(session, _ITEM.c.doi, dois, of_posts) | _found(session, _ALIAS.c.value, dois, _ALIAS.c.kind == "doi"),
        _found(session, _ITEM.c.folded_title, titles, of_posts)
        | _found(session, _ALIAS.c.value, titles, _ALIAS.c.kind == "title"),
    )


def imported(session: Session, ids: Iterable[str]) -> set[tuple[str, int]]:
    """Give the digests of the lines that these items were read from."""
    query = select(_IMPORTED.c.item_id, _IMPORTED.c.digest).where(_among(session, _IMPORTED.c.item_id, ids))
    return {(row[0], row[1]) for row in session.execute(query)}


def remember(session: Session, lines: Iterable[tuple[str, int]]) -> None:
    """Note from which lines (item, digest) items were read."""
    write(session, _IMPORTED, list(lines))


def _found(session: Session, column: Any, values: Iterable[str], *conditions: Any) -> set[str]:
    wanted = list(values)
    if not wanted:
        return set()
    return set(session.scalars(select(column).where(_among(session, column, wanted), *conditions)))


def _among(session: Session, column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """Make a condition of thousands of values that is one parameter, so that the statement stays the same."""
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        found: ColumnElement[bool] = column.in_(select(listed.c.value))
    else:
        found = column == func.any(cast(list(values), ARRAY(Text)))
    return found


def _texts(column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Write the values of a column as a driver takes them."""
    kind = column.type
    if isinstance(kind, JSON):
        return _documents(values)
    if isinstance(kind, UTCDateTime):
        return [None if value is None else _moment(value) for value in values]
    if isinstance(kind, Date):
        return [None if value is None else date.isoformat(value) for value in values]
    if isinstance(kind, Boolean):
        return [None if value is None else int(value) for value in values]
    return values


@lru_cache(16_384)
def _moment(moment: datetime) -> str:
    """Write a moment as SQLAlchemy does for SQLite, in UTC; PostgreSQL reads it, once told that it is UTC."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone cannot be stored: {moment!r}")
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:26]


_dumps = json.JSONEncoder().encode  # as SQLAlchemy's own


def _documents(values: Sequence[Any]) -> list[str]:
    """Write JSON; one value that many rows share is written once."""
    distinct = {id(value): value for value in values}
    texts = dict(zip(distinct, _dumped(list(distinct.values())), strict=True))
    return [texts[id(value)] for value in values]


def _dumped(values: list[Any]) -> list[str]:
    """Write values as one list, which is sooner done than one by one, and cut it where one ends and the next begins.

    Between two lists stands `], [`. Where it stands within a value too, there are too many parts, and nothing is cut.
    """
    seams: dict[type, str] = {list: "], [", dict: "}, {"}
    kinds: set[type] = set(map(type, values))
    seam = seams.get(kinds.pop()) if len(kinds) == 1 else None
    parts = _dumps(values)[2:-2].split(seam) if seam else []
    if seam is None or len(parts) != len(values):
        return [_dumps(value) for value in values]
    return [f"{seam[-1]}{part}{seam[0]}" for part in parts]


def _executemany(session: Session, table: Table, tuples: Sequence[tuple[Any, ...]]) -> int:
    marks = ", ".join("?" * len(table.columns))
    statement = f"INSERT INTO {_quoted(table.name)} ({_listed(table)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    options = {"preserve_rowcount": True}
    result = session.connection().exec_driver_sql(statement, list(tuples), execution_options=options)
    return max(result.rowcount, 0)


def _copy(session: Session, table: Table, tuples: Sequence[tuple[Any, ...]]) -> int:
    """Copy straight into the table; where a key proves to be known, by a stage. Names are those of our own tables."""
    columns, name = _listed(table), _quoted(table.name)
    session.execute(text("SET LOCAL timezone = 'UTC'"))
    session.execute(text("SAVEPOINT copying"))
    try:
        _copy_to(session, f"{name} ({columns})", tuples)
    except Exception as problem:
        if getattr(problem, "sqlstate", None) != _TAKEN:
            raise
        session.execute(text("ROLLBACK TO SAVEPOINT copying"))
        return _by_stage(session, table.name, columns, tuples)
    session.execute(text("RELEASE SAVEPOINT copying"))
    return len(tuples)


def _copy_to(session: Session, target: str, tuples: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = session.connection().connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in tuples:
            copy.write_row(row)


def _by_stage(session: Session, name: str, columns: str, tuples: Sequence[tuple[Any, ...]]) -> int:
    """Copy to a table of this connection and insert from there what is new."""
    kept = _quoted(name)
    session.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS stage_{name} (LIKE {kept}) ON COMMIT DELETE ROWS"))
    _copy_to(session, f"stage_{name} ({columns})", tuples)
    added = f"INSERT INTO {kept} ({columns}) SELECT {columns} FROM stage_{name} ON CONFLICT DO NOTHING"  # noqa: S608
    result: Any = session.execute(text(added))
    session.execute(text(f"TRUNCATE stage_{name}"))
    return int(result.rowcount)


def _quoted(name: str) -> str:
    """Write a name that is a word of SQL, such as `window`, as a name."""
    return f'"{name}"'


def _listed(table: Table) -> str:
    return ", ".join(map(_quoted, table.columns.keys()))
