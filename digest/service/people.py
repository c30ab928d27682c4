"""Who reads the digest by mail: people who agreed elsewhere come in, choose, leave, and take their data with them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import Clock, iso
from core.errors import NotFoundError, RefusedError, UsageError
from db import feedback, personal, signups, subscribers, suppressions
from db.models import Subscriber
from digest.service.signing_up import suppress_hash
from digest.subscriptions import Purpose, Subscription, hashes, normalise, read_token

Consent = tuple[str, datetime | None]  # where somebody agreed, and when; None: now
_CHUNK = 500  # addresses looked up at once
UNDO = timedelta(days=1)  # for so long a person who left comes back by the button on the page that said so


def add_subscribers(
    session: Session,
    keys: Sequence[str],
    wanted: Sequence[Subscription],
    source: str,
    clock: Clock,
    at: datetime | None = None,
) -> list[tuple[str, str]]:
    """Write down people who agreed elsewhere; `source` says where, and with the date it is kept as their consent.

    `at` is when they agreed, where that is known; else it is now.

    Gives (address as given, outcome) in order: `added`, `known`, `left` or `suppressed` (both stay as they are: who
    left comes back by their own hand only), or `invalid: ...`.
    """
    outcomes: list[tuple[str, str]] = []
    for start in range(0, len(wanted), _CHUNK):
        outcomes += _add_chunk(session, keys, wanted[start : start + _CHUNK], (source, at), clock())
    return outcomes


def _add_chunk(
    session: Session, keys: Sequence[str], wanted: Sequence[Subscription], consent: Consent, now: datetime
) -> list[tuple[str, str]]:
    read = [_read(one) for one in wanted]
    states = _states(session, keys, [key for _, key in read if key])
    outcomes = []
    for one, (email, key) in zip(wanted, read, strict=True):
        if not key:
            outcomes.append((one.email, f"invalid: {email}"))
        elif key in states:
            outcomes.append((one.email, "known" if states[key] == "active" else states[key]))
        else:
            subscribers.add(session, email, key, one.lang, one.wishes, consent, now)
            states[key] = "active"
            outcomes.append((one.email, "added"))
    return outcomes


def _states(session: Session, keys: Sequence[str], email_keys: Sequence[str]) -> dict[str, str]:
    """Find what is known of addresses: the state of a person, else why only a hash remains."""
    hashed = {hash_: key for key in email_keys for hash_ in hashes(keys, "suppression", key)}
    found = suppressions.reasons(session, hashed)
    states = {hashed[hash_]: "left" if reason == "left" else "suppressed" for hash_, reason in found.items()}
    return states | {key: person.state for key, person in subscribers.by_keys(session, email_keys).items()}


def _read(one: Subscription) -> tuple[str, str]:
    """Give the address and its key, or what is wrong and no key."""
    try:
        address = normalise(one.email)
    except UsageError as problem:
        return problem.message, ""
    return address.email, address.key


def speaks_of(session: Session, keys: Sequence[str], purpose: Purpose, text: str) -> Subscriber | None:
    """Find the person a link speaks of; None when it is forged, was made for another purpose, or they are gone."""
    claim = read_token(keys, purpose, text)
    person = subscribers.get(session, claim.subscriber_id) if claim else None
    known = claim is not None and person is not None and int(person.created.timestamp()) == claim.created
    return person if known else None


def unsubscribe(session: Session, keys: Sequence[str], text: str, clock: Clock) -> bool:
    """Let the person a token speaks of leave; the second time changes nothing. False when the token is none.

    True as well when they were erased since: no mail goes to them, which is what was asked.
    Rows of the outbox need no change: sending reads the person again before every mail.
    """
    if read_token(keys, "unsubscribe", text) is None:
        return False
    person = speaks_of(session, keys, "unsubscribe", text)
    if person is not None and person.state == "active":
        subscribers.move(session, person, "left", clock())
    return True


def undo(session: Session, keys: Sequence[str], text: str, clock: Clock) -> bool:
    """Take back that a person left, within a day; False when that is over or the token is none."""
    person, now = speaks_of(session, keys, "undo", text), clock()
    if person is None:
        return False
    if person.state == "left" and person.state_at is not None and person.state_at > now - UNDO:
        subscribers.move(session, person, "active", now)
    return person.state == "active"


def choose(session: Session, person: Subscriber, wanted: Subscription) -> None:
    """Give a person another language, other stages, topics, labs and reading time; the address stays."""
    person.lang = wanted.lang
    for name, value in wanted.wishes.items():
        setattr(person, name, value)
    session.flush()


def personal_data(session: Session, person: Subscriber) -> dict[str, Any]:
    """Give all that is kept of a person, as JSON has it."""
    return {
        "email": person.email,
        "state": person.state,
        "state_since": iso(person.state_at or person.created),
        **{name: getattr(person, name) for name in ("lang", "stages", "topics", "labs", "minutes")},
        "consent": {"source": person.consent_source, "at": iso(person.consent_at)},
        "created": iso(person.created),
        "mails": [
            {"issue": row.month, "state": row.state, "sent": iso(row.sent_at) if row.sent_at else None}
            for row in subscribers.mails(session, person)
        ],
        "feedback": [
            {"item": row.item_id, "verb": row.verb, "detail": row.detail, "at": iso(row.created)}
            for row in feedback.of(session, person.id)
        ],
        "personal_scores": [
            {"month": row.month, "item": row.item_id, "adjustment": row.adjustment, "close_to": row.earned}
            for row in personal.of(session, person.id)
        ],
        "signups": [{"asked": iso(row.asked_at)} for row in signups.of(session, person.email_key)],
    }


def erase(session: Session, keys: Sequence[str], person: Subscriber, now: datetime) -> None:
    """Delete a person and all that is kept of them; a keyed hash remains, so that nobody adds them again."""
    suppress_hash(session, keys, person.email_key, "erased", now)
    signups.remove_of(session, person.email_key)
    subscribers.erase(session, person)


def find_person(session: Session, email: str) -> Subscriber | None:
    """Find a person by their address; raises UsageError when it is none."""
    key = normalise(email).key
    return subscribers.by_keys(session, [key]).get(key)


def erase_address(session: Session, keys: Sequence[str], email: str, now: datetime) -> bool:
    """Erase whoever has an address, and its sign-ups; False when nobody has it, and then no hash is kept either."""
    person = find_person(session, email)
    signups.remove_of(session, normalise(email).key)
    if person is not None:
        erase(session, keys, person, now)
    return person is not None


def keep_out(session: Session, keys: Sequence[str], email: str, state: str, now: datetime) -> str:
    """Remember that an address `left` or was `suppressed` elsewhere; gives that, or `known` for who is active here.

    A link to confirm that it was sent here works no more.
    """
    key = normalise(email).key
    person = subscribers.by_keys(session, [key]).get(key)
    if person is None:
        signups.remove_of(session, key)
        suppress_hash(session, keys, key, "left" if state == "left" else "operator", now)
        return state
    return "known" if person.state == "active" else person.state


def suppress_address(session: Session, keys: Sequence[str], email: str, why: str, now: datetime) -> str:
    """Never write to an address again; gives `suppressed`, for an address nobody has as well."""
    person, key = find_person(session, email), normalise(email).key
    signups.remove_of(session, key)
    if person is not None:
        subscribers.move(session, person, "suppressed", now, why)
    else:
        suppress_hash(session, keys, key, "operator", now)
    return "suppressed"


def lift_suppression(session: Session, keys: Sequence[str], email: str, now: datetime) -> str:
    """Let an address sign up again; it gets no mail until its owner does. Raises NotFoundError, RefusedError.

    Whom a server's word alone had suppressed never said that they want it no more: they get mail again at once.
    """
    person, hashed = find_person(session, email), hashes(keys, "suppression", normalise(email).key)
    if person is not None and person.state == "suppressed":
        state = "active" if person.state_why == subscribers.REFUSED else "left"
        subscribers.move(session, person, state, now, "suppression lifted")
        return state
    if "erased" in suppressions.reasons(session, hashed).values():
        raise RefusedError("This person had their data erased", "They may come back by the sign-up page alone")
    if not suppressions.remove(session, hashed):
        raise NotFoundError("This address is not suppressed", "shirube subscribers list --state suppressed")
    return "lifted"
