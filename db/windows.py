"""The ledger of the harvest: which stretches of days were asked of which source, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from core.text import text_hash
from db.models import IngestError, Window
from db.upsert import upsert

REST = timedelta(hours=20)  # a closed window that may still grow is read again after so long, once a day
LARGEST = 64 * 1024  # bytes kept of an entry that could not be read

Span = tuple[str, str, date, date]  # source, channel, first day, last day
_WINDOW: Table = Window.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a reading gave: distinct records, entries that could not be read, the source's own total where known."""

    received: int
    errors: int
    expected: int | None


def ensure(session: Session, spans: Sequence[Span]) -> None:
    """Write windows into the ledger as open; those known already stay as they are."""
    names = ("source", "channel", "from_day", "to_day")
    rows = [{**dict(zip(names, span, strict=True)), "state": "open"} for span in spans]
    upsert(session, _WINDOW, rows, keys=names, keep=("state",))


def find(session: Session, span: Span) -> Window:
    """Find a window that `ensure` has written."""
    source, channel, from_day, to_day = span
    where = {"source": source, "channel": channel, "from_day": from_day, "to_day": to_day}
    return session.scalars(select(Window).filter_by(**where)).one()


def due(
    session: Session, spans: Sequence[Span], reread_days: int, now: datetime, *, retry_errors: bool = False
) -> list[Window]:
    """List which of these windows are to be read now, in the order given."""
    known = {_span(window): window for window in session.scalars(_of_sources({span[0] for span in spans}))}
    windows = [known[span] for span in spans if span in known]
    return [window for window in windows if is_due(window, reread_days, now, retry_errors=retry_errors)]


def resting(
    session: Session, spans: Sequence[Span], reread_days: int, now: datetime, *, retry_errors: bool = False
) -> set[Span]:
    """Give those of these windows that are not to be read now; writes nothing."""
    known = session.scalars(_of_sources({span[0] for span in spans}))
    rest = {_span(window) for window in known if not is_due(window, reread_days, now, retry_errors=retry_errors)}
    return rest & set(spans)


def is_due(window: Window, reread_days: int, now: datetime, *, retry_errors: bool = False) -> bool:
    """Tell whether a window is to be read: not complete, or complete at a time when it could still grow.

    It can grow until its last day is over, and for `reread_days` after; then it is read once in 20 hours.
    """
    if window.state != "closed" or window.checked_at is None:
        return True
    if retry_errors and window.errors:
        return True
    over = datetime.combine(window.to_day + timedelta(days=1), time(), UTC)
    growing = window.checked_at < over or window.to_day + timedelta(days=reread_days) > now.date()
    return growing and now - window.checked_at > REST


def mark(session: Session, window_id: int, now: datetime, counts: Counts, failure: str) -> Window:
    """Note what a reading gave; an empty `failure` closes the window.

    `closed_at` moves only when the numbers do, since a draft is dated by it. A window that was complete once and
    whose new reading fails becomes stale and keeps its numbers.
    """
    window = session.get_one(Window, window_id)
    window.attempts += 1
    window.checked_at = now
    window.error = failure or None
    before = Counts(window.received, window.errors, window.expected)
    if failure:
        window.state = "error" if window.closed_at is None else "stale"
    elif window.closed_at is None or before != counts:
        window.closed_at = now
    if not failure:
        window.state = "closed"
    if not failure or window.closed_at is None:
        window.received, window.errors, window.expected = counts.received, counts.errors, counts.expected
    return window


def keep_error(session: Session, window_id: int, reason: str, raw: bytes, item_id: str | None, now: datetime) -> str:
    """Keep an entry that could not be read, once per window, its first 64 kB; gives the hash it is known by."""
    raw_hash = text_hash(raw.decode("utf-8", "surrogateescape"))
    known = select(IngestError.id).where(IngestError.window_id == window_id, IngestError.raw_hash == raw_hash)
    if session.scalar(known) is None:
        columns: dict[str, Any] = {"reason": reason, "raw": raw[:LARGEST], "item_id": item_id, "seen_at": now}
        session.add(IngestError(window_id=window_id, raw_hash=raw_hash, **columns))
        session.flush()
    return raw_hash


def drop_errors(session: Session, window_id: int, still: Iterable[str]) -> None:
    """Forget the errors of a window that a full reading no longer met."""
    gone = IngestError.raw_hash.not_in(list(still))
    session.execute(delete(IngestError).where(IngestError.window_id == window_id, gone))


def errors(session: Session, limit: int = 100) -> list[tuple[IngestError, Window]]:
    """List the newest entries that could not be read, with the window each came in."""
    query = select(IngestError, Window).join(Window, Window.id == IngestError.window_id)
    order = (IngestError.seen_at.desc(), IngestError.id.desc())
    return [(row[0], row[1]) for row in session.execute(query.order_by(*order).limit(limit))]


def _span(window: Window) -> Span:
    return window.source, window.channel, window.from_day, window.to_day


def _of_sources(names: Iterable[str]) -> Any:
    return select(Window).where(Window.source.in_(sorted(names)))
