"""What the children do that run the schedule: the program's own jobs and door, with vectors made of words.

`python -m tests.faults.working act|ticks|live DATABASE NAME` is one worker with one job that does as the parent says.
"""

import os
import signal
import sys
import time
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from typing import Any

from sqlalchemy import Engine, event, select

from db import fence, issues
from db.models import Place
from db.models_jobs import JobRun
from digest.service import fill_outbox
from ingest.http import Guard
from ranking.embedder import Embedder
from ranking.service import Ranker
from roadmap.model import Roadmap
from shirube import mail
from shirube.jobs import Job, Outcome, schedule
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.turns import SharedTurns
from shirube.wiring import Wiring
from shirube.worker import Rhythm, Worker
from tests import memory
from tests.fakes import HashEmbedder
from tests.faults.pulling import ROADMAP
from tests.shirube.command import DRAFT, words_guide

GUIDE = words_guide()  # made once, and not by every child
QUICK = Rhythm(lease=timedelta(seconds=3), beat=0.3, look=0.2)
YEARLY = "0 0 1 1 *"
CHAIN = ("rank", "close", "outbox", "prune")


class Ready(Wiring):
    """The real wiring, with the curriculum at hand and vectors made of words."""

    @cached_property
    def roadmap(self) -> Roadmap:
        """Give the curriculum that was read before."""
        return ROADMAP

    @cached_property
    def embedder(self) -> Embedder:
        """Make vectors of words."""
        return HashEmbedder()

    @cached_property
    def ranker(self) -> Ranker:
        """Rank without trained weights."""
        return Ranker(self.roadmap, GUIDE, self.embedder, None)


def wired(env: dict[str, str], now: str, seconds: int = 0) -> Ready:
    """Build the wiring from settings, at an hour that stands still."""
    os.environ.update(env)
    moment = datetime.fromisoformat(now) + timedelta(seconds=seconds)
    return Ready(load_settings(), lambda: moment)


def pulled(env: dict[str, str], now: str) -> None:
    """Run the jobs that fill the store."""
    Worker(wired(env, now), Stopping(), [job for job in schedule() if job.name not in CHAIN]).look()


def chain(env: dict[str, str], now: str) -> list[str]:
    """Rank, close, mail the issue that closed, and go on with what waits minutes and hours later; gives failures."""
    for seconds in (0, 600, 7_200):
        wiring = wired(env, now, seconds)
        Worker(wiring, Stopping(), [job for job in schedule() if job.name in CHAIN]).look()
        with wiring.sessions.begin() as session:
            fill_outbox(session, None, wiring.clock, mail.make_mailer(wiring).sender)
    with wiring.sessions() as session:
        failed = session.scalars(select(JobRun).where(JobRun.state.not_in(("done", "lost"))))
        return [f"{run.job}: {run.state} {run.error}" for run in failed]


class Living(Ready):
    """The same at an hour that goes on: waiting for a pace or a server takes no real time, but simulated one."""

    @cached_property
    def guard(self) -> Guard:
        """Ask at the program's pace, by the simulated clock."""
        turns = SharedTurns(lambda: self.sessions, lambda session: self.clock())
        return Guard(self._policy(), sleep=self.pass_, clock=self.clock, turns=turns)

    @cached_property
    def _hours(self) -> list[datetime]:
        return []

    def pass_(self, seconds: float) -> None:
        """Let simulated time pass."""
        self._hours[0] += timedelta(seconds=seconds)


def hour(env: dict[str, str], start: str) -> int:
    """Live through one simulated hour as a worker, and send at its end; gives the memory held then, in kB.

    Each hour begins sharp, whatever waiting the one before took.
    """
    wiring = living(env)
    worker = Worker(wiring, Stopping(), moment=lambda session: wiring.clock())
    for minutes in range(0, 60, 5):
        wiring._hours[:] = [datetime.fromisoformat(start) + timedelta(minutes=minutes)]
        worker.look()
    with wiring.sessions() as session:
        final = issues.latest_final(session)
    if final is not None:
        mail.send(wiring, None)
    return memory.held()


_living: list[Living] = []  # one wiring for all hours of a process, as in a real worker


def living(env: dict[str, str]) -> Living:
    """Give this process's wiring."""
    if not _living:
        os.environ.update(env)
        hours: list[datetime] = []
        _living.append(Living(load_settings(), lambda: hours[0]))
        _living[0].__dict__["_hours"] = hours
    return _living[0]


def live(_database: str, name: str) -> None:
    """Live through each hour that the parent names, for long; tells the memory held after each."""
    say("ready")
    for line in sys.stdin:
        say(f"{name} {hour(dict(os.environ), line.strip())}")


def told_to_stop(env: dict[str, str], now: str, name: str, at: int) -> dict[str, Any]:
    """Run one job, with a SIGTERM right before its statement with this number; gives how far it came and how it ended.

    0 sends none. `seconds` are those from the signal to the end of the worker.
    """
    wiring, stop, asked = wired(env, now), Stopping(), [0.0]
    job = next(job for job in schedule() if job.name == name)
    statements = count(1)

    def step(*_given: object) -> None:
        if fence.is_holding() and next(statements) == at:
            asked[0] = time.monotonic()
            os.kill(os.getpid(), signal.SIGTERM)

    worker = Worker(wiring, stop, [job])
    event.listen(Engine, "before_cursor_execute", step)
    left: list[str] = []
    with stop.listening():
        if at:
            left = worker.run()
        else:
            worker.look()
    took = time.monotonic() - asked[0] if asked[0] else 0.0
    with wiring.sessions() as session:
        states = list(session.scalars(select(JobRun.state).where(JobRun.job == name)))
    return {"steps": next(statements) - 1, "states": states, "seconds": took, "left": left}


def ticks(database: str, name: str) -> None:
    """Ring a bell for every hour that the parent names, as a worker of its own; each ringing is a row."""
    hours = [DRAFT]

    def ring(wiring: Wiring, _stop: Stopping) -> Outcome:
        with wiring.sessions.begin() as session:
            session.add(Place(name=f"{hours[0].isoformat()} {name}"))
        return Outcome()

    wiring = Ready(load_settings(database_url=database), lambda: hours[0])
    worker = Worker(wiring, Stopping(), [Job("bell", "*/5 * * * *", ring, "rings", "rings")])
    worker.look()
    say("ready")
    for line in sys.stdin:
        hours[0] = datetime.fromisoformat(line.strip())
        worker.look()
        say("looked")


def act(database: str, name: str) -> None:
    """Run one worker until it is stopped; its job writes `begun`, waits for a line, and writes `ended`."""

    def two_writes(wiring: Wiring, _stop: Stopping) -> Outcome:
        for word in ("begun", "ended"):
            with wiring.sessions.begin() as session:
                session.add(Place(name=f"{word} {name}"))
            say(word)
            if word == "begun" and not sys.stdin.readline():
                raise EOFError("the parent is gone")
        return Outcome({"acted": 1})

    wiring, stop = Ready(load_settings(database_url=database)), Stopping()
    worker = Worker(wiring, stop, [Job("act", YEARLY, two_writes, "acts", "acts")], rhythm=QUICK)
    with stop.listening():
        say("ready")
        left = worker.run()
    say(f"left {','.join(left)}")
    os._exit(0)  # as the command does where a job did not stop


def say(word: str) -> None:
    """Tell the parent."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"act": act, "ticks": ticks, "live": live}[sys.argv[1]](*sys.argv[2:])
