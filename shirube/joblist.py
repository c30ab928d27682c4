"""What `shirube jobs` says: the schedule with its next and last runs, as plain values and as lines for people.

Names are kept: people script against them (docs/commands.md).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from db import jobs as runs
from db.models_jobs import JobRun
from shirube.jobs import Job
from shirube.telling import duration
from shirube.ticking import scheduler
from shirube.worker import slot_after, slot_before

SHOWN = 10  # runs of one job

Values = dict[str, Any]


def listed(session: Session, jobs: Sequence[Job], now: datetime) -> Values:
    """Collect every job with its next run and its last one, and when any worker was last heard of."""
    return {"at": iso(now), "scheduler": scheduler(session, now), "jobs": [_job(session, job, now, 1) for job in jobs]}


def explained(session: Session, job: Job, now: datetime) -> Values:
    """Collect what one job does, what a missed run means, and its last runs."""
    return _job(session, job, now, SHOWN)


def _job(session: Session, job: Job, now: datetime, limit: int) -> Values:
    last, before, after = runs.last(session, job.name, limit), slot_before(job, now), slot_after(job, now)
    made = before is not None and bool(runs.at(session, {job.name: before}))
    return {
        "name": job.name,
        "cron": job.cron,
        "does": job.does,
        "missed": job.missed,
        "next": iso(after) if after else None,
        "overdue_since": iso(before) if before and not made else None,
        "runs": [_run(run) for run in last],
    }


def _run(run: JobRun) -> Values:
    seconds = (run.ended_at - run.started_at).total_seconds() if run.ended_at else None
    return {
        "scheduled_for": iso(run.scheduled_for),
        "state": run.state,
        "attempt": run.attempt,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at) if run.ended_at else None,
        "seconds": seconds,
        "counts": run.counts,
        "error": run.error,
    }


def rows(found: Values) -> list[tuple[str, ...]]:
    """Lay the list of jobs out as the rows of a table."""
    return [(job["name"], job["cron"], _next(job), *_last(job["runs"]), job["does"]) for job in found["jobs"]]


def lines(job: Values) -> list[str]:
    """Write one job for people."""
    head = [
        f"{job['name']}: {job['does']}.",
        f"At {job['cron']} (cron, UTC); next {_next(job)}. A missed run: {job['missed']}.",
        f"Run it now: shirube jobs run {job['name']}",
    ]
    return head + [_line(run) for run in job["runs"]] if job["runs"] else [*head, "It has not run yet."]


def _next(job: Values) -> str:
    return "now, overdue" if job["overdue_since"] else _minute(job["next"]) if job["next"] else "never"


def _last(found: list[Values]) -> tuple[str, str]:
    if not found:
        return "never", ""
    return _minute(found[0]["started_at"]), f"{found[0]['state']}{_counts(found[0])}"


def _line(run: Values) -> str:
    took = f" in {duration(run['seconds'])}" if run["seconds"] is not None else ""
    again = f", attempt {run['attempt']}" if run["attempt"] > 1 else ""
    error = f". {run['error']}" if run["error"] else ""
    return f"{_minute(run['started_at'])}  {run['state']}{took}{again}{_counts(run)}{error}"


def _counts(run: Values) -> str:
    told = ", ".join(f"{count:,} {name}" for name, count in run["counts"].items() if count)
    return f": {told}" if told else ""


def _minute(text: str) -> str:
    return text[:16].replace("T", " ")
