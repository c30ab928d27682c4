"""Open a database: the safe SQLite driver and pragmas, or PostgreSQL, with one behaviour.

SQLite before 3.51.3 can corrupt a write-ahead log that two connections write at one instant
(https://sqlite.org/wal.html, "the WAL-reset bug"); there the rollback journal is used instead.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from core.errors import ConfigError

WAL_SAFE = (3, 51, 3)
Sessions = sessionmaker[Session]
# What a URL begins with, and the driver it means; hosts of databases hand the short forms out.
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_FORMS = "Use sqlite:///path/to/shirube.db or postgresql+psycopg://user:password@host/name"
_SIGNS = "in a password @ is written %40 and / is written %2F"


def sqlite_driver() -> ModuleType:
    """Choose the SQLite module: the bundled recent one where it is installed, else the standard library's."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def make_engine(url: str) -> Engine:
    """Open a database by its SQLAlchemy URL; raises ConfigError with the form expected."""
    parsed = _read(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    try:
        return _postgresql(parsed)
    except ModuleNotFoundError as problem:
        raise ConfigError(
            "The PostgreSQL driver is missing", 'Install it with pip install "shirube[postgres]"'
        ) from problem


def _read(url: str) -> URL:
    """Take a URL apart; what is said of a wrong one repeats no part that may be of a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as problem:
        raise ConfigError(
            "SHIRUBE_DATABASE_URL is not understood", f"{_FORMS}; a port is a number, and {_SIGNS}"
        ) from problem
    if parsed.drivername not in _DRIVERS:
        raise ConfigError(f"SHIRUBE_DATABASE_URL names {parsed.drivername!r}, which is not supported", _FORMS)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigError("SHIRUBE_DATABASE_URL names no file, and nothing would be kept", _FORMS)
    if "@" in (parsed.host or ""):
        raise ConfigError("SHIRUBE_DATABASE_URL has more than one @", f"{_FORMS}; {_SIGNS}")
    return parsed.set(drivername=_DRIVERS[parsed.drivername])


def _postgresql(url: URL) -> Engine:
    arguments = {"application_name": "shirube", "client_encoding": "utf8"}
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments, hide_parameters=True)

    # Before SQLAlchemy's own first look, which fails on another encoding. The server tells both unasked.
    @event.listens_for(engine, "connect", insert=True)
    def prepare(connection: Any, _record: Any) -> None:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            connection.close()
            raise ConfigError(
                f"The database is encoded as {encoding}, which cannot hold every text",
                "Make it anew: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0",
            )
        if not (connection.info.parameter_status("DateStyle") or "").startswith("ISO"):  # the one the driver reads
            connection.execute("SET datestyle TO ISO")
            connection.commit()  # else undone with the first transaction that is

    return engine


def make_sessions(engine: Engine) -> Sessions:
    """Give a factory of sessions: `with sessions.begin() as session` owns the transaction."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """Open a session that takes no write lock: a plain BEGIN on SQLite, so that readers never wait for a writer."""
    with sessions() as session:
        session.connection(execution_options={"shirube_read": True})
        yield session


@contextmanager
def writing(sessions: Sessions) -> Iterator[Session]:
    """Open a transaction that has its turn to write, so that a time taken in it is later than what was written before.

    A plain one waits for its turn at its first statement. Who dates a change earlier, and then waits, may find that
    another has looked meanwhile, and takes the change for seen.
    """
    with sessions.begin() as session:
        session.connection()
        yield session


def _sqlite(url: URL) -> Engine:
    driver = sqlite_driver()
    _private_file(url.database)
    engine = create_engine(url, module=driver, connect_args={"timeout": 30}, hide_parameters=True)
    recent = driver.sqlite_version_info >= WAL_SAFE
    journal = "WAL" if recent else "DELETE"
    # An old SQLite takes its own full text for unsafe in a trigger, and ours would be refused.
    trusted = "OFF" if recent else "ON"

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's "begin" event below starts transactions
        for pragma in (
            f"journal_mode={journal}",
            "synchronous=NORMAL",
            "busy_timeout=30000",
            "foreign_keys=ON",
            f"trusted_schema={trusted}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A deferred transaction that turns into a writer fails at once on a stale snapshot, whatever busy_timeout says.
        read = connection.get_execution_options().get("shirube_read")
        connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")

    return engine


def _private_file(database: str | None) -> None:
    """Create the database's folder 0700 and its file 0600 before SQLite would make them readable for all."""
    if not database or database.startswith("file:"):
        return
    path = Path(database)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
