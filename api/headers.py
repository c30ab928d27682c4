"""What every answer carries: security headers, a request id; and that public reads may be made from any page.

Content security policy: https://www.w3.org/TR/CSP3/. Preflights: https://fetch.spec.whatwg.org/#http-cors-protocol.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HSTS = "max-age=31536000"  # this host alone: what else lives under the domain is not ours to decide
# Pages behind a signed link: caches must not hold them, search engines not list them, no other site learn the link.
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Language, Cookie",
}
RawHeader = tuple[bytes, bytes]  # as ASGI has them: names in small letters
READS = ("GET", "HEAD")
HEAD = "shirube.head"  # in a scope: it was HEAD before it was made GET
LASTING = "shirube.lasting"  # in the start of a kept answer: its headers hold already what all requests are told
# Public reads without credentials: a page of any site may make them, and see these headers of the answer.
SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified, Link, RateLimit-Limit, RateLimit-Policy, "
    "RateLimit-Remaining, RateLimit-Reset, RateLimit, Retry-After, X-Request-ID",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": ", ".join(READS),
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}


def request_id(scope: Scope) -> str:
    """Give the id of a request, made when it is first asked for; it links a reader's report to the log."""
    state: dict[str, Any] = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = secrets.token_hex(4)
    return str(state["request_id"])


def route_of(scope: Scope) -> str:
    """Name a request by the template of its route, since an address may hold a key; `(none)` where it met no route."""
    return getattr(scope.get("route"), "path", None) or "(none)"


def lasting(raw: Iterable[RawHeader], scope: Scope) -> list[RawHeader]:
    """Add to the headers of an answer what all requests for it are told; what a route chose itself stays."""
    found = list(raw)
    if scope["path"].startswith("/s/"):  # errors too
        found = [*(pair for pair in found if pair[0] not in _PRIVATE_NAMES), *_PRIVATE]
    read = scope["method"] in READS and is_shared(scope["path"])
    present = {name for name, _ in found}
    found.extend(pair for pair in (_SHARED_TOO if read else _ALWAYS) if pair[0] not in present)
    return found


def owned(raw: Iterable[RawHeader], scope: Scope) -> list[RawHeader]:
    """Add to headers what is one request's own: its id, and whether the site is reached by HTTPS."""
    found = list(raw)
    if all(name != b"x-request-id" for name, _ in found):  # else an error, which was given it where it was answered
        found.append((b"x-request-id", request_id(scope).encode()))
        found.extend([_HSTS] if scope["app"].state.site.options.secure else ())
    return found


def secured(raw: Iterable[RawHeader], scope: Scope) -> list[RawHeader]:
    """Give the headers of an answer, whatever it is, with the security headers and the request's id."""
    return owned(lasting(raw, scope), scope)


def is_shared(path: str) -> bool:
    """Tell whether an address is read by programs: pages of other sites may read it too."""
    return path.startswith(("/api/v1", "/feeds/", "/feeds."))


def preflight(scope: Scope) -> Response | None:
    """Answer a browser that asks whether a page may read an address; None for every other request."""
    if scope["method"] != "OPTIONS" or not is_shared(scope["path"]):
        return None
    asked = Headers(scope=scope).get("access-control-request-method")
    return Response(status_code=204, headers=SHARED | PREFLIGHT) if asked in READS else None


def _raw(headers: Mapping[str, str]) -> list[RawHeader]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


_PRIVATE = _raw(PRIVATE)
_PRIVATE_NAMES = {name for name, _ in _PRIVATE}
_HSTS = (b"strict-transport-security", HSTS.encode())
_ALWAYS = _raw({**SECURITY, "Cache-Control": "no-store"})  # what a route chose itself stays
_SHARED_TOO = [*_ALWAYS, *_raw(SHARED)]


def matches(known: str, tag: str) -> bool:
    """Compare If-None-Match with a tag, weakly as RFC 9110, 13.1.2 asks."""
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags


class SecureHeaders:
    """Put the security headers on every answer of the app beneath."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id(scope)  # made here, so that every copy of the scope below shares it

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                add = owned if LASTING in message else secured
                message = {**message, "headers": add(message["headers"], scope)}
            await send(message)

        await (preflight(scope) or self.app)(scope, receive, sending)
