"""Runs of the schedule: taken, kept, ended. Who holds a run is told by its token, which grows with every taking.

Leases go by a clock that all workers share (`db.places.moment`); it may be set back or forward. So a lease that lasts
longer than one can is none, and whether a holder is dead is asked of the caller, who may have watched it.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from db.models_jobs import JobRun

SILENT = timedelta(minutes=20)  # without a sign of any worker: four rounds of the most frequent job
ATTEMPTS = 3  # of one run whose holders died: what kills its process every time is not begun for ever
PAUSE = "10s"  # between two statements of a transaction that locks a run, before PostgreSQL ends it
BY_HAND = "-by-hand"  # ends the name of a holder that ran one job for a person or a timer, and is no worker
_TAKING = 968_569_289  # the first half of an advisory lock of PostgreSQL; the second is the job
_RUN: Table = JobRun.__table__  # type: ignore[assignment]


class Held(NamedTuple):
    """A run that somebody has taken: its row, the token that proves it, and which attempt it is."""

    run_id: int
    token: int
    attempt: int


def take(
    session: Session,
    job: str,
    scheduled_for: datetime,
    holder: str,
    now: datetime,
    lease: timedelta,
    dead: Callable[[JobRun], bool],
) -> Held | None:
    """Take a run, or give None where it was made before or the job is being run; the caller commits at once.

    A holder that is `dead` loses its run, which is then taken over if it is this one. A run is begun again only where
    it was interrupted, or lost fewer than three times.
    """
    _briefly(session)
    if session.get_bind().dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE lets one in at a time already
        session.execute(text("SELECT pg_advisory_xact_lock(:lock, hashtext(:job))"), {"lock": _TAKING, "job": job})
    if not _free(session, job, now, dead):
        return None
    values = {"state": "running", "holder": holder, "started_at": now, "heartbeat_at": now, "lease_until": now + lease}
    token = (session.scalar(select(func.max(JobRun.token)).where(JobRun.job == job)) or 0) + 1
    known = session.scalars(
        select(JobRun).where(JobRun.job == job, JobRun.scheduled_for == scheduled_for)
    ).one_or_none()
    if known is None:
        return _insert(session, {**values, "job": job, "scheduled_for": scheduled_for, "token": token})
    if not may_resume(known):
        return None
    for name, value in {**values, "token": token, "attempt": known.attempt + 1, "ended_at": None}.items():
        setattr(known, name, value)
    known.counts, known.error = {}, None
    session.flush()
    return Held(known.id, token, known.attempt)


def may_resume(run: JobRun) -> bool:
    """Tell whether a run that ended without its end may be begun again."""
    return run.state == "interrupted" or (run.state == "lost" and run.attempt < ATTEMPTS)


def is_over(run: JobRun, now: datetime, lease: timedelta) -> bool:
    """Tell whether a lease has run out; one that ends later than any can, was given by a clock that was ahead."""
    return run.lease_until is None or not now < run.lease_until <= now + lease


def beat(session: Session, held: Collection[Held], now: datetime, lease: timedelta) -> set[Held]:
    """Make leases last from now on; gives those that are still held. The caller commits at once."""
    return {one for one in held if _set(session, one, heartbeat_at=now, lease_until=now + lease)}


def end(
    session: Session,
    held: Held,
    now: datetime,
    state: str,
    counts: dict[str, Any] | None = None,
    error: str | None = None,
) -> bool:
    """Note how a run ended; False where it belongs to another by now, and then nothing is written."""
    return _set(session, held, state=state, ended_at=now, lease_until=None, counts=counts or {}, error=error)


def is_held(session: Session, held: Held) -> bool:
    """Tell whether a run is still held, and keep it so until this transaction ends, which it is about to."""
    _briefly(session)
    mine = select(JobRun.id).where(JobRun.id == held.run_id, JobRun.token == held.token, JobRun.state == "running")
    return session.scalar(mine.with_for_update(read=True)) is not None


def running(session: Session) -> dict[str, JobRun]:
    """Give the runs under way by job."""
    return {run.job: run for run in session.scalars(select(JobRun).where(JobRun.state == "running"))}


def at(session: Session, slots: dict[str, datetime]) -> dict[str, JobRun]:
    """Give by job the run of one moment each, where there is one."""
    found = {}
    for job, moment in slots.items():
        query = select(JobRun).where(JobRun.job == job, JobRun.scheduled_for == moment)
        if run := session.scalars(query).one_or_none():
            found[job] = run
    return found


def last(session: Session, job: str, limit: int = 1) -> Sequence[JobRun]:
    """List the newest runs of a job, the newest first."""
    query = select(JobRun).where(JobRun.job == job).order_by(JobRun.started_at.desc(), JobRun.id.desc())
    return session.scalars(query.limit(limit)).all()


def newest(session: Session) -> dict[str, JobRun]:
    """Give the newest run of each job."""
    other = aliased(JobRun)
    token = select(func.max(other.token)).where(other.job == JobRun.job).scalar_subquery()
    return {run.job: run for run in session.scalars(select(JobRun).where(JobRun.token == token))}


def last_sign(session: Session, now: datetime) -> datetime | None:
    """Tell when any worker was last heard of: a run begun or a heartbeat.

    A moment that has not come was told by a clock that was ahead, and is given only where there is no other.
    """
    passed = select(func.max(JobRun.heartbeat_at)).where(of_a_worker(), JobRun.heartbeat_at <= now + SILENT)
    return session.scalar(passed) or session.scalar(select(func.min(JobRun.heartbeat_at)).where(of_a_worker()))


def of_a_worker() -> ColumnElement[bool]:
    """Tell runs of the schedule from those that somebody asked for by hand."""
    return JobRun.holder.not_like(f"%{BY_HAND}")


def is_silent(last: datetime, now: datetime) -> bool:
    """Tell whether a sign of a worker is too old, or of a moment that has not come."""
    return abs(now - last) > SILENT


def forget(session: Session, before: datetime, now: datetime) -> int:
    """Delete runs that ended before a moment or not yet, but for the newest of each job; gives how many."""
    other = aliased(JobRun)
    newest = select(func.max(other.token)).where(other.job == JobRun.job).scalar_subquery()
    past = or_(JobRun.ended_at < before, JobRun.ended_at > now + SILENT)
    old = delete(JobRun).where(past, JobRun.token < newest)
    return _count(session.execute(old.execution_options(synchronize_session=False)))


def _free(session: Session, job: str, now: datetime, dead: Callable[[JobRun], bool]) -> bool:
    """Tell whether nobody runs a job, after a run whose holder is dead was given up."""
    query = select(JobRun).where(JobRun.job == job, JobRun.state == "running").with_for_update()
    run = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if run is None:
        return True
    if not dead(run):
        return False
    run.state, run.ended_at, run.lease_until = "lost", now, None
    run.error = "its worker is gone: killed, or cut off from the database"
    session.flush()
    return True


def _insert(session: Session, values: dict[str, Any]) -> Held | None:
    """Insert or ignore: where two workers come at once the unique constraints decide."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_RUN).values(**values, attempt=1, counts={}).on_conflict_do_nothing().returning(_RUN.c.id)
    run_id = session.execute(statement).scalar_one_or_none()
    return Held(run_id, values["token"], 1) if run_id is not None else None


def _briefly(session: Session) -> None:
    """Have PostgreSQL end this transaction if its worker stops in the middle: all others wait for the row it locked."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("SELECT set_config('idle_in_transaction_session_timeout', :pause, true)"), {"pause": PAUSE}
        )


def _set(session: Session, held: Held, **values: Any) -> bool:
    _briefly(session)
    mine = update(JobRun).where(JobRun.id == held.run_id, JobRun.token == held.token, JobRun.state == "running")
    return _count(session.execute(mine.values(**values).execution_options(synchronize_session=False))) == 1


def _count(result: Any) -> int:
    return int(result.rowcount)
