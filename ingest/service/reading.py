"""Reading one window: a transaction for every page, the ledger in step with it, and closed on evidence only."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.clock import Clock
from core.errors import SourceError
from db import followed, windows
from db.engine import Sessions, reading, writing
from db.windows import Counts, Standing
from ingest.batch import Tally
from ingest.due import Selecting
from ingest.results import NONE, Failure, Sums, WindowResult, breach, failed, shortfall, uneven
from ingest.service.saving import keep, store
from ingest.source import NOTHING, Counting, Earlier, Marks, Moving, Page, Source, TokenExpiredError, Window

_log = logging.getLogger(__name__)
_FAULT = "This is a fault in the program: please report it"


@dataclass(frozen=True, slots=True)
class Desk:
    """What reading needs besides the window; `on_page` hears the window, the entries so far, and the total if known."""

    sessions: Sessions
    clock: Clock
    on_page: Callable[[Window, int, int | None], None] | None = None


@dataclass(slots=True)
class _Reading:
    """A reading under way: what arrived, from its beginning or from where an interrupted one stopped."""

    standing: Standing
    resumed: bool = False
    sums: Sums = field(default_factory=Sums)
    ids: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    tally: Tally = NONE
    expected: int | None = None
    marks: Marks = NOTHING.marks
    pages: int = 0
    resumable: bool = False  # a token is stored, and the counts with it
    unchanged: bool = False
    ended: bool = False

    @property
    def arrived(self) -> int:
        return self.sums.received + len(self.unread)

    @property
    def counts(self) -> Counts:
        return Counts(self.sums.received, len(self.unread), self.expected, self.sums.stored, self.sums.unchanged)

    def add(self, page: Page, stored: Tally) -> None:
        self.sums = self.sums.with_page(stored, len(stored.ids & self.ids))
        self.ids |= stored.ids
        self.tally += stored
        self.expected = page.expected if page.expected is not None else self.expected
        self.marks = page.marks if page.marks != Marks() else self.marks
        self.pages += 1

    def moved(self, page: Page) -> bool:
        """Tell whether the total is another than before the interruption: places in the list may mean other entries.

        The part before is known by its counts alone, so an entry moved into this one would be counted twice and could
        make up for one never seen.
        """
        before = self.standing.expected
        return before is not None and page.expected is not None and page.expected != before

    def verdict(self, known: int) -> Failure | None:
        """Judge a reading that came to its end."""
        if not self.pages and not self.resumed:
            return Failure("nothing came: the source gave no page at all", _FAULT)
        return shortfall(self.arrived, self.expected, known) or uneven(self.sums)


def window_of(standing: Standing) -> Window:
    """Give the window a row of the ledger is about."""
    return Window(standing.source, standing.channel, standing.start, standing.end)


def visit(desk: Desk, source: Source, standing: Standing, *, retry_errors: bool = False) -> WindowResult:
    """Bring a window up to date: by the source's total alone where that suffices, else by reading it.

    `retry_errors`: a window with entries that could not be read is read whatever its total or its marks say.
    """
    if standing.asked is not None and standing.asked != _asked(source):
        standing = replace(standing, closed_at=None)  # of what is asked now nothing was complete yet
    again = retry_errors and standing.errors > 0
    known = _known(desk, source, standing)
    countable = standing.token is None and not again and (known > 0 or standing.closed_at is not None)
    result = _by_count(desk, source, standing, known) if countable and isinstance(source, Counting) else None
    if result is not None:
        return result
    marks = Marks(standing.etag, standing.last_modified)
    earlier = Earlier(standing.token, Marks() if again or standing.closed_at is None else marks)
    return _read(desk, source, standing, earlier, known)


def _asked(source: Source | Counting) -> str | None:
    return followed.noted(source.categories) if isinstance(source, Selecting) else None


def _known(desk: Desk, source: Source, standing: Standing) -> int:
    """Count what is there already: of a window once complete its entries, else papers that came by other channels."""
    if isinstance(source, Moving):
        return 0  # that there were entries is no reason to doubt that there are none now
    if standing.closed_at is not None:
        return standing.received + standing.errors
    if not isinstance(source, Selecting):
        return 0
    with reading(desk.sessions) as session:
        return windows.count_submitted(session, standing.start, standing.end, source.categories)


def _by_count(desk: Desk, source: Counting, standing: Standing, known: int) -> WindowResult | None:
    """Ask the window's total; None where it differs from what is known, so that the window must be read."""
    window = window_of(standing)
    total = _total(source, window)
    if isinstance(total, int) and total != known:
        return None
    with desk.sessions.begin() as session:
        now, begun = desk.clock(), standing.attempts
        if isinstance(total, Failure):
            windows.mark(session, standing.id, now, standing.counts, total.message, begun_after=begun)
            return failed(window, total)
        if standing.closed_at is not None:
            windows.confirm(session, standing.id, now, read=False)
        else:
            counts = Counts(total, 0, total, 0, total)
            windows.mark(session, standing.id, now, counts, "", asked=_asked(source))
            windows.drop_errors(session, standing.id, ())
    return WindowResult(window, closed=True, expected=total, counted=True, proven=True)


def _read(desk: Desk, source: Source, standing: Standing, earlier: Earlier, known: int) -> WindowResult:
    """Read a window, or what is left of it; once more from its beginning where that cannot be had or trusted.

    Not trusted are parts that do not add up to the source's total, or between which the total changed.
    """
    one = _begun(desk, standing)
    failure = _through(desk, source, one, earlier, known)
    if failure and (failure.expired or (one.resumed and one.ended)):
        with desk.sessions.begin() as session:
            windows.restart(session, standing.id)
        one = _Reading(standing, tally=Tally(one.tally.new, one.tally.changed))
        failure = _through(desk, source, one, replace(earlier, token=None), known)
    return _book(desk, one, failure, _asked(source))


def _begun(desk: Desk, standing: Standing) -> _Reading:
    """Begin a reading, with the counts and kept errors of the part before where there is one."""
    if standing.token is None:
        return _Reading(standing)
    with reading(desk.sessions) as session:
        unread = windows.kept_errors(session, standing.id)
    had = standing.counts
    sums = Sums(had.received, had.stored, had.unchanged)
    return _Reading(standing, True, sums, unread=unread, expected=had.expected, resumable=True)


def _through(desk: Desk, source: Source, one: _Reading, earlier: Earlier, known: int) -> Failure | None:
    """Read page by page to the end; gives why the window cannot be closed, if so."""
    for page in _pages(source, window_of(one.standing), desk.clock(), earlier):
        if isinstance(page, Failure):
            return page
        if page.unchanged:
            return _as_before(one, page, earlier)
        if one.resumed and one.moved(page):
            return Failure("the list changed while its reading was interrupted", expired=True)
        if wrong := _take(desk, one, page):
            one.resumable = False
            return wrong
    one.ended, one.resumable = True, False
    return one.verdict(known)


def _as_before(one: _Reading, page: Page, earlier: Earlier) -> Failure | None:
    """Believe that nothing changed only where the source was told what it is that did not."""
    one.unchanged = earlier.marks != Marks() and not one.pages and not page.records and not page.errors
    return None if one.unchanged else Failure("the source says unchanged of a window it was not asked that of", _FAULT)


def _take(desk: Desk, one: _Reading, page: Page) -> Failure | None:
    """Store a page and note in the same transaction where to go on after it."""
    window_id = one.standing.id
    with writing(desk.sessions) as session:
        now = desk.clock()
        stored = store(session, page.records, now)
        one.unread |= keep(session, window_id, (*page.errors, *stored.refused), now)
        one.add(page, stored)
        # Without a token the one before still holds: going on there repeats a page, and its counts are stored with it.
        if page.token is not None and one.standing.closed_at is None:
            if not one.resumable:  # from here on the errors kept are those of this reading
                windows.drop_errors(session, window_id, one.unread)
            windows.advance(session, window_id, one.counts, page.token)
            one.resumable = True
    if desk.on_page:
        desk.on_page(window_of(one.standing), one.arrived, one.expected)
    return breach(page, stored)


def _book(desk: Desk, one: _Reading, failure: Failure | None, asked: str | None) -> WindowResult:
    """Enter into the ledger what a reading came to."""
    window_id, now = one.standing.id, desk.clock()
    tally = replace(one.tally, errors=len(one.unread))
    with desk.sessions.begin() as session:
        if one.unchanged:
            windows.confirm(session, window_id, now, read=True)
            return WindowResult(window_of(one.standing), True, expected=one.standing.expected, proven=True)
        windows.mark(
            session,
            window_id,
            now,
            one.counts,
            failure.message if failure else "",
            etag=one.marks.etag,
            last_modified=one.marks.last_modified,
            resumable=one.resumable and not _stuck(one, failure),
            begun_after=one.standing.attempts,
            asked=asked,
        )
        if failure is None:
            windows.drop_errors(session, window_id, one.unread)
    if failure is not None:
        return failed(window_of(one.standing), failure, tally, one.expected)
    proven = one.expected is not None
    return WindowResult(window_of(one.standing), True, tally, one.expected, proven=proven)


def _stuck(one: _Reading, failure: Failure | None) -> bool:
    """Tell whether a reading failed twice at its first step in the same way: its token is not trusted any more."""
    if failure is None or failure.expired:
        return True
    return one.resumed and not one.pages and failure.message == one.standing.error


def _pages(source: Source, window: Window, now: datetime, earlier: Earlier) -> Iterator[Page | Failure]:
    """Give a window's pages, and as the last value its failure, if it fails: whatever a source raises stays its own."""
    try:
        yield from source.fetch(window, now, earlier)
    except Exception as problem:
        yield _told(problem, window)


def _total(source: Counting, window: Window) -> int | Failure:
    try:
        return source.total(window)
    except Exception as problem:
        return _told(problem, window)


def _told(problem: Exception, window: Window) -> Failure:
    if isinstance(problem, SourceError):
        expired = isinstance(problem, TokenExpiredError)
        return Failure(problem.message, problem.advice, problem.unreachable, expired)
    _log.error("source %s broke on %s", window.source, window, exc_info=problem)
    return Failure(f"{type(problem).__name__}: {problem}", _FAULT)
