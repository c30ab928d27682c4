"""Workers over a test's database, with every clock passed in, and jobs that do as told."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from db.engine import Sessions
from db.fence import fenced
from db.models_jobs import JobRun
from shirube.jobs import Job, Outcome
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.wiring import Wiring
from shirube.worker import Rhythm, Worker
from tests.shirube.command import DRAFT, Bench

EVERY_FIVE = "*/5 * * * *"
RHYTHM = Rhythm()


@dataclass
class Hours:
    """The wall clock, which may be set, and the time that really passed, in seconds."""

    now: datetime = DRAFT
    passed: float = 0.0

    def pass_(self, seconds: float) -> None:
        """Let time pass on both."""
        self.now += timedelta(seconds=seconds)
        self.passed += seconds

    def pass_a_lease(self) -> None:
        """Let more time pass than a lease lasts."""
        self.pass_(RHYTHM.lease.total_seconds() + 1)


@dataclass
class Bell:
    """A job that counts its runs and does what is asked in each."""

    name: str = "bell"
    cron: str = EVERY_FIVE
    during: Callable[[Wiring, Stopping], Outcome | None] = lambda wiring, stop: None
    rung: list[datetime] = field(default_factory=list)
    after: tuple[str, ...] = ()

    @property
    def job(self) -> Job:
        """The line of the schedule."""
        return Job(self.name, self.cron, self._run, "rings", "the next one rings", after=self.after)

    def _run(self, wiring: Wiring, stop: Stopping) -> Outcome:
        self.rung.append(wiring.clock())
        return self.during(wiring, stop) or Outcome({"rung": 1})


def wiring_of(sessions: Sessions, hours: Hours) -> Bench:
    """The program's wiring on a test's database."""
    wiring = Bench(load_settings(), lambda: hours.now)
    wiring.__dict__["sessions"] = fenced(sessions)
    return wiring


def worker(sessions: Sessions, hours: Hours, *bells: Bell, stop: Stopping | None = None) -> Worker:
    """A worker on a test's database; nobody's process is known to be gone."""
    return Worker(
        wiring_of(sessions, hours),
        stop or Stopping(lambda: hours.passed, hours.pass_),
        [bell.job for bell in bells],
        moment=lambda session: hours.now,
        monotonic=lambda: hours.passed,
        gone=lambda holder: False,
    )


def all_runs(sessions: Sessions) -> list[JobRun]:
    """Every run there is, in order."""
    with sessions() as session:
        return list(session.scalars(select(JobRun).order_by(JobRun.id)))


def elsewhere(act: Callable[[], object]) -> None:
    """Do something as another process would: in a thread of its own, which holds no run."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
