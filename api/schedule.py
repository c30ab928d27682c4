"""What runs by itself, for readers and programs outside: each job with its last run and its next one.

Only that a run failed is told: its words and its holder may name machines, its counts people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from core.clock import iso
from db import jobs as runs
from db.models_jobs import JobRun

PULL = "pull-"  # begins the names of the jobs that read a source


@dataclass(frozen=True, slots=True)
class Planned:
    """A job that may be told of, and the rule that gives its next moment after another."""

    name: str
    after: Callable[[datetime], datetime | None]


class WorkerJson(TypedDict):
    """Whether anybody runs the jobs: never, ticking or silent, and when a worker was last heard of."""

    state: str
    last_seen: str | None


class JobJson(TypedDict):
    """A job: its last run, and when it runs next; null where nobody runs it.

    `state` is running, done, partly, failed, interrupted or lost (its worker is gone), null where it never ran.
    """

    job: str
    state: str | None
    started_at: str | None
    ended_at: str | None
    seconds: float | None
    next: str | None


def worker_json(last: datetime | None, now: datetime) -> WorkerJson:
    """Tell whether anybody runs the jobs, from when a worker was last heard of."""
    state = "never" if last is None else "silent" if runs.is_silent(last, now) else "ticking"
    return {"state": state, "last_seen": iso(last) if last else None}


def schedule_json(session: Session, jobs: Sequence[Planned], now: datetime) -> tuple[WorkerJson, list[JobJson]]:
    """Tell whether anybody runs the jobs, and how each stands."""
    worker, newest = worker_json(runs.last_sign(session, now), now), runs.newest(session)
    return worker, [_job(job, newest, now, alive=worker["state"] == "ticking") for job in jobs]


def next_pull(jobs: Sequence[JobJson], source: str) -> str | None:
    """Tell when a source is read next by itself; None where it is not."""
    return next((job["next"] for job in jobs if job["job"] == PULL + source), None)


def _job(job: Planned, newest: Mapping[str, JobRun], now: datetime, *, alive: bool) -> JobJson:
    run, following = newest.get(job.name), job.after(now) if alive else None
    ended = run.ended_at if run else None
    return {
        "job": job.name,
        "state": run.state if run else None,
        "started_at": iso(run.started_at) if run else None,
        "ended_at": iso(ended) if ended else None,
        "seconds": (ended - run.started_at).total_seconds() if run and ended else None,
        "next": iso(following) if following else None,
    }
