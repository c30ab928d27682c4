"""What `status` says: what is stored and missing, a calendar of coverage, and what is being done about each gap.

All of it is plain values, ready for JSON; shirube/calendar.py writes them for people. Names are kept: people script
against them (docs/commands.md).
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from core.months import days, first_day, last_day, month_of, shift
from db import issues, scores, windows
from db.models import IngestError, Window
from digest import calendar, coverage, rows
from digest.calendar import Cell, Row
from digest.coverage import WindowFact
from digest.model import SourceCoverage
from shirube.steps import Steps
from shirube.wiring import NETWORK_SOURCES, Wiring

MONTHS_SHOWN = 3

Values = dict[str, Any]


def status(session: Session, wiring: Wiring, month: str | None = None) -> Values:
    """Collect what is stored, what is missing and what comes next, of one month or of the newest ones."""
    statuses = issues.statuses(session)
    months = [month] if month else _newest(wiring.clock(), statuses)
    return {
        "version": wiring.issue_options().version,
        "at": iso(wiring.clock()),
        "issues": statuses,
        "months": [_month(session, wiring, each, statuses) for each in months],
        "last_reads": {source: iso(moment) for source, moment in sorted(issues.last_reads(session).items())},
        "waiting_for_a_vector": scores.count_to_embed(session, wiring.settings.embedding_model),
    }


def errors(session: Session, limit: int) -> list[Values]:
    """List the newest entries that could not be read, at most `limit`, each with its window and its raw bytes."""
    return [_error(entry, window) for entry, window in windows.errors(session, limit)]


def _newest(now: datetime, statuses: dict[str, str]) -> list[str]:
    """Name the months shown: the newest three, and the newest three that have an issue; the newest first."""
    running = {shift(month_of(now), -n) for n in range(MONTHS_SHOWN)}
    return sorted(running | set(sorted(statuses)[-MONTHS_SHOWN:]), reverse=True)


def _month(session: Session, wiring: Wiring, month: str, statuses: dict[str, str]) -> Values:
    counts, today = issues.month_counts(session, month), wiring.clock().date()
    facts = tuple(rows.window(row) for row in issues.windows(session, month))
    asked = any(fact.source in NETWORK_SOURCES for fact in facts)
    expected = wiring.issue_options().sources if asked else ()
    grid = calendar.calendar(month, facts, expected, today)
    stored = coverage.Stored(counts.papers, counts.ranked_papers, late=0)
    found = coverage.coverage(month, facts, expected, stored, coverage.horizon(month, facts) or last_day(month))
    final = frozenset(name for name, state in statuses.items() if state == "final")
    steps = Steps(wiring, month, final)
    return {
        "month": month,
        "issue": statuses.get(month),
        "papers": counts.papers,
        "ranked": counts.ranked_papers,
        "recorded": counts.recorded,
        "sources": [_source(row, grid) for row in found.sources],
        "days": _days(month, grid, issues.papers_by_day(session, month)),
        "channels": [_channel(key, own) for key, own in sorted(calendar.others(facts).items())],
        "gaps": _gaps(grid, facts, steps),
        "next": steps.upcoming(facts),
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


def _gaps(grid: Sequence[Row], facts: Sequence[WindowFact], steps: Steps) -> list[Values]:
    """List every window that is not complete, and every stretch of days nobody was asked about."""
    found = [_gap(fact, steps) for fact in facts if not fact.complete]
    for row in grid:
        found += [_unasked(row.source, *run) for run in calendar.absent(row) if row.source in NETWORK_SOURCES]
    return sorted(found, key=lambda gap: (gap["source"], gap["channel"] or "", gap["from"]))


def _gap(fact: WindowFact, steps: Steps) -> Values:
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
        "next": steps.of(fact),
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


def _error(entry: IngestError, window: Window) -> Values:
    text, packed = _raw(entry.raw)
    return {
        "source": window.source,
        "channel": window.channel,
        "from": window.from_day.isoformat(),
        "to": window.to_day.isoformat(),
        "id": entry.item_id,
        "reason": entry.reason,
        "seen_at": iso(entry.seen_at),
        "raw": text,
        "raw_base64": packed,
    }


def _raw(raw: bytes) -> tuple[str | None, str | None]:
    """Give bytes as text, or packed where they are none; a cut at 64 kB in the middle of a character is no text."""
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        return None, base64.b64encode(raw).decode("ascii")


def _iso(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
