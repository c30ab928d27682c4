"""Who is asking: the address of the client, also behind reverse proxies that are trusted."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from fastapi import Request
from starlette.types import Scope

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]
_WITH_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|\d+(?:\.\d+){3}):\d{1,5}", re.ASCII)
V6_SITE = 64  # bits of an IPv6 address that one customer of a provider has in common


def place_of(request: Request, proxies: Sequence[str]) -> str:
    """Name the place a request comes from: an IPv4 address, or the /64 of an IPv6 one; for caps, never for logs."""
    return place_in(request.scope, proxies)


def place_in(scope: Scope, proxies: Sequence[str]) -> str:
    """Name the place a connection comes from, as `place_of` does."""
    host = _host(scope)
    if not is_trusted(scope, proxies):
        return _place(host)
    return _place(str(client_of(host, _hops(scope), proxies) or host))


def is_trusted(scope: Scope, proxies: Sequence[str]) -> bool:
    """Tell whether a connection comes from a proxy whose word is taken."""
    address = _read(_host(scope)) if proxies else None
    return _is_in(address, _networks(tuple(proxies)))


def is_unread(scope: Scope, proxies: Sequence[str]) -> bool:
    """Tell whether a trusted proxy names who asks in a form that cannot be read, so that its readers are one place."""
    hops = _hops(scope)
    found = client_of(_host(scope), hops, proxies)
    return _is_in(found, _networks(tuple(proxies))) and any(_hop(hop) is None for hop in hops)


def client_of(host: str, forwarded: Iterable[str], proxies: Sequence[str]) -> Address | None:
    """Walk from the connection back through trusted proxies; what anyone else claims is not believed.

    `forwarded` are the hops of X-Forwarded-For, the nearest last. None when the connection has no IP address. What
    stands before a hop that cannot be read is anyone's word too.
    """
    trusted = _networks(tuple(proxies))
    found = _read(host)
    for hop in reversed(list(forwarded)):
        if not _is_in(found, trusted) or (read := _hop(hop)) is None:
            break
        found = read
    return found


def _is_in(address: Address | None, networks: Networks) -> bool:
    return address is not None and any(address in network for network in networks)


def _hops(scope: Scope) -> list[str]:
    """List the hops of X-Forwarded-For, the nearest last."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for line in lines for hop in line.split(",") if hop.strip()]


def _hop(text: str) -> Address | None:
    """Read a hop, to which some proxies put the port."""
    match = _WITH_PORT.fullmatch(text)
    return _read(match[1] if match else text)


def _host(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


@lru_cache(maxsize=16)
def _networks(proxies: tuple[str, ...]) -> Networks:
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


@lru_cache(maxsize=4096)
def _place(host: str) -> str:
    found = _read(host)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, V6_SITE), strict=False))
    return str(found or host)


def _read(text: str) -> Address | None:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
