"""How the web service meets the network: what one connection, and all together, may cost."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.errors import ShirubeError

if TYPE_CHECKING:
    from fastapi import FastAPI

HEAD_SECONDS = 10.0  # for a request's line and header fields, first byte to last
READ_SECONDS = 30.0  # for a client to take the next 48 kB of an answer
IDLE_SECONDS = 5  # a connection may wait for its next request
MOST_CONNECTIONS = 500  # below the 1,024 open files that a process commonly has, the database's among them
MOST_HEAD_BYTES = 16_384
BACKLOG = 2048  # connections that wait to be taken; uvicorn's own number


class _Alarm:
    """Does something unless it is stopped in time; set twice it still rings at the first time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, ring: Callable[[], None]) -> None:
        self._loop, self._seconds, self._ring = loop, seconds, ring
        self._handle: asyncio.TimerHandle | None = None

    def set(self) -> None:
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._ring)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class Http(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it, but hanging up on clients that ask too slowly or too much, or do not read.

    uvicorn waits for ever for the rest of a request ("slowloris"), and for room to write; a head may have any length.
    """

    head_seconds, read_seconds = HEAD_SECONDS, READ_SECONDS
    _part, _heard = "", 0  # which part of a request is being read, and how many bytes of its head came

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._asking = _Alarm(self.loop, self.head_seconds, transport.abort)
        self._taking = _Alarm(self.loop, self.read_seconds, transport.abort)
        self._asking.set()

    def data_received(self, data: bytes) -> None:
        """Take what came; the wait ends with a whole head, not with one byte more of it.

        What comes after an answer is a new request, or a body that nobody reads: its time runs as well.
        """
        self._heard += len(data) if self._part != "body" else 0
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._asking.stop()
        else:
            self._asking.set()
        if self._part == "head" and self._heard > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Begin with the head of a request."""
        super().on_message_begin()
        self._part = "head"

    def on_headers_complete(self) -> None:
        """Have it answered; raises ValueError for a head that is too large: the parser calls that a bad request."""
        if self._heard > MOST_HEAD_BYTES and self._head_bytes() > MOST_HEAD_BYTES:
            raise ValueError("The head of the request is too large")
        self._part, self._heard = "body", 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for the next."""
        super().on_message_complete()
        self._part = ""

    def _head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what it asked for."""
        super().pause_writing()
        self._taking.set()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._taking.stop()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._asking.stop()
        self._taking.stop()
        super().connection_lost(exc)


def address(host: str, port: int) -> str:
    """Write where a service listens as an address; an IPv6 one stands in brackets (RFC 3986, 3.2.2)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def everywhere(host: str) -> bool:
    """Tell whether a host stands for all addresses of the machine: no link can lead there."""
    try:
        return not host or ip_address(host).is_unspecified
    except ValueError:
        return False


@contextmanager
def taken(host: str, port: int) -> Iterator[list[socket.socket]]:
    """Take a port at every address of a host and listen there; raises ShirubeError that says which option helps.

    What connects before the service answers waits.
    """
    with ExitStack() as stack:
        try:
            places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = _all_listening(stack, places)
        except OSError as problem:
            raise _not_taken(host, port, problem) from problem
        yield sockets


def _all_listening(stack: ExitStack, places: Sequence[Any]) -> list[socket.socket]:
    """Listen at every address that this machine has: a name may stand for one of a kind that it lacks, as ::1.

    Raises OSError where it has none of them, or where one cannot be taken.
    """
    sockets: list[socket.socket] = []
    lacking: list[OSError] = []
    for family, _, _, _, place in places:
        try:
            sockets.append(stack.enter_context(_listening(family, place)))
        except OSError as problem:
            if problem.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            lacking.append(problem)
    if lacking and not sockets:
        raise lacking[0]
    return sockets


def _listening(family: int, place: Any) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a restart would wait for old connections
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(place)
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def _not_taken(host: str, port: int, problem: OSError) -> ShirubeError:
    if problem.errno == errno.EADDRINUSE:
        advice = "Give another one by --port, or stop the program that has it"
        return ShirubeError(f"Port {port} of {host} is taken", advice)
    if problem.errno in (errno.EACCES, errno.EPERM):
        advice = "Give one from 1024 on by --port, behind a reverse proxy where it must be another"
        return ShirubeError(f"This user may not listen on port {port}", advice)
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        advice = "Give --host 127.0.0.1 to be reached from this machine alone, or --host 0.0.0.0 from all"
        return ShirubeError(f"{host} is no address of this machine", advice)
    return ShirubeError(f"Nothing can listen on port {port} of {host}: {problem.strerror}", "Check --host and --port")


def server_config(web: "FastAPI", **more: Any) -> uvicorn.Config:
    """Tell uvicorn how to serve: bounds on every wait, no log of who asks, and none past the masks of ours."""
    return uvicorn.Config(
        web,
        http=Http,
        ws="none",
        log_config=None,  # what it logs goes where all goes, secrets masked
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app itself decides whose X-Forwarded-For it believes: SHIRUBE_TRUSTED_PROXIES
        timeout_keep_alive=IDLE_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        **more,
    )
