"""The queue of many machines: workers in processes of their own on one PostgreSQL; each run once, whoever dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select, text

from core.errors import RefusedError
from db import copying, integrity, migrate
from db.engine import Sessions, make_engine
from db.models import Place
from db.models_jobs import JobRun
from tests.shirube.command import DRAFT, run

THERE = find_spec("procrastinate") is not None
queue: Any = import_module("shirube.queue") if THERE else None

# Skipped one by one: a module that skips itself whole cannot be asked for one of its tests, as `make faults` does.
pytestmark = [pytest.mark.postgres, pytest.mark.skipif(not THERE, reason="the extra `cluster` is not installed")]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds for what a busy machine does in a few
TABLE = f"{queue.SCHEMA}.procrastinate_jobs" if THERE else ""


class Child:
    """A worker on the queue, told what to do by lines."""

    def __init__(self, engine: Engine, name: str, jobs: str, folder: Path) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
        url = engine.url.render_as_string(hide_password=False)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.shirube.queueing", url, name, DRAFT.isoformat(), jobs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
            env=env | {"SHIRUBE_DATA_DIR": str(folder)},
        )  # fmt: skip

    def hears(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == word

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


Make = Callable[[str, str], Child]


@pytest.fixture
def emptied(postgres_engine: Engine) -> Iterator[Engine]:
    """A PostgreSQL database without a queue; there is none afterwards."""
    _forget(postgres_engine)
    yield postgres_engine
    _forget(postgres_engine)


def _forget(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {queue.SCHEMA} CASCADE"))


@pytest.fixture
def children(emptied: Engine, tmp_path: Path) -> Iterator[Make]:
    """Workers on the database; none is left."""
    made: list[Child] = []

    def make(name: str, jobs: str) -> Child:
        made.append(Child(emptied, name, jobs, tmp_path))
        made[-1].hears("ready")
        return made[-1]

    yield make
    for child in made:
        child.process.kill()
        child.process.communicate()


def all_runs(sessions: Sessions) -> list[JobRun]:
    with sessions() as session:
        return list(session.scalars(select(JobRun).order_by(JobRun.scheduled_for, JobRun.job)))


def places(sessions: Sessions) -> set[str]:
    with sessions() as session:
        return set(session.scalars(select(Place.name)))


def until(ready: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_two_workers_share_the_runs_and_each_is_made_once(
    children: Make, postgres_sessions: Sessions, emptied: Engine
) -> None:
    pair = [children(name, "bell,gong") for name in ("one", "other")]
    ticks = [DRAFT + timedelta(minutes=5 * number) for number in range(12)]
    for number, tick in enumerate(ticks, 1):
        for child in pair:
            child.say(tick.isoformat())
        until(partial(are_done, postgres_sessions, 2 * number), f"{tick} was not run")
    found = all_runs(postgres_sessions)
    assert [(one.scheduled_for, one.job) for one in found] == [
        (tick, job) for tick in ticks for job in ("bell", "gong")
    ]
    assert {(one.state, one.attempt) for one in found} == {("done", 1)}
    assert len(places(postgres_sessions)) == len(found), "a run left its mark twice, or none"
    until(lambda: not tasks(emptied), "tasks that are done stay in the queue")


def are_done(sessions: Sessions, many: int) -> bool:
    return [one.state for one in all_runs(sessions)] == ["done"] * many


def tasks(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text(f"SELECT status::text FROM {TABLE}")))  # noqa: S608


def test_a_killed_worker_is_succeeded_by_another(children: Make, postgres_sessions: Sessions) -> None:
    first = children("first", "slow")
    first.hears("begun")
    second = children("second", "slow")
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(PATIENCE)
    second.hears("begun")
    second.say("go on")
    until(lambda: all_runs(postgres_sessions)[0].state == "done", "the successor did not end")
    (found,) = all_runs(postgres_sessions)
    assert (found.attempt, found.token) == (2, 2)
    assert places(postgres_sessions) == {"begun first", "begun second", "ended second"}


def test_a_paused_worker_is_succeeded_writes_nothing_when_it_wakes_and_goes_on_working(
    children: Make, postgres_sessions: Sessions
) -> None:
    first = children("first", "slow,bell")
    first.hears("begun")
    until(lambda: len(all_runs(postgres_sessions)) == 2, "the bell was not rung beside it")
    first.process.send_signal(signal.SIGSTOP)
    second = children("second", "slow")
    second.hears("begun")  # the lease ran out
    first.say("go on")
    first.process.send_signal(signal.SIGCONT)
    second.say("go on")
    until(lambda: {one.state for one in all_runs(postgres_sessions)} == {"done"}, "the successor did not end")
    first.say((DRAFT + timedelta(minutes=5)).isoformat())
    until(lambda: len(all_runs(postgres_sessions)) == 3, "who was taken for dead takes nothing any more")
    assert {name for name in places(postgres_sessions) if "bell" not in name} == {
        "begun first",
        "begun second",
        "ended second",
    }


def test_sigterm_ends_a_worker_and_another_goes_on_with_what_did_not_stop(
    children: Make, postgres_sessions: Sessions
) -> None:
    deaf = children("deaf", "slow")
    deaf.hears("begun")
    before = time.monotonic()
    deaf.process.send_signal(signal.SIGTERM)
    deaf.hears("left slow")
    assert deaf.process.wait(PATIENCE) == 0
    assert time.monotonic() - before < 10
    assert all_runs(postgres_sessions)[0].state == "interrupted"
    second = children("second", "slow")
    second.hears("begun")
    second.say("go on")
    until(lambda: all_runs(postgres_sessions)[0].state == "done", "it was not gone on with")
    second.process.send_signal(signal.SIGTERM)
    second.hears("left")
    assert second.process.wait(PATIENCE) == 0


def test_a_task_that_waited_too_long_gives_way_to_its_newer_moment(
    children: Make, postgres_sessions: Sessions, emptied: Engine
) -> None:
    queue.prepare(emptied)
    with emptied.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path TO {queue.SCHEMA}"))
        connection.execute(
            text(
                f"INSERT INTO {TABLE} (queue_name, task_name, lock, queueing_lock, args)"  # noqa: S608
                " VALUES ('shirube', 'run', 'bell', 'bell@old', CAST(:args AS jsonb))"
            ),
            {"args": json.dumps({"job": "bell", "slot": (DRAFT - timedelta(hours=1)).isoformat()})},
        )
    children("one", "bell")
    until(lambda: all_runs(postgres_sessions), "the newest moment was not run")
    until(lambda: not tasks(emptied), "a task that is out of date stays in the queue")
    assert [one.scheduled_for for one in all_runs(postgres_sessions)] == [DRAFT]


def test_the_queue_is_no_part_of_the_store(emptied: Engine) -> None:
    queue.prepare(emptied)
    queue.prepare(emptied)
    assert "procrastinate_jobs" in inspect(emptied).get_table_names(schema=queue.SCHEMA)
    migrate.check(emptied)
    assert integrity.faults(emptied) == []
    assert not [table for table in copying.tables() if "procrastinate" in table.name]
    migrate.downgrade(emptied, "base")
    migrate.upgrade(emptied)
    assert "procrastinate_jobs" in inspect(emptied).get_table_names(schema=queue.SCHEMA)


@pytest.fixture
def humble(emptied: Engine) -> Iterator[Engine]:
    """The database as a user who owns nothing in it."""
    role = f"{emptied.url.database}_humble"
    with emptied.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{role}"'))
    engine = make_engine(emptied.url.update_query_dict({"options": f"-c role={role}"}).render_as_string(False))
    yield engine
    engine.dispose()
    with emptied.begin() as connection:
        connection.execute(text(f'DROP ROLE "{role}"'))


def test_a_user_who_may_make_no_schema_is_told_what_to_grant(humble: Engine) -> None:
    with pytest.raises(RefusedError, match="may not make the schema") as refused:
        queue.prepare(humble)
    assert "GRANT CREATE" in refused.value.advice


def test_on_sqlite_it_is_refused_with_advice(tmp_path: Path) -> None:
    ended = run("work", "--queue", env={"SHIRUBE_DATA_DIR": str(tmp_path)})
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "shirube: Many machines share their work through PostgreSQL, and this database is SQLite",
        "  Run shirube work without --queue, or move the data to PostgreSQL first: docs/scaling.md.",
    ]


def test_without_the_extra_it_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shirube.queue", None)
    ended = run("work", "--queue", env={"SHIRUBE_DATA_DIR": str(tmp_path)})
    assert ended.code == 1
    assert 'pip install "shirube[postgres,cluster]"' in ended.err
