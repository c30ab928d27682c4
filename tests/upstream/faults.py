"""Scripted misbehaviour: which request is hit, how often, and what is done to its answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Lock
from typing import Any, Protocol

from tests.upstream import broken
from tests.upstream.answer import HTML, JSON, XML, Answer

# Done by the server while it writes, because a body alone cannot express them.
ON_THE_WIRE = ("hang", "drip", "delay", "cut", "wrong-length", "gzip-cut", "gzip-bomb", "huge")


@dataclass
class Fault:
    """One fault on one route prefix: after so many requests, so many times, or for ever, or for some queries only."""

    prefix: str
    kind: str
    times: int | None = None
    after: int = 0
    containing: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def takes(self, path: str, query: str = "") -> bool:
        """Whether this request is hit; counts the request."""
        if not path.startswith(self.prefix) or self.containing not in query:
            return False
        if self.times is not None and self.times <= 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        self.hits += 1
        return True


class Weather(Protocol):
    """What hits requests by chance, such as tests.upstream.storms.Storm."""

    def next(self, path: str) -> Fault | None:
        """The fault that hits this request, if any."""
        ...


class Script:
    """The faults that are set, oldest first; one request is hit by one fault at most, by the weather if by no other."""

    def __init__(self) -> None:
        """Start without faults."""
        self.weather: Weather | None = None
        self._lock = Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        prefix: str,
        kind: str | None = None,
        *,
        times: int | None = None,
        after: int = 0,
        containing: str = "",
        **options: Any,
    ) -> Fault:
        """Set a fault; `status=503` alone is a fault of kind `status`."""
        kind = kind or ("status" if "status" in options else "")
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind!r}; one of {', '.join(KINDS)}")
        fault = Fault(prefix, kind, times, after, containing, options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults.clear()
            self.weather = None

    def next(self, path: str, query: str = "") -> Fault | None:
        """The fault that hits this request, if any."""
        with self._lock:
            found = next((fault for fault in self._faults if fault.takes(path, query)), None)
            return found or (self.weather.next(path) if self.weather else None)


def parsed(text: str) -> dict[str, Any]:
    """A fault from `KIND=PREFIX[,option:value...]`, as the command line has it."""
    kind, _, rest = text.partition("=")
    prefix, *pairs = rest.split(",")
    options: dict[str, Any] = {"kind": kind, "prefix": prefix}
    for pair in pairs:
        name, _, value = pair.partition(":")
        options[name] = int(value) if value.lstrip("-").isdigit() and name != "retry_after" else value
    return options


def spoiled(answer: Answer, fault: Fault) -> Answer:
    """The answer after a fault of the body; faults on the wire leave it alone."""
    spoil = IN_THE_BODY.get(fault.kind)
    return spoil(answer, fault) if spoil else answer


def _status(answer: Answer, fault: Fault) -> Answer:
    """Another status with or without Retry-After."""
    headers = {}
    wait = fault.options.get("retry_after")
    if wait is not None:
        headers["Retry-After"] = _retry_after(str(wait))
    status = int(fault.options.get("status", 503))
    body = str(fault.options.get("body", f"<html><body><h1>{status}</h1></body></html>"))
    return Answer(body.encode(), HTML, status, headers)


def _retry_after(wait: str) -> str:
    """Seconds as they are; `+5` is the HTTP date five seconds ahead."""
    if not wait.startswith("+"):
        return wait
    return format_datetime(datetime.now(UTC) + timedelta(seconds=int(wait[1:])), usegmt=True)


def _empty_page(answer: Answer, fault: Fault) -> Answer:
    """No entries, though the total is still there."""
    return broken.without(answer, every=True)


def _short_page(answer: Answer, fault: Fault) -> Answer:
    """Some entries fewer than were asked for."""
    return broken.without(answer, last=int(fault.options.get("missing", 1)))


def _total(answer: Answer, fault: Fault) -> Answer:
    """A wrong total."""
    return broken.with_total(answer, int(fault.options.get("total", 5000)))


def _malformed(answer: Answer, fault: Fault) -> Answer:
    """One entry that cannot be read: the first, the middle or the last."""
    place = fault.kind.removeprefix("malformed-")
    return broken.malformed(answer, place, str(fault.options.get("how", "no-date")))


def _maintenance(answer: Answer, fault: Fault) -> Answer:
    """A friendly page where data is due, with status 200."""
    return Answer(broken.MAINTENANCE, HTML)


def _json(answer: Answer, fault: Fault) -> Answer:
    """JSON where XML is due."""
    return Answer(b'{"message":"The service is being moved.","results":[]}', JSON)


def _not_json(answer: Answer, fault: Fault) -> Answer:
    """A body that claims to be JSON and is not."""
    return Answer(b'[{"paper": {"id": "2609.', JSON)


def _doctype(answer: Answer, fault: Fault) -> Answer:
    """The same document with a DOCTYPE and an external entity."""
    return answer.with_body(broken.with_doctype(answer.body, str(fault.options.get("file", "/etc/passwd"))))


def _laughs(answer: Answer, fault: Fault) -> Answer:
    """Entities that grow tenfold eight times."""
    return answer.with_body(broken.BILLION_LAUGHS)


def _deep(answer: Answer, fault: Fault) -> Answer:
    """Elements inside elements, a hundred thousand deep."""
    depth = int(fault.options.get("depth", 100_000))
    return answer.with_body(b"<feed>" + b"<a>" * depth + b"</a>" * depth + b"</feed>")


def _redirect(answer: Answer, fault: Fault) -> Answer:
    """Somewhere else."""
    status = int(fault.options.get("status", 302))
    return Answer(b"", HTML, status, {"Location": str(fault.options.get("to", "http://127.0.0.1:1/"))})


def _redirect_loop(answer: Answer, fault: Fault) -> Answer:
    """The same place again, for ever."""
    return Answer(b"", HTML, 302, {"Location": fault.prefix})


def _bad_token(answer: Answer, fault: Fault) -> Answer:
    """OAI-PMH no longer knows the resumption token."""
    now = re.search(rb"<responseDate>[^<]*</responseDate>", answer.body)
    stamp = now.group() if now else b""
    error = b'<error code="badResumptionToken">The value of the resumptionToken argument is invalid or expired.</error>'
    head = b'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    return Answer(head + stamp + error + b"</OAI-PMH>", XML)


IN_THE_BODY: dict[str, Callable[[Answer, Fault], Answer]] = {
    "status": _status,
    "empty-page": _empty_page,
    "short-page": _short_page,
    "total-wrong": _total,
    "malformed-first": _malformed,
    "malformed-middle": _malformed,
    "malformed-last": _malformed,
    "maintenance": _maintenance,
    "json": _json,
    "not-json": _not_json,
    "doctype": _doctype,
    "billion-laughs": _laughs,
    "deep": _deep,
    "redirect": _redirect,
    "redirect-loop": _redirect_loop,
    "bad-token": _bad_token,
}
KINDS = (*IN_THE_BODY, *ON_THE_WIRE)
