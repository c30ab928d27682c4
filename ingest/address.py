"""Addresses: which may be asked at all, where a redirect may lead, and how a server is named in a message. Pure."""

import re
from collections.abc import Mapping

import httpx2

from core.errors import SourceError
from ingest.guard import host_port

_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # names (punycode, where needed), IPv4; IPv6


def parsed(url: str, params: Mapping[str, str] | None) -> httpx2.URL:
    """Read an address; raises SourceError unless it is plain http or https without a password."""
    try:
        parts = httpx2.URL(url, params=dict(params)) if params else httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as problem:
        raise SourceError(f"{url[:200]!r} is no address: {problem}", "Write it as https://host/path") from problem
    if parts.scheme not in ("http", "https") or not parts.host:
        raise SourceError(f"{url[:200]!r} is refused: only http and https are asked", "Write it as https://host/path")
    if not _HOST.fullmatch(parts.raw_host) or not 0 < (parts.port or 80) < 65536:
        raise SourceError(f"{url[:200]!r} is no address: its host or port is odd", "Write it as https://host/path")
    if parts.userinfo:
        raise SourceError(f"An address at {parts.host} carries a name and password, which is refused")
    return parts


def next_hop(url: str, location: str) -> str:
    """Follow one redirect by hand; raises SourceError for anything but http(s) and for a step down from https."""
    try:
        target = str(httpx2.URL(url).join(location))
    except (httpx2.InvalidURL, ValueError) as problem:
        raise SourceError(f"{site(url)} redirects to {location[:200]!r}, which is no address") from problem
    parts = parsed(target, None)
    if parts.scheme == "http" and url.startswith("https:"):
        raise SourceError(f"{site(url)} redirects from https to http, which is refused")
    if not _asked(url) <= _asked(target):
        # Believed, the answer to another question would close a day as empty, or file papers under a wrong one.
        raise SourceError(
            f"{site(url)} redirects to another question: {target[:200]!r}", "Set the address that it leads to"
        )
    return target


def _asked(url: str) -> set[tuple[str, str]]:
    return set(httpx2.URL(url).params.multi_items())


def site(url: str) -> str:
    """Name a server in a message: host, and port where it is not the usual one."""
    parts = httpx2.URL(url)
    return host_port(parts.host, parts.port) if parts.port else parts.host
