"""The book of turns in the database: one pace and one set of pauses for all processes that share it."""

import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.errors import SourceError
from db import places
from db.engine import Sessions, reading
from ingest.turns import Pause

_log = logging.getLogger(__name__)
_PROC = Path("/proc")


class SharedTurns:
    """Books each turn and pause in a short transaction of its own; implements ingest.turns.Turns.

    `sessions` is asked for at the first booking, so that who asks nobody needs no database. Raises SourceError where
    a booking cannot be made, since then nobody knows whose turn it is.
    """

    def __init__(self, sessions: Callable[[], Sessions], moment: Callable[[Session], datetime] = places.moment) -> None:
        self._sessions = sessions
        self._moment = moment
        self._holder = identity()

    def claim(self, place: str, delay: float, lease: float) -> float:
        """Try to take the turn at a place; see Turns."""
        with self._writing(place) as session:
            now = self._moment(session)
            return places.claim(session, place, self._holder, now, delay=delay, lease=lease, gone=is_gone)

    def give_back(self, place: str, ago: float) -> None:
        """Give the turn back; see Turns."""
        with self._writing(place) as session:
            places.give_back(session, place, self._holder, self._moment(session) - timedelta(seconds=ago))

    def paused(self, place: str) -> Pause | None:
        """Tell how long a place is still left alone; see Turns."""
        with _booked(place), reading(self._sessions()) as session:
            found, now = places.pause_of(session, place), self._moment(session)
        if found is None or found.closed_until is None:
            return None
        since = max(now, found.last_at or now)
        if since > now:
            with self._writing(place) as session:
                places.settle(session, place, self._moment(session))
        return Pause((found.closed_until - since).total_seconds(), found.why or "")

    def pause(self, place: str, seconds: float, why: str) -> None:
        """Leave a place alone for so long; see Turns."""
        with self._writing(place) as session:
            now = self._moment(session)
            places.pause(session, place, now + timedelta(seconds=seconds), why, now)

    def resume(self, place: str) -> None:
        """Forget a pause that is over; see Turns."""
        with self._writing(place) as session:
            places.resume(session, place, self._moment(session))

    @contextmanager
    def _writing(self, place: str) -> Iterator[Session]:
        with _booked(place), self._sessions().begin() as session:
            yield session


@contextmanager
def _booked(place: str) -> Iterator[None]:
    try:
        yield
    except OperationalError as problem:
        _log.warning("the turn at %s could not be booked", place, exc_info=True)
        raise SourceError(
            f"Whose turn it is at {place} cannot be told: {problem.orig}",
            "The pace is kept in the database: see whether another program holds it for long, then pull again",
        ) from problem


def identity() -> str:
    """Name this process so that others on the same machine can tell whether it still lives.

    The parts are the start of the machine, the process namespace, the process, its start, and a random word, since one
    process may hold several books. Where the system does not tell them (no /proc), they are empty.
    """
    return "/".join((*_machine(), str(os.getpid()), _started(os.getpid()) or "", secrets.token_hex(4)))


def is_gone(holder: str) -> bool:
    """Tell whether a holder surely lives no more; never of a process on another machine or in another container."""
    parts = holder.split("/")
    here = _machine()
    if len(parts) != 5 or not all(here) or tuple(parts[:2]) != here or not parts[2].isdigit() or not parts[3]:
        return False
    started = _started(int(parts[2]))
    return started != parts[3] if started is not None else not _exists(int(parts[2]))


def _machine() -> tuple[str, str]:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return boot, os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return "", ""


def _exists(pid: int) -> bool:
    """Tell whether a process exists, though it may be hidden from us because it is another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str | None:
    """Give a process's start in ticks since the machine's; empty when it has ended, None when it is not to be seen.

    Fields 3 (state) and 22 (starttime) of https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; a process that
    ended but was not yet waited for is in state Z.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return "" if fields[0] in "ZX" else fields[19]
