"""What `doctor` looks at, and for each thing that is not well how to mend it."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock, system_clock
from core.errors import ShirubeError
from db import integrity
from db.engine import WAL_SAFE, sqlite_driver
from db.migrate import at_head
from shirube import trials, upkeep
from shirube.checks import Check
from shirube.telling import span
from shirube.troubles import RESTORE, in_words, told
from shirube.wiring import Wiring

LOOKED_THROUGH = 1_000_000_000  # bytes of an SQLite file, which some seconds read
UNSEEN = "; too large to be looked through here (shirube db check does)"
ROOM = 2_000_000_000  # bytes below which a disk is called nearly full


def examine(wiring: Wiring, machine: Clock = system_clock) -> list[Check]:
    """Try once the machine, the store, its upkeep, each source and the ways of mail; no failure stops the next.

    `machine` is this machine's clock, which is held against the hour that the sources tell.
    """
    found = [*_tried("Python", _python, wiring), *_tried("disk", _disk, wiring)]
    database = _tried("database", _database, wiring)
    found += [*database, *_tried("embedding model", _model, wiring)]
    if all(check.well for check in database):
        found += [*_tried("scheduler", upkeep.scheduler, wiring), *_tried("backups", upkeep.backup, wiring)]
        found += _tried("ledger", upkeep.ledger, wiring)
        found += _tried("sources", lambda wiring: _sources(wiring, machine), wiring)
    else:
        fix = "Mend the database first: it keeps the pace at which they are asked"
        found.append(Check("sources", well=False, found="not asked", fix=fix))
    found += [*_tried("mail", upkeep.mail, wiring), *_tried("webhook", upkeep.webhook, wiring)]
    if all(check.well for check in database):
        found += [*_tried("outbox", upkeep.waiting, wiring), *_tried("readers", upkeep.refused, wiring)]
    return found


def _tried(name: str, check: Callable[[Wiring], list[Check]], wiring: Wiring) -> list[Check]:
    try:
        return check(wiring)
    except (ShirubeError, OSError, SQLAlchemyError) as problem:
        said = in_words(problem)  # a migration says its advice also where the machine failed beneath it
        if said is None:  # a fault of the program
            raise
        return [Check(name, well=False, found=said.message, fix=said.advice)]


def _python(_wiring: Wiring) -> list[Check]:
    return [Check("Python", well=sys.version_info >= (3, 11), found=sys.version.split()[0], fix="Use 3.11 or newer")]


def _disk(wiring: Wiring) -> list[Check]:
    folder = Path(wiring.settings.data_dir).resolve()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return [
            Check("disk", well=False, found=f"{there} cannot be written", fix="Change its owner or mode, or move it")
        ]
    free = shutil.disk_usage(there).free
    fix = f"Make room, or move the data folder ({folder})"
    return [Check("disk", well=free > ROOM, found=f"{free / 1e9:.1f} GB free", fix=fix)]


def _database(wiring: Wiring) -> list[Check]:
    """Open the database, take its write lock for a moment (a full disk or a stuck program shows there), read it."""
    try:
        engine = wiring.engine
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_current_xact_id()")  # refused where only reading is allowed
        small = _size(engine.url) <= LOOKED_THROUGH
        if lost := integrity.missing(engine) or (integrity.damage(engine) if small else []):
            return [Check("database", well=False, found=", ".join(lost), fix=RESTORE)]
        said = _kind(engine.dialect.name) + ("" if small else UNSEEN)
        return [Check("database", well=at_head(engine), found=said, fix="Run shirube db upgrade")]
    except SQLAlchemyError as problem:
        return [_unusable(problem, make_url(wiring.settings.database))]


def _size(url: URL) -> int:
    """Give the bytes of an SQLite file; a server is no file."""
    file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    return file.stat().st_size if file is not None and file.exists() else 0


def _kind(name: str) -> str:
    if name != "sqlite":
        return "PostgreSQL"
    version = sqlite_driver().sqlite_version_info
    mode = "write-ahead log" if version >= WAL_SAFE else "rollback journal, since this SQLite is older than 3.51.3"
    return f"SQLite {'.'.join(map(str, version))}, {mode}"


def _unusable(problem: SQLAlchemyError, place: URL) -> Check:
    """Tell of a server as every command does, and of a file in SQLite's words, with its place."""
    said = str(getattr(problem, "orig", None) or problem).strip().partition("\n")[0]
    if place.get_backend_name() == "sqlite":
        fix = f"See that {place.database} is this program's file, can be written, and is not held by another program"
        known = told(problem) if any(sign in said for sign in ("disk", "malformed")) else None  # else the place helps
        return Check("database", well=False, found=said, fix=known.advice if known else fix)
    fix = "See that the server runs, and check SHIRUBE_DATABASE_URL: host, name, user and password"
    words = told(problem) or ShirubeError(said, fix)
    return Check("database", well=False, found=words.message, fix=words.advice)


def _model(wiring: Wiring) -> list[Check]:
    vector = wiring.embedder.embed(["A trial sentence."])
    found = f"{wiring.embedder.identity}, {vector.shape[1]} dimensions"
    return [Check("embedding model", well=True, found=found)]


def _sources(wiring: Wiring, machine: Clock) -> list[Check]:
    outcomes = trials.made(wiring, machine)
    checks = [Check(one.trial.name, well=not one.fix, found=one.found, fix=one.fix) for one in outcomes]
    behind = trials.behind(outcomes)
    if behind is None:
        return checks
    found = f"{span(behind)} {'behind' if behind > 0 else 'ahead of'} the servers asked"
    fix = "Set this machine's clock, for example by timedatectl set-ntp true"
    return [*checks, Check("clock", well=abs(behind) <= trials.SKEW, found=found, fix=fix)]
