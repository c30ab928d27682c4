"""What may be missing from a month: the ledger read as the state of every source, and what a reader must know first."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.months import days, first_day, last_day
from digest.model import Banner, Coverage, SourceCoverage

MISSING_DAYS = 31
ARXIV = "arxiv"


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
    closed_at: datetime | None
    unreachable: bool

    @property
    def complete(self) -> bool:
        """Tell whether everything the source announced for the window was received, readable or kept as received."""
        return self.state == "closed" and (self.expected is None or self.received + self.errors >= self.expected)


@dataclass(frozen=True, slots=True)
class Stored:
    """The counts of a month that coverage prints."""

    papers: int
    ranked: int
    late: int


def coverage(
    month: str, windows: Sequence[WindowFact], sources: Collection[str], stored: Stored, through: date
) -> Coverage:
    """Say what every source gave for a month, up to and including the day `through`.

    `sources` are those that should be read; others found in the ledger are listed as well. `expected` is arXiv's own
    total, None unless it gave one for every window of a channel that lies within the month.
    """
    names = [*sources, *sorted({w.source for w in windows} - set(sources))]
    rows = tuple(_source(name, month, [w for w in windows if w.source == name], through) for name in names)
    return Coverage(
        expected=next((row.expected for row in rows if row.source == ARXIV), None),
        stored=stored.papers,
        ranked=stored.ranked,
        late=stored.late,
        unreadable=sum(w.errors for w in windows),
        sources=rows,
    )


def horizon(month: str, windows: Sequence[WindowFact]) -> date | None:
    """Give the last day of the month that any source was asked about; None when none was."""
    return min(max(w.end for w in windows), last_day(month)) if windows else None


def missing_days(month: str, windows: Sequence[WindowFact], through: date) -> tuple[date, ...]:
    """List the days up to `through` that no complete window covers or that an incomplete one still holds open."""
    covered = {day for w in windows if w.complete for day in days(w.start, w.end)}
    held = {day for w in windows if not w.complete for day in days(w.start, w.end)}
    wanted = days(first_day(month), min(through, last_day(month)))
    return tuple(day for day in wanted if day not in covered or day in held)


def _source(name: str, month: str, windows: Sequence[WindowFact], through: date) -> SourceCoverage:
    counted = _counted(month, windows)
    known = [w.expected for w in counted if w.expected is not None]
    error = next((w.error for w in reversed(windows) if w.error and not w.complete), None)
    return SourceCoverage(
        source=name,
        state=_state(windows),
        expected=sum(known) if known and len(known) == len(counted) else None,
        received=sum(w.received for w in counted),
        windows=len(windows),
        windows_closed=sum(w.complete for w in windows),
        missing_days=missing_days(month, windows, through)[:MISSING_DAYS] if windows else (),
        last_read=max((w.closed_at for w in windows if w.closed_at), default=None),
        error=error,
    )


def _counted(month: str, windows: Sequence[WindowFact]) -> list[WindowFact]:
    """Choose the channel whose windows are added up: two channels tell of the same papers and must not both count.

    It is the one that gave totals for most days, else the one that received most.
    """
    channels: dict[str, list[WindowFact]] = {}
    for window in windows:
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
    return "unreachable" if all(w.unreachable for w in windows) else "failed"


def open_sources(
    month: str,
    windows: Sequence[WindowFact],
    sources: Collection[str],
    last_reads: dict[str, datetime],
    closing: datetime,
) -> tuple[str, ...]:
    """Name the sources that keep a month from closing (contract.md, Words).

    arXiv: a day that no complete window covers. Every other: not read in full since the closing time, or a window of
    the month that is not closed.
    """
    return tuple(s for s in sources if _is_open(s, month, [w for w in windows if w.source == s], last_reads, closing))


def _is_open(
    source: str, month: str, windows: Sequence[WindowFact], last_reads: dict[str, datetime], closing: datetime
) -> bool:
    if source == ARXIV:
        return bool(missing_days(month, windows, last_day(month)))
    read = last_reads.get(source)
    return read is None or read < closing or not all(w.complete for w in windows)


def banners(
    status: str, papers: int, until: date | None, closes: datetime, last_final: str | None, failed: Sequence[str]
) -> tuple[Banner, ...]:
    """Say what a reader must know first about a month that is not final, and which sources did not answer in full."""
    found = []
    if status == "draft":
        facts: dict[str, str | int] = {"papers": papers, "until": until.isoformat() if until else ""}
        found.append(Banner("draft", {**facts, "closes": closes.date().isoformat(), "last_final": last_final or ""}))
    if status == "sample":
        found.append(Banner("sample", {"papers": papers}))
    if failed:
        found.append(Banner("partial", {"sources": ", ".join(failed)}))
    return tuple(found)


def overdue(open_: Sequence[str]) -> Banner:
    """Say that an issue was closed although something was still open."""
    return Banner("overdue", {"open": ", ".join(open_)})
