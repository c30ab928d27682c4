"""Sign-ups that wait for their link or for the person to follow it, and the caps on them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from db import holds
from db.models_readers import Allowance, Signup
from db.subscribers import overwriting

LIFE = timedelta(hours=48)  # of a link to confirm; after it the address is deleted
LEASE = timedelta(minutes=10)  # far longer than one message may take


def spend(session: Session, key: str, most: int, window: timedelta, now: datetime) -> bool:
    """Take one of the `most` that `key` may have in a window; False when all are gone.

    One statement decides, so that requests at one instant, in any number of processes, never take more.
    """
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    over = Allowance.began <= now - window
    took = insert(Allowance).values(key=key, began=now, used=1)
    took = took.on_conflict_do_update(
        index_elements=["key"],
        set_={"began": case((over, now), else_=Allowance.began), "used": case((over, 1), else_=Allowance.used + 1)},
        where=or_(over, Allowance.used < most),
    )
    return session.scalar(took.returning(Allowance.used)) is not None


def free_in(session: Session, key: str, window: timedelta, now: datetime) -> timedelta:
    """Tell how long a window that is spent still lasts."""
    began = session.scalar(select(Allowance.began).where(Allowance.key == key))
    return max(began + window - now, timedelta(0)) if began else timedelta(0)


def add(session: Session, now: datetime, **values: Any) -> Signup:
    """Write down a sign-up; its link is due at once. `values` are the columns of an address and its wishes."""
    row = Signup(**values, asked_at=now, due_at=now)
    session.add(row)
    session.flush()
    return row


def take(session: Session, now: datetime) -> Signup | None:
    """Lease the next sign-up whose link is due; None when there is none, or mail is held."""
    if holds.held(session) is not None:
        return None
    query = select(Signup).where(Signup.due_at <= now, Signup.asked_at > now - LIFE).order_by(Signup.id).limit(1)
    row = session.scalars(query.with_for_update(skip_locked=True)).first()
    if row is not None:
        row.attempts, row.due_at = row.attempts + 1, now + LEASE
        session.flush()
    return row


def settle(session: Session, id_: int, attempt: int, due_at: datetime | None) -> bool:
    """Say when the link is due again, None for never; False when another sender has taken the row over."""
    own = and_(Signup.id == id_, Signup.attempts == attempt)
    return _changed(session, update(Signup).where(own).values(due_at=due_at)) == 1


def find(session: Session, id_: int, asked: int, now: datetime) -> Signup | None:
    """Find a sign-up that may still be confirmed, by its id and the second it came in."""
    row = session.get(Signup, id_, populate_existing=True)
    fresh = row is not None and row.asked_at > now - LIFE and int(row.asked_at.timestamp()) == asked
    return row if fresh else None


def use(session: Session, row: Signup) -> bool:
    """Take a sign-up out to confirm it; one statement decides, so that two presses at once count as one."""
    with overwriting(session):
        return _changed(session, delete(Signup).where(Signup.id == row.id)) == 1


def remove(session: Session, id_: int) -> None:
    """Forget one sign-up."""
    with overwriting(session):
        session.execute(delete(Signup).where(Signup.id == id_))


def remove_of(session: Session, email_key: str) -> None:
    """Forget every sign-up of an address."""
    with overwriting(session):
        session.execute(delete(Signup).where(Signup.email_key == email_key))


def of(session: Session, email_key: str) -> Sequence[Signup]:
    """List the sign-ups of an address, oldest first."""
    return session.scalars(select(Signup).where(Signup.email_key == email_key).order_by(Signup.id)).all()


def count(session: Session) -> int:
    """Count the sign-ups not confirmed."""
    return session.scalar(select(func.count()).select_from(Signup)) or 0


def prune(session: Session, now: datetime, window: timedelta) -> int:
    """Delete sign-ups too old to be confirmed, and caps whose window is over; gives how many sign-ups."""
    session.execute(delete(Allowance).where(Allowance.began <= now - window))
    with overwriting(session):
        return _changed(session, delete(Signup).where(Signup.asked_at <= now - LIFE))


def _changed(session: Session, statement: Any) -> int:
    result = session.execute(statement)
    return max(result.rowcount, 0) if isinstance(result, CursorResult) else 0
