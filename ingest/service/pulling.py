"""The harvest: asks the ledger what is due, reads it page by page, believes, saves; a failing source is a value."""

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from core.clock import Clock
from core.errors import SourceError
from db import windows
from db.engine import Sessions, reading
from ingest.batch import Tally
from ingest.service.saving import keep, store
from ingest.source import Page, Source, SourceResult, Window

_log = logging.getLogger(__name__)
PATIENCE = 3  # failures in a row after which a channel of a source is left alone until the next pull


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a window has been read; `expected` is the source's own total, where it gives one."""

    window: Window
    received: int
    expected: int | None


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What reading one window came to; `asked` is False for a window left alone because its source does not answer."""

    window: Window
    closed: bool
    tally: Tally = field(default_factory=Tally)
    expected: int | None = None
    failure: str | None = None
    unreachable: bool = False
    advice: str = ""
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reading failed, as a value."""

    message: str
    advice: str = ""
    unreachable: bool = False


def pull(
    sessions: Sessions,
    sources: Sequence[Source],
    start: date,
    end: date,
    clock: Clock,
    *,
    final_months: Container[str] = frozenset(),
    retry_errors: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[WindowResult]:
    """Read what is due of these days, both included, newest first, and yield after every window.

    A transaction holds one page at most, so whatever stops this generator, all pages read so far are stored and their
    window stays open. A source that cannot be reached at its first window is left alone until the next pull, and so is
    a channel that fails three times in a row (of the labs, each is another host). Only the database's own errors are
    raised.
    """
    for source in sources:
        yield from _pull_source(sessions, source, start, end, clock, final_months, retry_errors, on_progress)


def due_windows(sessions: Sessions, source: Source, start: date, end: date, now: datetime) -> list[Window]:
    """List what `pull` would read of a source now, in its order; asks nobody and writes nothing."""
    asked = source.windows(start, end, now.date())
    with reading(sessions) as session:
        resting = windows.resting(session, [_span(window) for window in asked], source.reread_days(), now)
    return [window for window in asked if _span(window) not in resting]


def pull_all(
    sessions: Sessions,
    sources: Sequence[Source],
    start: date,
    end: date,
    clock: Clock,
    *,
    final_months: Container[str] = frozenset(),
    retry_errors: bool = False,
    on_progress: OnProgress | None = None,
) -> list[SourceResult]:
    """Pull to the end and sum up each source, in the order given; a source with nothing due has all zeros."""
    results = pull(
        sessions,
        sources,
        start,
        end,
        clock,
        final_months=final_months,
        retry_errors=retry_errors,
        on_progress=on_progress,
    )
    return summed([source.name for source in sources], results)


def summed(names: Sequence[str], results: Iterable[WindowResult]) -> list[SourceResult]:
    """Sum up the windows of each source, in the order of `names`."""
    by_name = {name: SourceResult(name) for name in names}
    for result in results:
        by_name[result.window.source] = _added(by_name[result.window.source], result)
    return list(by_name.values())


def _pull_source(
    sessions: Sessions,
    source: Source,
    start: date,
    end: date,
    clock: Clock,
    final_months: Container[str],
    retry_errors: bool,
    on_progress: OnProgress | None,
) -> Iterator[WindowResult]:
    failures: dict[str, int] = {}  # in a row, by channel
    wanted = _due(sessions, source, start, end, clock(), retry_errors)
    for number, (window_id, window) in enumerate(wanted):
        if failures.get(window.channel, 0) >= PATIENCE:
            yield WindowResult(window, closed=False, asked=False)
            continue
        result = _read(sessions, source, window_id, window, clock, final_months, on_progress)
        yield result
        failures[window.channel] = failures.get(window.channel, 0) + 1 if result.failure else 0
        if result.unreachable and number == 0:
            yield from (WindowResult(left, closed=False, asked=False) for _, left in wanted[1:])
            return


def _span(window: Window) -> windows.Span:
    return window.source, window.channel, window.start, window.end


def _due(
    sessions: Sessions, source: Source, start: date, end: date, now: datetime, retry_errors: bool
) -> list[tuple[int, Window]]:
    spans = [_span(window) for window in source.windows(start, end, now.date())]
    with sessions.begin() as session:
        windows.ensure(session, spans)
        rows = windows.due(session, spans, source.reread_days(), now, retry_errors=retry_errors)
        return [(row.id, Window(row.source, row.channel, row.from_day, row.to_day)) for row in rows]


def _read(
    sessions: Sessions,
    source: Source,
    window_id: int,
    window: Window,
    clock: Clock,
    final_months: Container[str],
    on_progress: OnProgress | None,
) -> WindowResult:
    """Read one window: a transaction per page, and one at the end for the ledger."""
    tally, received, unread = Tally(), set[str](), set[str]()
    expected: int | None = None
    failure: Failure | None = None
    for page in _pages(source, window, clock()):
        if isinstance(page, Failure):
            failure = page
            break
        with sessions.begin() as session:
            stored = store(session, page.records, clock(), final_months)
            unread |= keep(session, window_id, (*page.errors, *stored.refused), clock())
        tally += stored
        received |= stored.ids
        expected = page.expected if page.expected is not None else expected
        if on_progress:
            on_progress(Progress(window, len(received) + len(unread), expected))
    failure = failure or _shortfall(len(received) + len(unread), expected)
    with sessions.begin() as session:
        counts = windows.Counts(len(received), len(unread), expected)
        windows.mark(session, window_id, clock(), counts, failure.message if failure else "")
        if failure is None:
            windows.drop_errors(session, window_id, unread)
    return _result(window, tally, len(unread), expected, failure)


def _pages(source: Source, window: Window, now: datetime) -> Iterator[Page | Failure]:
    """Give a window's pages, and as the last value its failure, if it fails: whatever a source raises stays its own."""
    try:
        yield from source.fetch(window, now)
    except SourceError as problem:
        yield Failure(problem.message, problem.advice, problem.unreachable)
    except Exception as problem:
        _log.exception("source %s broke on %s", source.name, window)
        yield Failure(f"{type(problem).__name__}: {problem}", "This is a fault in the program: please report it")


def _shortfall(arrived: int, expected: int | None) -> Failure | None:
    if expected is None or arrived == expected:
        return None
    return Failure(f"partial: {arrived} of {expected} entries arrived", "The window is read again with the next pull")


def _result(window: Window, tally: Tally, errors: int, expected: int | None, failure: Failure | None) -> WindowResult:
    tally = replace(tally, errors=errors)
    if failure is None:
        return WindowResult(window, closed=True, tally=tally, expected=expected)
    return WindowResult(window, False, tally, expected, failure.message, failure.unreachable, failure.advice)


def _added(total: SourceResult, result: WindowResult) -> SourceResult:
    """Add a window to its source's sum; the first failure is the one told."""
    first = total.failure is None and result.failure is not None
    answered = total.windows_closed or total.new or total.changed or total.unchanged
    return replace(
        total,
        new=total.new + result.tally.new,
        changed=total.changed + result.tally.changed,
        unchanged=total.unchanged + result.tally.unchanged,
        errors=total.errors + result.tally.errors,
        windows_closed=total.windows_closed + result.closed,
        windows_open=total.windows_open + (not result.closed),
        failure=result.failure if first else total.failure,
        advice=result.advice if first else total.advice,
        unreachable=total.unreachable or (result.unreachable and not answered),
    )
