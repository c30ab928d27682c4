"""The one place that lets nobody write for a job that another has taken over: the token is checked before each commit.

Every factory of sessions of the program is `fenced`. Inside `holding` a commit first looks, in its own transaction,
whether the run is still held, and is refused where it is not. Outside of a job nothing is looked at. The run belongs to
the context (contextvars), so threads that a job starts itself must be started in a copy of it if they write.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import event
from sqlalchemy.orm import Session

from core.errors import ShirubeError
from db.engine import Sessions
from db.jobs import Held, is_held

_run: ContextVar[Held | None] = ContextVar("run", default=None)


class FencedOffError(ShirubeError):
    """A write for a job that another worker has taken over, or that was told to stop; nothing of it was kept."""


def fenced(sessions: Sessions) -> Sessions:
    """Have every commit of these sessions checked; gives the same factory."""
    event.listen(sessions, "before_commit", _check)
    return sessions


@contextmanager
def holding(held: Held) -> Iterator[None]:
    """Do what follows for a run that was taken."""
    token = _run.set(held)
    try:
        yield
    finally:
        _run.reset(token)


def is_holding() -> bool:
    """Tell whether this is done for a run."""
    return _run.get() is not None


def _check(session: Session) -> None:
    held = _run.get()
    if held is not None and not is_held(session, held):
        raise FencedOffError(f"Run {held.run_id} belongs to another worker by now (token {held.token} is old)")
