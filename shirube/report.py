"""What `doctor` says: for each thing that is wrong how to mend it."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import ShirubeError
from db.engine import WAL_SAFE, sqlite_driver
from db.migrate import at_head
from ingest.http import reachable
from shirube.telling import NAMES
from shirube.wiring import Wiring

ROOM = 2_000_000_000  # bytes below which a disk is called nearly full


@dataclass(frozen=True, slots=True)
class Check:
    """One thing doctor looked at; `fix` says what to do where it is not well."""

    name: str
    well: bool
    found: str
    fix: str = ""


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
