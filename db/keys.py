"""The keys of the API: their queries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from db.models_keys import ApiKey

USE_NOTED = timedelta(hours=1)  # so that a busy key does not write at every request


def add(session: Session, prefix: str, hash_: str, name: str, scopes: Sequence[str], now: datetime) -> None:
    """Write a new key down."""
    session.add(ApiKey(prefix=prefix, hash=hash_, name=name, scopes=list(scopes), created=now))
    session.flush()


def find(session: Session, prefix: str) -> ApiKey | None:
    """Find a key by its prefix, revoked or not."""
    return session.get(ApiKey, prefix)


def everyone(session: Session) -> Sequence[ApiKey]:
    """List all keys, oldest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created, ApiKey.prefix)).all()


def revoke(session: Session, prefix: str, now: datetime) -> bool:
    """Make a key worthless; False where there is none, or it was revoked before."""
    open_ = update(ApiKey).where(ApiKey.prefix == prefix, ApiKey.revoked.is_(None))
    result = session.execute(open_.values(revoked=now))
    return isinstance(result, CursorResult) and result.rowcount > 0


def use_is_stale(row: ApiKey, now: datetime) -> bool:
    """Tell whether the last use of a key is noted too long ago to leave it so."""
    return row.last_used is None or row.last_used <= now - USE_NOTED


def note_use(session: Session, prefix: str, now: datetime) -> None:
    """Note that a key was used, unless that was done within the hour."""
    stale = or_(ApiKey.last_used.is_(None), ApiKey.last_used <= now - USE_NOTED)
    session.execute(update(ApiKey).where(ApiKey.prefix == prefix, stale).values(last_used=now))
