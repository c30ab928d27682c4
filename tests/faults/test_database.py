"""The database under fire: processes that migrate at once or are killed, a restore that is killed, a minute of load."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from db import copying, holds, integrity, migrate
from db.engine import make_engine, make_sessions
from db.models_mail import MailDomain
from db.models_readers import Allowance
from shirube import backups
from shirube.settings import load_settings
from shirube.wiring import Wiring
from tests.conftest import NOW
from tests.db.filling import fill
from tests.faults.conftest import Told
from tests.faults.storing import SHARED
from tests.faults.warm import ROOT, Job, Warm

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
OLD = "0009"
WRITERS = 4


@dataclass(frozen=True)
class Own:
    """A database that one test has for itself."""

    engine: Engine
    folder: Path

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)


@pytest.fixture(params=KINDS)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Own]:
    """An empty database of either kind."""
    sqlite = request.param == "sqlite"
    engine = make_engine(f"sqlite:///{tmp_path}/own.db" if sqlite else request.getfixturevalue("postgres_own"))
    yield Own(engine, tmp_path)
    engine.dispose()


@pytest.fixture(scope="module")
def process() -> Iterator[Warm]:
    """A process with what migrates and restores loaded."""
    with Warm("tests.faults.storing", "db", "shirube.backups", "alembic.command", "logging.config") as warm:
        yield warm


def filled(own: Own) -> dict[str, int]:
    """Fill all tables, go back to an older form; gives the rows that it holds."""
    migrate.upgrade(own.engine)
    with make_sessions(own.engine).begin() as session:
        fill(session)
    migrate.downgrade(own.engine, OLD)
    return rows(own.engine)


def rows(engine: Engine) -> dict[str, int]:
    """Count the rows of the tables that are there and hold any."""
    found = {}
    with engine.connect().execution_options(shirube_read=True) as connection, Session(connection) as session:
        there = set(engine.dialect.get_table_names(connection))
        for table in copying.tables():
            if table.name in there:
                found[table.name] = session.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one()  # noqa: S608
    return {name: count for name, count in found.items() if count}


def revision(engine: Engine) -> str:
    with engine.connect() as connection:
        return migrate.revision(connection)


def test_processes_that_migrate_at_once_all_arrive(own: Own, process: Warm) -> None:
    before = filled(own)
    ended = process.together([Job("tests.faults.storing:upgrade", {"url": own.url})] * 3)
    assert [one.error for one in ended] == [None] * 3
    assert migrate.at_head(own.engine)
    migrate.check(own.engine)
    assert rows(own.engine) == before
    assert sorted(one.steps for one in ended)[1] < max(one.steps for one in ended) / 2  # one did it, others looked


def test_a_kill_in_mid_migration_keeps_the_old_form_whole(own: Own, process: Warm) -> None:
    """At steps all over it: the number of the form is true, every row is there, and the next attempt arrives."""
    before = filled(own)
    job = Job("tests.faults.storing:upgrade", {"url": own.url})
    steps = process.run(job).steps
    for at in sorted({1, *range(2, steps, max(1, steps // 3)), steps}):
        migrate.downgrade(own.engine, OLD)
        assert process.run(job, kill_at=at).killed_at
        assert revision(own.engine) == OLD, at
        assert rows(own.engine) == before, at
        assert process.run(job).error is None
        assert migrate.at_head(own.engine)
        assert integrity.faults(own.engine) == [], at
        assert rows(own.engine) == before, at


@pytest.mark.postgres
def test_a_reader_that_holds_a_table_makes_a_start_fail_with_advice_and_the_next_arrives(
    postgres_own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.migrate.LOCK_TIMEOUT", "100ms")
    own = Own(make_engine(postgres_own), tmp_path)
    before = filled(own)
    reader = make_engine(postgres_own)
    with reader.begin() as connection:
        connection.execute(text("LOCK TABLE outbox IN ACCESS SHARE MODE"))
        with pytest.raises(migrate.MigrationError, match="lock timeout") as raised:
            migrate.upgrade(own.engine)
        assert "run it again" in raised.value.advice
        assert revision(own.engine) == OLD
    migrate.upgrade(own.engine)
    assert migrate.at_head(own.engine)
    assert rows(own.engine) == before
    own.engine.dispose()
    reader.dispose()


def test_a_restore_killed_at_any_step_leaves_nothing_or_all_of_it_with_mail_held(
    own: Own, process: Warm, tmp_path: Path
) -> None:
    """Between the rows and the hold there must be no instant: a worker that starts then would mail everybody again."""
    file = backup_of_all(tmp_path / "old")
    job = Job("tests.faults.storing:restore", {"url": own.url, "folder": str(tmp_path / "new"), "file": str(file)})
    (tmp_path / "new").mkdir()
    migrate.upgrade(own.engine)
    steps = process.run(job).steps  # into a database that is empty at the newest form, as every other one
    for at in (steps // 4, steps * 3 // 4, steps - 4, steps - 2, steps):
        again(own)
        assert process.run(job, kill_at=at).killed_at
        if not rows(own.engine):
            assert process.run(job).error is None, at
        assert migrate.at_head(own.engine), at
        with make_sessions(own.engine)() as session:
            assert holds.held(session) is not None, at
        assert rows(own.engine)["outbox"] == 3, at


def again(own: Own) -> None:
    """Empty the database, at the newest form."""
    migrate.downgrade(own.engine, "base")
    migrate.upgrade(own.engine)


def backup_of_all(folder: Path) -> Path:
    folder.mkdir()
    wiring = Wiring(load_settings(data_dir=folder, database_url=f"sqlite:///{folder}/all.db"), lambda: NOW)
    with wiring.sessions.begin() as session:
        fill(session)
        session.execute(text("DELETE FROM mail_hold"))
    return backups.backup(wiring, folder)


@pytest.mark.parametrize(("seconds", "least"), [(4, 1), pytest.param(60, 1_000, marks=pytest.mark.faults)])
def test_many_writers_a_reader_checkpoints_and_backups_lose_nothing(
    own: Own, seconds: int, least: int, told: Told
) -> None:
    """Four processes write as fast as they can, a thousand times each and more.

    No child is told that the database is locked, or it would fail.
    """
    migrate.upgrade(own.engine)
    with make_sessions(own.engine).begin() as session:
        session.add(MailDomain(domain=SHARED, free_at=NOW, refusals=0))
    roles = [("write", f"writer {number}") for number in range(WRITERS)]
    roles += [("read", "reader"), ("backup", str(own.folder))]
    roles += [("checkpoint", "-")] if own.engine.dialect.name == "sqlite" else []
    done = together(own.url, roles, seconds, least)
    written = sum(count for (role, _), count in zip(roles, done, strict=True) if role == "write")
    with make_sessions(own.engine)() as session:
        assert session.get_one(MailDomain, SHARED).refusals == written
        assert sorted(session.scalars(select(Allowance.used))) == list(range(written))
    assert integrity.faults(own.engine) == []
    assert min(done) > 0, dict(zip(roles, done, strict=True))
    files = list((own.folder / "backups").glob("*.zip"))
    assert [agrees(file) for file in files] == [True] * len(files)
    told(f"{seconds} s of {WRITERS} writers on {own.engine.dialect.name}", f"{written:,} written, {len(files)} backups")


def agrees(file: Path) -> bool:
    """Tell whether a backup's number and rows are of one moment."""
    with zipfile.ZipFile(file) as archive:
        (row,) = archive.read("tables/mail_domain.jsonl").splitlines()
        return int(json.loads(row)[2]) == len(archive.read("tables/allowance.jsonl").splitlines())


def together(url: str, roles: list[tuple[str, str]], seconds: int, least: int) -> list[int]:
    """Run a process for each role at once, writers so often at least; gives how often each acted. None may fail."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
    wanted = {"write": least}
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.storing", role, url, str(seconds), name, str(wanted.get(role, 1))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=env,
        )
        for role, name in roles
    ]
    ended = [child.communicate(timeout=seconds + 240) for child in children]
    failed = [err for child, (_, err) in zip(children, ended, strict=True) if child.returncode]
    assert failed == []
    return [int(out) for out, _ in ended]
