"""What every answer carries: security headers, a request id, an entity tag; and HEAD for every read.

Pure ASGI, so that answers are touched once and nothing is buffered but bodies that get a tag.
Entity tags: RFC 9110, 8.8.3 and 13.1.2. Content security policy: https://www.w3.org/TR/CSP3/.
"""

import hashlib
import secrets
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
SECURITY = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
# Pages behind a signed link: caches must not hold them, search engines not list them, no other site learn the link.
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Language, Cookie",
}
_KEPT_ON_304 = {"cache-control", "content-location", "date", "etag", "expires", "vary", "set-cookie", "link"}
_MUTE = {204, 304}


def request_id(scope: Scope) -> str:
    """Give the id of a request, made when it is first asked for; it links a reader's report to the log."""
    state: dict[str, Any] = scope.setdefault("state", {})
    return str(state.setdefault("request_id", secrets.token_hex(4)))


def secure(headers: MutableHeaders, scope: Scope) -> None:
    """Set the security headers on an answer, whatever it is; what a route chose itself stays."""
    if scope["path"].startswith("/s/"):  # errors too
        headers.update(PRIVATE)
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Request-ID"] = request_id(scope)
    if scope["path"].startswith(("/api/v1", "/feeds/")) and scope["method"] in ("GET", "HEAD"):
        headers["Access-Control-Allow-Origin"] = "*"  # public reads without credentials: any page may make them


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
                secure(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, sending)


class ConditionalReads:
    """Answer HEAD like GET without the body, tag every good read, and answer 304 to a reader who has it already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        answer = _Answer()
        await self.app({**scope, "method": "GET"}, receive, answer.collect)
        start, body = answer.tagged(Headers(scope=scope).get("if-none-match", ""))
        await send(start)
        hidden = scope["method"] == "HEAD" or start["status"] in _MUTE
        await send({"type": "http.response.body", "body": b"" if hidden else body})


class _Answer:
    """A whole answer, held until its tag is known; our answers are pages and lists, a few hundred kB at most."""

    def __init__(self) -> None:
        self.start: Message = {"type": "http.response.start", "status": 500, "headers": []}
        self.parts: list[bytes] = []

    async def collect(self, message: Message) -> None:
        """Take one message of the app beneath."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))

    def tagged(self, known: str) -> tuple[Message, bytes]:
        """Add the entity tag to a good answer; one the reader knows becomes 304 with the headers that still matter."""
        body = b"".join(self.parts)
        headers = MutableHeaders(scope=self.start)
        if self.start["status"] != 200 or "no-store" in headers.get("cache-control", ""):
            return self.start, body
        tag = headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        if not matches(known, tag):
            return self.start, body
        kept = [(name, value) for name, value in self.start["headers"] if name.decode().lower() in _KEPT_ON_304]
        return {**self.start, "status": 304, "headers": kept}, b""


def matches(known: str, tag: str) -> bool:
    """Compare If-None-Match with a tag, weakly as RFC 9110, 13.1.2 asks."""
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
