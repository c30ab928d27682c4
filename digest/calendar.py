"""The ledger as a calendar: how every day of a month stands with every source. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.months import days, first_day, last_day
from digest.coverage import WindowFact, by_submission, counted

# From the best to the worst a window can stand; a day also `absent` (no window covers it) or `ahead` (not begun).
STATES = ("complete", "growing", "open", "stale", "partial", "failed")


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one source.

    Counts are None where a window of the day covers other days too: then they are not the day's own. `expected` is
    None too where the source gives no total, and `missing` is what it leaves after the received and the unreadable.
    """

    day: date
    state: str
    expected: int | None = None
    received: int | None = None
    missing: int | None = None
    unreadable: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A source's month: its days, and the sums over the windows that count."""

    source: str
    cells: tuple[Cell, ...]
    expected: int | None  # of the windows that gave a total; None: none did
    received: int
    missing: int | None  # None: not known, since a day was not asked or an open window has no total, or none is given
    unreadable: int


def calendar(month: str, windows: Sequence[WindowFact], sources: Collection[str], today: date) -> tuple[Row, ...]:
    """Lay a month's windows out by day, a row for each of `sources` and for others the ledger knows.

    Of arXiv the channel that counts is laid out, by day of submission; its other channels are told by `others`.
    """
    counting = by_submission(windows)
    names = [*sources, *sorted({w.source for w in counting} - set(sources))]
    return tuple(_row(name, month, counted(name, month, counting), today) for name in names)


def others(windows: Sequence[WindowFact]) -> dict[tuple[str, str], list[WindowFact]]:
    """Gather the windows whose days are no days of submission, by source and channel."""
    kept = set(map(id, by_submission(windows)))
    found: dict[tuple[str, str], list[WindowFact]] = {}
    for window in windows:
        if id(window) not in kept:
            found.setdefault((window.source, window.channel), []).append(window)
    return found


def standing(window: WindowFact) -> str:
    """Say how one window stands, as one of STATES."""
    if window.complete:
        return "complete" if window.settled else "growing"
    if window.state == "stale":
        return "stale"
    if window.received or window.errors:
        return "partial"
    return "open" if window.state == "open" else "failed"


def worst(states: Iterable[str]) -> str:
    """Say how several windows stand together: where some are complete and some are not, in part."""
    found = set(states)
    if found <= {"complete", "growing"} or len(found) == 1:
        return max(found, key=STATES.index)
    return "partial" if found & {"complete", "growing"} else max(found, key=STATES.index)


def missing(window: WindowFact) -> int | None:
    """Count what a window still lacks; None where its source gives no total."""
    return None if window.expected is None else max(0, window.expected - window.received - window.errors)


def absent(row: Row) -> list[tuple[date, date]]:
    """Join the days of a source that no window covers to stretches, both ends included."""
    runs: list[tuple[date, date]] = []
    for cell in row.cells:
        if cell.state != "absent":
            continue
        if runs and (cell.day - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], cell.day)
        else:
            runs.append((cell.day, cell.day))
    return runs


def _row(name: str, month: str, windows: Sequence[WindowFact], today: date) -> Row:
    cells = tuple(_cell(day, windows, today) for day in days(first_day(month), last_day(month)))
    return Row(
        source=name,
        cells=cells,
        expected=_sum(w.expected for w in windows),
        received=sum(w.received for w in windows),
        missing=_lacking(cells, windows),
        unreadable=sum(w.errors for w in windows),
    )


def _lacking(cells: Sequence[Cell], windows: Sequence[WindowFact]) -> int | None:
    """Count what a month lacks; None where nobody knows: a day not asked, or a window open without a total."""
    unknown = any(w.expected is None and not w.complete for w in windows)
    if unknown or any(cell.state == "absent" for cell in cells):
        return None
    return _sum(missing(w) for w in windows)


def _cell(day: date, windows: Sequence[WindowFact], today: date) -> Cell:
    own = [w for w in windows if w.start <= day <= w.end]
    if day > today:
        return Cell(day, "ahead")
    if not own:
        return Cell(day, "absent")
    state = worst(standing(w) for w in own)
    if any(w.start != w.end for w in own):
        return Cell(day, state)
    return Cell(
        day,
        state,
        expected=_sum(w.expected for w in own),
        received=sum(w.received for w in own),
        missing=_sum(missing(w) for w in own),
        unreadable=sum(w.errors for w in own),
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
