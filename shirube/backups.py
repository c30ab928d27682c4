"""Backups: the whole database and the secret key in one file, made while others write, verified, kept for a while.

A file is a zip: a member of JSON lines for each table, the key that signs the links in mails, and, written last, a
manifest with the revision and, for each table, its rows and a sum over them. Either kind of database restores it.
"""

import base64
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine, Table
from sqlalchemy.orm import Session

from core.errors import NotFoundError, RefusedError, ShirubeError
from db import copying, holds, integrity, migrate
from db.copying import Tally, Tuples
from db.engine import make_engine, make_sessions
from ingest.service import complete_full_text
from shirube import keyfile
from shirube.names import program_version
from shirube.wiring import Wiring

KEPT = timedelta(days=30)  # of whoever is erased nothing is left in backups after so long
FORM = "%Y%m%dT%H%M%SZ"
LONGEST = timedelta(days=1)  # that one may take: what is older was left by one that was killed
NAME = re.compile(r"shirube-(\d{8}T\d{6}Z)\.zip")
PART = re.compile(r"shirube-(\d{8}T\d{6}Z)\.[0-9a-f]{8}\.part")
MANIFEST = "manifest.json"
# What a backup is compared by before older ones go, and what may be gone since: people leave, the rest does not.
COUNTED = ("item", "issue", "subscriber")
FEW = 2
POORER = "Restore that one into an empty database: shirube db restore FILE; if nothing was lost, delete the older ones"
ROOM = "Make room, or name another folder"
OTHER = "Use another backup"
# What reading a zip, its JSON and the bytes in it may raise; RuntimeError is that of an encrypted member.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, KeyError, IndexError, TypeError, ValueError),
    *(RuntimeError, NotImplementedError, msgspec.MsgspecError),
)


class Content(msgspec.Struct, frozen=True):
    """What a backup says of one table."""

    columns: tuple[str, ...]
    rows: int
    total: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, and what made it."""

    made: datetime
    version: str
    revision: str
    kind: str
    tables: dict[str, Content]


class Restored(NamedTuple):
    """What a backup said that was restored, and the file of its keys where a setting keeps them from being used."""

    manifest: Manifest
    aside: Path | None


def backup(wiring: Wiring, folder: Path) -> Path:
    """Write a backup of this moment, read it back, and delete those older than 30 days (see prune); gives its file.

    Raises ShirubeError where it cannot be written or does not read back as it was written: then nothing is deleted.
    """
    moment = wiring.clock()
    file = folder / f"shirube-{moment:{FORM}}.zip"
    part = file.with_suffix(f".{secrets.token_hex(4)}.part")  # nobody else's, even where two are made at once
    keys = "\n".join(wiring.secret_keys())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(wiring.engine, part, keys, moment)
        verify(part)
        _rename(part, file)
    except OSError as problem:
        raise ShirubeError(f"{file} cannot be written: {problem.strerror or problem}", ROOM) from problem
    finally:
        part.unlink(missing_ok=True)
    prune(folder, moment)
    return file


def verify(file: Path) -> Manifest:
    """Read a backup whole and compare every table with what its manifest says; raises RefusedError where it differs."""
    with _opened(file) as archive:
        manifest = _manifest(archive, file)
        for name, content in manifest.tables.items():
            found, known = Tally(), _known(name, content)
            for part in _rows(archive, name):
                found.count(part) if known is None else found.add(known, part)
            if found.rows != content.rows or (known is not None and found.name != content.total):
                raise RefusedError(f"{file} is damaged: table {name}", OTHER)
    return manifest


def restore(wiring: Wiring, file: Path) -> Restored:
    """Fill an empty database from a backup, and hold all mail until a person lets it go.

    The keys come back too: links in mails of old need them. Where keys are set, those that the setting lacks are put
    aside in the file that would be used without it. It is one transaction, so that a restore that fails or is
    killed leaves nothing, and no instant in which mail could leave. Raises RefusedError for a database that holds
    something, and for a backup that is damaged or of a newer program.
    """
    manifest = verify(file)
    engine = make_engine(wiring.settings.database)
    with zipfile.ZipFile(file) as archive, migrate.locked(engine) as connection:
        with copying.into_empty(connection, manifest.revision) as session:
            for name, content in manifest.tables.items():
                _restore_table(session, archive, name, content)
        with Session(connection) as session:
            holds.hold(session, f"restored from a backup of {manifest.made:%Y-%m-%d %H:%M} UTC", wiring.clock())
        keys = keyfile.lines(archive.read(keyfile.NAME).decode())
        missing = [key for key in keys if wiring.settings.secret_key is None or key not in wiring.secret_keys()]
        keyfile.put(wiring.key_file, "\n".join(missing))
    complete_full_text(make_sessions(engine))
    return Restored(manifest, wiring.key_file if missing and wiring.settings.secret_key else None)


def prune(folder: Path, now: datetime) -> list[Path]:
    """Delete backups older than 30 days, and what was left of one that was killed; gives them.

    The newest stays, and whatever holds much more than that: where a database was lost, and an empty one made in its
    place, those are all that is left of it.
    """
    *older, newest = found(folder) or [folder]
    due = [file for file in older if made(file) < now - KEPT]
    old = [file for file in due if not _is_poorer(counted(newest), counted(file))]
    old += [file for file in folder.iterdir() if PART.fullmatch(file.name) and made(file) < now - LONGEST]
    for file in old:
        file.unlink(missing_ok=True)
    return old


def found(folder: Path) -> list[Path]:
    """List the backups in a folder, oldest first."""
    there = (file for file in folder.iterdir() if NAME.fullmatch(file.name)) if folder.is_dir() else ()
    return sorted(there, key=lambda file: file.name)


def made(file: Path) -> datetime:
    """Tell of which moment a backup is, or what was left of one; its name says it."""
    named = NAME.fullmatch(file.name) or PART.fullmatch(file.name)
    return datetime.strptime(named[1] if named else "", FORM).replace(tzinfo=UTC)


def counted(file: Path) -> dict[str, int]:
    """Tell how much a backup says that it holds; nothing where it is no backup that could be restored."""
    try:
        with zipfile.ZipFile(file) as archive:
            tables = msgspec.json.decode(archive.read(MANIFEST), type=Manifest).tables
    except _DAMAGED:
        return dict.fromkeys(COUNTED, 0)
    return {name: tables[name].rows if name in tables else 0 for name in COUNTED}


def poorer(folder: Path) -> str | None:
    """Say what the newest backup holds where an older one holds much more; None where none does."""
    *older, newest = found(folder) or [folder]
    now = counted(newest) if older else {}
    for file in reversed(older):
        if _is_poorer(now, was := counted(file)):
            has, had = ([f"{one[name]:,}" for name in COUNTED] for one in (now, was))
            return (
                f"holds {has[0]} items, {has[1]} issues and {has[2]} subscribers; "
                f"that of {made(file):%Y-%m-%d} holds {had[0]}, {had[1]} and {had[2]}"
            )
    return None


def _is_poorer(now: dict[str, int], was: dict[str, int]) -> bool:
    return any(was[name] - now[name] > max(was[name] / 2, FEW) for name in COUNTED)


def _write(engine: Engine, part: Path, keys: str, moment: datetime) -> None:
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "w+b") as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(keyfile.NAME, keys + "\n")
            with copying.snapshot(engine) as session:
                contents = {table.name: _write_table(session, archive, table) for table in copying.tables()}
                manifest = Manifest(
                    moment, program_version(), migrate.revision(session.connection()), engine.dialect.name, contents
                )
            archive.writestr(MANIFEST, msgspec.json.encode(manifest))
        out.flush()
        os.fsync(out.fileno())


def _write_table(session: Session, archive: zipfile.ZipFile, table: Table) -> Content:
    found = Tally()
    with archive.open(_member(table.name), "w", force_zip64=True) as lines:
        for part in _read(session, table):
            found.add(table, part)
            lines.write(b"".join(msgspec.json.encode(_packed(row)) + b"\n" for row in part))
    return Content(_columns(table), found.rows, found.name)


def _read(session: Session, table: Table) -> Iterator[Tuples]:
    try:
        yield from copying.read(session, table)
    except integrity.UNREADABLE as problem:
        advice = "See shirube db check; the last backup has the row as it was"
        raise RefusedError(f"A row of {table.name} cannot be read: {integrity.fault(problem)}", advice) from problem


def _rows(archive: zipfile.ZipFile, name: str) -> Iterator[Tuples]:
    """Read the rows of a table back, as drivers take them."""
    part: Tuples = []
    with archive.open(_member(name)) as lines:
        for line in lines:
            part.append(_unpacked(msgspec.json.decode(line)))
            if len(part) == copying.ROWS:
                yield part
                part = []
    yield part


def _packed(row: tuple[Any, ...]) -> list[Any]:
    """Write bytes as a list of one text: nothing else in a row is a list."""
    return [[base64.b64encode(value).decode()] if isinstance(value, bytes) else value for value in row]


def _unpacked(row: list[Any]) -> tuple[Any, ...]:
    return tuple(base64.b64decode(value[0]) if isinstance(value, list) else value for value in row)


def _member(name: str) -> str:
    return f"tables/{name}.jsonl"


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(table.columns.keys())


def _known(name: str, content: Content) -> Table | None:
    """Give the table of the models that a backup's is; None where that of an older program had other columns."""
    table = next((table for table in copying.tables() if table.name == name), None)
    return table if table is not None and content.columns == _columns(table) else None


def _restore_table(session: Session, archive: zipfile.ZipFile, name: str, content: Content) -> None:
    """Write a table and, where its form is today's, read it back from the database."""
    table, known = copying.described(session, name, content.columns), _known(name, content)
    written = sum(copying.write(session, table, part) for part in _rows(archive, name))
    if written != content.rows:
        raise RefusedError(f"Table {name} took {written:,} of {content.rows:,} rows", OTHER)
    if known is not None and copying.tally(session, known).name != content.total:
        raise RefusedError(f"Table {name} differs after it was written", "Report it; nothing was kept")


def _rename(part: Path, file: Path) -> None:
    """Give a file its name, so that a power cut keeps both: older backups may be deleted afterwards."""
    part.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    """Open a backup to be read only; whatever is wrong with what is read in it is told as such."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (FileNotFoundError, IsADirectoryError) as problem:
        raise NotFoundError(f"There is no file {file}", "Name one that shirube db backup wrote") from problem
    except PermissionError as problem:
        raise RefusedError(f"{file} may not be read by this user", "Change its owner or mode") from problem
    except _DAMAGED as problem:
        raise RefusedError(f"{file} is no whole backup: {problem}", OTHER) from problem


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    if manifest.revision not in migrate.revisions():
        advice = f"It was made by version {manifest.version}: install that one or a newer"
        raise RefusedError(f"{file} is of a newer program than this", advice)
    return manifest
