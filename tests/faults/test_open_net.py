"""Strangers on the open net, by real sockets: slow, huge, malformed, many (reliability.md, 37)."""

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Response

from api.app import AppOptions, create_app
from api.gate import Gate
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from shirube.serving import MOST_HEAD_BYTES, Http
from tests.api.factory import fill
from tests.faults.conftest import Told
from tests.faults.serving import LOOPBACK, connect, rest, serving, status_of

HEAD = b"GET /api/v1/topics HTTP/1.1\r\nHost: road.example\r\n"
POST = b"POST /api/v1/subscriptions HTTP/1.1\r\nHost: road.example\r\nContent-Type: application/json\r\n"
LISTEN = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
            "notifications": {"toolsListChanged": True},
        },
    }
).encode()
READERS, ASKS = 50, 40
PATHS = ("/api/v1/papers", "/api/v1/papers?topic=rag", "/", "/papers/2606.00001", "/api/v1/topics")


@pytest.fixture
def port(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The site, served with little patience."""
    monkeypatch.setattr(Http, "head_seconds", 1.0)
    monkeypatch.setattr(Gate, "body_seconds", 1.0)
    fill(sqlite_sessions, roadmap, 20)
    with serving(create_app(sqlite_sessions, roadmap, clock, AppOptions(base_url="http://road.example"))) as port:
        yield port


def get(port: int, path: str) -> int:
    """Ask as an honest reader does; gives the status."""
    asking = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    asking.request("GET", path)
    answer = asking.getresponse()
    answer.read()
    asking.close()
    return answer.status


def drip(opened: socket.socket, part: bytes) -> bytes:
    """Send a little again and again until the other side hangs up; gives what it said."""
    said = b""
    opened.settimeout(0.1)
    for _ in range(300):
        try:
            opened.sendall(part)
            came = opened.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionError:
            return said
        if not came:
            return said
        said += came
    raise AssertionError("the server never hung up")


@pytest.mark.parametrize("before", [b"", HEAD + b"\r\n"], ids=["first", "second"])
def test_a_request_that_drips_is_hung_up_on(port: int, before: bytes) -> None:
    with connect(port, before) as opened:
        if before:  # a whole request first: the connection is kept for the next
            assert status_of(opened.recv(65_536)) == 200
            opened.sendall(b"GET / HT")
        else:
            opened.sendall(HEAD)
        assert b"HTTP/1.1 200" not in drip(opened, b"X: y\r\n")
    assert get(port, "/api/v1/topics") == 200


def test_a_body_that_drips_is_answered_and_hung_up_on(port: int) -> None:
    with connect(port, POST + b"Content-Length: 9000\r\n\r\n{") as opened:
        assert status_of(drip(opened, b" ")) == 408
    with connect(port, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n") as opened:  # and one nobody reads
        assert status_of(drip(opened, b" ")) in (200, 408)


def test_who_does_not_take_the_answer_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http, "read_seconds", 0.5)
    app, size = FastAPI(), 64 * 1_048_576

    @app.get("/")
    def large() -> Response:
        return Response(b"a" * size)

    with serving(app) as port, connect(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") as opened:
        time.sleep(1.5)
        assert len(rest(opened)) < size
        assert get(port, "/") == 200  # who takes it gets it whole


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "OPTIONS"])
@pytest.mark.parametrize("accept", ["*/*", "text/event-stream"])
def test_the_tools_take_messages_and_open_no_stream(port: int, method: str, accept: str) -> None:
    asking = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    asking.request(method, "/mcp", headers={"Accept": accept})
    answer = asking.getresponse()
    assert (answer.status, answer.getheader("Allow")) == (405, "POST")
    answer.read()  # the end of it comes
    asking.close()


def test_who_asks_the_tools_for_news_is_answered_at_once(port: int) -> None:
    asking = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    fields = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"}
    both = "application/json, text/event-stream"
    asking.request("POST", "/mcp", LISTEN, {"Content-Type": "application/json", "Accept": both, **fields})
    answer = asking.getresponse()
    assert json.loads(answer.read())["error"]["code"] == -32601  # JSON-RPC 2.0, 5.1: no such method
    asking.close()


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (HEAD + b"X: " + b"a" * (4 * MOST_HEAD_BYTES), (400, 431)),
        (b"GET /" + b"a" * (4 * MOST_HEAD_BYTES), (400, 414)),
        (POST + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello", (400,)),
        (POST + b"Content-Length: -5\r\n\r\n", (400,)),
        (POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", (400, 413)),
        (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", (400, 501)),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", (400,)),
        (b"GET / HTTP/1.1\r\n\r\n", (400,)),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400,)),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", (400,)),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400,)),
        (POST + b"Content-Length: 10485760\r\n\r\n", (413,)),
    ],
    ids=[
        "head",
        "line",
        "lengths",
        "negative",
        "digits",
        "coding",
        "chunk",
        "no-host",
        "two-hosts",
        "space",
        "tls",
        "ten-mb",
    ],
)
def test_what_is_no_request_or_too_large_is_refused_at_once(
    port: int, request_: bytes, statuses: tuple[int, ...]
) -> None:
    with connect(port, request_) as opened:
        assert status_of(opened.recv(65_536)) in statuses
    assert get(port, "/api/v1/topics") == 200


def test_a_long_body_and_many_requests_at_once_are_no_long_head(port: int) -> None:
    body = json.dumps({"email": "a" * MOST_HEAD_BYTES}).encode()
    many = (HEAD + b"\r\n") * (MOST_HEAD_BYTES // len(HEAD) + 2)
    asked = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body + many
    with connect(port, asked + HEAD + b"Connection: close\r\n\r\n") as opened:
        said = rest(opened)
    # 503: this site has no mail to send letters by.
    statuses = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]
    assert statuses == [503, *[200] * (many.count(b"\r\n\r\n") + 1)]


def test_a_head_that_comes_in_small_parts_is_refused_at_its_limit(port: int) -> None:
    with connect(port, HEAD) as opened:
        for _ in range(MOST_HEAD_BYTES // 1_000 + 1):
            opened.sendall(b"X: " + b"y" * 1_000 + b"\r\n")
        assert status_of(opened.recv(65_536)) == 400


@pytest.mark.faults
def test_two_hundred_slow_connections_keep_nobody_waiting(port: int, told: Told) -> None:
    slow = [connect(port, HEAD) for _ in range(200)]
    spent = []
    for path in PATHS * 4:
        began = time.monotonic()
        assert get(port, path) == 200
        spent.append(time.monotonic() - began)
    assert [rest(opened) for opened in slow] == [b""] * 200
    told("slowest answer beside 200 slow connections", f"{max(spent) * 1000:.0f} ms")


@pytest.mark.faults
def test_fifty_readers_at_once_are_all_answered(port: int, told: Told) -> None:
    spent: list[float] = []
    statuses: list[int] = []

    def read(number: int) -> None:
        asking = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
        for step in range(ASKS):
            began = time.monotonic()
            asking.request("GET", PATHS[(number + step) % len(PATHS)])
            answer = asking.getresponse()
            body = answer.read()
            spent.append(time.monotonic() - began)
            statuses.append(answer.status)
            assert answer.getheader("content-type", "").startswith("text/html") or json.loads(body)
        asking.close()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * (READERS * ASKS)
    told("p99 of 50 readers at once", f"{sorted(spent)[int(len(spent) * 0.99)] * 1000:.0f} ms")
