"""Rows 15, 16 and 20: workers as processes on one database, killed, paused, and told to stop at any step."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import select

from db.models import Place
from db.models_jobs import JobRun
from shirube.jobs import schedule
from tests.faults import world
from tests.faults.conftest import Store, Told
from tests.faults.warm import Job, Warm
from tests.ingest.doubles import free_port
from tests.shirube.command import DRAFT
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180.0  # seconds for what a busy machine does in a few
STOPPED = 10.0  # seconds after which a worker that was told to stop must be gone
JOBS = [job.name for job in schedule()]
SAMPLED = 2  # steps of each job in the plain run
ON_BOTH = {"pull-hf", "rank", "outbox"}  # of the plain run: what reads, what reckons, what sends


class Child:
    """A worker in a process of its own, told what to do by lines."""

    def __init__(self, store: Store, mode: str, name: str, more: Mapping[str, str] | None = None) -> None:
        env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.working", mode, store.url, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
            env=env | {"SHIRUBE_DATA_DIR": str(store.folder)} | dict(more or {}),
        )  # fmt: skip

    def hear(self) -> str:
        """Wait for a line."""
        return self._pipe(self.process.stdout).readline().strip()

    def hears(self, word: str) -> None:
        """Wait for this line."""
        assert self.hear() == word

    def say(self, word: str = "go on") -> None:
        """Say a line."""
        pipe = self._pipe(self.process.stdin)
        pipe.write(word + "\n")
        pipe.flush()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def ends(self, within: float = PATIENCE) -> int:
        """Wait for its end; gives how it ended."""
        return self.process.wait(within)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


@pytest.fixture
def children(store: Store) -> Iterator[Callable[[str, str], Child]]:
    """Workers on the store; none is left."""
    made: list[Child] = []

    def make(mode: str, name: str) -> Child:
        made.append(Child(store, mode, name))
        made[-1].hears("ready")
        return made[-1]

    yield make
    for child in made:
        child.process.kill()
        child.process.communicate()


def places(store: Store) -> set[str]:
    with store.sessions() as session:
        return set(session.scalars(select(Place.name)))


def job_runs(store: Store) -> list[JobRun]:
    with store.sessions() as session:
        return list(session.scalars(select(JobRun).order_by(JobRun.id)))


def until(ready: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_two_workers_on_one_database_run_each_of_fifty_ticks_once(
    store: Store, children: Callable[[str, str], Child]
) -> None:
    pair = [children("ticks", name) for name in ("one", "other")]
    ticks = [DRAFT + timedelta(minutes=5 * number) for number in range(1, 51)]
    for tick in ticks:
        for child in pair:
            child.say(tick.isoformat())
        for child in pair:
            child.hears("looked")
    found = job_runs(store)
    assert [run.scheduled_for for run in found] == [DRAFT, *ticks]
    assert {(run.state, run.attempt) for run in found} == {("done", 1)}
    rung = sorted(name.split()[0] for name in places(store))
    assert rung == [tick.isoformat() for tick in (DRAFT, *ticks)]


def test_a_killed_holder_is_succeeded(store: Store, children: Callable[[str, str], Child]) -> None:
    first = children("act", "first")
    first.hears("begun")
    second = children("act", "second")
    assert places(store) == {"begun first"}
    first.signal(signal.SIGKILL)
    assert first.ends() == -signal.SIGKILL
    second.hears("begun")
    second.say()
    second.hears("ended")
    until(lambda: job_runs(store)[0].state == "done", "the successor did not end")
    (run,) = job_runs(store)
    assert (run.attempt, run.token, run.counts) == (2, 2, {"acted": 1})
    assert places(store) == {"begun first", "begun second", "ended second"}


def test_a_paused_holder_is_succeeded_and_writes_nothing_when_it_wakes(
    store: Store, children: Callable[[str, str], Child]
) -> None:
    first = children("act", "first")
    first.hears("begun")
    second = children("act", "second")
    first.signal(signal.SIGSTOP)
    second.hears("begun")  # the lease ran out
    first.say()
    first.signal(signal.SIGCONT)
    second.say()
    second.hears("ended")
    until(lambda: job_runs(store)[0].state == "done", "the successor did not end")
    first.signal(signal.SIGTERM)
    first.hears("left")
    assert first.ends() == 0
    assert places(store) == {"begun first", "begun second", "ended second"}
    (run,) = job_runs(store)
    assert (run.attempt, run.token) == (2, 2)


def test_sigterm_gives_up_the_lease_of_what_does_not_stop_and_another_goes_on(
    store: Store, children: Callable[[str, str], Child]
) -> None:
    deaf = children("act", "deaf")
    deaf.hears("begun")
    deaf.signal(signal.SIGTERM)
    deaf.hears("left act")
    assert deaf.ends() == 0
    (run,) = job_runs(store)
    assert (run.state, run.lease_until) == ("interrupted", None)
    second = children("act", "second")
    second.hears("begun")
    second.say()
    second.hears("ended")
    until(lambda: job_runs(store)[0].state == "done", "it was not gone on with")
    assert job_runs(store)[0].attempt == 2


def test_a_second_sigterm_ends_at_once(store: Store, children: Callable[[str, str], Child]) -> None:
    deaf = children("act", "deaf")
    deaf.hears("begun")
    deaf.signal(signal.SIGTERM)
    time.sleep(0.5)  # the first must have been taken, or both are one
    assert deaf.process.poll() is None
    deaf.signal(signal.SIGTERM)
    assert deaf.ends() == -signal.SIGTERM
    assert job_runs(store)[0].state == "running", "nobody had the time to give it up; its successor takes it over"


def stopped_at_steps(warm: Warm, store: Store, up: Upstream, name: str, sampled: int | None) -> float:
    """Tell one job to stop at some of its steps or at all, each time in a store of its own; gives the longest time."""
    env = world.environment(up, store.url, str(store.folder))
    values = {"env": env, "now": world.NOW.isoformat(), "name": name}

    def ended(at: int) -> dict[str, object]:
        told = warm.run(Job("tests.faults.working:told_to_stop", {**values, "at": at}))
        assert told.error is None, told.error
        found: dict[str, object] = told.result
        return found

    store.empty()
    steps = int(str(ended(0)["steps"]))
    longest = 0.0
    number = min(sampled or 40, steps)
    for at in {1 + place * (steps - 1) // max(number - 1, 1) for place in range(number)}:
        store.empty()
        told = ended(at)
        longest = max(longest, float(str(told["seconds"])))
        assert told["states"] in (["interrupted"], ["done"]), (at, told)
        assert told["left"] == [], "it came to an end of its own"
        assert ended(0)["states"] == ["done"]
        assert job_runs(store)[0].attempt == 1 + (told["states"] == ["interrupted"])
    return longest


@pytest.mark.parametrize(
    ("store", "name"),
    [
        pytest.param(kind, name, marks=marks)
        for kind, marks_of in (("sqlite", ()), ("postgres", (pytest.mark.postgres,)))
        for name in JOBS
        for marks in [marks_of if kind == "sqlite" or name in ON_BOTH else (*marks_of, pytest.mark.faults)]
    ],
    indirect=["store"],
)
def test_sigterm_at_some_steps_of_a_job_stops_it_and_the_next_start_goes_on(
    warm_workers: Warm, store: Store, tiny: Upstream, name: str
) -> None:
    assert stopped_at_steps(warm_workers, store, tiny, name, SAMPLED) < STOPPED


@pytest.mark.faults
@pytest.mark.parametrize("name", JOBS)
def test_sigterm_at_many_steps_of_a_job_stops_it_and_the_next_start_goes_on(
    warm_workers: Warm, store: Store, tiny: Upstream, name: str, told: Told
) -> None:
    longest = stopped_at_steps(warm_workers, store, tiny, name, None)
    assert longest < STOPPED
    told(f"SIGTERM during {name} on {store.url.partition(':')[0]}", f"the longest stop took {longest:.1f} s")


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("words", [("serve",), ("serve", "--work"), ("work",)], ids=" ".join)
def test_the_programs_that_stay_end_cleanly_by_sigterm(
    sqlite_store: Store, tiny: Upstream, words: tuple[str, ...]
) -> None:
    port = free_port()
    env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
    env |= world.environment(tiny, sqlite_store.url, str(sqlite_store.folder))
    env |= {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "digest@road.example"}
    more = ("--port", str(port)) if words[0] == "serve" else ()
    process = subprocess.Popen(
        [sys.executable, "-m", "shirube", *words, *more], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    )
    try:
        if words[0] == "serve":
            until(lambda: answers(port) or process.poll() is not None, "it does not answer")
        if words != ("serve",):
            until(lambda: job_runs(sqlite_store), "no job was begun")
        before = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
        assert time.monotonic() - before < STOPPED + 5, "five more for the interpreter of a busy machine"
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert {run.state for run in job_runs(sqlite_store)} <= {"done", "partly", "failed", "interrupted"}
    assert {run.lease_until for run in job_runs(sqlite_store)} <= {None}
