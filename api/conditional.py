"""Reads that answer as HTTP asks: HEAD, entity tags, 304; and answers made of stored rows alone, kept while these stay.

Pure ASGI, so that an answer is touched once. Entity tags and conditions: RFC 9110, 8.8 and 13.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import HEAD, LASTING, RawHeader, lasting, matches
from api.packing import is_packable, packed, takes_gzip, varied
from core.clock import Clock
from db.pulse import Pulse

MOST_BYTES = 32_000_000  # kept in all
LARGEST = 2_000_000  # of one that is kept
_KEPT_ON_304 = frozenset(
    (b"cache-control", b"content-location", b"date", b"etag", b"expires", b"last-modified", b"link", b"set-cookie")
) | {b"vary"}
_CONDITIONS = (b"if-none-match", b"if-modified-since")
_MUTE = {204, 304}
# All that any answer depends on besides its address, whether HTML is accepted, by which a browser is told, and gzip.
_VARYING = (b"accept-language", b"cookie")
_OWN = (b"authorization",)  # with a key: never answered from what others asked


async def _of_rows(request: Request) -> None:
    request.state.of_rows = True


# For a route whose answers depend on its address, its language, its cookies and stored rows, and on no clock or model:
# they are kept until something is stored.
OF_ROWS = Depends(_of_rows)


def modified(moment: datetime | None) -> dict[str, str]:
    """Make the header that tells since when an answer has been as it is; none where that is not known."""
    return {"Last-Modified": format_datetime(moment, usegmt=True)} if moment is not None else {}


def unchanged(asked: Iterable[RawHeader], tag: str, last: str | None, clock: Clock) -> bool:
    """Tell whether a reader has an answer already: by its tag, and only without one by its date (RFC 9110, 13.2.2).

    A date that has not come was given by a clock that was ahead: whatever changed since would be hidden until then.
    """
    given = {name: value.decode("latin-1") for name, value in asked if name in _CONDITIONS}
    if not given:
        return False
    if (known := given.get(b"if-none-match")) is not None:
        return matches(known, tag)
    return last is not None and _not_after(last, given[b"if-modified-since"], clock())


def _not_after(last: str, since: str, now: datetime) -> bool:
    try:
        return parsedate_to_datetime(last) <= parsedate_to_datetime(since) <= now
    except (TypeError, ValueError):  # no date, or one without a zone: as if nothing were asked
        return False


@dataclass(slots=True)
class Whole:
    """A whole answer and what it is known by; without a tag it is not for keeping."""

    start: Message
    body: bytes
    tag: str | None = None
    last_modified: str | None = None
    route: Any = None  # that made it: what is answered from what was kept is counted by it as well
    known: Message | None = None  # in place of `start` for a reader who has it

    def complete(self) -> None:
        """Tag a good answer that caches may hold."""
        headers = MutableHeaders(scope=self.start)
        if self.start["status"] != 200 or "no-store" in headers.get("cache-control", ""):
            return
        self.tag = headers.setdefault("etag", f'"{hashlib.sha256(self.body).hexdigest()[:32]}"')
        self.last_modified = headers.get("last-modified")
        self.known = _known(self.start)

    def lasting(self, scope: Scope) -> "Whole":
        """Add once what every request for it is told, before it is kept."""
        start = _lasting(self.start, scope)
        return replace(self, start=start, known=_lasting(_known(start), scope))

    async def tell(self, scope: Scope, send: Send, clock: Clock) -> None:
        """Send it to a reader: whole, without the body, or as 304 with the headers that still matter."""
        start = self.start
        if self.known and self.tag and unchanged(scope["headers"], self.tag, self.last_modified, clock):
            start = self.known
        await send(start)  # those above make another with headers of their own, and leave this one as it is
        hidden = scope["method"] == "HEAD" or start["status"] in _MUTE
        await send({"type": "http.response.body", "body": b"" if hidden else self.body})


def _known(start: Message) -> Message:
    """Make the start of a 304, with the headers that still matter."""
    kept = [pair for pair in start["headers"] if pair[0] in _KEPT_ON_304]
    return {"type": start["type"], "status": 304, "headers": kept}


def _lasting(start: Message, scope: Scope) -> Message:
    return {**start, "headers": lasting(start["headers"], scope), LASTING: True}


class KeptAnswers:
    """Answers by what was asked, each with the state of the database it was made from; the least lately used leave."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._size = 0
        self._answers: OrderedDict[Hashable, tuple[str, Whole]] = OrderedDict()

    def get(self, key: Hashable, state: str) -> Whole | None:
        """Give an answer made from this state of the database."""
        found = self._answers.get(key)
        if found is None or found[0] != state:
            return None
        self._answers.move_to_end(key)
        return found[1]

    def put(self, key: Hashable, state: str, answer: Whole) -> None:
        """Keep an answer made from a state read before it was begun, in the place of an older one."""
        if len(answer.body) > LARGEST:
            return
        self._drop(key)
        self._answers[key] = (state, answer)
        self._size += len(answer.body)
        while self._size > self._most:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        old = self._answers.pop(key, None)
        self._size -= len(old[1].body) if old else 0


class ConditionalReads:
    """Answer HEAD like GET without the body, tag every good read, and answer 304 to a reader who has it already.

    An answer that comes in parts passes as it comes, without a tag of ours.
    """

    def __init__(self, app: ASGIApp, pulse: Pulse, clock: Clock) -> None:
        self.app, self.pulse, self.clock, self.kept = app, pulse, clock, KeptAnswers()
        self._seen: tuple[str | None] | None = None  # the state of the database in this turn of the event loop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        key = _key(scope)
        state = await self._state() if key is not None else None
        answer = self.kept.get(key, state) if state is not None else None
        if answer is None:
            answer = await self._made(scope, receive, send, state)
            if answer is not None and state is not None and answer.tag and scope["state"].get("of_rows"):
                answer = (await _packed(answer, scope)).lasting(scope)
                self.kept.put(key, state, answer)
        if answer is not None:
            scope["route"] = answer.route
            await answer.tell(scope, send, self.clock)

    async def _state(self) -> str | None:
        return self._instant() if self.pulse.instant else await run_in_threadpool(self.pulse.read)

    def _instant(self) -> str | None:
        """Read the state once for all requests that one turn of the event loop begins: they came before it."""
        if self._seen is None:
            self._seen = (self.pulse.read(),)
            asyncio.get_running_loop().call_soon(self._look_again)
        return self._seen[0]

    def _look_again(self) -> None:
        self._seen = None

    async def _made(self, scope: Scope, receive: Receive, send: Send, state: str | None) -> Whole | None:
        """Have the app make the answer; None where it came in parts and was sent."""
        scope.setdefault("state", {})["stored"] = state  # shared with the copy below: routes leave word in it
        collector = _Collector(scope, send)
        inner = {**scope, "method": "GET", HEAD: scope["method"] == "HEAD"}
        try:
            await self.app(inner, receive, collector.collect)
        finally:
            scope["route"] = inner.get("route")  # found by the router below
        return collector.whole(scope["route"])


async def _packed(answer: Whole, scope: Scope) -> Whole:
    """Pack an answer that will be kept, where its reader takes that; either way it says that this matters."""
    if not is_packable(answer.start["headers"], len(answer.body)):
        return answer
    headers, body = varied(answer.start["headers"]), answer.body
    if takes_gzip(Headers(scope=scope).get("accept-encoding", "").encode("latin-1")):
        headers, body = await run_in_threadpool(packed, headers, body)
    return replace(answer, start={**answer.start, "headers": headers}, body=body)


class _Collector:
    """Takes an answer from the app: a whole one is held, one whose length is not known goes on as it comes."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._head = scope["method"] == "HEAD"
        self._send = send
        self._start: Message = {"type": "http.response.start", "status": 500, "headers": []}
        self._parts: list[bytes] = []
        self._passing = False

    async def collect(self, message: Message) -> None:
        """Take one message of the app."""
        if message["type"] == "http.response.start":
            self._start = message
            self._passing = not any(name == b"content-length" for name, _ in message["headers"])
        if self._passing:
            await self._pass(message)
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))

    async def _pass(self, message: Message) -> None:
        if not self._head or message["type"] == "http.response.start":
            await self._send(message)
        elif not message.get("more_body"):
            await self._send({"type": "http.response.body", "body": b""})

    def whole(self, route: Any) -> Whole | None:
        """Give the answer; None where it has been sent already."""
        if self._passing:
            return None
        answer = Whole(self._start, b"".join(self._parts), route=route)
        answer.complete()
        return answer


def _key(scope: Scope) -> Hashable | None:
    """Name everything an answer of rows depends on; None where it may be one person's own."""
    varying: list[Any] = []
    for name, value in scope["headers"]:
        if name in _OWN:
            return None
        if name in _VARYING:
            varying.append((name, value))
        if name == b"accept":
            varying.append((name, b"text/html" in value))
        if name == b"accept-encoding":
            varying.append((name, takes_gzip(value)))
    return scope["path"], scope["query_string"], *varying
