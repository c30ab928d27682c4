"""The HTTP server: routes, conditional requests, the log, and faults on the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from tests.upstream import arxiv_api, broken, chat, faults, feeds, hugging_face, oai, papers_with_code, rss
from tests.upstream.answer import Answer, as_json
from tests.upstream.catalogue import MONTHS, Catalogue, catalogue
from tests.upstream.faults import Fault, Script
from tests.upstream.labs import LABS

CONTROL = "/_faults"


class Request(NamedTuple):
    """One request as it came in, for assertions on pace, headers and order."""

    at: float
    method: str
    path: str
    query: str
    headers: dict[str, str]
    client: tuple[str, int]


class Upstream:
    """All sources on one loopback port; a context manager, or `start` and `close`."""

    def __init__(self, port: int = 0, months: Sequence[str] = MONTHS, world: Catalogue | None = None) -> None:
        """Bind the port and make the papers of the months."""
        self.catalogue = catalogue(tuple(months)) if world is None else world
        self.script = Script()
        self.log: list[Request] = []
        self.chat = chat.Chat()
        self.stopping = Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.upstream = self
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The settings that point the product at this server."""
        lab_feeds = {lab.key: f"{self.url}/feeds/{lab.key}.xml" for lab in LABS if lab.key in feeds.SHAPES}
        return {
            "SHIRUBE_ARXIV_URL": self.url,
            "SHIRUBE_OAI_URL": f"{self.url}/oai",
            "SHIRUBE_ARXIV_RSS_URL": f"{self.url}/rss",
            "SHIRUBE_HF_URL": self.url,
            "SHIRUBE_PWC_URL": f"{self.url}/api/v1",
            "SHIRUBE_LAB_FEEDS": json.dumps(lab_feeds),
            "SHIRUBE_ALLOW_PRIVATE_HOSTS": json.dumps([f"127.0.0.1:{self.port}"]),
            "SHIRUBE_ARXIV_DELAY_SECONDS": "0",
        }

    def fault(self, prefix: str, kind: str | None = None, **options: Any) -> Fault:
        """Script a fault, for example `fault("/api/query", status=503, retry_after="2", times=3)`."""
        return self.script.add(prefix, kind, **options)

    def clear_faults(self) -> None:
        """Let everything work again."""
        self.script.clear()

    def requests(self, prefix: str = "/") -> list[Request]:
        """The logged requests to a route."""
        return [request for request in list(self.log) if request.path.startswith(prefix)]

    def start(self) -> Upstream:
        """Begin to answer."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop, and let go of everything that hangs."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Upstream:
        """Begin to answer."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.close()

    def answer(self, path: str, query: Mapping[str, str]) -> Answer:
        """The faultless answer of a route."""
        if path == chat.ROUTE:
            return self.chat.answer(query.get("body", ""))
        with self.catalogue.lock:
            if own := self.catalogue.answer(path, query):
                return own
            for prefix, route in ROUTES.items():
                if path == prefix or (prefix.endswith("/") and path.startswith(prefix)):
                    return route(self.catalogue, path[len(prefix) :], query)
        return as_json({"error": "Not Found"}, 404)


ROUTES: dict[str, Callable[[Catalogue, str, Mapping[str, str]], Answer]] = {
    "/api/query": lambda world, rest, query: arxiv_api.answer(world, query),
    "/api/daily_papers": lambda world, rest, query: hugging_face.daily_papers(world, query),
    "/api/papers/": lambda world, rest, query: hugging_face.one_paper(world, rest),
    "/api/v1/": lambda world, rest, query: papers_with_code.answer(world, rest, query),
    "/feeds/": lambda world, rest, query: feeds.answer(world, rest.removesuffix(".xml")),
    "/oai": lambda world, rest, query: oai.answer(world, query),
    "/rss/": lambda world, rest, query: rss.answer(world, rest),
}


class _Server(ThreadingHTTPServer):
    """A server whose threads do not keep a test run alive."""

    daemon_threads = True
    block_on_close = False
    upstream: Upstream

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up are what the faults are for."""


class _Handler(BaseHTTPRequestHandler):
    """One connection; keeps it open between requests as the real servers do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: otherwise each answer takes 40 ms
    server: _Server

    def do_GET(self) -> None:
        """Log, answer, and spoil the answer where a fault is due."""
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if path == CONTROL:
            self._write(as_json({"kinds": faults.KINDS}))
            return
        self._log(path, parts.query)
        fault = self.server.upstream.script.next(path, unquote(parts.query))
        answer = self.server.upstream.answer(path, dict(parse_qsl(parts.query, keep_blank_values=True)))
        if fault is None:
            self._write(self._conditional(answer))
        elif fault.kind in faults.ON_THE_WIRE:
            self._on_the_wire(answer, fault)
        else:
            self._write(faults.spoiled(answer, fault))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """The control route: a JSON object sets a fault, `{"clear": true}` clears all; OAI-PMH and chats are posted."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path != CONTROL:
            asks = urlsplit(self.path).path == chat.ROUTE
            self.path += "?" + (urlencode({"body": body.decode()}) if asks else body.decode())
            return self.do_GET()
        try:
            order = json.loads(body)
            if order.pop("clear", False):
                self.server.upstream.clear_faults()
            if order:
                self.server.upstream.fault(**order)
            self._write(as_json({"ok": True}))
        except (TypeError, ValueError) as error:
            self._write(as_json({"error": str(error)}, 400))

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet; the log is a list."""

    def _log(self, path: str, query: str) -> None:
        """Remember the request."""
        entry = Request(time.monotonic(), self.command, path, query, dict(self.headers.items()), self.client_address)
        self.server.upstream.log.append(entry)

    def _conditional(self, answer: Answer) -> Answer:
        """ETag and Last-Modified, and 304 for who has the content already."""
        if not answer.conditional or answer.status != 200:
            return answer
        tag = f'"{sha256(answer.body).hexdigest()[:20]}"'
        changed = _changed(self.server.upstream.catalogue)
        headers = {"ETag": tag, "Last-Modified": changed, "Cache-Control": "max-age=300"}
        wanted = self.headers.get("If-None-Match")
        same = tag in wanted if wanted else self.headers.get("If-Modified-Since") == changed
        return replace(answer, headers=headers, body=b"", status=304) if same else replace(answer, headers=headers)

    def _write(self, answer: Answer, body: bytes | None = None, length: int | None = None) -> None:
        """Send an answer; body and length may be other than they should be."""
        sent = answer.body if body is None else body
        self._head(answer, len(sent) if length is None else length)
        if self.command != "HEAD":
            self.wfile.write(sent)

    def _head(self, answer: Answer, length: int | None, **extra: str) -> None:
        """Send status and headers; without a length the connection's end is the body's end."""
        self.send_response(answer.status)
        headers = {"Content-Type": answer.content_type, **answer.headers, **extra}
        if length is None:
            headers["Connection"] = "close"
        elif answer.status != 304:
            headers["Content-Length"] = str(length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _on_the_wire(self, answer: Answer, fault: Fault) -> None:
        """Misbehave while sending, and then close the connection."""
        self.close_connection = True
        wire: dict[str, Callable[[Answer, Fault], None]] = {
            "hang": self._hang,
            "drip": self._drip,
            "delay": self._delay,
            "cut": self._cut,
            "wrong-length": self._wrong_length,
            "gzip-cut": self._gzip_cut,
            "gzip-bomb": self._gzip_bomb,
            "huge": self._huge,
        }
        wire[fault.kind](answer, fault)

    def _hang(self, answer: Answer, fault: Fault) -> None:
        """Never answer, until the server is closed, or for so many seconds."""
        self.server.upstream.stopping.wait(fault.options.get("seconds"))

    def _delay(self, answer: Answer, fault: Fault) -> None:
        """Answer well, but late."""
        self.server.upstream.stopping.wait(float(fault.options.get("seconds", 1)))
        self._write(answer)

    def _drip(self, answer: Answer, fault: Fault) -> None:
        """One byte after the other, a second apart."""
        pause = float(fault.options.get("seconds", 1))
        self._head(answer, len(answer.body))
        for place in range(len(answer.body)):
            self.wfile.write(answer.body[place : place + 1])
            self.wfile.flush()
            if self.server.upstream.stopping.wait(pause):
                return

    def _cut(self, answer: Answer, fault: Fault) -> None:
        """Stop in the middle of an entry; no length was announced, so nothing else tells."""
        self._head(answer, None)
        self.wfile.write(answer.body[: _middle_of_an_entry(answer.body)])

    def _wrong_length(self, answer: Answer, fault: Fault) -> None:
        """Announce more (or, with `by` negative, less) than is sent."""
        self._write(answer, length=max(0, len(answer.body) + int(fault.options.get("by", 1000))))

    def _gzip_cut(self, answer: Answer, fault: Fault) -> None:
        """Compressed content that ends early."""
        packed = broken.gzipped(answer.body)
        self._head(answer, None, Content_Encoding="gzip")
        self.wfile.write(packed[: len(packed) * 2 // 3])

    def _gzip_bomb(self, answer: Answer, fault: Fault) -> None:
        """Little on the wire, much in memory."""
        packed = broken.gzip_bomb(int(fault.options.get("megabytes", 200)))
        self._head(answer, len(packed), Content_Encoding="gzip")
        self.wfile.write(packed)

    def _huge(self, answer: Answer, fault: Fault) -> None:
        """Far more than anybody should read."""
        self._head(answer, None)
        for part in broken.huge(answer.body[: len(answer.body) // 2], int(fault.options.get("megabytes", 200))):
            self.wfile.write(part)


def _middle_of_an_entry(body: bytes) -> int:
    """A place inside the middle entry, or the middle of a body without entries."""
    found = list(broken.ENTRY.finditer(body))
    if not found:
        return len(body) // 2
    match = found[len(found) // 2]
    return (match.start() + match.end()) // 2


def _changed(world: Catalogue) -> str:
    """When the world changed last: each change counts as a second of its day."""
    day = datetime(world.today.year, world.today.month, world.today.day, tzinfo=UTC)
    return format_datetime(day + timedelta(seconds=world.revision), usegmt=True)
