"""The outbox: one row per person and issue, and the only steps a row may take (reliability.md, 2).

queued -> sending (leased) -> sent | retry (certainly not delivered) | failed | unknown (perhaps delivered);
skipped: the person left before the lease was taken, or a newer issue is mailed by now. A domain has a row of its own
while mail to it must wait.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from core.text import text_hash
from db import holds, subscribers
from db.models import Subscriber
from db.models_mail import MailDomain, Outbox
from db.upsert import upsert

LEASE = timedelta(minutes=10)  # far longer than one message may take
DOUBT = "this may be the relay's own fault: "  # so the reason of a mail begins whose refusal was not believed
GIVEN_UP = "given up by the operator"  # so it begins where a person said that a mail is sent no more
MOST_SILENCES = 2  # after so many attempts without an answer a person decides: each could be one more copy
WAITING = ("queued", "sending", "retry")
_UNIQUE = {"month", "subscriber_id"}
_DIED = "the sender stopped before a reply came"


def domain_of(email: str) -> str:
    """Name the domain of an address by a hash: enough to pace mails by, and no part of an address beside a row."""
    return text_hash(email.rpartition("@")[2].casefold())


def fill(session: Session, month: str, now: datetime, message_id: Callable[[int], str]) -> int:
    """Write a row for every active person who has none for this issue; gives how many were written.

    `message_id` names the message to a person, by the person's id, for ever.
    """
    wanted = session.execute(_without_row(month).with_only_columns(Subscriber.id, Subscriber.email)).all()
    rows = [
        {
            "month": month,
            "subscriber_id": id_,
            "message_id": message_id(id_),
            "domain": domain_of(email),
            "state": "queued",
            "created": now,
        }
        for id_, email in wanted
    ]
    # Two senders may fill at once: the second leaves the rows of the first as they are.
    return upsert(session, Outbox.__table__, rows, keys=_UNIQUE, keep=rows[0].keys() - _UNIQUE) if rows else 0


def supersede(session: Session, month: str, now: datetime) -> None:
    """Let nothing of an older issue leave beside this one; what may have arrived stays unknown, a lease that holds is
    left alone.
    """
    older = Outbox.month < month
    ran_out = and_(Outbox.state == "sending", Outbox.lease_until <= now)
    begun = and_(ran_out, Outbox.data_started_at.is_not(None))
    unknown = {"state": "unknown", "error": _DIED, "silences": Outbox.silences + 1}
    session.execute(update(Outbox).where(older, begun).values(lease_until=None, **unknown))
    session.execute(update(Outbox).where(older, Outbox.state == "unknown").values(retry_at=None))
    skipped = {"state": "skipped", "error": f"superseded by the issue of {month}"}
    waits = or_(Outbox.state.in_(("queued", "retry")), ran_out)
    session.execute(update(Outbox).where(older, waits).values(lease_until=None, retry_at=None, **skipped))


def newest(session: Session) -> str | None:
    """Name the newest issue that has a row."""
    return session.scalar(select(func.max(Outbox.month)))


def people_without_row(session: Session, month: str) -> list[Subscriber]:
    """List the active people for whom `fill` would write a row."""
    return list(session.scalars(_without_row(month)))


def _without_row(month: str) -> Select[Subscriber]:
    has_one = exists().where(Outbox.month == month, Outbox.subscriber_id == Subscriber.id)
    # Whose last mails were refused and not believed comes first: others follow who are taken or not, and that decides.
    doubted = exists().where(Outbox.subscriber_id == Subscriber.id, Outbox.state == "failed", _doubted())
    people = select(Subscriber).where(Subscriber.state == "active", ~has_one)
    return people.order_by(doubted.desc(), Subscriber.id)


def people_waiting(session: Session, month: str, now: datetime, resend: bool) -> list[tuple[Outbox, Subscriber]]:
    """List the rows of an issue that may be sent now, with their people; nobody's lease is taken."""
    query = select(Outbox, Subscriber).join(Subscriber, Subscriber.id == Outbox.subscriber_id)
    mine = (_of(month), _waiting(now), Subscriber.state == "active")
    rows = session.execute(query.where(*mine).order_by(Outbox.id)).all()
    return [(row, person) for row, person in rows if resend or row.state != "unknown"]


def take(
    session: Session, now: datetime, resend: bool, pause: timedelta = timedelta(), *, doubted_first: bool = False
) -> tuple[Outbox, Subscriber] | None:
    """Lease the next row that may be sent now, with its person; None when there is none.

    The person is read again in this transaction: who left or was suppressed gets nothing more. Of an issue older than
    the newest one that is mailed nothing is sent, though another sender held the row when that began. A row whose lease
    ran out after its message was begun becomes `unknown`, and is sent again only with `resend`. `pause` is kept between
    two mails to one domain, over all senders. While mail is held there is none. What was doubted comes after all
    others; `doubted_first`: before them, whether its wait is over or not.
    """
    if holds.held(session) is not None:
        return None
    latest = newest(session)
    while row := _chosen(session, now, doubted_first):
        if latest is not None and row.month < latest:
            supersede(session, latest, now)
        elif row.state == "sending" and row.data_started_at is not None:
            doubt(row, now if resend else None)
        elif row.state == "unknown" and not resend:
            row.retry_at = None
        elif (person := _active(session, row.subscriber_id)) is None:
            row.state, row.lease_until = "skipped", None
        elif not pause or _claim(session, row.domain, now, now + pause):
            row.state, row.attempts, row.lease_until = "sending", row.attempts + 1, now + LEASE
            row.data_started_at = None
            session.flush()
            return row, person
        session.flush()
    return None


def doubt(row: Outbox, again: datetime | None) -> None:
    """Note that nobody knows whether a row's message arrived; it may be sent `again` from then on, unless held."""
    row.state, row.lease_until, row.error = "unknown", None, _DIED
    row.silences += 1
    row.retry_at = again if row.silences < MOST_SILENCES else None


def _waiting(now: datetime) -> ColumnElement[bool]:
    return or_(
        Outbox.state == "queued",
        and_(Outbox.state.in_(("retry", "unknown")), Outbox.retry_at <= now),
        and_(Outbox.state == "sending", Outbox.lease_until <= now),
    )


def _chosen(session: Session, now: datetime, doubted_first: bool) -> Outbox | None:
    doubted = and_(Outbox.state == "retry", _doubted())
    probed = [doubted] if doubted_first else []
    for which in (*probed, and_(_waiting(now), ~doubted), _waiting(now)):
        if row := session.scalars(_one(which, now)).first():
            return row
    return None


def _doubted() -> ColumnElement[bool]:
    return func.coalesce(Outbox.error, "").startswith(DOUBT, autoescape=True)


def _one(which: ColumnElement[bool], now: datetime) -> Select[Outbox]:
    held = exists().where(MailDomain.domain == Outbox.domain, MailDomain.free_at > now)
    # PostgreSQL: two senders never wait for each other's row. SQLite has one writer and ignores the clause.
    return select(Outbox).where(which, ~held).order_by(Outbox.id).limit(1).with_for_update(skip_locked=True, of=Outbox)


def free_at(session: Session, now: datetime) -> datetime | None:
    """Tell when the next domain is free to which a mail waits that could go now; None when no domain holds any up."""
    waiting = exists().where(MailDomain.domain == Outbox.domain, _waiting(now))
    return session.scalar(select(func.min(MailDomain.free_at)).where(MailDomain.free_at > now, waiting))


def _active(session: Session, subscriber_id: int) -> Subscriber | None:
    query = select(Subscriber).where(Subscriber.id == subscriber_id, Subscriber.state == "active")
    return session.scalars(query.execution_options(populate_existing=True)).first()


def _claim(session: Session, domain: str, now: datetime, until: datetime) -> bool:
    """Take a domain's turn; False when another sender has taken it since the row was chosen."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    one = insert(MailDomain.__table__).values(domain=domain, free_at=until, refusals=0)
    taken = one.on_conflict_do_update(
        index_elements=["domain"], set_={"free_at": until}, where=MailDomain.free_at <= now
    ).returning(MailDomain.domain)
    return session.execute(taken).first() is not None


def delay_domain(session: Session, domain: str, now: datetime, wait: Callable[[int], timedelta]) -> None:
    """Leave a domain alone for a while; `wait` is told how often in a row it has asked for that."""
    row = session.get(MailDomain, domain, populate_existing=True, with_for_update=True)
    if row is None:
        row = MailDomain(domain=domain, free_at=now, refusals=0)
        session.add(row)
    row.refusals += 1
    row.free_at = max(row.free_at, now + wait(row.refusals))
    session.flush()


def forget_domains(session: Session, before: datetime) -> None:
    """Drop what is known of domains that were free again before a moment."""
    session.execute(delete(MailDomain).where(MailDomain.free_at < before))


def trust_domain(session: Session, domain: str) -> None:
    """Forget how often a domain asked to be left alone: it has taken a mail."""
    session.execute(update(MailDomain).where(MailDomain.domain == domain, MailDomain.refusals > 0).values(refusals=0))


def note_body(session: Session, row_id: int, attempt: int, body_hash: str) -> bool:
    """Keep what will be sent, by its hash, before any server hears of it; False as for `start_data`."""
    return _step(session, row_id, attempt, body_hash=body_hash)


def start_data(session: Session, row_id: int, attempt: int, now: datetime) -> bool:
    """Note that the message is about to be written; False when another sender has taken the row over.

    The lease begins anew, so that a slow answer to a whole message does not outlast it.
    """
    return _step(session, row_id, attempt, data_started_at=now, lease_until=now + LEASE)


def keep(session: Session, row_id: int, attempt: int, now: datetime) -> bool:
    """Begin the lease anew of a row whose end is known and not yet written down."""
    return _step(session, row_id, attempt, lease_until=now + LEASE)


def settle(session: Session, row_id: int, attempt: int, **values: object) -> bool:
    """Write down how an attempt ended and give the lease back; False when the row is no longer this sender's."""
    return _step(session, row_id, attempt, **{"lease_until": None, "retry_at": None, **values})


def _step(session: Session, row_id: int, attempt: int, **values: object) -> bool:
    # The attempt's number is the fencing token: a sender that was paused past its lease changes nothing.
    own = and_(Outbox.id == row_id, Outbox.state == "sending", Outbox.attempts == attempt)
    return _changed(session, update(Outbox).where(own).values(**values))


def _changed(session: Session, statement: Any) -> bool:
    result = session.execute(statement)
    return isinstance(result, CursorResult) and result.rowcount == 1


def suppress(session: Session, subscriber_id: int, now: datetime) -> None:
    """Mail an address no more: its server says for good that there is no such mailbox."""
    if person := _active(session, subscriber_id):
        subscribers.move(session, person, "suppressed", now, subscribers.REFUSED)


def counts(session: Session, month: str | None = None) -> dict[str, int]:
    """Count the rows of an issue, or of all, by state."""
    query = select(Outbox.state, func.count()).group_by(Outbox.state)
    rows = session.execute(query if month is None else query.where(_of(month)))
    return {row[0]: row[1] for row in rows}


def finished(session: Session, month: str) -> bool:
    """Tell whether no row of an issue waits for anything more; computed from the rows, never remembered."""
    return not session.scalar(select(func.count()).where(_of(month), _open()))


def next_at(session: Session, month: str | None = None) -> datetime | None:
    """Tell when the next row that waits may be sent, domains aside; None when none waits."""
    when = func.coalesce(Outbox.lease_until, Outbox.retry_at, Outbox.created)
    query = select(func.min(when)).where(_open())
    return session.scalar(query if month is None else query.where(_of(month)))


def _open() -> ColumnElement[bool]:
    return or_(Outbox.state.in_(WAITING), and_(Outbox.state == "unknown", Outbox.retry_at.is_not(None)))


def any_sent(session: Session, month: str) -> bool:
    """Tell whether any mail of an issue was taken."""
    return session.scalar(select(exists().where(_of(month), Outbox.state == "sent"))) is True


def doubted(session: Session, month: str) -> dict[str, int]:
    """Count by state the mails of an issue whose refusal was not believed: those that wait, and those given up.

    Those of people who left or were suppressed since need nobody.
    """
    mine = (_of(month), Outbox.state.in_(("retry", "failed")), _doubted(), _wanted())
    rows = session.execute(select(Outbox.state, func.count()).where(*mine).group_by(Outbox.state))
    return {row[0]: row[1] for row in rows}


def failed(session: Session, month: str) -> int:
    """Count the mails of an issue that failed and are still wanted: by their person, and by the operator."""
    return session.scalar(select(func.count()).where(_of(month), _failed())) or 0


def retry_failed(session: Session, month: str, now: datetime) -> int:
    """Let all mails that `failed` counts be sent again, as if they had never been refused; gives how many."""
    again = {"state": "retry", "retry_at": now, "refusals": 0}
    result = session.execute(update(Outbox).where(_of(month), _failed()).values(**again))
    return result.rowcount if isinstance(result, CursorResult) else 0


def _failed() -> ColumnElement[bool]:
    by_hand = func.coalesce(Outbox.error, "").startswith(GIVEN_UP, autoescape=True)
    return and_(Outbox.state == "failed", ~by_hand, _wanted())


def _wanted() -> ColumnElement[bool]:
    return exists().where(Subscriber.id == Outbox.subscriber_id, Subscriber.state == "active")


def get(session: Session, row_id: int) -> Outbox | None:
    """Find a row by its id, for a change."""
    return session.get(Outbox, row_id, populate_existing=True, with_for_update=True)


def troubled(session: Session, month: str | None = None, limit: int = 100) -> list[tuple[Outbox, Subscriber]]:
    """List the rows a person should look at, failed or unknown, newest first, with their people."""
    query = select(Outbox, Subscriber).join(Subscriber, Subscriber.id == Outbox.subscriber_id)
    query = query.where(Outbox.state.in_(("failed", "unknown"))).order_by(Outbox.id.desc()).limit(limit)
    rows = session.execute(query if month is None else query.where(_of(month)))
    return [(row, person) for row, person in rows]


def reasons(session: Session, month: str | None = None, limit: int = 5) -> list[tuple[str, int]]:
    """List why mails wait for another try, each reason with how many of them, most of them first."""
    many = func.count()
    query = select(Outbox.error, many).where(Outbox.state == "retry", Outbox.error.is_not(None)).group_by(Outbox.error)
    query = query.order_by(many.desc(), Outbox.error).limit(limit)
    rows = session.execute(query if month is None else query.where(_of(month)))
    return [(str(row[0]), row[1]) for row in rows]


def _of(month: str) -> ColumnElement[bool]:
    return Outbox.month == month
