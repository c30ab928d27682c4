"""Tells whether anything was stored since one last looked, exactly and for a few microseconds, by any process.

SQLite counts the commits of all other connections (https://sqlite.org/pragma.html#pragma_data_version); PostgreSQL
names the transactions that a reader would see (https://www.postgresql.org/docs/current/functions-info.html,
`pg_current_snapshot`): two equal names saw the same rows.
"""

import os
from threading import Lock
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError


class Pulse:
    """The state of a database as a short text; between two readings that are equal nothing was committed.

    A reading is None where the state cannot be told (a database in memory, one that is locked or out of reach):
    then nothing may be taken for unchanged. `instant` says that reading waits for no other machine and no lock.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file = engine.url.database if engine.dialect.name == "sqlite" else None
        self.instant = engine.dialect.name == "sqlite"
        self._watcher: Any = None
        self._inode = 0
        self._opened = 0  # counted, since a new connection counts commits anew
        self._lock = Lock()

    def read(self) -> str | None:
        """Tell the present state."""
        return self._sqlite() if self.instant else self._postgres()

    def close(self) -> None:
        """Give back what watching took; a later reading takes it again."""
        with self._lock:
            self._leave()

    def _sqlite(self) -> str | None:
        if not self._file or self._file == ":memory:":  # each connection to a memory is a database of its own
            return None
        with self._lock:
            try:
                self._watch(os.stat(self._file).st_ino)
                (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
            except (OSError, self._driver_error()):
                self._leave()
                return None
            return f"{self._opened} {version}"

    def _watch(self, inode: int) -> None:
        """Open a connection of its own, which never writes: a connection is not told of its own commits."""
        if self._watcher is not None and self._inode == inode:
            return
        self._leave()  # another file was put in the place of the one that was watched
        lent = self._engine.raw_connection()
        self._watcher, self._inode = lent.driver_connection, inode
        lent.detach()
        self._opened += 1
        self._watcher.execute("PRAGMA busy_timeout=0")  # whoever asks would rather not know than wait

    def _leave(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
        self._watcher = None

    def _driver_error(self) -> type[Exception]:
        error: type[Exception] = self._engine.dialect.dbapi.Error  # type: ignore[union-attr]
        return error

    def _postgres(self) -> str | None:
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                return str(connection.execute(_SNAPSHOT).scalar_one())
        except SQLAlchemyError:
            return None


_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text)")
