"""A filled store, kept aside as rows, to begin from again and again."""

from typing import Any

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from db.models import Base
from tests.faults.conftest import Store

Rows = dict[str, list[dict[str, Any]]]


def keep(store: Store) -> Rows:
    """Read every row of every table."""
    with store.sessions() as session:
        return {
            table.name: [dict(row) for row in session.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }


def restore(store: Store, rows: Rows) -> None:
    """Empty the store and put the rows back, numbers going on after the last."""
    store.empty()
    with store.sessions.begin() as session:
        for table in Base.metadata.sorted_tables:
            if rows[table.name]:
                session.execute(insert(table), rows[table.name])
            if session.get_bind().dialect.name == "postgresql" and "id" in table.c:
                _go_on(session, table)


def _go_on(session: Session, table: Table) -> None:
    """Let the numbers of a table go on after the last, where it has numbers."""
    sequence = session.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', "id")))
    if sequence is not None:
        last = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        session.execute(select(func.setval(sequence, last, False)))
