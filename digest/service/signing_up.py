"""Signing up with double opt-in: a request is only written down, the link is sent behind it, a press confirms.

A request does the same work whoever's address it names, so that neither answer nor time tells who is subscribed.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import ConfigError
from core.text import text_hash
from db import outbox, signups, subscribers, suppressions
from db.engine import Sessions
from db.models import Subscriber
from db.models_readers import Signup
from digest.delivery import Delivery, Later, Outcome, Refused, Sent
from digest.letters import Kind, Letter, letter_for, write_letter
from digest.mailing import Broken, Doubted, LeaseLostError, Mailer, pause
from digest.refusals import Ended, Refusals, ends_run
from digest.subscriptions import MailAddress, Subscription, hashes, link, normalise, read_token, token
from locales.load import LANGUAGES

_log = logging.getLogger(__name__)
CONSENT = "sign-up page, confirmed by mail"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONGEST_WINDOW = DAY
MOST_TRIES = 6  # about three hours; who still waits signs up again
KEPT_AFTER_LEAVING = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Caps:
    """How many sign-ups are taken an hour: from one place, in all, by one key. An address gets one mail a day."""

    per_place: int = 60
    in_all: int = 500
    per_key: int = 400  # less than in all, so that no program shuts the page


def request_signup(
    session: Session, keys: Sequence[str], wanted: Subscription, place: str, now: datetime, caps: Caps
) -> timedelta | None:
    """Write a sign-up down; `place` is where it came from and is kept as a keyed hash for a day at most.

    Gives None, or how long to wait where too many came; that never depends on the address.
    """
    for key, most in ((f"place:{hashes(keys, 'place', place)[0]}", caps.per_place), ("all", caps.in_all)):
        if not signups.spend(session, key, most, HOUR, now):
            return signups.free_in(session, key, HOUR, now)
    address = normalise(wanted.email)
    values = {"email": address.email, "email_key": address.key, "lang": wanted.lang, **wanted.wishes}
    signups.add(session, now, **values)
    return None


@dataclass(frozen=True, slots=True)
class _Task:
    """One leased sign-up, as far as sending its letter needs it."""

    id: int
    attempt: int
    email: str
    domain: str
    kind: Kind
    moment: datetime
    letter: Letter


def send_letters(sessions: Sessions, delivery: Delivery, clock: Clock, mailer: Mailer) -> dict[str, int]:
    """Send what sign-ups are due, and give the number of letters by how they ended.

    A letter whose message was begun is never sent a second time: who misses it signs up again. It ends early when the
    server would refuse everyone, or seems to (digest.refusals). A refusal is believed only of a server that took
    another letter after it in the same run: most runs have one letter, and nothing to hold it against.
    """
    ended: Counter[str] = Counter()
    refusals: Refusals[_Task] = Refusals()
    while task := _next(sessions, clock(), mailer):
        known = refusals.hear(task, _send(sessions, delivery, mailer, task))
        ended.update(_settled(sessions, known, clock, mailer.keys))
        _keep_leased(sessions, refusals.kept, clock())
        if ends_run(known):
            break
    ended.update(_settled(sessions, refusals.doubted(), clock, mailer.keys))
    return dict(ended)


def _settled(
    sessions: Sessions, known: Iterable[tuple[_Task, Ended | Doubted]], clock: Clock, keys: Sequence[str]
) -> list[str]:
    """Write down what is certain; gives how the letters ended."""
    names = []
    for task, outcome in known:
        _settle(sessions, task, outcome, clock(), keys)
        names.append(type(outcome).__name__.lower())
    return names


def _keep_leased(sessions: Sessions, kept: list[_Task], now: datetime) -> None:
    """Let nobody else try what is not certain yet, however long the others take."""
    if kept:
        with sessions.begin() as session:
            for task in kept:
                signups.settle(session, task.id, task.attempt, now + signups.LEASE)


def _next(sessions: Sessions, now: datetime, mailer: Mailer) -> _Task | None:
    """Lease the next sign-up that brings a letter; those that bring none are deleted."""
    with sessions.begin() as session:
        while row := signups.take(session, now):
            if row.attempts > 1 or _first_today(session, row, mailer.keys, now):
                person = subscribers.by_keys(session, [row.email_key]).get(row.email_key)
                kind = letter_for(person.state if person else None, _suppressed(session, row.email_key, mailer.keys))
                if kind is not None:
                    return _task(row, kind, person, mailer)
            signups.remove(session, row.id)
    return None


def _first_today(session: Session, row: Signup, keys: Sequence[str], now: datetime) -> bool:
    mailbox = hashes(keys, "mailbox", MailAddress(row.email, row.email_key).mailbox)[0]
    return signups.spend(session, f"mailbox:{mailbox}", 1, DAY, now)


def _suppressed(session: Session, email_key: str, keys: Sequence[str]) -> str | None:
    found = suppressions.reasons(session, hashes(keys, "suppression", email_key))
    return next(iter(found.values()), None)


def _task(row: Signup, kind: Kind, person: Subscriber | None, mailer: Mailer) -> _Task:
    if kind == "known" and person is not None:
        signed, action = token(mailer.keys, "preferences", person.id, person.created), "preferences"
    else:
        signed, action = token(mailer.keys, "confirm", row.id, row.asked_at), "confirm"
    lang = row.lang if row.lang in LANGUAGES else LANGUAGES[0]
    name = text_hash(f"signup {row.id} {row.asked_at.isoformat()} {mailer.keys[-1]}")
    url = link(mailer.sender.base_url, signed, action, lang)
    letter = Letter(kind, row.email, lang, url, f"signup.{name}@{mailer.sender.domain}")
    return _Task(row.id, row.attempts, row.email, outbox.domain_of(row.email), kind, row.asked_at, letter)


def _send(sessions: Sessions, delivery: Delivery, mailer: Mailer, task: _Task) -> Outcome | Broken:
    """Write and hand over one letter; one that cannot be made is logged, and keeps no other waiting."""
    begun = False

    def before_data() -> None:
        nonlocal begun
        with sessions.begin() as session:
            if not signups.settle(session, task.id, task.attempt, None):
                raise LeaseLostError(f"Another sender has taken over sign-up {task.id}")
        begun = True

    try:
        return delivery.deliver(write_letter(task.letter, mailer.sender, task.moment), task.email, before_data)
    except LeaseLostError as problem:
        return Later(problem.message)
    except ConfigError:
        raise
    except Exception as problem:
        if begun:
            raise
        _log.exception("letter failed signup=%d attempt=%d", task.id, task.attempt)
        return Broken(f"the letter could not be made or handed over: {type(problem).__name__}")


def _settle(sessions: Sessions, task: _Task, outcome: Ended | Doubted, now: datetime, keys: Sequence[str]) -> None:
    with sessions.begin() as session:
        if isinstance(outcome, (Later, Broken, Doubted)) and task.attempt < MOST_TRIES:
            signups.settle(session, task.id, task.attempt, now + pause(task.attempt))
        elif isinstance(outcome, (Later, Broken, Doubted, Refused)) or (
            isinstance(outcome, Sent) and task.kind == "known"
        ):
            signups.remove(session, task.id)
        if isinstance(outcome, Refused) and outcome.address:
            suppress_hash(session, keys, normalise(task.email).key, "refused", now)
    said = outcome.said if isinstance(outcome, Doubted) else outcome
    if isinstance(said, (Later, Refused)):
        _log.warning("letter not sent signup=%d reply=%s", task.id, said.reason.split()[0])  # the rest names addresses


def suppress_hash(session: Session, keys: Sequence[str], email_key: str, reason: str, now: datetime) -> None:
    """Remember, by a keyed hash alone, that an address must not be written to."""
    suppressions.add(session, hashes(keys, "suppression", email_key)[0], reason, now)


def waiting(session: Session, keys: Sequence[str], text: str, now: datetime) -> Signup | None:
    """Find the sign-up that a link to confirm speaks of; None when it is forged, used or too old."""
    claim = read_token(keys, "confirm", text)
    return signups.find(session, claim.subscriber_id, claim.created, now) if claim else None


def confirm(session: Session, keys: Sequence[str], text: str, clock: Clock) -> Subscriber | None:
    """Subscribe the person a link to confirm was sent to; it works once. None when it does not (any more)."""
    now = clock()
    row = waiting(session, keys, text, now)
    if row is None or not signups.use(session, row):
        return None
    wishes: dict[str, object] = {"stages": row.stages, "topics": row.topics, "labs": row.labs, "minutes": row.minutes}
    signups.remove_of(session, row.email_key)
    person = subscribers.by_keys(session, [row.email_key]).get(row.email_key)
    if person is not None and person.state == "suppressed":
        return None
    suppressions.remove(session, hashes(keys, "suppression", row.email_key))
    if person is None:
        return subscribers.add(session, row.email, row.email_key, row.lang, wishes, (CONSENT, now), now)
    return _back(session, person, row.lang, wishes, now)


def _back(session: Session, person: Subscriber, lang: str, wishes: dict[str, object], now: datetime) -> Subscriber:
    """Take back who had left, or give someone what they confirmed last."""
    for name, value in (wishes | {"lang": lang, "consent_source": CONSENT, "consent_at": now}).items():
        setattr(person, name, value)
    if person.state != "active":
        subscribers.move(session, person, "active", now)
    session.flush()
    return person


def prune_people(session: Session, keys: Sequence[str], now: datetime) -> int:
    """Delete addresses kept long enough; gives how many.

    Those are sign-ups nobody confirmed within 48 hours, and people who left 30 days ago: of them a keyed hash remains.
    """
    gone = subscribers.left_before(session, now - KEPT_AFTER_LEAVING)
    for person in gone:
        suppress_hash(session, keys, person.email_key, "left", now)
        subscribers.erase(session, person)
    return len(gone) + signups.prune(session, now, LONGEST_WINDOW)
