"""The cross-check: what arXiv announced against what the API and OAI-PMH gave, so that nothing is missed silently."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from core.clock import Clock
from core.errors import SourceError
from core.months import days
from db import windows
from db.announced import Told, announced_since
from db.engine import Sessions, reading, writing
from db.windows import Standing
from ingest.batch import Tally
from ingest.crosscheck import is_reproach, missed, repeats, reproach
from ingest.results import NONE, Failure, WindowResult, failed
from ingest.service.reading import window_of
from ingest.service.saving import store
from ingest.source import Page
from ingest.sources.arxiv_rss import AS_OF

BACK = timedelta(days=7)  # for so long a paper that the API does not give is asked for again
_ADVICE = "The papers are stored as announced; they are asked for again with the next pulls"


class Finder(Protocol):
    """A source that looks single papers up; of those asked for it gives the ones it knows."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Name the categories followed."""
        ...

    def by_ids(self, ids: Sequence[str], now: datetime) -> Iterator[Page]:
        """Look papers up by their arXiv ids; raises core.errors.SourceError."""
        ...


@dataclass(slots=True)
class _Check:
    """A check under way: where to store, and the ids that something else than an announcement told of."""

    sessions: Sessions
    api: Finder
    clock: Clock
    known: set[str] = field(default_factory=set)


def check_announced(sessions: Sessions, api: Finder, clock: Clock) -> Iterator[WindowResult]:
    """Ask the API for every paper that was announced within a week and that it did not give, and store what it gives.

    Goes through the days and categories whose announcements were read in full (channels `rss:<category>`), newest
    first, and yields a value for each that had a paper missing or that changed its state. What stays missing makes its
    window `stale`, with the ids as its error; so does a feed that lists yesterday's papers under today's date. Once
    the papers have come the window is closed again. Where the API cannot be asked nothing is judged.
    """
    now = clock()
    since = (now - BACK).date()
    with reading(sessions) as session:
        told = announced_since(session, since, now.date(), AS_OF)
        standings = windows.standings(session, _spans(api.categories, since - BACK, now.date()))
    check = _Check(sessions, api, clock, {paper.id for paper in told if not paper.alone})
    listed = _by_window(told)
    read = [standing for standing in standings if standing.closed_at is not None]
    for place, standing in enumerate(read):
        if standing.start < since:
            return
        here = listed.get((standing.start, standing.channel), ())
        result = _checked(check, standing, here, repeated=_repeated(standing, read[place + 1 :]))
        if result is not None:
            yield result
        if result is not None and result.unreachable:
            return


def _repeated(standing: Standing, older: Sequence[Standing]) -> bool:
    """Compare a feed with the last one of its category that listed anything."""
    before = next((found.received for found in older if found.channel == standing.channel and found.received), None)
    return repeats(standing.received, standing.counts.stored, before)


def _checked(check: _Check, standing: Standing, here: Collection[str], *, repeated: bool) -> WindowResult | None:
    """Check one day and category; None where there was nothing to ask, to say or to take back."""
    missing, tally = missed(here, check.known), NONE
    if missing:
        asked = _ask(check, missing)
        if isinstance(asked, Failure):
            return failed(window_of(standing), asked)
        tally = asked
    still = missed(missing, check.known)
    said = reproach(still, repeated=repeated)
    if not said and not missing and not is_reproach(standing.error):
        return None
    return _booked(check, standing, said, tally)


def _ask(check: _Check, ids: Sequence[str]) -> Tally | Failure:
    """Ask for papers by their ids and store them, a transaction for every page."""
    tally = NONE
    try:
        for page in check.api.by_ids(ids, check.clock()):
            with writing(check.sessions) as session:
                stored = store(session, page.records, check.clock())
            check.known |= stored.ids
            tally += stored
    except SourceError as problem:
        return Failure(problem.message, problem.advice, problem.unreachable)
    return tally


def _booked(check: _Check, standing: Standing, said: str, tally: Tally) -> WindowResult:
    """Enter the verdict into the ledger, unless it stands there already; an error of another kind is left alone."""
    now, window = check.clock(), window_of(standing)
    with check.sessions.begin() as session:
        if said and said != standing.error:
            windows.mark(session, standing.id, now, standing.counts, said, begun_after=standing.attempts)
        elif not said and is_reproach(standing.error):
            windows.confirm(session, standing.id, now, read=False)
    if said:
        return failed(window, Failure(said, _ADVICE), tally, standing.expected)
    closed = standing.state == "closed" or is_reproach(standing.error)
    return WindowResult(window, closed, tally, standing.expected)


def _by_window(told: Sequence[Told]) -> Mapping[tuple[date, str], list[str]]:
    """Sort papers by the days and channels they were announced in."""
    found: dict[tuple[date, str], list[str]] = {}
    for paper in told:
        for category in paper.categories:
            found.setdefault((paper.announced, f"rss:{category}"), []).append(paper.id)
    return found


def _spans(categories: Sequence[str], start: date, end: date) -> list[windows.Span]:
    """Name the windows of announcements, the newest day first."""
    newest = reversed(list(days(start, end)))
    return [("arxiv", f"rss:{category}", day, day) for day in newest for category in categories]
