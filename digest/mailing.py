"""The mail of an issue as decisions: who gets what, under which name, and what follows from how a try ended. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.errors import ShirubeError
from core.text import text_hash
from db.models import Subscriber
from db.models_mail import Outbox
from db.outbox import DOUBT, MOST_SILENCES
from digest.delivery import Delays, Later, Outcome, Refused, Sent
from digest.delivery.message import Sender
from digest.formats.email import MailParts, Reader
from digest.model import Digest
from digest.own import Bench, Own
from digest.subscriptions import Purpose, link, mask, token
from roadmap.model import Roadmap

Render = Callable[[Digest, str, Reader, Bench], MailParts]  # digest.press.Press
_LINKED: tuple[Purpose, ...] = ("preferences", "unsubscribe", "feedback")
NOTHING = Own()
MAX_REFUSALS = 12  # about a day of waiting, see pause
DOUBTED_FOR = timedelta(hours=1)  # meanwhile the next run tries others
REFUSED_IN_A_ROW = 30  # recipients of one domain, before it is left alone: greylisting refuses each one at first


@dataclass(frozen=True, slots=True)
class Mailer:
    """What sending must be told: who sends, the keys that sign links (oldest first), and what to do about `unknown`.

    `resend` sends such a mail once more, with the same Message-ID; `hold` never does, and a person decides.
    `domain_pause` is kept between two mails to one domain, over all senders. `roadmap` names the topics of papers that
    the issue itself does not print; without it a mail holds the issue's alone.
    """

    sender: Sender
    keys: tuple[str, ...]
    unknown: Literal["resend", "hold"] = "resend"
    domain_pause: timedelta = timedelta()
    roadmap: Roadmap | None = None

    @property
    def resend(self) -> bool:
        """Tell whether a mail that perhaps arrived is sent once more."""
        return self.unknown == "resend"


@dataclass(frozen=True, slots=True)
class Broken:
    """The mail could not be made, by a fault of our own; nothing was sent, and nobody is given up for it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unwritable:
    """The address can stand in no header; nothing was sent, and never will be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Doubted:
    """Refused for good by a relay that took no other mail since: perhaps by its own fault."""

    said: Refused


class LeaseLostError(ShirubeError):
    """Another sender has taken the row over; nothing was sent by this one."""


def message_id(month: str, subscriber_id: int, now: datetime, domain: str) -> str:
    """Name the mail of one issue to one person, once and for ever; it tells nobody who that is."""
    return f"{month}.{text_hash(f'{month} {subscriber_id} {now.isoformat()}')}@{domain}"


@dataclass(frozen=True, slots=True)
class Job:
    """One leased row, as far as sending needs it."""

    row_id: int
    attempt: int
    month: str
    message_id: str
    created: datetime
    domain: str
    refusals: int
    silences: int
    subscriber_id: int
    email: str
    lang: str
    reader: Reader


def job_of(row: Outbox, person: Subscriber, mailer: Mailer, own: Own) -> Job:
    """Freeze a leased row, its person, and what they said before."""
    return Job(
        row_id=row.id,
        attempt=row.attempts,
        month=row.month,
        message_id=row.message_id,
        created=row.created,
        domain=row.domain,
        refusals=row.refusals,
        silences=row.silences,
        subscriber_id=person.id,
        email=person.email,
        lang=person.lang,
        reader=reader_of(person, mailer, own),
    )


def reader_of(person: Subscriber, mailer: Mailer, own: Own = NOTHING) -> Reader:
    """Freeze what one mail must know of the person it is for, with their own signed links and what they said."""
    base, stages = mailer.sender.base_url, tuple(sorted(person.stages))
    signed = {purpose: token(mailer.keys, purpose, person.id, person.created) for purpose in _LINKED}
    return Reader(
        stages=stages,
        here=stages[-1] if stages else None,
        base_url=base,
        preferences_url=link(base, signed["preferences"], "preferences", person.lang),
        unsubscribe_url=link(base, signed["unsubscribe"], "unsubscribe", person.lang),
        address=mask(person.email),
        confirmed=person.consent_at.date(),
        feedback_url=link(base, signed["feedback"], "feedback"),
        minutes=person.minutes,
        topics=tuple(person.topics),
        labs=tuple(person.labs),
        own=own,
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """What follows from how an attempt ended: the row's new values, and what it says of person and domain."""

    values: dict[str, object]
    suppress: bool = False  # there is no such mailbox
    domain: Literal["trust", "delay", "doubt", "leave"] = "leave"


_DOMAIN: dict[Delays, Literal["delay", "doubt", "leave"]] = {
    "domain": "delay", "recipient": "doubt", "person": "leave", "everyone": "leave",
}  # fmt: skip


def after(
    job: Job, outcome: Outcome | Broken | Unwritable | Doubted, now: datetime, mailer: Mailer, any_sent: bool = False
) -> Ending:
    """Choose a row's next state (reliability.md, 2); `any_sent`: another mail of its issue was taken."""
    if isinstance(outcome, Sent):
        return Ending({"state": "sent", "sent_at": now, "error": None}, domain="trust")
    if isinstance(outcome, Refused):
        return Ending({"state": "failed", "error": outcome.reason}, suppress=outcome.address)
    if isinstance(outcome, Unwritable):
        return Ending({"state": "failed", "error": outcome.reason})
    if isinstance(outcome, Broken):
        return Ending({"state": "retry", "retry_at": now + pause(1), "error": outcome.reason})
    if isinstance(outcome, Doubted):
        return _doubted(job, outcome.said, now, any_sent)
    if isinstance(outcome, Later):  # certain: this attempt delivered nothing, so it leaves no trace of having begun
        values = {**_retry(job, outcome, now), "data_started_at": None}
        return Ending(values, domain=_DOMAIN[outcome.delays])
    silences = job.silences + 1
    again = now + pause(silences) if mailer.resend and silences < MOST_SILENCES else None
    return Ending({"state": "unknown", "retry_at": again, "error": outcome.reason, "silences": silences})


def _doubted(job: Job, said: Refused, now: datetime, any_sent: bool) -> Ending:
    """Try again, and give up in the end: nobody is suppressed for it.

    As long as nothing of the issue was taken it is the relay: then nothing counts.
    """
    doubts = job.refusals + 1 if any_sent else job.refusals
    if doubts >= MAX_REFUSALS:
        error = f"{DOUBT}gave up after {doubts} tries: {said.reason}"
        return Ending({"state": "failed", "refusals": doubts, "error": error})
    again = now + doubt_wait(doubts)
    return Ending({"state": "retry", "retry_at": again, "refusals": doubts, "error": DOUBT + said.reason})


def _retry(job: Job, outcome: Later, now: datetime) -> dict[str, object]:
    """Give up on a person whose server keeps refusing, never because our own server was down for everyone."""
    if outcome.delays == "everyone":
        return {"state": "retry", "retry_at": now + pause(1), "error": outcome.reason}
    refusals = job.refusals + 1
    if refusals >= MAX_REFUSALS:
        return {"state": "failed", "refusals": refusals, "error": f"gave up after {refusals} tries: {outcome.reason}"}
    return {"state": "retry", "retry_at": now + pause(refusals), "refusals": refusals, "error": outcome.reason}


def pause(refusals: int) -> timedelta:
    """Wait five minutes, then twice as long each time, four hours at most."""
    return timedelta(minutes=min(5 * 2.0 ** (refusals - 1), 240))


def doubt_wait(doubts: int) -> timedelta:
    """Wait an hour, then twice as long each time, twelve hours at most."""
    return min(DOUBTED_FOR * 2.0 ** max(doubts - 1, 0), timedelta(hours=12))


def domain_wait(refusals: int) -> timedelta:
    """Leave a domain alone for a minute, then twice as long each time in a row, an hour at most."""
    return timedelta(minutes=min(2.0 ** (refusals - 1), 60))


def doubtful_wait(refusals: int) -> timedelta:
    """Try others of a domain that refuses recipients, until so many were refused in a row; then leave it alone."""
    return domain_wait(refusals - REFUSED_IN_A_ROW + 1) if refusals >= REFUSED_IN_A_ROW else timedelta()
