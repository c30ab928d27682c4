"""Fixtures of the fault tests: databases of both kinds, emptied at once; the warm process; the tiny world, served."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import Sessions, make_engine, make_sessions
from tests.conftest import empty_postgres
from tests.faults import world
from tests.faults.warm import Job, Warm
from tests.upstream import Upstream

Told = Callable[[str, str], None]


@dataclass(frozen=True)
class Store:
    """A migrated database: its address, sessions on it, and a way to empty it."""

    url: str
    folder: Path
    sessions: Sessions
    empty: Callable[[], None]

    def pull(self, up: Upstream) -> Job:
        """A pull of the tiny world into it."""
        env = world.environment(up, self.url, str(self.folder))
        days = {"start": world.START.isoformat(), "end": world.END.isoformat()}
        return Job("tests.faults.pulling:pull", {"env": env, "now": world.NOW.isoformat(), **days})


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process with the program's modules loaded."""
    with Warm("tests.faults.pulling", "db", "ingest") as process:
        yield process


@pytest.fixture(scope="session")
def warm_workers() -> Iterator[Warm]:
    """A process that can run the schedule, with all that takes long made once."""
    with Warm("tests.faults.working", "db", "ingest", "ranking.service", "digest") as process:
        yield process


@pytest.fixture(scope="session")
def tiny() -> Iterator[Upstream]:
    """The tiny world, served."""
    with world.upstream() as up:
        yield up


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    """Say a figure, which the summary at the end of the run repeats."""
    return lambda name, value: request.node.user_properties.append((name, value))


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite."""
    yield from _sqlite(sqlite_template, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, once for each kind that the program supports."""
    if request.param == "sqlite":
        yield from _sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        yield _postgres(request.getfixturevalue("postgres_migrated"), tmp_path)


def _sqlite(template: Path, folder: Path) -> Iterator[Store]:
    """A copy of a migrated file; the engine is opened anew for each session, since the file is put in place anew."""
    path = folder / "shirube.db"
    engine = make_engine(f"sqlite:///{path}")

    def empty() -> None:
        engine.dispose()
        for part in folder.glob("shirube.db*"):
            part.unlink()
        shutil.copy(template, path)

    empty()
    yield Store(f"sqlite:///{path}", folder, make_sessions(engine), empty)
    engine.dispose()


def _postgres(engine: Engine, folder: Path) -> Store:
    def empty() -> None:
        empty_postgres(engine)

    empty()
    return Store(engine.url.render_as_string(hide_password=False), folder, make_sessions(engine), empty)
