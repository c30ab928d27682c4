"""The store in numbers for who watches it: how much of what there is, by state, and when what happened last."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import holds, issues, jobs, outbox, scores, subscribers
from db.models import Item, Window
from db.models_jobs import JobRun
from db.models_mail import Notice, Outbox

# Every state is told, also where nothing is in it: an alert on a series that is absent never rings.
WINDOW_STATES = ("open", "closed", "stale", "error")
MAIL_STATES = ("queued", "sending", "sent", "retry", "failed", "unknown", "skipped")
CALL_STATES = ("waiting", "delivered", "failed")
PEOPLE_STATES = ("pending", "active", "left", "suppressed")

By = Mapping[tuple[str, ...], float]  # the labels of a series -> its number


@dataclass(frozen=True, slots=True)
class Gauges:
    """Numbers of one moment; moments are seconds since 1970 (UTC), and absent where a thing never happened."""

    items: int
    ranked: int
    without_vector: int
    source_items: By  # by source
    last_complete: By  # by source: its last reading in full
    windows: By  # by source and state
    unreadable: By  # by source
    job_runs: By  # by job and state, of the runs remembered
    job_success: By  # by job: when it last ended well
    worker_sign: float | None  # when any worker was last heard of
    mails: By  # by state
    oldest_mail: float | None  # since when the oldest one waits
    held: bool
    calls: By  # of the webhook, by state
    subscribers: By  # by state: numbers, never who


def gauges(session: Session, model: str, now: datetime) -> Gauges:
    """Count everything, in eleven statements however much is stored; `model` is the one whose vectors count.

    What the schedule noted by a clock that was ahead of `now` is no sign of it: no alert would ring for years.
    """
    latest = now + jobs.SILENT
    sources = _by_source(session)
    windows = session.execute(
        select(Window.source, Window.state, func.count(), func.sum(Window.errors)).group_by(Window.source, Window.state)
    ).all()
    runs = session.execute(
        select(
            JobRun.job,
            JobRun.state,
            func.count(),
            func.max(JobRun.ended_at).filter(JobRun.ended_at <= latest),
            func.max(JobRun.heartbeat_at).filter(JobRun.heartbeat_at <= latest, jobs.of_a_worker()),
        ).group_by(JobRun.job, JobRun.state)
    ).all()
    return Gauges(
        items=sum(sources.values()),
        ranked=scores.count_rated(session),
        without_vector=scores.count_to_embed(session, model) if model else 0,
        source_items=_each_source(sources),
        last_complete={(name,): moment.timestamp() for name, moment in issues.last_reads(session, now).items()},
        windows=_by_source_and_state(windows),
        unreadable=_summed((source, errors) for source, _, _, errors in windows),
        job_runs={(job, state): count for job, state, count, *_ in runs},
        job_success={(job,): ended.timestamp() for job, state, _, ended, _ in runs if state == "done" and ended},
        worker_sign=_newest(sign for *_, sign in runs),
        mails=_by_one(MAIL_STATES, outbox.counts(session)),
        oldest_mail=_oldest_mail(session),
        held=holds.held(session) is not None,
        calls=_by_one(CALL_STATES, _calls(session)),
        subscribers=_by_one(PEOPLE_STATES, subscribers.counts(session)),
    )


def _by_source(session: Session) -> dict[tuple[str, ...], int]:
    """Count items by the set of sources that told of them: there are few sets, so the database gives few rows."""
    rows = session.execute(select(Item.sources, func.count()).group_by(Item.sources))
    return {tuple(names): count for names, count in rows}


def _each_source(sets: Mapping[tuple[str, ...], int]) -> By:
    return _summed((name, count) for names, count in sets.items() for name in names)


def _summed(pairs: Iterable[tuple[str, int]]) -> By:
    found: Counter[tuple[str, ...]] = Counter()
    for name, number in pairs:
        found[(name,)] += number
    return dict(found)


def _by_source_and_state(rows: Iterable[Any]) -> By:
    counts = {(source, state): count for source, state, count, _ in rows}
    sources = {source for source, _ in counts}
    return {(source, state): counts.get((source, state), 0) for source in sorted(sources) for state in WINDOW_STATES}


def _by_one(states: Sequence[str], counts: Mapping[str, int]) -> By:
    return {(state,): counts.get(state, 0) for state in states}


def _calls(session: Session) -> dict[str, int]:
    rows = session.execute(select(Notice.state, func.count()).group_by(Notice.state))
    return {row[0]: row[1] for row in rows}


def _oldest_mail(session: Session) -> float | None:
    moment: datetime | None = session.scalar(select(func.min(Outbox.created)).where(Outbox.state.in_(outbox.WAITING)))
    return moment.timestamp() if moment else None


def _newest(moments: Iterable[datetime | None]) -> float | None:
    return max((moment.timestamp() for moment in moments if moment), default=None)
