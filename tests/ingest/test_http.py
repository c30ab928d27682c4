"""The guarded client: pace, retries, deadlines, caps (reliability.md, rows 1 to 4 and 8)."""

import re
import socket
import subprocess
import sys
import threading
import time
from itertools import count, pairwise
from pathlib import Path

import pytest
import requests

from core.errors import ConfigError, SourceError
from ingest.guard import Pace, Policy, place_of
from ingest.http import Answer, Guard, GuardAdapter
from ingest.turns import Lanes
from tests.ingest.doubles import FakeTime, free_port, guarded, policy, raw_server
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parents[2]
ROUTE = "/api/daily_papers"
PARAMS = {"date": "2026-09-01"}


def test_says_who_asks_and_ignores_proxies_of_the_environment(up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with guarded(up) as guard:
        answer = guard.get(up.url + ROUTE, PARAMS, "application/json")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    sent = up.log[0].headers
    assert sent["User-Agent"] == "shirube/1.2 (+mailto:me@example.org)"
    assert sent["Accept"] == "application/json"


@pytest.mark.parametrize("contact", ["a@b.org\r\nX-Evil: 1", "nobody", "a b@c.org", "a@b.org)"])
def test_refuses_a_contact_that_breaks_the_header(contact: str) -> None:
    with pytest.raises(ConfigError, match="SHIRUBE_CONTACT"):
        Policy(contact=contact)


def test_waits_as_long_as_the_server_asks(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(ROUTE, status=429, retry_after="2", times=2)
    with guarded(up, time=clock) as guard:
        assert guard.get(up.url + ROUTE, PARAMS).status == 200
    assert clock.sleeps == [2.0, 2.0]
    assert len(up.log) == 3


def test_waits_until_the_date_the_server_names(up: Upstream) -> None:
    sleeps: list[float] = []
    up.fault(ROUTE, status=503, retry_after="+5", times=1)
    guard = Guard(policy(up), sleeps.append)  # the stand-in writes dates by the real clock
    assert guard.get(up.url + ROUTE, PARAMS).status == 200
    assert len(sleeps) == 1
    assert 3 <= sleeps[0] <= 6
    guard.close()


@pytest.mark.parametrize("nonsense", ["soon", "-3", "", "١٢", "Thu, 1 Jan 20261111111111111 00:00:00 GMT"])
def test_takes_nonsense_in_retry_after_as_absent(nonsense: str) -> None:
    replies = [_reply(b"503 Busy", b"Retry-After: " + nonsense.encode() + b"\r\n"), _reply(b"200 OK")]
    clock = FakeTime()
    with (
        raw_server(lambda connection: connection.sendall(replies.pop(0))) as port,
        guarded(time=clock, allow_private=frozenset({f"127.0.0.1:{port}"})) as guard,
    ):
        assert guard.get(f"http://127.0.0.1:{port}/").status == 200
    assert clock.sleeps == [1.0]


def test_does_not_wait_a_day_but_says_when_to_come_back(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(ROUTE, status=429, retry_after="99999", times=1)
    with guarded(up, time=clock) as guard:
        with pytest.raises(SourceError, match="2026-11-03T12:46:39Z") as refused:
            guard.get(up.url + ROUTE, PARAMS)
        assert not refused.value.unreachable
        with pytest.raises(SourceError, match="left alone"):
            guard.get(up.url + ROUTE, PARAMS)
    assert len(up.log) == 1
    assert clock.sleeps == []


def test_a_storm_ends_after_all_retries_and_the_route_rests(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(ROUTE, status=503, times=6)
    with guarded(up, time=clock) as guard:
        with pytest.raises(SourceError, match="failed 4 times: status 503"):
            guard.get(up.url + ROUTE, PARAMS)
        assert clock.sleeps == [1.0, 2.0, 4.0]
        for _ in range(2):
            with pytest.raises(SourceError, match="failed once: status 503"):
                guard.get(up.url + ROUTE, PARAMS)
            with pytest.raises(SourceError, match="left alone"):
                guard.get(up.url + ROUTE, PARAMS)
            assert guard.get(up.url + "/api/v1/papers/").status == 200  # another source goes on
            clock.sleep(61)
        assert len(up.requests(ROUTE)) == 6
        assert guard.get(up.url + ROUTE, PARAMS).status == 200


def test_one_bad_address_does_not_cost_its_neighbours(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(ROUTE, status=500, containing="2026-09-08")
    with guarded(up, time=clock) as guard:
        for day, well in (("2026-09-09", True), ("2026-09-08", False), ("2026-09-07", True), ("2026-09-04", True)):
            if well:
                assert guard.get(up.url + ROUTE, {"date": day}).status == 200
            else:
                with pytest.raises(SourceError, match="failed 4 times: status 500"):
                    guard.get(up.url + ROUTE, {"date": day})
    assert len(up.log) == 7
    assert clock.sleeps == [1.0, 2.0, 4.0]


def test_a_pause_long_ago_is_no_reason_to_try_only_once(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(ROUTE, status=503, times=4)
    with guarded(up, time=clock) as guard:
        with pytest.raises(SourceError, match="failed 4 times"):
            guard.get(up.url + ROUTE, PARAMS)
        clock.sleep(3600)
        up.fault(ROUTE, status=503, times=3)
        assert guard.get(up.url + ROUTE, PARAMS).status == 200


def test_a_trial_by_hand_is_made_once_and_closes_nothing(up: Upstream) -> None:
    clock = FakeTime()
    up.fault(ROUTE, status=503, times=3)
    with guarded(up, time=clock) as guard:
        for _ in range(2):
            with pytest.raises(SourceError, match="failed once"):
                guard.get(up.url + ROUTE, PARAMS, once=True)
        assert guard.get(up.url + ROUTE, PARAMS).status == 200
    assert clock.sleeps == [1.0]


def test_a_wish_of_one_service_holds_for_its_whole_place(up: Upstream) -> None:
    clock = FakeTime()
    up.fault("/oai", status=503, retry_after="20", times=1)
    up.fault("/oai", status=503, retry_after="600", times=1)
    with guarded(up, time=clock, paces=(Pace("all", 3.0, (place_of(up.url),)),)) as guard:
        with pytest.raises(SourceError, match="failed once"):
            guard.get(up.url + "/oai", PARAMS, once=True)
        guard.get(up.url + ROUTE, PARAMS)  # another service, 20 s later
        assert sum(clock.sleeps) == pytest.approx(20, abs=0.01)
        with pytest.raises(SourceError, match="until 2026-11-02T09:10"):
            guard.get(up.url + "/oai", PARAMS)
        with pytest.raises(SourceError, match="left alone"):
            guard.get(up.url + ROUTE, PARAMS)


def test_a_request_is_repeated_on_a_connection_of_its_own(up: Upstream) -> None:
    up.fault(ROUTE, "maintenance", after=1, times=1)  # the server would keep that connection open
    with guarded(up) as guard:
        for _ in range(2):
            guard.get(up.url + ROUTE, PARAMS, check=lambda answer: None if answer.body.startswith(b"[") else "no list")
    clients = [request.client for request in up.log]
    assert clients[0] == clients[1] != clients[2]


def test_keeps_the_pace_of_a_place_over_all_its_addresses(up: Upstream) -> None:
    clock = FakeTime()
    paces = (Pace("all", 3.0, (f"127.0.0.1:{up.port}/api", f"127.0.0.1:{up.port}/oai")),)
    with guarded(up, time=clock, paces=paces) as guard:
        for path in (ROUTE, "/oai", ROUTE):
            guard.get(up.url + path, PARAMS)
        guard.get(up.url + "/rss/cs.CL")  # not the same place
    assert clock.sleeps == [3.0, 3.0]


def test_the_server_never_sees_two_requests_nearer_than_the_pace(up: Upstream) -> None:
    guard = Guard(policy(up, paces=(Pace("all", 0.1, (place_of(up.url),)),)))
    threads = [threading.Thread(target=guard.get, args=(up.url + ROUTE, PARAMS)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    guard.close()
    arrivals = sorted(request.at for request in up.log)
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert len(gaps) == 3
    assert min(gaps) >= 0.095
    assert len({request.client for request in up.log}) == 4  # each connection is closed before the next is opened
    assert {request.headers["Connection"] for request in up.log} == {"close"}


def test_a_subdomain_shares_the_pace_of_its_domain() -> None:
    lanes = Lanes(Policy(paces=(Pace("arxiv", 3.0, ("arxiv.org", "mirror.example:443/oai")),)))
    urls = ("https://export.arxiv.org/x", "https://rss.ARXIV.org/x", "https://arxiv.org", "https://mirror.example/oai")
    assert {id(lanes.of(url)) for url in urls} == {id(lanes.of(urls[0]))}
    for other in ("https://notarxiv.org/x", "https://mirror.example/oai2"):
        assert lanes.of(other).delay == 0.0


def test_gives_up_on_a_server_that_never_answers(up: Upstream) -> None:
    up.fault(ROUTE, "hang")
    begun = time.monotonic()
    with guarded(up, read_timeout=0.15, retries=1) as guard, pytest.raises(SourceError, match="in time") as failed:
        guard.get(up.url + ROUTE, PARAMS)
    assert time.monotonic() - begun < 15  # far less than the server would take
    assert not failed.value.unreachable  # it accepted the connection
    assert len(up.log) == 2


def test_gives_up_on_a_body_that_drips(up: Upstream) -> None:
    up.fault("/api/v1/papers", "drip", seconds=0.05)
    guard = Guard(policy(up, total_timeout=0.3, retries=0))
    begun = time.monotonic()
    with pytest.raises(SourceError, match="in time"):
        guard.get(up.url + "/api/v1/papers/")
    assert time.monotonic() - begun < 15  # far less than the server would take
    guard.close()


def test_gives_up_on_headers_that_drip() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100:
            connection.sendall(bytes([byte]))
            time.sleep(0.03)

    with raw_server(drip) as port:
        guard = Guard(Policy(allow_private=frozenset({f"127.0.0.1:{port}"}), total_timeout=0.3, retries=0))
        begun = time.monotonic()
        with pytest.raises(SourceError, match="in time"):
            guard.get(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - begun < 15  # far less than the server would take
        guard.close()


@pytest.mark.parametrize("jump", [-7_200, 86_400])
def test_no_deadline_follows_a_wall_clock_that_jumps(jump: int, up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of some seconds stays one, and one that drips is given up, though the hour jumps at every look."""
    hours = count(time.time(), jump)
    monkeypatch.setattr(time, "time", lambda: next(hours))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(hours) * 1e9))
    up.fault("/api/v1/papers", "drip", seconds=0.05)
    guard = Guard(policy(up, total_timeout=0.5, retries=0))
    assert guard.get(up.url + ROUTE, PARAMS).status == 200
    begun = time.monotonic()
    with pytest.raises(SourceError, match="in time"):
        guard.get(up.url + "/api/v1/papers/")
    assert 0.5 <= time.monotonic() - begun < 15
    guard.close()


@pytest.mark.parametrize("kind", ["gzip-cut", "wrong-length"])
def test_asks_again_for_a_body_that_ends_early(up: Upstream, kind: str) -> None:
    whole = up.answer("/api/v1/papers/", {}).body
    up.fault("/api/v1/papers", kind, times=2)
    with guarded(up) as guard:
        assert guard.get(up.url + "/api/v1/papers/").body == whole
    assert len(up.log) == 3


def test_asks_again_after_a_reset_connection() -> None:
    replies = [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", _reply(b"200 OK")]
    with (
        raw_server(lambda connection: connection.sendall(replies.pop(0))) as port,
        guarded(allow_private=frozenset({f"127.0.0.1:{port}"})) as guard,
    ):
        assert guard.get(f"http://127.0.0.1:{port}/").body == b"ok"
    assert replies == []


# Asks in a process of its own: the mark of most memory held never falls, and the stand-in holds what it sends.
ASKING = """
import resource, sys
from core.errors import SourceError
from ingest.guard import Policy
from ingest.http import Guard

guard = Guard(Policy(allow_private=frozenset({sys.argv[1]})))
guard.get(f"http://{sys.argv[1]}/api/v1/papers/")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    guard.get(f"http://{sys.argv[1]}/api/daily_papers", {"date": "2026-09-01"})
except SourceError as problem:
    print(problem)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", ["gzip-bomb", "huge"])
def test_refuses_what_is_too_large_without_holding_it(up: Upstream, kind: str) -> None:
    up.fault(ROUTE, kind, megabytes=200)
    words = [sys.executable, "-c", ASKING, f"127.0.0.1:{up.port}"]
    said, grown = subprocess.check_output(words, text=True, cwd=ROOT, timeout=60).splitlines()
    assert re.search("larger|fold", said)
    assert len(up.log) == 2  # asking again would not help
    assert int(grown) < 50 * 1024  # kilobytes


def test_refuses_an_announced_length_before_reading() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    with (
        raw_server(lambda connection: connection.sendall(head)) as port,
        guarded(allow_private=frozenset({f"127.0.0.1:{port}"})) as guard,
        pytest.raises(SourceError, match="larger than 32 MB"),
    ):
        guard.get(f"http://127.0.0.1:{port}/")


def test_refuses_an_encoding_it_did_not_ask_for() -> None:
    reply = _reply(b"200 OK", b"Content-Encoding: br\r\n")
    with (
        raw_server(lambda connection: connection.sendall(reply)) as port,
        guarded(allow_private=frozenset({f"127.0.0.1:{port}"})) as guard,
        pytest.raises(SourceError, match="'br'"),
    ):
        guard.get(f"http://127.0.0.1:{port}/")


def test_other_statuses_are_failures_unless_expected(up: Upstream) -> None:
    with guarded(up) as guard:
        assert guard.get(up.url + "/nowhere", expect=(200, 404)).status == 404
        with pytest.raises(SourceError, match="status 404"):
            guard.get(up.url + "/nowhere")
    assert len(up.log) == 2


def test_a_check_has_the_answer_asked_for_again_and_names_its_reason(up: Upstream) -> None:
    seen: list[int] = []

    def third_time_lucky(answer: Answer) -> str | None:
        seen.append(answer.status)
        return None if len(seen) % 3 == 0 else "not what is due"

    with guarded(up) as guard:
        assert guard.get(up.url + ROUTE, PARAMS, check=third_time_lucky).status == 200
        with pytest.raises(SourceError, match="failed 4 times: wrong"):
            guard.get(up.url + ROUTE, PARAMS, check=lambda _: "wrong")
        assert guard.get(up.url + ROUTE, PARAMS).status == 200  # the server itself is well
    assert seen == [200, 200, 200]


def test_requests_goes_through_the_guard(up: Upstream) -> None:
    with guarded(up) as guard, requests.Session() as session:
        session.mount("http://", GuardAdapter(guard, "application/json"))
        response = session.get(up.url + ROUTE, params=PARAMS, headers={"User-Agent": "else/1"})
        assert response.status_code == 200
        assert isinstance(response.json(), list)
        assert re.match(r"application/json", response.headers["Content-Type"])
        with pytest.raises(SourceError, match="POST"):
            session.post(up.url + ROUTE)
    assert [request.headers["User-Agent"] for request in up.log] == ["shirube/1.2 (+mailto:me@example.org)"]


def test_keeps_no_cookie() -> None:
    heard: list[bytes] = []
    reply = _reply(b"200 OK", b"Set-Cookie: id=1\r\n")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = int(listener.getsockname()[1])
    with guarded(allow_private=frozenset({f"127.0.0.1:{port}"})) as guard:
        guard.get(f"http://127.0.0.1:{port}/")
        guard.get(f"http://127.0.0.1:{port}/")
    thread.join(2)
    listener.close()
    assert len(heard) == 2
    assert b"ookie" not in heard[1]


def _reply(status: bytes, extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\nConnection: close\r\n" + extra + b"\r\nok"
