"""Which connections may be made at all: the policy, and the check on the address that is really connected to.

The check stands at the last moment, on the resolved address, so that a name which resolves to a public address first
and to a private one later (DNS rebinding), a redirect, or an address in decimal or octal form gains nothing.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore2
import httpx2

from core.errors import ConfigError, SourceError

_CONTACT = re.compile(r"[^\s()<>,;:\\\"\x00-\x20\x7f-\uffff]+@[^\s()<>,;:\\\"\x00-\x20\x7f-\uffff]+")
_NAT64 = ip_network("64:ff9b::/96")
_MOST_ADDRESSES = 4
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Pace:
    """Places that are asked as one: one request and one connection at a time, `delay` seconds apart.

    A place is a host, which covers its subdomains ("arxiv.org"), or "host:port/path", which covers everything below.
    """

    name: str
    delay: float
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How the program behaves towards other people's servers; times are seconds, sizes are bytes.

    `allow_private` holds "host:port" as written in the address. Of several paces that cover an address the first holds.
    """

    contact: str = ""
    version: str = "0"
    allow_private: frozenset[str] = frozenset()
    paces: tuple[Pace, ...] = ()
    connect_timeout: float = 3.0
    read_timeout: float = 30.0
    total_timeout: float = 120.0
    max_body: int = 32 * MEGABYTE  # after decompression too; the largest honest answer is some 6 MB
    retries: int = 3
    longest_wait: float = 60.0  # a longer Retry-After is not waited for
    longest_pause: float = 86_400.0  # a longer Retry-After is believed for so long, then asked about again
    cooldown: float = 60.0  # how long a route is left alone where two addresses in a row failed
    redirects: int = 5

    def __post_init__(self) -> None:
        """Refuse a contact that could not stand in a header."""
        if self.contact and not _CONTACT.fullmatch(self.contact):
            raise ConfigError(
                f"SHIRUBE_CONTACT {self.contact!r} is no mail address", "Write it as you@example.org, or leave it empty"
            )

    @property
    def user_agent(self) -> str:
        """Say who asks and where a complaint may go."""
        mail = f" (+mailto:{self.contact})" if self.contact else ""
        return f"shirube/{self.version}{mail}"


def place_of(url: str) -> str:
    """Name the place of an address for `Pace.places`: "host:port/path", the port always written."""
    parts = httpx2.URL(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return host_port(parts.host, port) + parts.path.rstrip("/")


def host_port(host: str, port: int) -> str:
    """Write host and port as in an address: IPv6 in brackets, names in small letters."""
    return f"[{host}]:{port}" if ":" in host else f"{host.lower()}:{port}"


def is_private(address: str) -> bool:
    """Tell whether an IP address is anything but public unicast: private, loopback, link-local, multicast, reserved.

    Addresses that carry another one (IPv4-mapped, 6to4, Teredo, NAT64) are judged by what they carry as well.
    """
    parsed = ip_address(address.partition("%")[0])
    return any(not part.is_global or part.is_multicast or part.is_reserved for part in _layers(parsed))


def _layers(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    carried = [address.sixtofour, *(address.teredo or ())]
    return [address, *(part for part in carried if part is not None)]


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """Look a name up, giving up after `timeout` seconds: the system's resolver has no deadline of its own."""
    answers: list[str] = []
    failures: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.extend(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as problem:
            failures.append(problem)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if failures:
        raise httpcore2.ConnectError(f"{host} cannot be resolved: {failures[0]}")
    if not answers:
        raise httpcore2.ConnectTimeout(f"{host} was not resolved within {timeout:.0f} s")
    return answers


class Deadline:
    """The moment by which one request must be over, kept per thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._local = threading.local()

    def start(self, seconds: float) -> None:
        """Give the present thread's request so many seconds."""
        self._local.at = self._monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """Shorten a timeout to what is left; raises ReadTimeout when nothing is."""
        at: float | None = getattr(self._local, "at", None)
        rest = float("inf") if at is None else at - self._monotonic()
        if rest <= 0:
            raise httpcore2.ReadTimeout("the whole answer took too long")
        return min(rest, float("inf") if timeout is None else timeout, 3600.0)


class _Stream(httpcore2.NetworkStream):
    """A connection on which no read or write outlives the request's deadline, however slowly bytes drip."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_Stream":
        """Secure the connection; a server was reached, so a failure here is never "no connection could be made"."""
        try:
            inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        except httpcore2.ConnectTimeout as problem:
            raise httpcore2.ReadTimeout("the secure connection took too long") from problem
        except httpcore2.ConnectError as problem:
            if isinstance(problem.__cause__, ssl.SSLCertVerificationError):
                raise SourceError(
                    f"The certificate of {server_hostname} is not trusted: {problem.__cause__.verify_message}",
                    "Check the address and this machine's clock; SSL_CERT_FILE names further authorities",
                ) from problem
            raise httpcore2.ReadError(f"the secure connection failed: {problem}") from problem
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class GuardedBackend(httpcore2.NetworkBackend):
    """Opens connections: resolves once, drops addresses that are not public, connects to what is left."""

    def __init__(self, allow_private: frozenset[str], deadline: Deadline) -> None:
        self._allowed = frozenset(name.lower() for name in allow_private)
        self._deadline = deadline
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        """Connect within `timeout`; raises SourceError for a forbidden address, ConnectError or ConnectTimeout else."""
        until = time.monotonic() + self._deadline.left(timeout)
        addresses = self._permitted(host, port, resolve(host, port, max(0.05, until - time.monotonic())))
        for place, address in enumerate(addresses):
            # A black-holed first address must leave time for the next one.
            share = max(0.05, (until - time.monotonic()) / (len(addresses) - place))
            try:
                return _Stream(self._inner.connect_tcp(address, port, share), self._deadline)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place + 1 == len(addresses):
                    raise
        raise httpcore2.ConnectError(f"{host} has no address")

    def _permitted(self, host: str, port: int, addresses: list[str]) -> list[str]:
        name = host_port(host, port)
        public = addresses if name in self._allowed else [a for a in addresses if not is_private(a)]
        if not public:
            raise SourceError(
                f"{name} leads to the private address {addresses[0]}, which is not asked",
                f'If that is meant, put "{name}" into SHIRUBE_ALLOW_PRIVATE_HOSTS',
            )
        return public[:_MOST_ADDRESSES]


class GuardedTransport(httpx2.HTTPTransport):
    """httpx2's own transport on a pool whose connections all come from the guarded backend; no proxy is used."""

    def __init__(self, backend: GuardedBackend, secure: ssl.SSLContext, kept: int = 8) -> None:
        """Open at most 8 connections at once, of which so many as `kept` are held for the next request."""
        self._pool = httpcore2.ConnectionPool(
            ssl_context=secure,
            max_connections=8,
            max_keepalive_connections=kept,
            keepalive_expiry=20.0,
            network_backend=backend,
        )
