"""The ledger of the harvest: which stretches of days were asked of which source, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, Text, and_, cast, delete, false, func, or_, select, update
from sqlalchemy.orm import Session

from core.months import days, first_day, last_day, month_of
from core.text import text_hash
from db.models import IngestError, Item, Window
from db.upsert import chunks, upsert

LARGEST = 64 * 1024  # bytes kept of an entry that could not be read
# Channels of arXiv whose days are days of change or of announcement: they say nothing about a day of submission.
OTHER_DAYS = ("oai", "rss")
SKEW = timedelta(minutes=5)  # clocks that share a store may differ so much, and nothing is concluded from it

Span = tuple[str, str, date, date]  # source, channel, first day, last day
_WINDOW: Table = Window.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a reading gave: distinct records, entries that could not be read, the source's own total where known.

    Of the records, `stored` were new or changed and `unchanged` were not.
    """

    received: int
    errors: int
    expected: int | None
    stored: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a window stands in the ledger, as a value: `start` and `end` are its days, both included.

    `token` is where an interrupted reading goes on; the counts are then those of what came before it. `asked` is what
    it was asked for when it was complete (db.followed).
    """

    id: int
    source: str
    channel: str
    start: date
    end: date
    state: str  # open | closed | stale | error
    counts: Counts
    attempts: int
    error: str | None
    token: str | None
    etag: str | None
    last_modified: str | None
    checked_at: datetime | None
    closed_at: datetime | None
    asked: str | None

    @property
    def span(self) -> Span:
        """Give what tells the window from all others."""
        return self.source, self.channel, self.start, self.end

    @property
    def expected(self) -> int | None:
        """Give the source's own total, where it told one."""
        return self.counts.expected

    @property
    def received(self) -> int:
        """Count the distinct records."""
        return self.counts.received

    @property
    def errors(self) -> int:
        """Count the entries that could not be read."""
        return self.counts.errors

    @property
    def settled(self) -> bool:
        """Tell whether all that the source announced came, read after the last day was over: before, it could grow."""
        over = datetime.combine(self.end + timedelta(days=1), time(), UTC)
        came = self.expected is None or self.received + self.errors >= self.expected
        return self.state == "closed" and came and self.checked_at is not None and self.checked_at >= over


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


def standing(session: Session, window_id: int) -> Standing:
    """Tell how one window stands now."""
    return _standing(session.get_one(Window, window_id, populate_existing=True))


def standings(session: Session, spans: Sequence[Span]) -> list[Standing]:
    """Tell how these windows stand, in the order given; those the ledger does not know are left out."""
    if not spans:
        return []
    query = select(Window).where(
        Window.source.in_(sorted({span[0] for span in spans})),
        Window.from_day >= min(span[2] for span in spans),
        Window.to_day <= max(span[3] for span in spans),
    )
    known = {found.span: found for found in _all(session, query)}
    return [known[span] for span in spans if span in known]


def first_asked(session: Session, sources: Sequence[str], since: date) -> date | None:
    """Give the earliest last day, not before `since`, of a window of these sources; None where there is none.

    A pull from that day on touches every such window, and asks of a source that goes by days for no day besides.
    """
    own = select(func.min(Window.to_day)).where(Window.source.in_(sources), Window.to_day >= since)
    return session.scalar(own)


def unsettled(session: Session, sources: Sequence[str], before: date) -> list[Span]:
    """List the windows that no ordinary pull settles: open ones that end before a day, and those with unread entries.

    The newest come first.
    """
    left_open = and_(Window.state != "closed", Window.to_day < before)
    query = select(Window).where(Window.source.in_(sources), or_(left_open, Window.errors > 0))
    return [found.span for found in _all(session, query.order_by(Window.to_day.desc(), Window.id))]


def calendar(session: Session, month: str) -> list[Standing]:
    """Tell how every window that touches a month stands: by source, channel and days, the first day first.

    What comes next of each is told by `ingest.due.next_step`.
    """
    touching = select(Window).where(Window.from_day <= last_day(month), Window.to_day >= first_day(month))
    return _all(session, touching.order_by(Window.source, Window.channel, Window.from_day, Window.to_day))


def whole_months(session: Session, months: Iterable[str]) -> frozenset[str]:
    """Give those of the months of which arXiv was read in full, day by day."""
    wanted = sorted(months)
    if not wanted:
        return frozenset()
    own = select(Window).where(Window.source == "arxiv", Window.to_day >= first_day(wanted[0]))
    found = [one for one in _all(session, own) if not one.channel.startswith(OTHER_DAYS)]
    return frozenset(month for month in wanted if _in_full(month, found))


def _in_full(month: str, found: Sequence[Standing]) -> bool:
    touching = [one for one in found if one.start <= last_day(month) and one.end >= first_day(month)]
    covered = {day for one in touching for day in days(one.start, one.end)}
    return all(one.settled for one in touching) and covered.issuperset(days(first_day(month), last_day(month)))


def count_submitted(session: Session, start: date, end: date, categories: Iterable[str]) -> int:
    """Count the papers submitted (v1, UTC) on these days, both included, in any of the categories.

    Only those that arXiv itself told of count, by whatever channel: what a reader's list or the recorded month says
    is no whole record, and no date to go by. A paper that a final issue keeps in another month is not found, so the
    count may be too small, never too great.
    """
    first = datetime.combine(start, time(), UTC)
    beyond = datetime.combine(end + timedelta(days=1), time(), UTC)
    query = (
        select(func.count())
        .select_from(Item)
        .where(
            Item.month.in_(sorted({month_of(day) for day in days(start, end)})),
            Item.submitted >= first,
            Item.submitted < beyond,
            Item.submitted_from == "arxiv",
            names(Item.sources, ("arxiv", "arxiv-snapshot")),
            names(Item.categories, categories),
        )
    )
    return session.scalar(query) or 0


def advance(session: Session, window_id: int, counts: Counts, token: str) -> None:
    """Note how far a reading came, in the transaction that stores its page.

    A window that was complete once keeps the numbers of that reading; a new one of it that is interrupted begins again.
    """
    window = _held(session, window_id)
    if window.closed_at is None:
        window.token = token
        _set(window, counts)


def restart(session: Session, window_id: int) -> None:
    """Forget where an interrupted reading came to: the window is read from its beginning."""
    window = _held(session, window_id)
    window.token = None
    if window.closed_at is None:
        _set(window, Counts(0, 0, None))


def take_back(session: Session, spans: Sequence[Span], now: datetime) -> None:
    """Open those of the windows that a clock ahead of `now` noted as asked; the caller commits.

    They were complete at most when a clock that was right said so. No other window is touched: it may be the present
    clock that is wrong, and then the ledger of all days after it is right.
    """
    latest = now + SKEW
    wrong = [found.id for found in standings(session, spans) if found.checked_at and found.checked_at > latest]
    for part in chunks(wrong, 5_000):
        own = Window.id.in_(part)
        session.execute(update(Window).where(own).values(state="open", checked_at=None, token=None))
        session.execute(update(Window).where(own, Window.closed_at > latest).values(closed_at=None))


def ahead(session: Session, now: datetime) -> list[tuple[date, date]]:
    """List the days of the windows that a clock ahead of `now` noted as asked and no pull took back, in their order."""
    noted = select(Window.from_day, Window.to_day).where(Window.checked_at > now + SKEW)
    return [(row[0], row[1]) for row in session.execute(noted.order_by(Window.from_day, Window.to_day))]


def begin_anew(session: Session, window_id: int) -> None:
    """Open a window as if it had never been complete: what comes now is another file of the same name."""
    window = _held(session, window_id)
    window.state, window.token, window.closed_at = "open", None, None
    _set(window, Counts(0, 0, None))


def mark(
    session: Session,
    window_id: int,
    now: datetime,
    counts: Counts,
    failure: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    resumable: bool = False,
    begun_after: int | None = None,
    asked: str | None = None,
) -> Window:
    """Note what a reading gave; an empty `failure` closes the window and keeps the marks of the answer.

    `closed_at` moves only when the numbers do, since a draft is dated by it. A window that was complete once and
    whose new reading fails becomes stale and keeps its numbers. `resumable`: a failed reading goes on at the token.
    `begun_after` is the number of attempts when the reading began: where another process has closed the window since,
    a failure says nothing of it any more. `asked` is what a complete reading asked for.
    """
    window = _held(session, window_id)
    overtaken = begun_after is not None and window.attempts != begun_after and window.state == "closed"
    window.attempts += 1
    if failure and overtaken:
        return window
    window.checked_at = now
    window.error = failure or None
    if not (failure and resumable):
        window.token = None
    if failure:
        window.state = "error" if window.closed_at is None else "stale"
    else:
        _close(window, now, counts)
        window.etag, window.last_modified = etag, last_modified
        window.asked = asked if asked is not None else window.asked
    if failure and window.closed_at is None:
        _set(window, counts)
    return window


def confirm(session: Session, window_id: int, now: datetime, *, read: bool) -> None:
    """Note that a complete window is as it was: `read` in full by its marks, else counted by the source's total."""
    window = _held(session, window_id)
    window.attempts += read
    window.checked_at = now
    window.state, window.error = "closed", None


def keep_error(session: Session, window_id: int, reason: str, raw: bytes, item_id: str | None, now: datetime) -> str:
    """Keep an entry that could not be read, once per window, its first 64 kB; gives the hash it is known by."""
    raw_hash = text_hash(raw.decode("utf-8", "surrogateescape"))
    known = select(IngestError.id).where(IngestError.window_id == window_id, IngestError.raw_hash == raw_hash)
    if session.scalar(known) is None:
        columns: dict[str, Any] = {"reason": reason, "raw": raw[:LARGEST], "item_id": item_id, "seen_at": now}
        session.add(IngestError(window_id=window_id, raw_hash=raw_hash, **columns))
        session.flush()
    return raw_hash


def kept_errors(session: Session, window_id: int) -> set[str]:
    """Give the hashes of the entries kept under a window."""
    return set(session.scalars(select(IngestError.raw_hash).where(IngestError.window_id == window_id)))


def drop_errors(session: Session, window_id: int, still: Iterable[str]) -> None:
    """Forget the errors of a window that a full reading no longer met."""
    gone = IngestError.raw_hash.not_in(list(still))
    session.execute(delete(IngestError).where(IngestError.window_id == window_id, gone))


def errors(session: Session, limit: int = 100) -> list[tuple[IngestError, Window]]:
    """List the newest entries that could not be read, with the window each came in."""
    query = select(IngestError, Window).join(Window, Window.id == IngestError.window_id)
    order = (IngestError.seen_at.desc(), IngestError.id.desc())
    return [(row[0], row[1]) for row in session.execute(query.order_by(*order).limit(limit))]


def _held(session: Session, window_id: int) -> Window:
    """Read a window as it is now and keep others from writing it until the transaction ends."""
    return session.get_one(Window, window_id, populate_existing=True, with_for_update={"key_share": True})


def _close(window: Window, now: datetime, counts: Counts) -> None:
    before, after = (replace(c, stored=0, unchanged=0) for c in (_counts(window), counts))
    if window.closed_at is None or before != after:
        window.closed_at = now
    window.state = "closed"
    _set(window, counts)


def _set(window: Window, counts: Counts) -> None:
    window.received, window.errors, window.expected = counts.received, counts.errors, counts.expected
    window.stored, window.unchanged = counts.stored, counts.unchanged


def _counts(window: Window) -> Counts:
    return Counts(window.received, window.errors, window.expected, window.stored, window.unchanged)


def _standing(window: Window) -> Standing:
    return Standing(
        id=window.id,
        source=window.source,
        channel=window.channel,
        start=window.from_day,
        end=window.to_day,
        state=window.state,
        counts=_counts(window),
        attempts=window.attempts,
        error=window.error,
        token=window.token,
        etag=window.etag,
        last_modified=window.last_modified,
        checked_at=window.checked_at,
        closed_at=window.closed_at,
        asked=window.asked,
    )


def _all(session: Session, query: Select[Window]) -> list[Standing]:
    return [_standing(window) for window in session.scalars(query)]


def names(column: Any, wanted: Iterable[str]) -> ColumnElement[bool]:
    """Make the condition that a JSON list of plain names holds one of these."""
    return or_(false(), *(cast(column, Text).contains(f'"{name}"', autoescape=True) for name in wanted))
