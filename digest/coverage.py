"""What may be missing from a month: the ledger read as the state of every source, and what a reader must know first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from core.months import days, first_day, last_day
from db.windows import OTHER_DAYS, SKEW
from digest.model import Banner, Coverage, SourceCoverage

MISSING_DAYS = 31
ARXIV, RECORDED = "arxiv", "recorded"


@dataclass(frozen=True, slots=True)
class WindowFact:
    """One window of the ledger, as far as a digest speaks of it."""

    source: str
    channel: str
    start: date
    end: date
    state: str  # open | closed | stale | error
    expected: int | None
    received: int
    errors: int
    error: str | None
    checked_at: datetime | None
    closed_at: datetime | None
    unreachable: bool  # no connection was made at all

    @property
    def complete(self) -> bool:
        """Tell whether everything the source announced for the window was received, readable or kept as received."""
        return self.state == "closed" and (self.expected is None or self.received + self.errors >= self.expected)

    @property
    def settled(self) -> bool:
        """Tell whether a complete window was read after its last day was over: before, it could still grow."""
        over = datetime.combine(self.end + timedelta(days=1), time(), tzinfo=UTC)
        return self.complete and self.checked_at is not None and self.checked_at >= over

    @property
    def last_read(self) -> datetime | None:
        """Give the moment of the last reading that came to its end, None where there was none."""
        return self.checked_at if self.state == "closed" else self.closed_at


@dataclass(frozen=True, slots=True)
class Stored:
    """The counts of a month that coverage prints."""

    papers: int
    ranked: int
    late: int


def noted_by(windows: Sequence[WindowFact], now: datetime) -> tuple[WindowFact, ...]:
    """Believe nothing that a clock ahead of `now` noted: days to come were not asked, and all others are to be."""
    latest, today = now + SKEW, (now + SKEW).astimezone(UTC).date()
    ahead = [w.checked_at is not None and w.checked_at > latest for w in windows]
    told = [replace(w, state="open") if wrong else w for w, wrong in zip(windows, ahead, strict=True)]
    return tuple(w for w, wrong in zip(told, ahead, strict=True) if not wrong or w.start <= today)


def by_submission(windows: Sequence[WindowFact]) -> list[WindowFact]:
    """Leave out windows whose days are no days of a month's papers: arXiv's lists of changes and of announcements."""
    return [w for w in windows if w.source != ARXIV or not w.channel.startswith(OTHER_DAYS)]


def coverage(
    month: str,
    windows: Sequence[WindowFact],
    sources: Collection[str],
    stored: Stored,
    through: date,
    *,
    exact: bool = False,
) -> Coverage:
    """Say what every source gave for a month, up to and including the day `through`.

    `sources` are those that should be read; others found in the ledger are listed as well. `expected` is arXiv's own
    total, None unless it gave one for every window of a channel that lies within the month. `exact`, for a final issue,
    dates the last reading by the moment it ended; else by the last one that changed a count, so that a draft stays the
    same. Nobody asks a final month's days any more: a source that was never asked about one is not complete.
    """
    windows = by_submission(windows)
    names = [*sources, *sorted({w.source for w in windows} - set(sources))]
    rows = [_source(name, month, [w for w in windows if w.source == name], through, exact) for name in names]
    return Coverage(
        expected=next((row.expected for row in rows if row.source == ARXIV), None),
        stored=stored.papers,
        ranked=stored.ranked,
        late=stored.late,
        unreadable=sum(w.errors for w in windows),
        sources=tuple(rows),
    )


def horizon(month: str, windows: Sequence[WindowFact]) -> date | None:
    """Give the last day of the month that arXiv was asked about, else the one every source reached; None: none was.

    Other sources' windows are weeks or a whole month and reach beyond the day they were asked on.
    """
    windows = by_submission(windows)
    reached = {source: max(w.end for w in windows if w.source == source) for source in {w.source for w in windows}}
    last = reached.get(ARXIV) or min(reached.values(), default=None)
    return min(last, last_day(month)) if last else None


def missing_days(month: str, windows: Sequence[WindowFact], through: date) -> tuple[date, ...]:
    """List the days up to `through` that no complete window covers or that an incomplete one still holds open."""
    covered = {day for w in windows if w.complete for day in days(w.start, w.end)}
    held = {day for w in windows if not w.complete for day in days(w.start, w.end)}
    wanted = days(first_day(month), min(through, last_day(month)))
    return tuple(day for day in wanted if day not in covered or day in held)


def last_read(windows: Sequence[WindowFact], *, exact: bool = True) -> datetime | None:
    """Give the newest reading among windows, or with `exact` off the newest that changed a count."""
    moments = [w.last_read if exact else w.closed_at for w in windows]
    return max((moment for moment in moments if moment), default=None)


def _source(name: str, month: str, windows: Sequence[WindowFact], through: date, exact: bool) -> SourceCoverage:
    counting = counted(name, month, windows)
    known = [w.expected for w in counting if w.expected is not None]
    error = next((w.error for w in reversed(windows) if w.error and not w.complete), None)
    state, missing = _state(windows), _named_days(month, windows, through)
    gap = exact and bool(missing)
    return SourceCoverage(
        source=name,
        state="partial" if gap and state == "complete" else state,
        expected=sum(known) if known and len(known) == len(counting) and not gap else None,
        received=sum(w.received for w in counting),
        windows=len(windows),
        windows_closed=sum(w.complete for w in windows),
        missing_days=missing,
        last_read=last_read(windows, exact=exact),
        error=error,
    )


def _named_days(month: str, windows: Sequence[WindowFact], through: date) -> tuple[date, ...]:
    """Name the missing days of a source, unless it is several feeds: one that is silent does not lose whole days."""
    feeds = {w.channel for w in windows if w.source != ARXIV}
    return missing_days(month, windows, through)[:MISSING_DAYS] if windows and len(feeds) < 2 else ()


def counted(source: str, month: str, windows: Sequence[WindowFact]) -> list[WindowFact]:
    """Choose the windows of a source that are added up.

    Of arXiv they are those of one channel, since two tell of the same papers: the one that gave totals for most days,
    else the one that received most.
    """
    own = [window for window in windows if window.source == source]
    if source != ARXIV:
        return own
    channels: dict[str, list[WindowFact]] = {}
    for window in own:
        channels.setdefault(window.channel, []).append(window)
    return max(channels.values(), key=lambda list_: _standing(month, list_), default=[])


def _standing(month: str, windows: list[WindowFact]) -> tuple[int, int, str]:
    inside = all(first_day(month) <= w.start and w.end <= last_day(month) for w in windows)
    proved = sum((w.end - w.start).days + 1 for w in windows if w.expected is not None) if inside else 0
    return proved, sum(w.received for w in windows), windows[0].channel


def _state(windows: Sequence[WindowFact]) -> str:
    if not windows:
        return "absent"
    closed = sum(w.complete for w in windows)
    if closed:
        return "complete" if closed == len(windows) else "partial"
    tried = [w for w in windows if w.error]  # after one that could not be reached the others are not even tried
    return "unreachable" if tried and all(w.unreachable for w in tried) else "failed"


def whole(month: str, windows: Sequence[WindowFact]) -> bool:
    """Tell whether arXiv was read in full for every day of a month, after each was over."""
    own = [w for w in by_submission(windows) if w.source == ARXIV]
    return all(w.settled for w in own) and not missing_days(month, own, last_day(month))


def open_sources(
    month: str,
    windows: Sequence[WindowFact],
    sources: Collection[str],
    last_reads: dict[str, datetime],
    closing: datetime,
) -> tuple[str, ...]:
    """Name the sources that keep a month from closing (contract.md, Words).

    arXiv is judged by the days of submission alone: a list of changes that fails keeps no month open.
    Any: a window of the month that is not complete, or was last read before its last day was over. arXiv: also a day
    that no window covers. Every other: also not read in full since the closing time.
    """

    counting = by_submission(windows)

    def is_open(source: str) -> bool:
        own = [w for w in counting if w.source == source]
        if source == ARXIV:
            return not whole(month, own)
        if not all(w.settled for w in own):
            return True
        return source not in last_reads or last_reads[source] < closing

    return tuple(source for source in sources if is_open(source))


def banners(
    status: str, papers: int, until: date | None, closes: datetime, last_final: str | None, coverage: Coverage
) -> tuple[Banner, ...]:
    """Say what a reader must know first about a month that is not final, and which sources did not answer in full."""
    found = []
    if status == "draft":
        facts: dict[str, str | int] = {"papers": papers, "until": until.isoformat() if until else ""}
        found.append(Banner("draft", {**facts, "closes": closes.date().isoformat(), "last_final": last_final or ""}))
    if status == "sample":
        found.append(Banner("sample", {"papers": papers}))
    if coverage.failed:
        found.append(_partial(coverage))
    return tuple(found)


def _partial(coverage: Coverage) -> Banner:
    """Name the sources that did not answer in full, and the days of submission that papers may be absent from."""
    days_ = next((row.missing_days for row in coverage.sources if row.source == ARXIV), ())
    missing = {"days": ", ".join(day.isoformat() for day in days_)} if days_ else {}
    return Banner("partial", {"sources": ", ".join(coverage.failed), **missing})


def overdue(open_: Sequence[str]) -> Banner:
    """Say that an issue was closed although something was still open."""
    return Banner("overdue", {"open": ", ".join(open_)})
