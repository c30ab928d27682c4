"""What is called unreachable, and how soon: an operator without a connection is told at once, and what to do."""

import socket
import time

import pytest

from core.errors import SourceError
from ingest.http import Guard, reachable
from tests.ingest.doubles import FakeTime, free_port, guarded
from tests.ingest.test_http import PARAMS, ROUTE
from tests.upstream import Upstream


def test_without_a_connection_the_failure_is_called_unreachable_at_once() -> None:
    port, clock = free_port(), FakeTime()
    with guarded(time=clock, allow_private=frozenset({f"127.0.0.1:{port}"})) as guard:
        with pytest.raises(SourceError, match="cannot be reached") as failed:
            guard.get(f"http://127.0.0.1:{port}/")
        assert failed.value.unreachable
        assert "--offline" in failed.value.advice
    assert clock.sleeps == []


def test_a_server_that_has_answered_before_is_worth_another_try() -> None:
    clock = FakeTime()
    with Upstream(months=("2026-09",)) as up, guarded(up, time=clock) as guard:
        guard.get(up.url + ROUTE, PARAMS)
        up.close()
        guard._client.close()  # also drop the kept connection
        fresh = Guard(guard.policy, clock.sleep, clock.monotonic, clock.clock, jitter=lambda: 1.0)
        fresh._lanes.of(up.url).answered = True
        with pytest.raises(SourceError) as failed:
            fresh.get(up.url + ROUTE, PARAMS)
        fresh.close()
    assert failed.value.unreachable
    assert len(clock.sleeps) == 3


def test_knows_within_the_timeout_what_can_be_reached(up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def slow(host: str, *args: object, **kwargs: object) -> object:
        if host == "dropped.example":
            time.sleep(3)
        return real(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    dead = free_port()
    urls = [up.url, f"http://127.0.0.1:{dead}/x", "http://dropped.example/", "http://127.0.0.1:9/"]
    begun = time.monotonic()
    with guarded(up, allow_private=frozenset({f"127.0.0.1:{up.port}", f"127.0.0.1:{dead}"})) as guard:
        found = reachable(urls, guard, timeout=0.4)
    assert time.monotonic() - begun < 15  # far less than the server would take
    # The last one is refused, not unreachable: fetching it will say why.
    assert found == dict(zip(urls, [True, False, False, True], strict=True))
