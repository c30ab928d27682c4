"""The mail of an issue as decisions: who gets what, under which name, and what follows from how a try ended. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.errors import ShirubeError
from core.text import text_hash
from db.models import Outbox, Subscriber
from digest.delivery import Later, Outcome, Refused, Sent
from digest.delivery.message import Sender
from digest.formats.email import MailParts, Reader
from digest.model import Digest
from digest.subscriptions import link, mask, token

Render = Callable[[Digest, str, Reader], MailParts]  # digest.formats.email.message_parts
MAX_ATTEMPTS = 12  # about a day of waiting, see pause


@dataclass(frozen=True, slots=True)
class Mailer:
    """What sending must be told: who sends, the keys that sign links (oldest first), and what to do about `unknown`.

    `resend` sends such a mail once more, with the same Message-ID; `hold` never does, and a person decides.
    """

    sender: Sender
    keys: tuple[str, ...]
    unknown: Literal["resend", "hold"] = "resend"


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
    begun: datetime | None  # when an earlier attempt began to write the message; then this is a second sending
    email: str
    lang: str
    reader: Reader


def job_of(row: Outbox, person: Subscriber, mailer: Mailer) -> Job:
    """Freeze a leased row and its person."""
    return Job(
        row_id=row.id,
        attempt=row.attempts,
        month=row.month,
        message_id=row.message_id,
        created=row.created,
        begun=row.data_started_at,
        email=person.email,
        lang=person.lang,
        reader=reader_of(person, mailer),
    )


def reader_of(person: Subscriber, mailer: Mailer) -> Reader:
    """Freeze what one mail must know of the person it is for, with their own signed link to leave.

    The web service has no pages for preferences and feedback yet, so no mail links them.
    """
    leave = token(mailer.keys, "unsubscribe", person.id, person.created)
    stages = tuple(sorted(person.stages))
    return Reader(
        stages=stages,
        here=stages[-1] if stages else None,
        base_url=mailer.sender.base_url,
        preferences_url=None,
        unsubscribe_url=link(mailer.sender.base_url, leave, "unsubscribe"),
        address=mask(person.email),
        confirmed=person.consent_at.date(),
        feedback_url=None,
        minutes=person.minutes,
    )


def after(job: Job, outcome: Outcome, now: datetime) -> dict[str, object]:
    """Choose a row's next state (reliability.md, 2)."""
    if isinstance(outcome, Sent):
        return {"state": "sent", "sent_at": now, "error": None}
    if isinstance(outcome, Refused):
        return {"state": "failed", "error": outcome.reason}
    if isinstance(outcome, Later):  # certain: this attempt delivered nothing, so it leaves no trace of having begun
        return {**_retry(job, outcome, now), "data_started_at": job.begun}
    # A second silence in a row is held for a person: each further try could be one more copy.
    again = None if job.begun else now + pause(job.attempt)
    return {"state": "unknown", "retry_at": again, "error": outcome.reason}


def _retry(job: Job, outcome: Later, now: datetime) -> dict[str, object]:
    """Give up on a person whose server keeps refusing, never because our own server was down for everyone."""
    if job.attempt >= MAX_ATTEMPTS and not outcome.everyone:
        return {"state": "failed", "error": f"gave up after {job.attempt} attempts: {outcome.reason}"}
    wait = pause(1 if outcome.everyone else job.attempt)
    return {"state": "retry", "retry_at": now + wait, "error": outcome.reason}


def pause(attempt: int) -> timedelta:
    """Wait five minutes, then twice as long each time, four hours at most."""
    return timedelta(minutes=min(5 * 2.0 ** (attempt - 1), 240))
