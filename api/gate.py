"""Who is let in: requests to a host that is ours, without keys in their address, not too many, not too long."""

import logging
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bodies import MOST_BYTES, MOST_SECONDS, bounded, too_long
from api.errors import PROBES, ErrorPage, Problem, answer_of, for_readers
from api.limits import Left, kind_of
from api.peer import is_trusted, is_unread, place_in
from api.site import Site
from core.apikeys import holds_key

log = logging.getLogger("shirube.api")


class Gate:
    """Refuse before anything is done for a request; tell with every answer how many more may follow."""

    body_seconds = MOST_SECONDS

    def __init__(self, app: ASGIApp, site: Site, page: ErrorPage) -> None:
        self.app, self.site, self.page = app, site, page
        self.told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        left = self._count(scope)
        problem = self._refusal(scope, left)
        sending = send if left is None else _telling(send, left)
        if problem is not None:
            problem.bare = True
            await answer_of(Request(scope), problem, self.page)(scope, receive, sending)
        else:
            await self.app(scope, bounded(receive, seconds=self.body_seconds), sending)

    def _count(self, scope: Scope) -> Left | None:
        kind = kind_of(scope["method"], scope["path"])
        return self.site.limiter.take(kind, place_in(scope, self.site.options.trusted_proxies))

    def _refusal(self, scope: Scope, left: Left | None) -> Problem | None:
        if left is not None and left.over:
            self._warn_of_a_proxy(scope)
            return too_many(left)
        hosts, length = _hosts_and_length(scope)
        if len(hosts) > 1 or (not hosts and scope["http_version"] != "1.0"):  # RFC 9112, 3.2
            return Problem(400, "A request names its host once", "Send one Host field")
        host = hosts[0] if hosts else ""
        if scope["path"] not in PROBES and not is_ours(host, self.site.options.hosts):
            return Problem(421, "This server does not answer for that host", "Use the address the site is known by")
        if b"shk_" in scope["query_string"] and holds_key(scope["query_string"].decode("latin-1")):
            advice = "Send it as Authorization: Bearer. This one is in histories and logs now: have it revoked"
            return Problem(400, "A key does not belong in an address", advice)
        return too_long() if length > MOST_BYTES else None

    def _warn_of_a_proxy(self, scope: Scope) -> None:
        """Say once of each cause that everyone behind a proxy counts as one place, where that seems to be so."""
        proxies = self.site.options.trusted_proxies
        if "x-forwarded-for" not in Headers(scope=scope):
            return
        if not is_trusted(scope, proxies):
            self._warn("proxy_not_trusted: its readers share one limit; set SHIRUBE_TRUSTED_PROXIES if it is yours")
        elif is_unread(scope, proxies):
            self._warn("hop_unread: a trusted proxy's X-Forwarded-For holds no address, so its readers share one limit")

    def _warn(self, words: str) -> None:
        if words not in self.told:
            self.told.add(words)
            log.warning(words)


def too_many(left: Left) -> Problem:
    """Say when to come again."""
    problem = for_readers(
        429,
        lambda v: v.t("Too many requests came from your network."),
        lambda v: v.n("Try again in %(n)s second.", "Try again in %(n)s seconds.", left.reset),
    )
    problem.headers = {"Retry-After": str(left.reset)}
    return problem


def is_ours(host: str, hosts: Sequence[str]) -> bool:
    """Tell whether a Host field names this site. Without `hosts` every name does, and `*` stands for every name.

    An address in numbers and `localhost` always do: no other site's name can be made to lead to them, which is what
    DNS rebinding does, and supervisors and operators ask by them.
    """
    if not hosts or "*" in hosts:
        return True
    name = _name(host)
    return name in map(_name, hosts) or name == "localhost" or is_number(name)


def _hosts_and_length(scope: Scope) -> tuple[list[str], int]:
    """Read the Host fields and the length announced, 0 for none, in one pass: every request comes by here."""
    hosts, length = [], 0
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name == b"content-length" and value.isdigit():
            length = int(value[:20])  # a longer one is too long whatever follows
    return hosts, length


@lru_cache(maxsize=64)
def _name(host: str) -> str:
    """Take port and the final dot off a Host field; an IPv6 address loses its brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


def is_number(name: str) -> bool:
    """Tell whether a host is an address in numbers."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _telling(send: Send, left: Left) -> Send:
    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *left.fields()]}
        await send(message)

    return telling
