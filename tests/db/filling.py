"""Rows for every table, made from the models alone: a table that is added tomorrow is filled as well.

Keys are told apart by the number of the row, references lead to the row of the same number, a CHECK gives its choices
in turn, and of what may be empty the last row is empty.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session

from db import bulk
from db.models import Base
from db.types import UTCDateTime

ROWS = 3
_CHOICES = re.compile(r"^(\w+) IN \((.+)\)$")
_SINGLE = re.compile(r"^(\w+) = (\d+)$")
_BETWEEN = re.compile(r"^(\w+) BETWEEN (-?\d+) AND (-?\d+)$")
_DAY = datetime(2026, 3, 1, 12, 30, 15, 123_456, tzinfo=UTC)


def fill(session: Session, rows: int = ROWS) -> dict[str, int]:
    """Write some rows into every table of the models; gives how many each has."""
    for table in Base.metadata.sorted_tables:
        written = [_row(table, number) for number in range(1, 1 + (1 if _is_single(table) else rows))]
        assert bulk.insert(session, table, written) == len(written), table.name
    counted = {table: select(func.count()).select_from(table) for table in Base.metadata.sorted_tables}
    return {table.name: session.execute(query).scalar_one() for table, query in counted.items()}


def _row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: Column[Any], number: int) -> Any:
    if column.foreign_keys:
        return _value(next(iter(column.foreign_keys)).column, number)
    if column.nullable and number == ROWS:
        return None
    if allowed := _allowed(column.table).get(column.name):
        return allowed[number % len(allowed)]
    return _plain(column, number)


def _plain(column: Column[Any], number: int) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return _document(column, number)
    made: list[tuple[type, Any]] = [
        (UTCDateTime, _DAY + timedelta(days=number)),
        (Date, date(2026, 3, 1) + timedelta(days=number)),
        (Boolean, number % 2 == 0),
        (Float, number / 7),
        (Integer, number),
        (LargeBinary, bytes([0, 255, number])),
        (String, f"{number} {column.name} né $x$ 標"[: getattr(kind, "length", None)]),
    ]
    return next(value for wanted, value in made if isinstance(kind, wanted))


def _document(column: Column[Any], number: int) -> Any:
    values = {"name": f'Ánna {number} "O\'Hara"', "share": number / 7, "count": number, "none": None}
    return [values, {"name": "second"}] if _is_list(column) else values


def _is_list(column: Column[Any]) -> bool:
    """Tell by the annotation of the model whether a document is a list; on PostgreSQL authors must be one."""
    hint = _hints(_owner(column.table.name))[column.name]
    (inner,) = get_args(hint)
    return any(get_origin(kind) is list for kind in (inner, *get_args(inner)))


@cache
def _hints(model: type) -> Mapping[str, Any]:
    return {name: hint for name, hint in get_type_hints(model).items() if get_origin(hint) is Mapped}


@cache
def _owner(name: str) -> type:
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table.name == name)  # type: ignore[attr-defined]


def _is_single(table: Table) -> bool:
    return any(_SINGLE.match(said) for said in _checks(table))


def _checks(table: Table) -> list[str]:
    return [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]


def _allowed(table: Table) -> dict[str, list[Any]]:
    """Read the CHECKs: a choice, one number, a span; one of another form must be taught here."""
    found: dict[str, list[Any]] = {}
    for said in _checks(table):
        if one := _CHOICES.match(said):
            found[one[1]] = re.findall(r"'([^']*)'", one[2])
        elif one := _SINGLE.match(said):
            found[one[1]] = [int(one[2])]
        elif one := _BETWEEN.match(said):
            found[one[1]] = [float(one[2]), 0.25, float(one[3])]
        else:
            raise ValueError(f"{table.name} has a CHECK of a form not known here: {said}")
    return found
