"""Addresses that must not be written to, known by a keyed hash alone."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from db.models_readers import Suppression


def reasons(session: Session, hashes: Collection[str]) -> dict[str, str]:
    """Find which of some hashes are suppressed, and why: hash -> reason."""
    rows = session.execute(select(Suppression.hash, Suppression.reason).where(Suppression.hash.in_(hashes)))
    return {row[0]: row[1] for row in rows}


def add(session: Session, hash_: str, reason: str, now: datetime) -> None:
    """Remember an address by its hash; the newest reason counts."""
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    values = {"reason": reason, "created": now}
    statement = insert(Suppression).values(hash=hash_, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["hash"], set_=values))


def remove(session: Session, hashes: Collection[str]) -> bool:
    """Forget that an address must not be written to; False when it was not known."""
    result = session.execute(delete(Suppression).where(Suppression.hash.in_(hashes)))
    return isinstance(result, CursorResult) and result.rowcount > 0


def counts(session: Session) -> dict[str, int]:
    """Count the hashes by reason."""
    rows = session.execute(select(Suppression.reason, func.count()).group_by(Suppression.reason))
    return {row[0]: row[1] for row in rows}
