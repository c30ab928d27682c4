"""Who is asking: the address of the client, also behind reverse proxies that are trusted."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from fastapi import Request

Address = IPv4Address | IPv6Address
V6_SITE = 64  # bits of an IPv6 address that one customer of a provider has in common


def place_of(request: Request, proxies: Sequence[str]) -> str:
    """Name the place a request comes from: an IPv4 address, or the /64 of an IPv6 one; for caps, never for logs."""
    host = request.client.host if request.client else ""
    hops = [hop for line in request.headers.getlist("x-forwarded-for") for hop in line.split(",")]
    found = client_of(host, hops, proxies)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, V6_SITE), strict=False))
    return str(found or host)


def client_of(host: str, forwarded: Iterable[str], proxies: Sequence[str]) -> Address | None:
    """Walk from the connection back through trusted proxies; what anyone else claims is not believed.

    `forwarded` are the hops of X-Forwarded-For, the nearest last. None when the connection has no IP address.
    """
    trusted = [ip_network(proxy, strict=False) for proxy in proxies]
    found = _read(host)
    for hop in reversed(list(forwarded)):
        if found is None or not any(found in network for network in trusted):
            break
        found = _read(hop.strip()) or found
    return found


def _read(text: str) -> Address | None:
    try:
        found = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
