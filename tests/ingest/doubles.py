"""What the tests of this package share: a clock that moves only by sleeping, guards, a server of raw bytes, a pull."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import Clock
from db.engine import Sessions
from db.models import Issue, IssueItem
from ingest.batch import Tally
from ingest.guard import Policy
from ingest.http import Guard
from ingest.service import pull, store, summed
from ingest.source import Source, SourceResult
from tests.upstream import Upstream

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class FakeTime:
    """Seconds that pass only by sleeping, and the sleeps in order."""

    def __init__(self) -> None:
        """Start at an arbitrary moment."""
        self.seconds = 1000.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.sleeps.append(seconds)
        self.seconds += seconds

    def monotonic(self) -> float:
        """Tell the seconds so far."""
        return self.seconds

    def clock(self) -> datetime:
        """Tell the hour."""
        return NOW + timedelta(seconds=self.seconds - 1000.0)


def pull_all(
    sessions: Sessions, sources: Sequence[Source], start: date, end: date, clock: Clock, **given: Any
) -> list[SourceResult]:
    """Pull to the end and sum up each source, in the order given; one with nothing due has all zeros."""
    return summed([source.name for source in sources], pull(sessions, sources, start, end, clock, **given))


def stored_from(sessions: Sessions, source: Source, start: date, at: datetime) -> Tally:
    """Read and store the windows of a source since a day one by one, as a pull does, each a second after the other."""
    tally = Tally()
    for number, window in enumerate(source.windows(start, at.date(), at.date())):
        now = at + timedelta(seconds=number)
        with sessions.begin() as session:
            for page in source.fetch(window, now):
                tally += store(session, page.records, now)
    return tally


def policy(*servers: Upstream, **changes: Any) -> Policy:
    """A policy that lets these servers through and nothing else that is private."""
    allowed = frozenset(f"127.0.0.1:{server.port}" for server in servers)
    return replace(Policy(contact="me@example.org", version="1.2", allow_private=allowed), **changes)


@contextmanager
def guarded(*servers: Upstream, time: FakeTime | None = None, **changes: Any) -> Iterator[Guard]:
    """A guard that waits in no real time and never jitters."""
    time = time or FakeTime()
    guard = Guard(policy(*servers, **changes), time.sleep, time.monotonic, time.clock, jitter=lambda: 1.0)
    yield guard
    guard.close()


@contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a loopback port and let `answer` misbehave on each connection after the request's head was read."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                try:
                    answer(connection)
                except OSError:
                    continue  # the client gave up, which is what is tested

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(2)


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def make_final(session: Session, month: str, *considered: str) -> None:
    """Store a final issue of a month, which considered these items."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    session.merge(
        Issue(month=month, status="final", digest={}, inputs_hash="", made_at=at, published_at=at, erratum=[])
    )
    session.flush()
    session.add_all(IssueItem(item_id=item_id, month=month, printed=True) for item_id in considered)
    session.flush()
