"""Failures of the machine beneath the program, said in words: a full disk, a damaged file, a server that is away."""

import errno
import re
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, OperationalError

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
    (
        "42501",
        "This database user may not do that",
        "Let it: make it the owner of the database, or GRANT it the schema, its tables and sequences",
    ),
    ("25006", "The database may only be read", "Point SHIRUBE_DATABASE_URL at the primary server"),
    ("42P01", "A table of the database is missing", RESTORE),
    ("XX001", "A page of the database is damaged", RESTORE),
    ("XX002", "An index of the database is damaged", "REINDEX it; shirube db check names it"),
)
_ADDRESS = "Correct SHIRUBE_DATABASE_URL: its form and options"
# What stands in the way of a connection, by what the server or the driver says then, without a code.
_REFUSALS = (
    ("does not exist", "Correct name and user in SHIRUBE_DATABASE_URL, or make what is missing: docs/operate.md"),
    ("authentication failed", "Correct user and password in SHIRUBE_DATABASE_URL; @ is written %40 there, / is %2F"),
    (
        "no password supplied",
        "Write the password into SHIRUBE_DATABASE_URL: postgresql+psycopg://user:password@host/name",
    ),
    ("no pg_hba.conf entry", "Let this machine and user in, in the server's pg_hba.conf, or ask with ?sslmode=require"),
    ("too many c", "Raise max_connections or the limit of the user, or run fewer programs"),  # connections | clients
    ("connection slots", "Raise max_connections, or run fewer programs"),
    ("permission denied for database", "Let this user in: GRANT CONNECT ON DATABASE name TO user"),
    ("does not support SSL", "Take sslmode out of SHIRUBE_DATABASE_URL, or let the server speak TLS"),
    ("connection option", _ADDRESS),
    ("invalid sslmode", _ADDRESS),
    ("invalid port", _ADDRESS),
    ("bad value for", _ADDRESS),
    ("FATAL:", "See what the server is doing, and check SHIRUBE_DATABASE_URL: host, name, user and password"),
)
_PLACES = re.compile(r"FATAL:\s*|failed: |is bad: ")  # before what was said stands where
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
    if not hasattr(origin, "sqlstate"):
        for part, message, advice in _SQLITE:
            if part in said:
                return ShirubeError(message, advice)
    return _of_connection(error, origin)


def _of_connection(error: DBAPIError, origin: object) -> ShirubeError | None:
    """Tell of a server that refused a connection, in its own words, from one that does not answer.

    What the driver says of a host is not repeated: where a sign of a password is wrongly written, the rest is in it.
    """
    unmade = getattr(origin, "sqlstate", "") is None  # PostgreSQL gives a code to whatever it says later
    refusal = _refusal(str(origin)) if unmade else None
    if refusal is not None:
        return refusal
    unreached = unmade and isinstance(error, OperationalError)
    if error.connection_invalidated or unreached or "connection" in str(origin).lower():
        return ShirubeError("The database server does not answer", "See that it runs, and check SHIRUBE_DATABASE_URL")
    return None


def _refusal(said: str) -> ShirubeError | None:
    """Find the sentence that matters: of a host with several addresses each is tried, and told in a line."""
    lines = said.strip().splitlines() or [""]
    line = next((line for line in reversed(lines) if "FATAL:" in line), lines[0])
    for part, advice in _REFUSALS:
        if part in line:
            return ShirubeError(f"The database cannot be opened: {_PLACES.split(line)[-1]}", advice)
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
