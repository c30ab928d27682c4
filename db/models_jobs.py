"""The table of runs: what the schedule did, does, and who holds it meanwhile (docs/decisions/0034)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base

_RUNNING = text("state = 'running'")


class JobRun(Base):
    """One run of a job for one moment of its schedule: however many workers there are, this row exists once.

    A job has one running row at most. `token` grows with every taking of a job, so that who lost a run is told apart
    from who holds it.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "scheduled_for"),
        UniqueConstraint("job", "token"),
        CheckConstraint("state IN ('running', 'done', 'partly', 'failed', 'interrupted', 'lost')", name="state"),
        Index("ix_job_run_running", "job", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index("ix_job_run_started_at", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(24))
    scheduled_for: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(11))
    token: Mapped[int]
    attempt: Mapped[int]
    holder: Mapped[str]  # see shirube.turns.identity
    lease_until: Mapped[datetime | None]  # None once it ended
    heartbeat_at: Mapped[datetime]
    started_at: Mapped[datetime]  # of the last attempt
    ended_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]]  # what it did, by name
    error: Mapped[str | None]
