"""What `status` and `doctor` say: coverage a person understands, and for each thing that is wrong how to mend it."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from core.errors import ShirubeError
from core.months import last_day, month_of, shift
from db import issues, scores
from db.engine import WAL_SAFE, sqlite_driver
from db.migrate import at_head
from digest import coverage, rows
from digest.model import SourceCoverage
from ingest.http import reachable
from shirube import terminal
from shirube.telling import NAMES
from shirube.wiring import Wiring

MONTHS_SHOWN = 3
ROOM = 2_000_000_000  # bytes below which a disk is called nearly full


@dataclass(frozen=True, slots=True)
class Check:
    """One thing doctor looked at; `fix` says what to do where it is not well."""

    name: str
    well: bool
    found: str
    fix: str = ""


def status(session: Session, wiring: Wiring) -> dict[str, Any]:
    """Collect what is stored, what is missing and what comes next, for the newest months; plain values for JSON."""
    options, statuses = wiring.issue_options(), issues.statuses(session)
    newest = month_of(wiring.clock())
    months = sorted({shift(newest, -n) for n in range(MONTHS_SHOWN)} | set(statuses), reverse=True)
    return {
        "version": options.version,
        "issues": statuses,
        "months": [_month(session, month, statuses, options.sources) for month in months],
        "last_reads": {source: iso(moment) for source, moment in sorted(issues.last_reads(session).items())},
        "waiting_for_a_vector": scores.count_to_embed(session, wiring.settings.embedding_model),
    }


def _month(session: Session, month: str, statuses: dict[str, str], expected: tuple[str, ...]) -> dict[str, Any]:
    counts = issues.month_counts(session, month)
    windows = tuple(rows.window(row) for row in issues.windows(session, month))
    stored = coverage.Stored(counts.papers, counts.ranked_papers, late=0)
    through = coverage.horizon(month, windows) or last_day(month)
    found = coverage.coverage(month, windows, expected if windows else (), stored, through)
    return {
        "month": month,
        "issue": statuses.get(month),
        "papers": counts.papers,
        "ranked": counts.ranked_papers,
        "sources": [_source(row) for row in found.sources],
    }


def _source(row: SourceCoverage) -> dict[str, Any]:
    plain = asdict(row)
    plain["missing_days"] = [day.isoformat() for day in row.missing_days]
    plain["last_read"] = iso(row.last_read) if row.last_read else None
    return plain


def doctor(wiring: Wiring) -> list[Check]:
    """Try everything once: Python, database, disk, model, each source, mail; a failing check never stops the next."""
    checks: list[Callable[[Wiring], list[Check]]] = [_python, _database, _disk, _model, _sources, _mail]
    found: list[Check] = []
    for check in checks:
        try:
            found += check(wiring)
        except ShirubeError as problem:
            found.append(Check(check.__name__.strip("_"), well=False, found=problem.message, fix=problem.advice))
    return found


def _python(_wiring: Wiring) -> list[Check]:
    return [Check("Python", well=sys.version_info >= (3, 11), found=sys.version.split()[0], fix="Use 3.11 or newer")]


def _database(wiring: Wiring) -> list[Check]:
    engine = wiring.engine
    if engine.dialect.name != "sqlite":
        return [Check("database", well=at_head(engine), found="PostgreSQL", fix="Run shirube db upgrade")]
    version = sqlite_driver().sqlite_version_info
    mode = "write-ahead log" if version >= WAL_SAFE else "rollback journal, since this SQLite is older than 3.51.3"
    found = f"SQLite {'.'.join(map(str, version))}, {mode}"
    return [Check("database", well=at_head(engine), found=found, fix="Run shirube db upgrade")]


def _disk(wiring: Wiring) -> list[Check]:
    folder = Path(wiring.settings.data_dir).resolve()
    free = shutil.disk_usage(folder).free
    fix = f"Make room, or move the data folder ({folder})"
    return [Check("disk", well=free > ROOM, found=f"{free / 1e9:.1f} GB free", fix=fix)]


def _model(wiring: Wiring) -> list[Check]:
    vector = wiring.embedder.embed(["A trial sentence."])
    found = f"{wiring.embedder.identity}, {vector.shape[1]} dimensions"
    return [Check("embedding model", well=True, found=found)]


def _sources(wiring: Wiring) -> list[Check]:
    addresses = wiring.addresses()
    answers = reachable([url for urls in addresses.values() for url in urls], wiring.guard)
    fix = "Check the connection, a proxy, or the address in the settings"
    return [
        Check(
            NAMES[name], well=answers[url], found=f"{url} {'answers' if answers[url] else 'cannot be reached'}", fix=fix
        )
        for name, urls in addresses.items()
        for url in urls
    ]


def _mail(wiring: Wiring) -> list[Check]:
    settings = wiring.settings
    missing = [name for name in ("base_url", "mail_from") if getattr(settings, name) is None]
    if missing:
        names = " and ".join(f"SHIRUBE_{name.upper()}" for name in missing)
        return [Check("mail", well=True, found=f"off: {names} not set", fix="")]
    way = "SMTP" if settings.smtp_url else "a folder of .eml files"
    return [Check("mail", well=True, found=f"on, by {way}")]


def print_status(found: dict[str, Any]) -> None:
    """Print what `status` collected, month by month."""
    waiting = found["waiting_for_a_vector"]
    terminal.out(f"Shirube {found['version']}; {waiting:,} items wait for a vector")
    for source, moment in found["last_reads"].items():
        terminal.out(f"{NAMES.get(source, source)}: last read in full {moment}")
    for month in found["months"]:
        issue = month["issue"] or "no issue"
        terminal.out(f"\n{month['month']}: {issue}, {month['papers']:,} papers, {month['ranked']:,} ranked")
        if lines := [_source_row(source) for source in month["sources"]]:
            headings = ("source", "state", "windows", "received", "expected", "as of", "open days")
            terminal.table(headings, lines, right=(3, 4))


def _source_row(source: dict[str, Any]) -> tuple[str, ...]:
    expected = "unknown" if source["expected"] is None else f"{source['expected']:,}"
    open_days = ", ".join(day[8:] for day in source["missing_days"]) or "none"
    return (
        source["source"],
        source["state"],
        f"{source['windows_closed']} of {source['windows']} complete",
        f"{source['received']:,}",
        expected,
        source["last_read"] or "never",
        open_days,
    )
