"""Mail an issue: one row of the outbox for each person first, then one mail at a time (reliability.md, 2)."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import NotFoundError, RefusedError
from core.text import text_hash
from db import issues, outbox
from db.engine import Sessions
from digest.delivery import Delivery, Later, Outcome
from digest.delivery.message import Sender, build_message
from digest.mailing import Job, LeaseLostError, Mailer, Render, after, job_of, message_id
from digest.model import Digest
from digest.service.reading import read_digest


def fill_outbox(session: Session, month: str | None, clock: Clock, sender: Sender) -> tuple[str, int]:
    """Write one row per active subscriber for an issue, before anything is sent; again adds only who is missing.

    `month` None means the newest final issue. Gives the month and the rows written. Raises NotFoundError without
    such an issue, and RefusedError for a draft, a sample, or an issue that a newer one already links.
    """
    issue = issues.latest_final(session) if month is None else issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue {f'of {month}' if month else 'to send'}", "Make one: shirube digest")
    if issue.status != "final":
        raise RefusedError(
            f"The issue of {issue.month} is a {issue.status}, and only a final issue is mailed",
            "Read it with: shirube digest; it closes after its closing day, when every source was read",
        )
    newest = issues.latest_final(session)
    if newest is not None and newest.month != issue.month:
        raise RefusedError(f"{issue.month} is not the newest issue", f"Send {newest.month}: it links the earlier ones")
    now, found = clock(), issue.month
    return found, outbox.fill(session, found, now, lambda id_: message_id(found, id_, now, sender.domain))


def send_due(
    sessions: Sessions, delivery: Delivery, render: Render, clock: Clock, mailer: Mailer, limit: int | None = None
) -> dict[str, int]:
    """Send what the outbox holds, one mail at a time, and give the number of mails by how they ended.

    Stopping at any instant loses nothing: see reliability.md, 2, and db.outbox. It ends early when the server would
    refuse everyone; a wrong setting raises ConfigError and its row waits.
    """
    ended: dict[str, int] = {}
    digests: dict[str, Digest] = {}
    while limit is None or sum(ended.values()) < limit:
        job = _lease(sessions, clock(), mailer)
        if job is None:
            break
        if job.month not in digests:
            with sessions.begin() as session:
                digests[job.month] = read_digest(session, job.month)
        outcome = _send(sessions, delivery, render, clock, mailer, job, digests[job.month])
        state = _settle(sessions, job, outcome, clock())
        ended[state] = ended.get(state, 0) + 1
        if isinstance(outcome, Later) and outcome.everyone:
            break
    return ended


def _lease(sessions: Sessions, now: datetime, mailer: Mailer) -> Job | None:
    with sessions.begin() as session:
        taken = outbox.take(session, now, resend=mailer.unknown == "resend")
        return job_of(*taken, mailer) if taken else None


def _send(
    sessions: Sessions, delivery: Delivery, render: Render, clock: Clock, mailer: Mailer, job: Job, digest: Digest
) -> Outcome:
    """Render and hand over one mail; whatever raises before the message began gives the row back at once.

    After that a fault leaves the lease to run out: then the row is unknown, which is the truth.
    """
    begun = False

    def before_data() -> None:
        nonlocal begun
        with sessions.begin() as session:
            if not outbox.start_data(session, job.row_id, job.attempt, clock(), body_hash):
                raise LeaseLostError(f"Another sender has taken over row {job.row_id} of the outbox")
        begun = True

    try:
        parts = render(digest, job.lang, job.reader)
        unsubscribe_url = job.reader.unsubscribe_url
        message = build_message(parts, mailer.sender, job.email, job.message_id, job.created, unsubscribe_url)
        body_hash = text_hash(parts.text + parts.html)
        return delivery.deliver(message, job.email, before_data)
    except LeaseLostError as problem:
        return Later(problem.message)
    except Exception:
        if not begun:
            _settle(sessions, job, Later("the mail could not be made or handed over", everyone=True), clock())
        raise


def _settle(sessions: Sessions, job: Job, outcome: Outcome, now: datetime) -> str:
    """Write down an outcome; gives the row's new state, `lost` when it belongs to another sender by now."""
    values = after(job, outcome, now)
    with sessions.begin() as session:
        kept = outbox.settle(session, job.row_id, job.attempt, **values)
    return str(values["state"]) if kept else "lost"
