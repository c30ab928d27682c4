"""The people who asked for the digest: the only queries that see an address."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Subscriber


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


def add(
    session: Session, email: str, key: str, lang: str, wishes: dict[str, object], source: str, now: datetime
) -> Subscriber:
    """Write down a person who agreed to get mail; `wishes` holds stages, topics, labs and minutes."""
    person = Subscriber(
        email=email,
        email_key=key,
        lang=lang,
        state="active",
        consent_source=source,
        consent_at=now,
        created=now,
        **wishes,
    )
    session.add(person)
    session.flush()
    return person
