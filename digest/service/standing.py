"""How the store stands: what is stored and missing, a calendar of coverage, and what is being done about each gap.

All of it is plain values, ready for JSON: the command line, the status page and the API write the same ones, each in
its words. Names are kept: people script against them (docs/commands.md).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from core.clock import iso
from core.months import days, first_day, last_day, month_of, shift
from db import issues, scores
from digest import calendar, coverage, rows
from digest.calendar import Cell, Row
from digest.coverage import WindowFact
from digest.model import SourceCoverage

MONTHS_SHOWN = 3
NETWORK = ("arxiv", "hf", "pwc", "labs")
UNKNOWN = {"kind": "unknown", "at": None, "says": "what comes next is not known here"}

Values = dict[str, Any]


class Steps(Protocol):
    """Tells what comes next of the windows of one month: {"kind", "at", "says"}."""

    def of(self, fact: WindowFact) -> Values:
        """Say what happens next to a window."""
        ...

    def upcoming(self, facts: Sequence[WindowFact]) -> list[Values]:
        """Sum up what happens next to the complete windows."""
        ...


@dataclass(frozen=True, slots=True)
class Collecting:
    """What fills a store, as far as its state is told.

    `network` are the sources that are asked at all, `sources` those of them in use; `steps` makes the rules of a month
    from the month and the final ones; without it what comes next is not known.
    """

    network: tuple[str, ...] = NETWORK
    sources: tuple[str, ...] = NETWORK
    model: str = ""
    steps: Callable[[str, frozenset[str]], Steps] | None = None


def standing(session: Session, store: Collecting, now: datetime, months: Sequence[str] = ()) -> Values:
    """Collect what is stored, what is missing and what comes next, of the months named or of the newest ones."""
    statuses = issues.statuses(session)
    return {
        "issues": statuses,
        "months": [_month(session, store, now, each, statuses) for each in months or _newest(now, statuses)],
        "last_reads": {source: iso(moment) for source, moment in sorted(issues.last_reads(session, now).items())},
        "waiting_for_a_vector": scores.count_to_embed(session, store.model),
    }


def _newest(now: datetime, statuses: dict[str, str]) -> list[str]:
    """Name the months shown: the newest three, and the newest three that have an issue; the newest first."""
    running = {shift(month_of(now), -n) for n in range(MONTHS_SHOWN)}
    return sorted(running | set(sorted(statuses)[-MONTHS_SHOWN:]), reverse=True)


def _month(session: Session, store: Collecting, now: datetime, month: str, statuses: dict[str, str]) -> Values:
    counts, today = issues.month_counts(session, month), now.date()
    facts = coverage.noted_by([rows.window(row) for row in issues.windows(session, month)], now)
    asked = any(fact.source in store.network for fact in facts)
    expected = store.sources if asked else ()
    grid = calendar.calendar(month, facts, expected, today)
    stored = coverage.Stored(counts.papers, counts.ranked_papers, late=0)
    found = coverage.coverage(month, facts, expected, stored, coverage.horizon(month, facts) or last_day(month))
    final = frozenset(name for name, state in statuses.items() if state == "final")
    steps = store.steps(month, final) if store.steps is not None else None
    return {
        "month": month,
        "issue": statuses.get(month),
        "papers": counts.papers,
        "ranked": counts.ranked_papers,
        "recorded": counts.recorded,
        "sources": [_source(row, grid) for row in found.sources],
        "days": _days(month, grid, issues.papers_by_day(session, month)),
        "channels": [_channel(key, own) for key, own in sorted(calendar.others(facts).items())],
        "gaps": _gaps(grid, facts, store.network, steps),
        "next": steps.upcoming(facts) if steps is not None else [],
    }


def _source(found: SourceCoverage, grid: Sequence[Row]) -> Values:
    row = next(row for row in grid if row.source == found.source)
    plain = asdict(found)
    plain["missing_days"] = [day.isoformat() for day in found.missing_days]
    plain["last_read"] = _iso(found.last_read)
    begun = [cell for cell in row.cells if cell.state != "ahead"]
    return plain | {
        "missing": row.missing,
        "unreadable": row.unreadable,
        "days": len(begun),
        "days_complete": sum(cell.state in ("complete", "growing") for cell in begun),
    }


def _days(month: str, grid: Sequence[Row], stored: dict[date, int]) -> list[Values]:
    """Turn the calendar round: a value for each day, with its sources."""
    return [
        {
            "day": day.isoformat(),
            "stored": stored.get(day, 0),
            "sources": {row.source: _cell(row.cells[number]) for row in grid},
        }
        for number, day in enumerate(days(first_day(month), last_day(month)))
    ]


def _cell(cell: Cell) -> Values:
    plain = asdict(cell)
    del plain["day"]
    return plain


def _channel(key: tuple[str, str], own: Sequence[WindowFact]) -> Values:
    source, channel = key
    reads = [w.checked_at for w in own if w.complete and w.checked_at]
    return {
        "source": source,
        "channel": channel,
        "state": calendar.worst(calendar.standing(w) for w in own),
        "windows": len(own),
        "windows_closed": sum(w.complete for w in own),
        "received": sum(w.received for w in own),
        "unreadable": sum(w.errors for w in own),
        "last_read": _iso(max(reads, default=None)),
    }


def _gaps(
    grid: Sequence[Row], facts: Sequence[WindowFact], network: Collection[str], steps: Steps | None
) -> list[Values]:
    """List every window that is not complete, and every stretch of days nobody was asked about."""
    found = [_gap(fact, steps) for fact in facts if not fact.complete]
    for row in grid:
        found += [_unasked(row.source, *run) for run in calendar.absent(row) if row.source in network]
    return sorted(found, key=lambda gap: (gap["source"], gap["channel"] or "", gap["from"]))


def _gap(fact: WindowFact, steps: Steps | None) -> Values:
    return {
        "source": fact.source,
        "channel": fact.channel,
        "from": fact.start.isoformat(),
        "to": fact.end.isoformat(),
        "state": calendar.standing(fact),
        "expected": fact.expected,
        "received": fact.received,
        "missing": calendar.missing(fact),
        "unreadable": fact.errors,
        "error": fact.error,
        "next": steps.of(fact) if steps is not None else dict(UNKNOWN),
    }


def _unasked(source: str, start: date, end: date) -> Values:
    words = f"to ask: shirube pull --source {source} --since {start} --until {end}"
    return {
        "source": source,
        "channel": None,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "state": "absent",
        "expected": None,
        "received": 0,
        "missing": None,
        "unreadable": 0,
        "error": None,
        "next": {"kind": "not-asked", "at": None, "says": words},
    }


def _iso(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
