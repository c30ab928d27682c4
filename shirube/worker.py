"""Runs the schedule: a ticker (APScheduler, UTC) that knocks, and one door where the database decides who may run.

Any number of workers may run on one database. Every run is taken at the door (db.jobs.take): once for each moment of
the schedule, one at a time for each job. Who holds a run says so every few seconds; who is silent for longer than a
lease, or whose process is gone, loses it, and can write nothing more for it (db.fence). How long a holder was silent is
measured here, by a clock that no one sets; the wall clock only says what is due.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core.errors import RefusedError, UsageError
from db import fence, places
from db import jobs as runs
from db.engine import reading
from db.jobs import Held
from db.models_jobs import JobRun
from shirube.jobs import Job, Outcome, schedule
from shirube.logs import mask
from shirube.stopping import StoppedError, Stopping
from shirube.turns import identity, is_gone
from shirube.wiring import Wiring

_log = logging.getLogger(__name__)
LATE_START = 6 * 3600  # seconds after its time at which the ticker still knocks for a run; `look` makes up for older
SET_BACK = 60.0  # seconds that the wall clock must have been set back for the ticker to be told
ERROR_CHARS = 500
_SPANS = tuple(timedelta(days=days) for days in (0.05, 1, 9, 40, 400))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long a run belongs to a silent holder, how often holders speak, and how often a worker looks around."""

    lease: timedelta = timedelta(seconds=120)
    beat: float = 20.0  # seconds
    look: float = 10.0  # seconds


def slot_before(job: Job, now: datetime) -> datetime | None:
    """Give the newest moment of a job's schedule that has come; None where there was none within 400 days."""
    trigger, found = _trigger(job), None
    for span in _SPANS:
        moment: datetime | None = trigger.get_next_fire_time(None, now - span)
        while moment is not None and moment <= now:
            found, moment = moment, trigger.get_next_fire_time(moment, now)
        if found is not None:
            break
    return found


def slot_after(job: Job, now: datetime) -> datetime | None:
    """Give the next moment of a job's schedule."""
    found: datetime | None = _trigger(job).get_next_fire_time(None, now + timedelta(seconds=1))
    return found


def _trigger(job: Job) -> CronTrigger:
    return CronTrigger.from_crontab(job.cron, timezone="UTC")


class Worker:
    """One process that runs the schedule, or one job of it; `moment` is the clock that all workers share."""

    def __init__(
        self,
        wiring: Wiring,
        stop: Stopping,
        jobs: Sequence[Job] | None = None,
        *,
        rhythm: Rhythm = Rhythm(),
        moment: Callable[[Session], datetime] = places.moment,
        monotonic: Callable[[], float] = time.monotonic,
        gone: Callable[[str], bool] = is_gone,
    ) -> None:
        self.jobs = tuple(jobs if jobs is not None else schedule())
        self.rhythm = rhythm
        self._wiring, self._stop = wiring, stop
        self._moment, self._monotonic, self._gone = moment, monotonic, gone
        self._holder = identity()
        self._lock = threading.Lock()
        self._busy: dict[str, Held | None] = {}  # by job: what this worker runs or is about to
        self._heard: dict[str, tuple[tuple[int, datetime], float]] = {}  # by job: last sign of another's run, and when
        self._quiet = threading.Event()

    def run(self) -> list[str]:
        """Run the schedule until asked to stop; gives the jobs that did not stop in time."""
        scheduler = self._scheduler()
        self.start_heart()
        scheduler.start()
        try:
            self._watch(scheduler)
        finally:
            scheduler.shutdown(wait=False)
            left = self.close()
        return left

    def close(self) -> list[str]:
        """Give what runs its time to stop, and give up the rest, so that another may go on; gives the names of that."""
        self._stop.ask()
        self._stop.grace(lambda: not self._busy)
        self._quiet.set()
        with self._lock:
            left = dict(self._busy)
        for name, held in left.items():
            if held is not None:
                self._end(name, held, "interrupted", None, "cut off when its worker was stopped")
        return sorted(left)

    def due(self, now: datetime) -> list[tuple[Job, datetime]]:
        """List what should be run now: the newest moment of each job, unless it was made or another makes it.

        What comes after others waits for them: a month must not be frozen before days that are just being read.
        """
        slots = {job.name: slot for job in self.jobs if (slot := slot_before(job, now)) is not None}
        with reading(self._wiring.sessions) as session:
            made, running, moment = runs.at(session, slots), runs.running(session), self._moment(session)
        wanted = [
            (job, slots[job.name])
            for job in self.jobs
            if job.name in slots and self._wanted(made.get(job.name), running.get(job.name), moment)
        ]
        busy = {job.name for job, _ in wanted} | running.keys()
        return [(job, slot) for job, slot in wanted if busy.isdisjoint(job.after)]

    def due_now(self) -> list[tuple[Job, datetime]]:
        """List what should be run now; nothing while the database does not answer."""
        try:
            return self.due(self.now())
        except OperationalError:
            _log.warning("the schedule cannot be looked at: the database does not answer", exc_info=True)
            return []

    def now(self) -> datetime:
        """Tell the time by the wall clock of this machine, which says what is due."""
        return self._wiring.clock()

    def look(self) -> None:
        """Run what should be run now, one after the other."""
        for job, slot in self.due(self._wiring.clock()):
            self.enter(job, slot)

    def knock(self, job: Job) -> str | None:
        """Run a job for the newest moment of its schedule, if that was not made yet; gives how it ended.

        One that has to wait for others is left to `look`.
        """
        if job.after and job not in [due for due, _ in self.due_now()]:
            return None
        slot = slot_before(job, self._wiring.clock())
        return self.enter(job, slot) if slot is not None else None

    def enter(self, job: Job, slot: datetime) -> str | None:
        """Run a job for a moment if the door lets this worker in; gives how it ended, None where it was not let in."""
        with self._lock:
            if self._stop.asked or job.name in self._busy:
                return None
            self._busy[job.name] = None
        try:
            held = self._take(job, slot)
            if held is None:
                return None
            self._busy[job.name] = held
            with structlog.contextvars.bound_contextvars(
                job=job.name, run=held.run_id, token=held.token, scheduled_for=slot.isoformat()
            ):
                return self._run(job, slot, held)
        finally:
            with self._lock:
                del self._busy[job.name]

    def run_now(self, name: str) -> str | None:
        """Run one job at once, through the same door; gives how it ended, None where it did not stop when asked to.

        It is no sign of a worker. Raises UsageError for a name that is none, RefusedError while another runs it, and
        whatever kept it from being begun or noted.
        """
        self._holder += runs.BY_HAND
        ended = self._by_hand(find(self.jobs, name))
        while not ended.done() and not self._stop.asked:
            wait([ended], 0.1)
        if self.close() or not ended.done():
            return None
        state = ended.result()
        if state is None:
            raise RefusedError(f"The job {name} is being run by another worker", f"See how far: shirube jobs {name}")
        return state

    def start_heart(self) -> None:
        """Begin to make the leases of what runs here last, in a thread that ends with `close`."""
        threading.Thread(target=self._speak, name="heart", daemon=True).start()

    def beat(self) -> None:
        """Make the leases of all that runs here last; what is lost will be refused when it writes."""
        with self._lock:
            held = [one for one in self._busy.values() if one is not None]
        if not held:
            return
        with self._wiring.sessions.begin() as session:
            kept = runs.beat(session, held, self._moment(session), self.rhythm.lease)
        for one in set(held) - kept:
            _log.warning("lost run=%d token=%d", one.run_id, one.token)

    def _by_hand(self, job: Job) -> Future[str | None]:
        """Run a job in a thread that no end of this process waits for; gives what will tell how it ended."""
        ended: Future[str | None] = Future()

        def enter() -> None:
            try:
                ended.set_result(self.enter(job, self._wiring.clock()))
            except BaseException as problem:
                ended.set_exception(problem)

        self.start_heart()
        threading.Thread(target=enter, daemon=True).start()
        return ended

    def _take(self, job: Job, slot: datetime) -> Held | None:
        with self._wiring.sessions.begin() as session:
            now = self._moment(session)
            dead = lambda run: self._dead(run, now)  # noqa: E731
            return runs.take(session, job.name, slot, self._holder, now, self.rhythm.lease, dead)

    def _run(self, job: Job, slot: datetime, held: Held) -> str:
        _log.info("job started name=%s for=%s attempt=%d", job.name, slot.isoformat(), held.attempt)
        state, outcome, error = "failed", Outcome(), None
        try:
            with fence.holding(held):
                outcome = job.run(self._wiring, self._stop)
            state, error = ("partly" if outcome.failure else "done"), outcome.failure
        except StoppedError:
            state, error = "interrupted", "its worker was stopped"
        except fence.FencedOffError:
            _log.warning("job taken over name=%s token=%d", job.name, held.token)
            return "lost"
        except Exception as problem:
            _log.exception("job failed name=%s", job.name)
            error = _said(problem)
        return state if self._end(job.name, held, state, outcome, error) else "lost"

    def _end(self, name: str, held: Held, state: str, outcome: Outcome | None, error: str | None) -> bool:
        counts = outcome.counts if outcome else {}
        with self._wiring.sessions.begin() as session:
            text = mask(error)[:ERROR_CHARS] if error else None
            kept = runs.end(session, held, self._moment(session), state, counts, text)
        told = " ".join(f"{key.replace(' ', '_')}={value}" for key, value in counts.items())
        _log.info("job ended name=%s state=%s %s", name, state if kept else "lost", told)
        return kept

    def _wanted(self, made: JobRun | None, running: JobRun | None, moment: datetime) -> bool:
        """Tell whether it is worth knocking: the door decides."""
        if running is not None:
            return self._dead(running, moment)
        return made is None or runs.may_resume(made)

    def _dead(self, run: JobRun, now: datetime) -> bool:
        """Tell whether a holder is dead: its process is gone, or its lease is over and nothing was heard for a while.

        That while is measured by the monotonic clock, so that a wall clock that jumps kills nobody.
        """
        if self._gone(run.holder):
            return True
        sign, passed = (run.token, run.heartbeat_at), self._monotonic()
        if self._heard.get(run.job, (None, 0.0))[0] != sign:
            self._heard[run.job] = (sign, passed)
        silent = passed - self._heard[run.job][1] >= 2 * self.rhythm.beat
        return silent and runs.is_over(run, now, self.rhythm.lease)

    def _speak(self) -> None:
        while not self._quiet.wait(self.rhythm.beat):
            try:
                self.beat()
            except DBAPIError:  # a transaction that PostgreSQL ended while this worker was paused is another kind of it
                _log.warning("no heartbeat: the database cannot be written", exc_info=True)

    def _scheduler(self) -> BackgroundScheduler:
        pool = ThreadPoolExecutor(len(self.jobs) + 1)
        scheduler = BackgroundScheduler(
            timezone="UTC", jobstores={"default": MemoryJobStore()}, executors={"default": pool}
        )
        self._hang_up(scheduler)
        return scheduler

    def _hang_up(self, scheduler: BackgroundScheduler) -> None:
        """Put the whole schedule up, anew where it hangs already."""
        for job in self.jobs:
            scheduler.add_job(
                self.knock,
                _trigger(job),
                args=(job,),
                id=job.name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=LATE_START,
                replace_existing=True,
            )

    def _watch(self, scheduler: BackgroundScheduler) -> None:
        """Make up for what was missed, take over from the dead, and tell the ticker when the clock was set back."""
        ahead = time.time() - self._monotonic()
        while True:
            for job, slot in self.due_now():
                with suppress(RuntimeError):  # the pool is closing
                    scheduler.add_job(
                        self.enter, args=(job, slot), id=f"{job.name} made up for", replace_existing=True,
                        misfire_grace_time=None,
                    )  # fmt: skip
            if self._stop.wait(self.rhythm.look):
                return
            before, ahead = ahead, time.time() - self._monotonic()
            if before - ahead > SET_BACK:
                _log.warning("the clock was set back seconds=%.0f", before - ahead)
                self._hang_up(scheduler)


def find(jobs: Sequence[Job], name: str) -> Job:
    """Find a job by its name; raises UsageError that lists the names there are."""
    for job in jobs:
        if job.name == name:
            return job
    raise UsageError(f"There is no job {name!r}", f"Jobs are {', '.join(job.name for job in jobs)}")


def _said(problem: Exception) -> str:
    """Say what went wrong in a line: of the database without the values of the statement."""
    text = str(getattr(problem, "orig", None) or problem).strip().partition("\n")[0]
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
