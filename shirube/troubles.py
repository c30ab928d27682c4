"""Failures of the machine beneath the program, said in words: a full disk, a damaged file, a server that is away."""

import errno
import re
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from core.errors import ShirubeError
from db.migrate import MigrationError

RESTORE = "Run shirube db check; restore the last backup into an empty database with shirube db restore FILE"
# What SQLite says (https://sqlite.org/rescode.html), by a part of it that no version changed.
_SQLITE = (
    ("database or disk is full", "The disk is full", "Make room and run it again; what was stored before is whole"),
    (
        "disk i/o error",
        "The disk is full, or fails",
        "Make room, or see to the disk; then run it again",
    ),
    ("no such table", "A table of the database is missing", RESTORE),
    ("could not decode", "A text in the database is damaged", RESTORE),
    ("malformed", "The database file is damaged", RESTORE),
    ("not a database", "The database file is damaged, or another program's", RESTORE),
    ("readonly", "The database may only be read", "Let this user write its file and folder, or name another data dir"),
    ("unable to open", "The database file cannot be opened", "See that its folder is there and this user may write it"),
    ("locked", "Another program holds the database", "Wait for it to end, or stop it; then run it again"),
)
_POSTGRES = (
    ("53100", "The disk of the database server is full", "Make room there and run it again; what was stored is whole"),
    ("53300", "The database server takes no more connections", "Raise its max_connections, or run fewer programs"),
    ("25006", "The database may only be read", "Point SHIRUBE_DATABASE_URL at the primary server"),
    ("42P01", "A table of the database is missing", RESTORE),
    ("XX001", "A page of the database is damaged", RESTORE),
    ("XX002", "An index of the database is damaged", "REINDEX it; shirube db check names it"),
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What NumPy says, without an error number, where a part of an array was written (numpy/_core/src/multiarray/convert.c).
_IN_PART = re.compile(r"\d+ requested and \d+ written")


def in_words(error: Exception) -> ShirubeError | None:
    """Give the words a person is told: those of our own errors, unless the machine failed beneath a migration."""
    if isinstance(error, ShirubeError) and not isinstance(error, MigrationError):
        return error
    return told(error) or (error if isinstance(error, ShirubeError) else None)


def told(error: BaseException) -> ShirubeError | None:
    """Say a failure of the machine in words and with advice; None for what is a fault of the program."""
    for cause in _causes(error):
        found = _of_database(cause) if isinstance(cause, DBAPIError) else _of_system(cause)
        if found is not None:
            return found
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _of_database(error: DBAPIError) -> ShirubeError | None:
    origin = error.orig
    state, said = getattr(origin, "sqlstate", None), str(origin).lower()
    for code, message, advice in _POSTGRES:
        if state == code:
            return ShirubeError(message, advice)
    if state is None:
        for part, message, advice in _SQLITE:
            if part in said:
                return ShirubeError(message, advice)
    if error.connection_invalidated or "connection" in said:
        return ShirubeError("The database server does not answer", "See that it runs, and check SHIRUBE_DATABASE_URL")
    return None


def _of_system(error: BaseException) -> ShirubeError | None:
    if isinstance(error, sqlite3.Error) or not isinstance(error, OSError):
        return None
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in _NO_ROOM or (error.errno is None and _IN_PART.fullmatch(str(error))):
        return ShirubeError(f"The disk is full{place}", "Make room and run it again; what was stored before is whole")
    if error.errno in (errno.EACCES, errno.EPERM):  # to read or to write: the system does not tell which
        return ShirubeError(f"This user may not open it{place}", "Change its owner or mode, or name another place")
    if error.errno == errno.EROFS:
        return ShirubeError(f"Nothing can be written there{place}", "Its file system is read-only: name another folder")
    return None
