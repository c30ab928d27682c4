"""Who reads the digest by mail: people who agreed elsewhere come in, and who has had enough leaves."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import UsageError
from db import subscribers
from digest.subscriptions import Subscription, normalise, read_token

_CHUNK = 500  # addresses looked up at once


def add_subscribers(
    session: Session, wanted: Sequence[Subscription], source: str, clock: Clock
) -> list[tuple[str, str]]:
    """Write down people who agreed elsewhere; `source` says where, and with the date it is kept as their consent.

    Gives (address as given, outcome) in order: `added`, `known`, `left` or `suppressed` (both stay as they are: who
    left comes back by their own hand only), or `invalid: ...`.
    """
    outcomes: list[tuple[str, str]] = []
    for start in range(0, len(wanted), _CHUNK):
        outcomes += _add_chunk(session, wanted[start : start + _CHUNK], source, clock())
    return outcomes


def _add_chunk(session: Session, wanted: Sequence[Subscription], source: str, now: datetime) -> list[tuple[str, str]]:
    read = [_read(one) for one in wanted]
    known = subscribers.by_keys(session, [key for key in (r[1] for r in read) if key])
    outcomes = []
    for one, (email, key) in zip(wanted, read, strict=True):
        if not key:
            outcomes.append((one.email, f"invalid: {email}"))
        elif key in known:
            state = known[key].state
            outcomes.append((one.email, "known" if state in ("active", "pending") else state))
        else:
            wishes: dict[str, object] = {name: list(getattr(one, name)) for name in ("stages", "topics", "labs")}
            wishes["minutes"] = one.minutes
            known[key] = subscribers.add(session, email, key, one.lang, wishes, source, now)
            outcomes.append((one.email, "added"))
    return outcomes


def _read(one: Subscription) -> tuple[str, str]:
    """Give the address and its key, or what is wrong and no key."""
    try:
        address = normalise(one.email)
    except UsageError as problem:
        return problem.message, ""
    return address.email, address.key


def unsubscribe(session: Session, keys: Sequence[str], text: str) -> bool:
    """Let the person a token speaks of leave; the second time changes nothing. False when the token is none.

    Rows of the outbox need no change: sending reads the person again before every mail.
    """
    claim = read_token(keys, "unsubscribe", text)
    person = subscribers.get(session, claim.subscriber_id) if claim else None
    if claim is None or person is None or int(person.created.timestamp()) != claim.created:
        return False
    if person.state in ("active", "pending"):
        person.state = "left"
        session.flush()
    return True
