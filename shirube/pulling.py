"""A pull as a person meets it: what is due and about how long it takes, how far it has come, what it came to."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.months import first_day
from db import dumps, issues, windows
from db.engine import reading
from db.followed import noted
from ingest import service as ingest
from ingest.due import Step, next_step, rule_of
from ingest.results import Progress, WindowResult
from ingest.service.pulling import OnProgress
from ingest.source import Source, SourceResult, Window
from shirube import telling, terminal
from shirube.steps import LOOK_BACK
from shirube.telling import Due, Pace
from shirube.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to: each source's sum, whether it was stopped by hand, and the days it was about."""

    results: tuple[SourceResult, ...]
    interrupted: bool
    start: date
    end: date

    @property
    def partly(self) -> bool:
        """Tell whether something that was due did not come."""
        return self.interrupted or any(result.failure or result.windows_open for result in self.results)


def pull(
    wiring: Wiring, names: Sequence[str], start: date, end: date, *, retry_errors: bool = False, command: str = ""
) -> Pulled:
    """Read what is due of some sources, both days included, newest first, with progress at the terminal.

    Ctrl-C ends it early: what came is kept, and `command` is said to go on with.
    """
    found = due(wiring, names, start, end, retry_errors=retry_errors)
    for line in telling.plan(found):
        terminal.say(line)
    read, interrupted = _followed(wiring, names, start, end, found, retry_errors)
    results = [_left_open(result, found, interrupted) for result in ingest.summed(names, read)]
    if interrupted:
        terminal.say(telling.stopped(results, command))
    return Pulled(tuple(results), interrupted, start, end)


def read(
    wiring: Wiring,
    names: Sequence[str],
    start: date,
    end: date,
    *,
    retry_errors: bool = False,
    channels: bool = True,
    on_progress: OnProgress | None = None,
) -> Iterator[WindowResult]:
    """Read what is due, a value after every window; the totals of a month are asked once more after it may close.

    Where arXiv is read, what it announced this week is checked against what it gave, and what is missing asked for.
    Without `channels` arXiv is its API alone, and nothing is checked.
    """
    yield from ingest.pull(
        wiring.sessions,
        wiring.sources(tuple(names), channels=channels),
        start,
        end,
        wiring.clock,
        final_months=final_months(wiring),
        closing_day=wiring.settings.closing_day,
        retry_errors=retry_errors,
        on_progress=on_progress,
    )
    if channels and "arxiv" in names:
        yield from ingest.check_announced(wiring.sessions, wiring.arxiv(), wiring.clock)


def votes(wiring: Wiring, start: date, end: date) -> Iterator[WindowResult]:
    """Read Daily Papers anew, once a day at most, though the days are older than those it is read again for."""
    source = wiring.votes((wiring.clock().date() - start).days)
    yield from ingest.pull(wiring.sessions, [source], start, end, wiring.clock, final_months=final_months(wiring))


def due(wiring: Wiring, names: Sequence[str], start: date, end: date, *, retry_errors: bool = False) -> list[Due]:
    """Count what a pull would ask, lane by lane; asks nobody."""
    found: dict[str, Due] = {}
    for source in wiring.sources(tuple(names)):
        for window, step in _steps(wiring, source, start, end, retry_errors):
            lane = telling.lane(window)
            found.setdefault(lane, Due(lane, _delay(wiring, source.name))).add(window, counted=step.kind == "recount")
    return list(found.values())


def first_due(wiring: Wiring, names: Sequence[str], end: date) -> date:
    """Choose the first day of a pull for which none is given: the month's first, or before it what was asked already.

    Days asked within the last 74 are gone through again, since papers that arXiv held back turn up in them; arXiv is
    gone through from the day an imported dump of all that is followed ends on, if that is among them.
    """
    since = end - LOOK_BACK
    with reading(wiring.sessions) as session:
        known = windows.first_asked(session, names, since)
        dump = dumps.newest_day(session, noted(wiring.settings.categories)) if "arxiv" in names else None
    days = [first_day(f"{end:%Y-%m}"), known, dump if dump and dump >= since else None]
    return min(day for day in days if day is not None)


def final_months(wiring: Wiring) -> frozenset[str]:
    """Name the months that have a final issue: their totals are not asked again."""
    with reading(wiring.sessions) as session:
        return issues.final_months(session)


def values(pulled: Pulled) -> dict[str, Any]:
    """Give what a pull came to as values for JSON."""
    return {
        "since": pulled.start.isoformat(),
        "until": pulled.end.isoformat(),
        "interrupted": pulled.interrupted,
        "sources": [
            {name: getattr(result, name) for name in SourceResult.__dataclass_fields__} for result in pulled.results
        ],
    }


def _steps(wiring: Wiring, source: Source, start: date, end: date, retry_errors: bool) -> Iterator[tuple[Window, Step]]:
    """Pair every window that is due with what is to be done about it."""
    now = wiring.clock()
    asked = source.windows(start, end, now.date())
    ingest.take_up(wiring.sessions, source, asked, now)
    spans = [(window.source, window.channel, window.start, window.end) for window in asked]
    rule = rule_of(source, wiring.settings.closing_day, final_months(wiring))
    with reading(wiring.sessions) as session:
        known = {found.span: found for found in windows.standings(session, spans)}
    for window, span in zip(asked, spans, strict=True):
        standing = known.get(span)
        step = next_step(standing, now, rule, retry_errors=retry_errors) if standing else Step("read-again", now)
        if step.due(now):
            yield window, step


def _followed(
    wiring: Wiring, names: Sequence[str], start: date, end: date, found: Sequence[Due], retry_errors: bool
) -> tuple[list[WindowResult], bool]:
    """Read to the end or to Ctrl-C, telling how far it has come and how long it may still take."""
    results: list[WindowResult] = []
    pace, total = Pace(found, time.monotonic()), sum(one.windows for one in found)
    with terminal.bar("Reading", left=False) as bar:

        def show(progress: Progress) -> None:
            bar(len(results), total, telling.place(progress) + pace.left())

        try:
            for result in read(wiring, names, start, end, retry_errors=retry_errors, on_progress=show):
                results.append(result)
                pace.note(telling.lane(result.window), time.monotonic())
                bar(len(results), max(total, len(results)), pace.left())
        except KeyboardInterrupt:
            return results, True
    return results, False


def _left_open(result: SourceResult, found: Sequence[Due], interrupted: bool) -> SourceResult:
    """Count the windows that a stopped pull did not come to."""
    if not interrupted:
        return result
    total = sum(one.windows for one in found if one.lane.partition(" ")[0] == result.source)
    return replace(result, windows_open=max(result.windows_open, total - result.windows_closed))


def _delay(wiring: Wiring, name: str) -> float:
    return wiring.settings.arxiv_delay_seconds if name == "arxiv" else 0.0
