"""The outbox as an operator sees it: how many mails are in which state, what needs a person, and that person's word."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core.clock import iso
from core.errors import NotFoundError, RefusedError
from core.months import closing_time
from db import holds, issues, notices, outbox, subscribers
from db.models import Subscriber
from db.models_mail import Notice, Outbox
from digest.subscriptions import mask

MANY = 5  # so many failed mails of an issue have one cause, whatever the relay said


def outbox_state(session: Session, closing_day: int, month: str | None = None) -> dict[str, Any]:
    """Give whether mail is held, counts by state, when the next is due, why some wait, what failed, the calls.

    With it the issue that a restore leaves to a person, whichever is asked about. `month` None means all issues.
    Addresses are masked; `more` is how many failed beyond those that are listed.
    """
    counts, troubled = outbox.counts(session, month), outbox.troubled(session, month)
    due, held, again = outbox.next_at(session, month), holds.held(session), perhaps_mailed(session, closing_day)
    return {
        "month": month,
        "held": {"since": iso(held.since), "reason": held.reason} if held else None,
        "perhaps_mailed": {"month": again[0], "people": again[1]} if again else None,
        "counts": dict(sorted(counts.items())),
        "next_at": iso(due) if due else None,
        "waiting": [{"reason": reason, "mails": mails} for reason, mails in outbox.reasons(session, month)],
        "troubled": [_row(row, person) for row, person in troubled],
        "more": counts.get("failed", 0) + counts.get("unknown", 0) - len(troubled),
        "notices": [_notice(notice) for notice in notices.latest(session, month)],
    }


def perhaps_mailed(session: Session, closing_day: int) -> tuple[str, int] | None:
    """Name the newest issue where it is left to a person, and how many people it would go to; None where there is none.

    After a restore nobody knows what was sent since the backup was made. A mail that it holds has a row; an issue that
    it does not hold as final has none, closes again, and looks as if it had never been mailed.
    """
    issue, since = issues.latest_final(session), holds.held_last(session)
    if issue is None or since is None or outbox.counts(session, issue.month):
        return None
    people = len(outbox.people_without_row(session, issue.month))
    return (issue.month, people) if people and closing_time(issue.month, closing_day) <= since else None


def _row(row: Outbox, person: Subscriber) -> dict[str, Any]:
    return {
        "id": row.id,
        "month": row.month,
        "address": mask(person.email),
        "state": row.state,
        "attempts": row.attempts,
        "reason": row.error,
        "message_id": row.message_id,
        "again_at": iso(row.retry_at) if row.retry_at else None,
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "month": notice.month,
        "state": notice.state,
        "attempts": notice.attempts,
        "due_at": iso(notice.due_at) if notice.state == "waiting" else None,
        "reason": notice.error,
    }


def retry_mail(session: Session, row_id: int, now: datetime) -> str:
    """Let a mail that failed, is unknown or was skipped be sent again; gives the masked address.

    Its Message-ID stays, so that a second copy of an unknown one can be told. Raises NotFoundError for a row that does
    not exist, and RefusedError where it waits or was sent anyway, where a newer issue is mailed, or where its person
    may not be written to.
    """
    row, person = _found(session, row_id)
    if row.state not in ("failed", "unknown", "skipped"):
        raise RefusedError(f"Mail {row_id} is {row.state}", "Only one that is failed, unknown or skipped is sent again")
    newest = outbox.newest(session)
    if newest is not None and row.month < newest:
        raise RefusedError(f"{row.month} is not the newest issue", f"{newest} is mailed: it links the earlier ones")
    if person.state != "active":
        raise RefusedError(f"The person of mail {row_id} is {person.state}", "Nobody is written to against their will")
    row.state, row.retry_at, row.refusals = "retry", now, 0
    session.flush()
    return mask(person.email)


def retry_failed(session: Session, month: str | None, now: datetime) -> tuple[str, int]:
    """Let every mail of an issue that failed be sent again, but those of people who left or are suppressed.

    What the operator gave up stays so. `month` None means the newest issue that is mailed. Gives it and how many mails.
    Raises NotFoundError where nothing was mailed, and RefusedError for an older issue.
    """
    newest = outbox.newest(session)
    if newest is None:
        raise NotFoundError("No issue was mailed", "shirube send begins with the newest final one")
    if month is not None and month != newest:
        raise RefusedError(f"{month} is not the newest issue", f"{newest} is mailed: it links the earlier ones")
    return newest, outbox.retry_failed(session, newest, now)


class Missed(NamedTuple):
    """How many readers lack an issue, perhaps by the relay's own fault: whose mail waits, and whose failed."""

    waits: int = 0
    failed: int = 0


def missed(session: Session, month: str) -> Missed:
    """Count the readers who lack an issue, perhaps by the relay's own fault.

    Where many failed, all count: a relay may also be wrong in words that were believed.
    """
    doubted, failed = outbox.doubted(session, month), outbox.failed(session, month)
    return Missed(doubted.get("retry", 0), failed if failed >= MANY else doubted.get("failed", 0))


def give_up_mail(session: Session, row_id: int) -> str:
    """Send a mail that waits or is unknown no more; gives the masked address.

    Raises NotFoundError for a row that does not exist, and RefusedError where there is nothing to give up or a sender
    holds it.
    """
    row, person = _found(session, row_id)
    if row.state not in ("queued", "retry", "unknown"):
        raise RefusedError(f"Mail {row_id} is {row.state}", "Only one that is queued, retry or unknown is given up")
    row.state, row.retry_at = "failed", None
    row.error = f"{outbox.GIVEN_UP}; before: {row.error}" if row.error else outbox.GIVEN_UP
    session.flush()
    return mask(person.email)


def _found(session: Session, row_id: int) -> tuple[Outbox, Subscriber]:
    row = outbox.get(session, row_id)
    person = subscribers.get(session, row.subscriber_id) if row else None
    if row is None or person is None:
        raise NotFoundError(f"There is no mail {row_id} in the outbox", "shirube outbox lists those that need a person")
    return row, person
