"""How many requests a second one worker answers, beside a bare route in the same run, with a full store behind it.

16 keep-alive clients on loopback, in a process of their own; each kind of request turn about with the bare one, best of
rounds. Rates are requests for each second that the worker's process had of a core: a busy machine does not lower them,
and on a quiet one they are requests a second. Ratios are what counts; p99 is by the clock, and a busy machine's.
"""

import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.web_store import filled, issue_month, long_lists, short_lists

CLIENTS = 16
PAPERS, SECONDS, ROUNDS, SOAK = 112_000, 3.0, 3, 60.0
Asked = tuple[list[float], set[int]]
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_TAG = re.compile(rb"\r\netag: ([^\r]+)", re.IGNORECASE)


@dataclass(slots=True)
class Load:
    """What a server did under load: seconds of its processor, and each answer's time in milliseconds, sorted."""

    processor: float
    times: Sequence[float] = field(repr=False)
    statuses: frozenset[int]

    @property
    def rate(self) -> float:
        """Give requests for each second of the processor."""
        return len(self.times) / self.processor

    @property
    def p99(self) -> float:
        """Give the time within which 99 of 100 were answered."""
        return self.times[int(len(self.times) * 0.99)] if self.times else 0.0


def rows(
    papers: int = PAPERS, seconds: float = SECONDS, rounds: int = ROUNDS, soak: float = SOAK
) -> Iterator[tuple[str, str]]:
    """Measure and give (what, figures) line by line."""
    with TemporaryDirectory() as name:
        store = filled(papers, Path(name))
        # Load comes from another process, so that asking does not slow answering.
        crowd = get_context("spawn").Pool(1)
        with crowd, _serving("bare", store) as bare, _serving("served", store) as served:
            yield "", "requests/s, share of the bare route beside it, p99; 16 clients, one worker"
            issue = f"/digests/{issue_month(store)}"
            yield from _kinds(crowd, bare, served, issue, seconds, rounds)
            yield from _soaked(crowd, served, soak)


@dataclass(frozen=True, slots=True)
class Server:
    """A server of ours on loopback."""

    port: int
    process: int

    @property
    def processor(self) -> float:
        """Read how many seconds of a core it had (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html)."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Read what it holds of memory, in MB (https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html)."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() / 1e6


def _kinds(
    crowd: Pool, bare: Server, served: Server, issue: str, seconds: float, rounds: int
) -> Iterator[tuple[str, str]]:
    tag = _tag(served.port, issue)
    for address in short_lists():  # the first time is what the second kind measures
        _fetched(served.port, address)
    kinds = {
        f"lists of 20 papers, {len(short_lists())} of them, asked again": (short_lists(), ""),
        "lists of 20 papers, each asked once": (long_lists(), ""),
        "a final issue as a page": ([issue], ""),
        "the same, packed as browsers ask for it": ([issue], "Accept-Encoding: gzip\r\n"),
        "the same issue, unchanged (304)": ([issue], f"If-None-Match: {tag}\r\n"),
    }
    for what, (addresses, header) in kinds.items():
        best, base = _turn_about(crowd, bare, served, addresses, header, seconds, rounds)
        yield what, f"{best.rate:,.0f}/s of {base.rate:,.0f}/s: {best.rate / base.rate:.2f}, p99 {best.p99:.1f} ms"


def _turn_about(
    crowd: Pool, bare: Server, served: Server, addresses: Sequence[str], header: str, seconds: float, rounds: int
) -> tuple[Load, Load]:
    """Ask both servers in turn; gives the round in which ours did best against the bare one."""
    after = cycle(addresses)
    found = []
    for _ in range(rounds):
        base = _apart(crowd, bare, ["/"], "", seconds)
        part = [next(after) for _ in range(min(len(addresses), int(10_000 * seconds)))]
        ours = _apart(crowd, served, part, header, seconds)
        bad = ours.statuses - {200, 304}
        assert not bad, f"answered {bad}"
        found.append((ours, base))
    return max(found, key=lambda pair: pair[0].rate / pair[1].rate)


def _soaked(crowd: Pool, server: Server, seconds: float) -> Iterator[tuple[str, str]]:
    """Ask for everything for a while, and compare the server's memory early and late."""
    mixed = [address for pair in zip(long_lists(), cycle(short_lists()), strict=False) for address in pair]
    marks = []
    for part in range(3):
        _apart(crowd, server, mixed[part::3], "", seconds / 3)
        marks.append(f"{server.memory:.0f} MB")
    yield f"memory of the worker over {seconds:.0f} s of lists, each third", ", ".join(marks)


def _apart(crowd: Pool, server: Server, addresses: Sequence[str], header: str, seconds: float) -> Load:
    """Put load on a server from the crowd's process."""
    before = server.processor
    times, statuses = crowd.apply(ask, (server.port, addresses, header, seconds))
    return Load(server.processor - before, times, frozenset(statuses))


def ask(port: int, addresses: Sequence[str], header: str, seconds: float, clients: int = CLIENTS) -> Asked:
    """Ask for addresses in order by so many connections, each with one request under way, for some seconds.

    Gives each answer's time in milliseconds, sorted, and the statuses that came.
    """
    requests = cycle(_request(address, header) for address in addresses)
    with selectors.DefaultSelector() as waiting:
        for _ in range(clients):
            client = _Client(socket.create_connection(("127.0.0.1", port)))
            waiting.register(client.socket, selectors.EVENT_READ, client)
            client.send(next(requests))
        found = _asked(waiting, requests, seconds)
        for key in list(waiting.get_map().values()):
            key.data.socket.close()
    return found


def _asked(waiting: selectors.BaseSelector, requests: Iterator[bytes], seconds: float) -> Asked:
    start = time.perf_counter()
    times: list[float] = []
    statuses: set[int] = set()
    while time.perf_counter() < start + seconds:
        for key, _ in waiting.select(1):
            client: _Client = key.data
            if client.receive():
                times.append((time.perf_counter() - client.sent) * 1e3)
                statuses.add(client.status)
                client.send(next(requests))
    return sorted(times), statuses


class _Client:
    """One connection that is kept, with one request under way."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.status, self.sent = 0, 0.0
        self._missing = -1
        self._head = b""

    def send(self, request: bytes) -> None:
        """Ask; the time is taken now."""
        self._missing, self._head = -1, b""
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what came; tells whether the answer is whole."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the server hung up")
        if self._missing < 0:
            self._head += part
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return False
            self.status = int(head[9:12])
            length = _LENGTH.search(head)
            self._missing = int(length[1]) if length else 0
            part = body
        self._missing -= len(part)
        return self._missing <= 0


def _request(address: str, header: str) -> bytes:
    return f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n".encode()


def _tag(port: int, address: str) -> str:
    found = _TAG.search(_fetched(port, address))
    assert found is not None, address
    return found[1].decode()


def _fetched(port: int, address: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_request(address, "Connection: close\r\n"))
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return answer


@contextmanager
def _serving(factory: str, store: Path) -> Iterator[Server]:
    """Run a server of our own in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.web_store:{factory}", "--port", str(port)]
    quiet = ["--no-access-log", "--log-level", "warning"]
    quiet += ["--http", "shirube.serving:Http"] if factory == "served" else []  # what `shirube serve` speaks
    process = subprocess.Popen([*command, *quiet], env=os.environ | {"SHIRUBE_BENCH_STORE": str(store)})
    try:
        _wait(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not come up within a minute")
