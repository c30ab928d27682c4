"""Calls of the webhook: one row per issue, written with it and told until it is taken (docs/mail.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from db import holds
from db.models_mail import Notice

LEASE = timedelta(minutes=5)  # far longer than one call may take


def add(session: Session, id_: str, month: str, body: str, now: datetime) -> None:
    """Write down that an issue is to be told of, at once."""
    session.add(Notice(id=id_, month=month, body=body, state="waiting", created=now, due_at=now))
    session.flush()


def take(session: Session, now: datetime) -> Notice | None:
    """Choose the next call that is due, which no other sender then chooses; None when there is none or mail is held."""
    if holds.held(session) is not None:
        return None
    waiting = select(Notice).where(Notice.state == "waiting", Notice.due_at <= now).order_by(Notice.month).limit(1)
    notice = session.scalars(waiting.with_for_update(skip_locked=True)).first()
    if notice is not None:
        notice.attempts, notice.due_at = notice.attempts + 1, now + LEASE
        session.flush()
    return notice


def settle(session: Session, id_: str, attempt: int, **values: object) -> bool:
    """Write down how an attempt ended; False when another sender has taken the call over."""
    own = and_(Notice.id == id_, Notice.state == "waiting", Notice.attempts == attempt)
    result = session.execute(update(Notice).where(own).values(**values))
    return isinstance(result, CursorResult) and result.rowcount == 1


def latest(session: Session, month: str | None = None, limit: int = 12) -> Sequence[Notice]:
    """List calls, the newest issue first."""
    query = select(Notice).order_by(Notice.month.desc()).limit(limit)
    return session.scalars(query if month is None else query.where(Notice.month == month)).all()
