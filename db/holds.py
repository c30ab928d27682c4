"""Mail held back: after a restore nothing leaves until a person has said what is to become of what waits."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from db.models_mail import Hold, Outbox


def hold(session: Session, reason: str, now: datetime) -> None:
    """Hold all mail from now on; a reason that stands already is replaced."""
    session.execute(delete(Hold))
    session.add(Hold(id=1, reason=reason, since=now))
    session.flush()


def held(session: Session) -> Hold | None:
    """Tell why mail is held, and since when; None while it may leave."""
    row = session.get(Hold, 1)
    return row if row is not None and row.reason else None


def held_last(session: Session) -> datetime | None:
    """Tell since when mail is held, or was when it was held last; None where it never was."""
    row = session.get(Hold, 1)
    return row.since if row is not None else None


def release(session: Session, *, skip: bool) -> int:
    """Let mail leave again; with `skip` mails that wait are never sent. Gives how many were skipped."""
    # The moment is kept: what was due before it may have been mailed by a database that is lost.
    session.execute(update(Hold).values(reason=""))
    if not skip:
        return 0
    waiting = Outbox.state.in_(("queued", "sending", "retry", "unknown"))
    changed = session.execute(
        update(Outbox).where(waiting).values(state="skipped", retry_at=None, error="skipped after a restore")
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]  # of an UPDATE there is one
