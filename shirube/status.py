"""What `status` says: how the store stands (digest/service/standing.py), and entries that could not be read.

All of it is plain values, ready for JSON; shirube/calendar.py writes them for people.
"""

import base64
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from db import holds, outbox, papers, windows
from db.models import IngestError, Window
from digest.service import standing
from shirube import ticking
from shirube.wiring import Wiring

Values = dict[str, Any]


def status(session: Session, wiring: Wiring, month: str | None = None) -> Values:
    """Collect what is stored, what is missing and what comes next, of one month or of the newest ones."""
    now = wiring.clock()
    found = standing(session, wiring.collecting(), now, [month] if month else [])
    return {
        "version": wiring.issue_options().version,
        "at": iso(now),
        "scheduler": ticking.scheduler(session, now),
        "stored": papers.count_all(session),
        "mail": _mail(session),
        **found,
    }


def _mail(session: Session) -> Values:
    """Count mails by state, and tell why they are held; null where they may leave."""
    hold = holds.held(session)
    return {"states": outbox.counts(session), "held": hold.reason if hold else None}


def errors(session: Session, limit: int) -> list[Values]:
    """List the newest entries that could not be read, at most `limit`, each with its window and its raw bytes."""
    return [_error(entry, window) for entry, window in windows.errors(session, limit)]


def _error(entry: IngestError, window: Window) -> Values:
    text, packed = _raw(entry.raw)
    return {
        "source": window.source,
        "channel": window.channel,
        "from": window.from_day.isoformat(),
        "to": window.to_day.isoformat(),
        "id": entry.item_id,
        "reason": entry.reason,
        "seen_at": iso(entry.seen_at),
        "raw": text,
        "raw_base64": packed,
    }


def _raw(raw: bytes) -> tuple[str | None, str | None]:
    """Give bytes as text, or packed where they are none; a cut at 64 kB in the middle of a character is no text."""
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        return None, base64.b64encode(raw).decode("ascii")
