"""The harvest: asks the ledger what is due, has it read, newest month first; a failing source is a value."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from core.clock import Clock
from core.months import month_of
from db import followed, windows
from db.engine import Sessions, reading
from ingest.due import Rule, Selecting, next_step, rule_of
from ingest.results import Progress, WindowResult
from ingest.service.reading import Desk, visit, window_of
from ingest.source import Source, Window

PATIENCE = 3  # failures in a row after which a channel of a source is left alone until the next pull

OnProgress = Callable[[Progress], None]


@dataclass(slots=True)
class _Lane:
    """A source under way in one pull: its rule, and how it answers."""

    source: Source
    rule: Rule
    failures: dict[str, int] = field(default_factory=dict)  # in a row, by channel
    asked: bool = False
    gone: bool = False  # it could not be reached at its first window

    def silent(self, channel: str) -> bool:
        return self.gone or self.failures.get(channel, 0) >= PATIENCE

    def note(self, result: WindowResult) -> None:
        channel = result.window.channel
        self.failures[channel] = self.failures.get(channel, 0) + 1 if result.failure else 0
        self.gone = self.gone or (result.unreachable and not self.asked)
        self.asked = True


def pull(
    sessions: Sessions,
    sources: Sequence[Source],
    start: date,
    end: date,
    clock: Clock,
    *,
    final_months: Container[str] = frozenset(),
    closing_day: int | None = None,
    retry_errors: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[WindowResult]:
    """Read what is due of these days, both included, newest month first, and yield after every window.

    Within a month the sources are read in the order given, each from its newest window back. A transaction holds one
    page at most, so whatever stops this generator, all pages read so far are stored and their window stays open. A
    source that cannot be reached at its first window is left alone until the next pull, and so is a channel that fails
    three times in a row (of the labs, each is another host). With a `closing_day` the totals of a month are asked once
    more after its closing time, while it is not among the `final_months`. Only the database's own errors are raised.
    """
    lanes = [_Lane(source, rule_of(source, closing_day, final_months)) for source in sources]
    agenda = _agenda(sessions, lanes, start, end, clock(), retry_errors)
    for done, (lane, window_id, window) in enumerate(agenda):
        if lane.silent(window.channel):
            yield WindowResult(window, closed=False, asked=False)
            continue
        with reading(sessions) as session:
            standing = windows.standing(session, window_id)
        if not next_step(standing, clock(), lane.rule, retry_errors=retry_errors).due(clock()):
            continue  # another process was quicker
        desk = Desk(sessions, clock, _telling(on_progress, done, len(agenda)))
        result = visit(desk, lane.source, standing, retry_errors=retry_errors)
        lane.note(result)
        yield result


def due_windows(
    sessions: Sessions,
    source: Source,
    start: date,
    end: date,
    now: datetime,
    *,
    final_months: Container[str] = frozenset(),
    closing_day: int | None = None,
) -> list[Window]:
    """List what `pull` would read of a source now, in its order; asks nobody.

    Complete windows of which only the total is asked are not listed: few of them turn out to need a reading.
    """
    asked = source.windows(start, end, now.date())
    take_up(sessions, source, asked, now)
    rule = rule_of(source, closing_day, final_months)
    with reading(sessions) as session:
        known = {found.span: found for found in windows.standings(session, [_span(window) for window in asked])}
    steps = {span: next_step(found, now, rule) for span, found in known.items()}
    resting = {span for span, step in steps.items() if step.kind == "recount" or not step.due(now)}
    return [window for window in asked if _span(window) not in resting]


def take_up(sessions: Sessions, source: Source, asked: Sequence[Window], now: datetime) -> None:
    """Open all windows, not only those asked for, that were complete for fewer categories than are followed now.

    What a clock that was ahead noted of those asked for is taken back.
    """
    with sessions.begin() as session:
        windows.take_back(session, [_span(window) for window in asked], now)
        if isinstance(source, Selecting):
            channels = {window.channel for window in asked}
            followed.take_up(session, source.name, channels, followed.noted(source.categories))


def _agenda(
    sessions: Sessions, lanes: Sequence[_Lane], start: date, end: date, now: datetime, retry_errors: bool
) -> list[tuple[_Lane, int, Window]]:
    """List what is due of all sources, the newest month first: history never keeps the present waiting."""
    due: list[tuple[_Lane, int, Window]] = []
    for lane in lanes:
        asked = lane.source.windows(start, end, now.date())
        take_up(sessions, lane.source, asked, now)
        spans = [_span(window) for window in asked]
        with sessions.begin() as session:
            windows.ensure(session, spans)
            for standing in windows.standings(session, spans):
                if next_step(standing, now, lane.rule, retry_errors=retry_errors).due(now):
                    due.append((lane, standing.id, window_of(standing)))
    return sorted(due, key=lambda entry: month_of(entry[2].end), reverse=True)  # stable, reversed or not


def _span(window: Window) -> windows.Span:
    return window.source, window.channel, window.start, window.end


def _telling(on_progress: OnProgress | None, done: int, due: int) -> Callable[[Window, int, int | None], None] | None:
    if on_progress is None:
        return None
    return lambda window, received, expected: on_progress(Progress(window, received, expected, done, due))
