"""The people who get the digest or got it: the queries that see their addresses (those of sign-ups: db.signups)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.models import Subscriber
from db.models_mail import Outbox

REFUSED = "refused"  # why somebody is suppressed whose mailbox a mail server said does not exist


def by_keys(session: Session, keys: Collection[str]) -> dict[str, Subscriber]:
    """Find people by the normalised form of their address."""
    rows = session.scalars(select(Subscriber).where(Subscriber.email_key.in_(keys)))
    return {row.email_key: row for row in rows}


def get(session: Session, subscriber_id: int) -> Subscriber | None:
    """Find a person by id, as the database knows them now."""
    return session.get(Subscriber, subscriber_id, populate_existing=True)


def everyone(session: Session, state: str | None = None) -> Sequence[Subscriber]:
    """List people in the order they came, of one state or of all."""
    query = select(Subscriber).order_by(Subscriber.id)
    return session.scalars(query if state is None else query.where(Subscriber.state == state)).all()


def counts(session: Session) -> dict[str, int]:
    """Count people by state."""
    rows = session.execute(select(Subscriber.state, func.count()).group_by(Subscriber.state))
    return {row[0]: row[1] for row in rows}


def refused(session: Session) -> int:
    """Count the people who are suppressed by a mail server's word alone."""
    theirs = (Subscriber.state == "suppressed", Subscriber.state_why == REFUSED)
    return session.scalar(select(func.count()).where(*theirs)) or 0


def add(
    session: Session,
    email: str,
    key: str,
    lang: str,
    wishes: Mapping[str, object],
    consent: tuple[str, datetime | None],
    now: datetime,
) -> Subscriber:
    """Write down a person who agreed to get mail; `wishes` holds stages, topics, labs and minutes.

    `consent` says where they agreed and when; None: now.
    """
    person = Subscriber(
        email=email,
        email_key=key,
        lang=lang,
        state="active",
        consent_source=consent[0],
        consent_at=consent[1] or now,
        created=now,
        **wishes,
    )
    session.add(person)
    session.flush()
    return person


def move(session: Session, person: Subscriber, state: str, now: datetime, why: str | None = None) -> None:
    """Change a person's state, and keep since when and why."""
    person.state, person.state_at, person.state_why = state, now, why
    session.flush()


def erase(session: Session, person: Subscriber) -> None:
    """Delete a person; with the row go their mails, feedback and personal scores (foreign keys)."""
    with overwriting(session):
        session.delete(person)
        session.flush()


@contextmanager
def overwriting(session: Session) -> Iterator[None]:
    """Have SQLite overwrite what is deleted, which else stays readable in its file until the page is used again.

    https://sqlite.org/pragma.html#pragma_secure_delete; PostgreSQL's vacuum does it in its own time.
    """
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    session.execute(text("PRAGMA secure_delete=ON"))
    try:
        yield
    finally:
        session.execute(text("PRAGMA secure_delete=OFF"))


def left_before(session: Session, moment: datetime) -> Sequence[Subscriber]:
    """List the people who left before a moment and have not come back."""
    gone = select(Subscriber).where(Subscriber.state == "left", Subscriber.state_at <= moment)
    return session.scalars(gone.order_by(Subscriber.id)).all()


def mails(session: Session, person: Subscriber) -> Sequence[Outbox]:
    """List the rows of the outbox that are a person's, oldest first."""
    return session.scalars(select(Outbox).where(Outbox.subscriber_id == person.id).order_by(Outbox.id)).all()
