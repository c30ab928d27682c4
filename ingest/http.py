"""One polite, guarded client for every address the program opens: pace, deadlines, caps, retries, no private networks.

Retries live here alone. Retry-After is read in both forms (RFC 9110, section 10.2.3).
"""

import random
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
from ingest.address import next_hop, parsed, site
from ingest.body import TruncatedError, collect
from ingest.guard import Deadline, GuardedBackend, GuardedTransport, Policy
from ingest.turns import Lane, Lanes, LocalTurns, Pause, Turns, route_of

RETRIED = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT = (httpx2.ConnectError, httpx2.ConnectTimeout)
_AGAIN = "Try again later; what came so far is kept"
_YEAR = 365 * 86_400.0
_SPARE = 30.0  # seconds by which a turn outlasts the deadline of its request
_LATELY = 900.0  # seconds after which a pause that is over says nothing of a route any more
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
        secure = httpx2.create_ssl_context()
        self._client = _client(policy, GuardedTransport(self._backend, secure))
        # A request is repeated on a connection of its own: over the old one more may come that belongs to a bad answer.
        self._fresh = _client(policy, GuardedTransport(self._backend, secure, kept=0))

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()
        self._fresh.close()

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
        An address that fails all its attempts puts its route on trial: the next one has one attempt, and if that fails
        too, the route is left alone for a while, and then is on trial again. `once`: one attempt, from whose failure
        nothing is concluded.
        """
        target = str(parsed(url, params))
        sent = {"Accept": accept or "*/*", **(headers or {})}
        pause = self._refuse_paused(target)
        attempts = 1 if once or pause else self.policy.retries + 1
        for attempt in range(attempts):
            try:
                answer = self._once(target, sent, expect, check, fresh=attempt > 0)
            except _Retry as problem:
                if attempt + 1 == attempts or self._is_hopeless(problem, target):
                    if not once:
                        self._conclude(target, problem, pause)
                    raise self._given_up(target, problem, attempt + 1) from problem
                self._sleep(self._wait(attempt, problem))
                continue
            if pause:
                self._turns.resume(route_of(target))
            return answer
        raise AssertionError("the last attempt returns or raises")

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, expect: Collection[int] = (200,)) -> Answer:
        """Send JSON once and give the answer, of a status in `expect`; raises SourceError as `get` does.

        Nothing is repeated, since what is posted may cost money, and no redirect is followed, since headers may carry a
        key. A Retry-After is waited for by nobody: until then the route is left alone.
        """
        target = str(parsed(url, None))
        self._refuse_paused(target)
        sent = {"Accept": "application/json", "Content-Type": "application/json", **headers}
        try:
            answer = self._exchange(target, sent, fresh=True, body=body)
            if (wish := self._wish(answer.status, answer.headers)) is not None:
                self._note_wish(route_of(target), answer.status, wish)
            return self._judged(answer, expect, None)
        except _Retry as problem:
            raise self._given_up(target, problem, 1) from problem

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

    def _once(
        self, target: str, headers: Mapping[str, str], expect: Collection[int], check: Check | None, *, fresh: bool
    ) -> Answer:
        """One attempt, redirects included; raises _Retry for what may pass, SourceError for what will not."""
        url = target
        for _ in range(self.policy.redirects + 1):
            answer = self._exchange(url, headers, fresh=fresh)
            if answer.status in _REDIRECTS and "location" in answer.headers:
                url = next_hop(url, answer.headers["location"])
                continue
            if self._is_long(wish := self._wish(answer.status, answer.headers)):
                self._note_wish(route_of(target), answer.status, wish)
            return self._judged(answer, expect, check)
        raise SourceError(f"{site(url)} redirects more than {self.policy.redirects} times", "Check the address")

    def _judged(self, answer: Answer, expect: Collection[int], check: Check | None) -> Answer:
        if answer.status not in expect:
            if answer.status in RETRIED:
                raise _Retry(f"status {answer.status}", self._wish(answer.status, answer.headers))
            raise SourceError(f"{site(answer.url)} answered with status {answer.status}", "Check the address")
        reason = check(answer) if check else None
        if reason:
            raise _Retry(reason, content=True)
        return answer

    def _exchange(self, url: str, headers: Mapping[str, str], *, fresh: bool, body: bytes | None = None) -> Answer:
        """Send one request in its lane and read the answer; the deadline covers connection, headers and body."""
        lane = self._lanes.of(url)
        with lane.lock, self._turn(lane, url):
            self._deadline.start(self.policy.total_timeout)
            try:
                with _understood(url), self._stream(url, headers, lane, fresh=fresh, body=body) as response:
                    if lane.delay and (wish := self._wish(response.status_code, response.headers)) is not None:
                        # About all its services and processes; noted before another of them has the turn.
                        self._note_wish(lane.name, response.status_code, wish)
                    content = collect(response.iter_raw(), _encoding(response), self._room(response))
            finally:
                self._client.cookies.clear()
                self._fresh.cookies.clear()
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content, url)

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
    def _stream(
        self, url: str, headers: Mapping[str, str], lane: Lane, *, fresh: bool, body: bytes | None
    ) -> Iterator[httpx2.Response]:
        # Of a paced place one connection at a time may be open, over all processes and all of its hosts.
        closing = {"Connection": "close"} if lane.delay else {}
        try:
            client = self._fresh if fresh else self._client
            method = "GET" if body is None else "POST"
            with client.stream(method, url, content=body, headers={**headers, **closing}) as response:
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
        """Raise SourceError while an address is left alone; gives a pause that ended lately, a trial."""
        pause = self._turns.paused(route_of(url))
        if pause and pause.seconds > 0:
            raise self._left_alone(url, pause)
        return pause if pause and pause.seconds > -_LATELY else None

    def _left_alone(self, url: str, pause: Pause) -> SourceError:
        return SourceError(f"{site(url)} is left alone for a while: {pause.why}", self._again_at(pause.seconds))

    def _is_hopeless(self, problem: _Retry, url: str) -> bool:
        # Without a network the first failure is the answer; a host that has answered before is worth another try.
        return (problem.unreachable and not self._lanes.of(url).answered) or self._is_long(problem.wait)

    def _conclude(self, url: str, problem: _Retry, trial: Pause | None) -> None:
        """Put a route on trial that failed all attempts at an address, and leave it alone when the trial failed.

        One bad address, such as a day that a server cannot list, must not cost its neighbours.
        """
        if not problem.unreachable and not problem.content and not self._is_long(problem.wait):
            self._turns.pause(route_of(url), self.policy.cooldown if trial else 0.0, str(problem))

    def _given_up(self, url: str, problem: _Retry, attempts: int) -> SourceError:
        if problem.unreachable:
            advice = "Check the network and the address; stored papers can be read with shirube digest --offline"
            return SourceError(f"{site(url)} cannot be reached: {problem}", advice, unreachable=True)
        if problem.wait is not None and self._is_long(problem.wait):
            wish = self._moment(min(problem.wait, _YEAR))
            message = f"{site(url)} asks to be left alone until {wish} ({problem})"
            return SourceError(message, self._again_at(min(problem.wait, self.policy.longest_pause)))
        times = f"{attempts} times" if attempts > 1 else "once"
        return SourceError(f"{site(url)} failed {times}: {problem}", _AGAIN)

    def _wait(self, attempt: int, problem: _Retry) -> float:
        """Seconds before the next attempt: the server's wish, else doubling with jitter."""
        return float(2**attempt) * (0.5 + self._jitter() / 2) if problem.wait is None else problem.wait

    def _is_long(self, wish: float | None) -> bool:
        return wish is not None and wish > self.policy.longest_wait

    def _note_wish(self, place: str, status: int, seconds: float | None) -> None:
        if seconds is not None:
            self._turns.pause(place, min(seconds, self.policy.longest_pause), f"status {status}")

    def _again_at(self, seconds: float) -> str:
        return f"It is asked again after {self._moment(seconds)}; what came so far is kept"

    def _moment(self, seconds: float) -> str:
        return iso(self._clock() + timedelta(seconds=seconds))

    def _wish(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Read Retry-After in seconds: a number, or an HTTP date; nonsense counts as absent."""
        text = headers.get("retry-after", "").strip() if status in RETRIED else ""
        if text.isascii() and text.isdigit():
            return float(text[:12])
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
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
        parts = parsed(url, None)
        found[url] = guard.probe(parts.host, parts.port or (443 if parts.scheme == "https" else 80), timeout)

    threads = [threading.Thread(target=probe, args=(url,), daemon=True) for url in dict.fromkeys(urls)]
    until = time.monotonic() + timeout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    known = dict(found)
    return {url: known.get(url, False) for url in urls}


def _client(policy: Policy, transport: GuardedTransport) -> httpx2.Client:
    return httpx2.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": policy.user_agent, "Accept-Encoding": "gzip"},
        timeout=httpx2.Timeout(policy.read_timeout, connect=policy.connect_timeout),
    )


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
        raise SourceError(f"{site(url)} was not understood: {problem}") from problem


def _encoding(response: httpx2.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower()
