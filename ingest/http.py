"""One polite, guarded client for every address the program opens: pace, deadlines, caps, retries, no private networks.

Retries live here alone. Retry-After is read in both forms (RFC 9110, section 10.2.3).
"""

import random
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore2
import httpx2
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from core.clock import Clock, iso, system_clock
from core.errors import SourceError
from ingest.body import TruncatedError, collect
from ingest.guard import Deadline, GuardedBackend, GuardedTransport, Policy, host_port
from ingest.turns import Lane, Lanes, LocalTurns, Pause, Turns, route_of

RETRIED = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # names (punycode, where needed), IPv4; IPv6
_CONNECT = (httpx2.ConnectError, httpx2.ConnectTimeout)
_AGAIN = "Try again later; what came so far is kept"
_YEAR = 365 * 86_400.0
_SPARE = 30.0  # seconds by which a turn outlasts the deadline of its request
_SHORTEST = 0.001  # seconds slept at least: a smaller step may not move a clock

Check = Callable[["Answer"], str | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: header names are in small letters, `url` is where the last redirect led."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class _Retry(Exception):
    """An attempt that may succeed when repeated; `wait` is the server's own wish in seconds."""

    def __init__(
        self, reason: str, wait: float | None = None, *, unreachable: bool = False, content: bool = False
    ) -> None:
        super().__init__(reason)
        self.wait = wait
        self.unreachable = unreachable
        self.content = content  # the server is well, but this answer is not what is due


class Guard:
    """The client. It holds its connections; sleep, clocks and the book of turns come from outside.

    The pace of a place and the pauses are in `turns`, which may be shared with other processes (default: this process
    alone). The guard waits by itself, so that nothing is held open in that book meanwhile.
    """

    def __init__(
        self,
        policy: Policy,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock = system_clock,
        jitter: Callable[[], float] = random.random,
        turns: Turns | None = None,
    ) -> None:
        self.policy = policy
        self._sleep = sleep
        self._monotonic = monotonic
        self._clock = clock
        self._jitter = jitter
        self._deadline = Deadline(monotonic)
        self._backend = GuardedBackend(policy.allow_private, self._deadline)
        self._lanes = Lanes(policy)
        self._turns: Turns = turns or LocalTurns(monotonic)
        self._client = httpx2.Client(
            transport=GuardedTransport(self._backend),
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": policy.user_agent, "Accept-Encoding": "gzip"},
            timeout=httpx2.Timeout(policy.read_timeout, connect=policy.connect_timeout),
        )

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        accept: str | None = None,
        *,
        expect: Collection[int] = (200,),
        check: Check | None = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> Answer:
        """Fetch an address; raises SourceError, with `unreachable` when no connection could be made.

        `expect` lists the statuses that are an answer and not a failure. `check` looks at an answer and gives a reason
        why it is not what is due (cut short, a maintenance page, an empty page): then it is asked for again.
        A place that is left alone is not asked; after its pause one attempt decides. `once`: a trial, never repeated.
        """
        target = str(_parsed(url, params))
        sent = {"Accept": accept or "*/*", **(headers or {})}
        pause = self._refuse_paused(target)
        attempts = 1 if once or pause else self.policy.retries + 1
        for attempt in range(attempts):
            try:
                answer = self._once(target, sent, expect, check)
            except _Retry as problem:
                if attempt + 1 == attempts or self._is_hopeless(problem, target):
                    raise self._given_up(target, problem, attempt + 1, trial=once) from problem
                self._sleep(self._wait(attempt, problem, target))
                continue
            if pause:
                self._turns.resume(route_of(target))
            return answer
        raise AssertionError("the last attempt returns or raises")

    def probe(self, host: str, port: int, timeout: float) -> bool:
        """Tell whether a connection can be made; an address that is refused counts, since its error is another one."""
        self._deadline.start(timeout)
        try:
            self._backend.connect_tcp(host, port, timeout).close()
        except (httpcore2.ConnectError, httpcore2.TimeoutException):
            return False
        except SourceError:
            return True
        return True

    def _once(self, url: str, headers: Mapping[str, str], expect: Collection[int], check: Check | None) -> Answer:
        """One attempt, redirects included; raises _Retry for what may pass, SourceError for what will not."""
        for _ in range(self.policy.redirects + 1):
            answer = self._exchange(url, headers)
            if answer.status in _REDIRECTS and "location" in answer.headers:
                url = _next_hop(url, answer.headers["location"])
                continue
            return self._judged(answer, expect, check)
        raise SourceError(f"{_site(url)} redirects more than {self.policy.redirects} times", "Check the address")

    def _judged(self, answer: Answer, expect: Collection[int], check: Check | None) -> Answer:
        if answer.status not in expect:
            if answer.status in RETRIED:
                raise _Retry(f"status {answer.status}", self._retry_after(answer))
            raise SourceError(f"{_site(answer.url)} answered with status {answer.status}", "Check the address")
        reason = check(answer) if check else None
        if reason:
            raise _Retry(reason, content=True)
        return answer

    def _exchange(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Send one request in its lane and read the answer; the deadline covers connection, headers and body."""
        lane = self._lanes.of(url)
        with lane.lock, self._turn(lane, url):
            self._deadline.start(self.policy.total_timeout)
            try:
                with _understood(url), self._stream(url, headers, lane) as response:
                    body = collect(response.iter_raw(), _encoding(response), self._room(response))
            finally:
                self._client.cookies.clear()
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body, url)

    @contextmanager
    def _turn(self, lane: Lane, url: str) -> Iterator[None]:
        """Wait for the turn at a paced place, and give it back with the moment the server had surely begun."""
        if not lane.delay:
            yield
            return
        while (rest := self._rest(lane, url)) > 0:
            self._sleep(max(rest, _SHORTEST))
        lane.begun = self._monotonic()
        try:
            yield
        finally:
            self._turns.give_back(lane.name, self._monotonic() - lane.begun)

    def _rest(self, lane: Lane, url: str) -> float:
        """Seconds until the turn may be taken, 0 when it now is; raises SourceError in a pause too long to wait for."""
        pause = self._turns.paused(lane.name)
        if pause and pause.seconds > self.policy.longest_wait:
            raise self._left_alone(url, pause)
        if pause and pause.seconds > 0:
            return pause.seconds
        rest = self._turns.claim(lane.name, lane.delay, self.policy.total_timeout + _SPARE)
        if pause and rest <= 0:
            self._turns.resume(lane.name)
        return rest

    @contextmanager
    def _stream(self, url: str, headers: Mapping[str, str], lane: Lane) -> Iterator[httpx2.Response]:
        # Of a paced place one connection at a time may be open, over all processes and all of its hosts.
        closing = {"Connection": "close"} if lane.delay else {}
        try:
            with self._client.stream("GET", url, headers={**headers, **closing}) as response:
                # Counted from the answer's first byte: by then the server has surely begun with the request.
                lane.begun, lane.answered = self._monotonic(), True
                yield response
        except httpx2.TransportError:
            lane.begun = self._monotonic()
            raise

    def _room(self, response: httpx2.Response) -> int:
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self.policy.max_body:
            raise SourceError(f"The answer is larger than {self.policy.max_body >> 20} MB and was not read")
        return self.policy.max_body

    def _refuse_paused(self, url: str) -> Pause | None:
        """Raise SourceError while an address is left alone; gives the pause when it is over, to be forgotten."""
        pause = self._turns.paused(route_of(url))
        if pause and pause.seconds > 0:
            raise self._left_alone(url, pause)
        return pause

    def _left_alone(self, url: str, pause: Pause) -> SourceError:
        return SourceError(f"{_site(url)} is left alone for a while: {pause.why}", self._again_at(pause.seconds))

    def _is_hopeless(self, problem: _Retry, url: str) -> bool:
        # Without a network the first failure is the answer; a host that has answered before is worth another try.
        return problem.unreachable and not self._lanes.of(url).answered

    def _given_up(self, url: str, problem: _Retry, attempts: int, *, trial: bool) -> SourceError:
        if problem.unreachable:
            advice = "Check the network and the address; stored papers can be read with --offline"
            return SourceError(f"{_site(url)} cannot be reached: {problem}", advice, unreachable=True)
        if problem.wait is not None:
            self._keep_away(url, problem, problem.wait)
        if not problem.content and not trial:
            self._turns.pause(route_of(url), self.policy.cooldown, str(problem))
        times = f"{attempts} times" if attempts > 1 else "once"
        return SourceError(f"{_site(url)} failed {times}: {problem}", _AGAIN)

    def _wait(self, attempt: int, problem: _Retry, url: str) -> float:
        """Seconds before the next attempt: the server's wish, else doubling with jitter."""
        if problem.wait is None:
            return float(2**attempt) * (0.5 + self._jitter() / 2)
        self._keep_away(url, problem, problem.wait)
        return problem.wait

    def _keep_away(self, url: str, problem: _Retry, wait: float) -> None:
        """Note what the server asks for; raises SourceError where that is too long to be waited for.

        At a paced place the wish is about all its services and all processes. Elsewhere a short one is this request's.
        """
        lane, seconds = self._lanes.of(url), min(wait, self.policy.longest_pause)
        long = wait > self.policy.longest_wait
        if long or lane.delay:
            self._turns.pause(lane.name if lane.delay else route_of(url), seconds, str(problem))
        if long:
            wish = self._moment(min(wait, _YEAR))
            raise SourceError(
                f"{_site(url)} asks to be left alone until {wish} ({problem})", self._again_at(seconds)
            ) from problem

    def _again_at(self, seconds: float) -> str:
        return f"It is asked again after {self._moment(seconds)}; what came so far is kept"

    def _moment(self, seconds: float) -> str:
        return iso(self._clock() + timedelta(seconds=seconds))

    def _retry_after(self, answer: Answer) -> float | None:
        """Read Retry-After: seconds, or an HTTP date; nonsense counts as absent."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:12])
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (aware - self._clock()).total_seconds())


class GuardAdapter(BaseAdapter):
    """Lets a library that speaks through `requests` go through the guard: same pace, same checks, no retries above."""

    def __init__(self, guard: Guard, accept: str | None = None, check: Check | None = None) -> None:
        super().__init__()
        self._guard = guard
        self._accept = accept
        self.check = check

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Answer a GET by way of the guard; raises SourceError as the guard does."""
        if request.method != "GET" or request.url is None:
            raise SourceError(f"The guard only reads; {request.method} was refused")
        answer = self._guard.get(request.url, accept=self._accept, check=self.check)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.url, response.request = answer.url, request
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing to close: the guard keeps its own connections."""


def reachable(urls: Collection[str], guard: Guard, timeout: float = 5.0) -> dict[str, bool]:
    """Probe all addresses at once, so that without a network everything is known within `timeout` seconds."""
    found: dict[str, bool] = {}

    def probe(url: str) -> None:
        parts = _parsed(url, None)
        found[url] = guard.probe(parts.host, parts.port or (443 if parts.scheme == "https" else 80), timeout)

    threads = [threading.Thread(target=probe, args=(url,), daemon=True) for url in dict.fromkeys(urls)]
    until = time.monotonic() + timeout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    known = dict(found)
    return {url: known.get(url, False) for url in urls}


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Turn the client's errors into ours: what may pass becomes _Retry, what will not becomes SourceError."""
    try:
        yield
    except _CONNECT as problem:
        raise _Retry(str(problem) or type(problem).__name__, unreachable=True) from problem
    except httpx2.TimeoutException as problem:
        raise _Retry("no complete answer in time") from problem
    except (httpx2.NetworkError, httpx2.RemoteProtocolError) as problem:
        raise _Retry(f"the connection broke: {problem}") from problem
    except TruncatedError as problem:
        raise _Retry(str(problem)) from problem
    except (httpx2.HTTPError, httpx2.InvalidURL) as problem:
        raise SourceError(f"{_site(url)} was not understood: {problem}") from problem


def _parsed(url: str, params: Mapping[str, str] | None) -> httpx2.URL:
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


def _next_hop(url: str, location: str) -> str:
    """Follow one redirect by hand; raises SourceError for anything but http(s) and for a step down from https."""
    try:
        target = str(httpx2.URL(url).join(location))
    except (httpx2.InvalidURL, ValueError) as problem:
        raise SourceError(f"{_site(url)} redirects to {location[:200]!r}, which is no address") from problem
    parts = _parsed(target, None)
    if parts.scheme == "http" and url.startswith("https:"):
        raise SourceError(f"{_site(url)} redirects from https to http, which is refused")
    if not _asked(url) <= _asked(target):
        # Believed, the answer to another question would close a day as empty, or file papers under a wrong one.
        raise SourceError(
            f"{_site(url)} redirects to another question: {target[:200]!r}", "Set the address that it leads to"
        )
    return target


def _asked(url: str) -> set[tuple[str, str]]:
    return set(httpx2.URL(url).params.multi_items())


def _encoding(response: httpx2.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower()


def _site(url: str) -> str:
    """Name a server in a message: host, and port where it is not the usual one."""
    parts = httpx2.URL(url)
    return host_port(parts.host, parts.port) if parts.port else parts.host
