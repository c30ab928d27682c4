"""Whether anybody runs the schedule: when a worker was last heard of, as values and as a line for people."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from db import jobs as runs
from shirube.telling import duration

AHEAD = "by a clock that was ahead"


def scheduler(session: Session, now: datetime) -> dict[str, Any]:
    """Tell when a worker was last heard of: state is never, ticking or silent."""
    last = runs.last_sign(session, now)
    state = "never" if last is None else "silent" if runs.is_silent(last, now) else "ticking"
    return {"state": state, "last_tick": iso(last) if last else None}


def scheduler_line(found: dict[str, Any], now: datetime) -> str:
    """Say it in a line."""
    if found["state"] == "never":
        return "Scheduler: never ran here. shirube work keeps the store up to date by itself."
    ago = (now - datetime.fromisoformat(found["last_tick"])).total_seconds()
    if found["state"] == "ticking":
        return f"Scheduler: ticking, last heard of {duration(max(ago, 0.0))} ago (shirube jobs)."
    told = f" for {duration(ago)}" if ago > 0 else f"; the last that was heard is dated {found['last_tick']}, {AHEAD}"
    return f"Scheduler: SILENT{told}. Start it: shirube work, or shirube serve --work."
