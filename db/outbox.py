"""The outbox: one row per person and issue, and the only steps a row may take (reliability.md, 2).

queued -> sending (leased) -> sent | retry (certainly not delivered) | failed | unknown (perhaps delivered);
skipped: the person left before the lease was taken.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from db.models import Outbox, Subscriber

LEASE = timedelta(minutes=10)  # far longer than one message may take


def fill(session: Session, month: str, now: datetime, message_id: Callable[[int], str]) -> int:
    """Write a row for every active person who has none for this issue; gives how many were written.

    `message_id` names the message to a person, by the person's id, for ever.
    """
    has_one = exists().where(Outbox.month == month, Outbox.subscriber_id == Subscriber.id)
    query = select(Subscriber.id).where(Subscriber.state == "active", ~has_one).order_by(Subscriber.id)
    wanted = session.scalars(query).all()
    session.add_all(
        Outbox(month=month, subscriber_id=id_, message_id=message_id(id_), state="queued", created=now)
        for id_ in wanted
    )
    session.flush()
    return len(wanted)


def take(session: Session, now: datetime, resend: bool) -> tuple[Outbox, Subscriber] | None:
    """Lease the next row that may be sent now, with its person; None when there is none.

    The person is read again in this transaction: who left gets nothing more. A row whose lease ran out after its
    message was begun is `unknown`, and sent again only with `resend`.
    """
    while row := session.scalars(_due(now, resend)).first():
        if _perhaps_delivered(row) and not resend:
            row.state, row.retry_at, row.lease_until = "unknown", now, None
            row.error = "the sender stopped before a reply came"
        elif (person := _active(session, row.subscriber_id)) is None:
            row.state, row.lease_until = "skipped", None
        else:
            row.state, row.attempts, row.lease_until, row.retry_at = "sending", row.attempts + 1, now + LEASE, None
            session.flush()
            return row, person
        session.flush()
    return None


def _due(now: datetime, resend: bool) -> Select[Outbox]:
    again = ("retry", "unknown") if resend else ("retry",)
    waiting = or_(
        Outbox.state == "queued",
        and_(Outbox.state.in_(again), Outbox.retry_at <= now),
        and_(Outbox.state == "sending", Outbox.lease_until <= now),
    )
    # PostgreSQL: two senders never wait for each other's row. SQLite has one writer and ignores the clause.
    return select(Outbox).where(waiting).order_by(Outbox.id).limit(1).with_for_update(skip_locked=True)


def _perhaps_delivered(row: Outbox) -> bool:
    """Tell whether a row's last attempt ended, without a word, after its message was begun."""
    if row.state != "sending" or row.data_started_at is None or row.lease_until is None:
        return False
    return row.data_started_at >= row.lease_until - LEASE


def _active(session: Session, subscriber_id: int) -> Subscriber | None:
    query = select(Subscriber).where(Subscriber.id == subscriber_id, Subscriber.state == "active")
    return session.scalars(query.execution_options(populate_existing=True)).first()


def start_data(session: Session, row_id: int, attempt: int, now: datetime, body_hash: str) -> bool:
    """Note that the message is about to be written; False when another sender has taken the row over."""
    return _step(session, row_id, attempt, data_started_at=now, body_hash=body_hash)


def settle(session: Session, row_id: int, attempt: int, **values: object) -> bool:
    """Write down how an attempt ended and give the lease back; False when the row is no longer this sender's."""
    return _step(session, row_id, attempt, lease_until=None, **values)


def _step(session: Session, row_id: int, attempt: int, **values: object) -> bool:
    # The attempt's number is the fencing token: a sender that was paused past its lease changes nothing.
    own = and_(Outbox.id == row_id, Outbox.state == "sending", Outbox.attempts == attempt)
    result = session.execute(update(Outbox).where(own).values(**values))
    return isinstance(result, CursorResult) and result.rowcount == 1


def counts(session: Session, month: str | None = None) -> dict[str, int]:
    """Count the rows of an issue, or of all, by state."""
    query = select(Outbox.state, func.count()).group_by(Outbox.state)
    rows = session.execute(query if month is None else query.where(_of(month)))
    return {row[0]: row[1] for row in rows}


def finished(session: Session, month: str) -> bool:
    """Tell whether no row of an issue waits for anything more; computed from the rows, never remembered."""
    open_ = or_(
        Outbox.state.in_(("queued", "sending", "retry")), and_(Outbox.state == "unknown", Outbox.retry_at.is_not(None))
    )
    return not session.scalar(select(func.count()).where(_of(month), open_))


def troubled(session: Session, limit: int = 100) -> list[Outbox]:
    """List the rows a person should look at: failed or unknown, newest first."""
    query = select(Outbox).where(Outbox.state.in_(("failed", "unknown"))).order_by(Outbox.id.desc()).limit(limit)
    return list(session.scalars(query))


def _of(month: str) -> ColumnElement[bool]:
    return Outbox.month == month
