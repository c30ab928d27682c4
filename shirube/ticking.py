"""Whether anybody runs the schedule: when a worker was last heard of, as values and as a line for people."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from db import jobs as runs
from shirube.telling import duration


def scheduler(session: Session, now: datetime) -> dict[str, Any]:
    """Tell when a worker was last heard of: state is never, ticking or silent."""
    last = runs.last_sign(session)
    state = "never" if last is None else "silent" if now - last > runs.SILENT else "ticking"
    return {"state": state, "last_tick": iso(last) if last else None}


def scheduler_line(found: dict[str, Any], now: datetime) -> str:
    """Say it in a line."""
    if found["state"] == "never":
        return "Scheduler: never ran here. shirube work keeps the store up to date by itself."
    ago = max((now - datetime.fromisoformat(found["last_tick"])).total_seconds(), 0.0)
    if found["state"] == "ticking":
        return f"Scheduler: ticking, last heard of {duration(ago)} ago (shirube jobs)."
    return f"Scheduler: SILENT for {duration(ago)}. Start it: shirube work, or shirube serve --work."
