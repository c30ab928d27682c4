"""Limits by place and kind, told with every answer; time is passed in."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.app import AppOptions, create_app
from api.limits import GENEROUS, Limiter, kind_of
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap

LIMITS = (("read", "3/minute"), ("search", "2/minute"), ("feed", "2/hour"), ("write", "1/minute"), ("bulk", "1/minute"))
LIST = "/api/v1/topics"  # asks nothing of the database


@dataclass
class Seconds:
    """A clock of seconds that a test moves."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


Opened = Callable[..., TestClient]


@pytest.fixture
def seconds() -> Seconds:
    """The second it is."""
    return Seconds()


@pytest.fixture
def opened(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock, seconds: Seconds) -> Opened:
    """Open one app for clients at several addresses."""
    apps: dict[Any, Any] = {}

    def at(host: str = "192.0.2.1", **options: Any) -> TestClient:
        known = repr(options)
        made = AppOptions(base_url="https://road.example", **({"limits": LIMITS} | options))
        app = apps.setdefault(known, create_app(sqlite_sessions, roadmap, clock, made, ticks=seconds))
        return TestClient(app, raise_server_exceptions=False, follow_redirects=False, client=(host, 50_000))

    return at


def told(answer: Any) -> tuple[int, ...]:
    """Read the fields of an answer: limit, remaining, reset."""
    return tuple(int(answer.headers[f"ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))


def test_every_answer_tells_what_is_left_and_the_last_when_to_come_again(opened: Opened, seconds: Seconds) -> None:
    client = opened()
    seen = []
    for _ in range(4):
        answer = client.get(LIST)
        seen.append((answer.status_code, *told(answer)))
        seconds.now += 10
    assert seen == [(200, 3, 2, 60), (200, 3, 1, 50), (200, 3, 0, 40), (429, 3, 0, 30)]
    assert answer.headers["retry-after"] == "30"
    seconds.now = 1_060.0
    assert told(client.get(LIST)) == (3, 2, 60)


def test_a_refusal_is_a_problem_for_programs_and_a_page_for_people(opened: Opened) -> None:
    client = opened()
    for _ in range(3):
        client.get(LIST)
    answer = client.get(LIST)
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["type"], body["status"]) == ("tag:shirube,2026:problems/too-many", 429)
    assert body["advice"] == "Try again in 60 seconds"
    page = client.get("/docs")
    assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "<h1" in page.text
    for refused in (answer, page):
        assert refused.headers["cache-control"] == "no-store"
        assert "content-security-policy" in refused.headers


def test_kinds_and_places_are_counted_apart(opened: Opened) -> None:
    client = opened()
    for _ in range(4):
        client.get(LIST)
    assert client.get(LIST).status_code == 429
    assert told(client.get("/api/v1/search?q=x"))[:2] == (2, 1)
    assert told(client.get("/feeds/topics/rag.atom"))[:2] == (2, 1)
    assert opened("192.0.2.2").get(LIST).status_code == 200


def test_answers_that_were_known_and_errors_count_as_well(opened: Opened) -> None:
    client = opened()
    tag = client.get(LIST).headers["etag"]
    known = client.get(LIST, headers={"If-None-Match": tag})
    assert (known.status_code, told(known)) == (304, (3, 1, 60))
    assert (client.get("/nowhere").status_code, client.get(LIST).status_code) == (404, 429)


def test_probes_and_static_files_are_never_refused(opened: Opened) -> None:
    client = opened()
    for path in ("/healthz", "/static/style.css"):
        answers = [client.get(path) for _ in range(8)]
        assert {answer.status_code for answer in answers} == {200}
        assert "ratelimit-limit" not in answers[0].headers


def test_a_forged_hop_makes_nobody_another_place(opened: Opened) -> None:
    client = opened()
    answers = [client.get(LIST, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(4)]
    assert answers == [200, 200, 200, 429]


def test_behind_a_trusted_proxy_each_reader_is_a_place(opened: Opened) -> None:
    client = opened("10.0.0.9", trusted_proxies=("10.0.0.0/8",))
    hops = [f"203.0.113.{n}, 198.51.100.{n}, 10.0.0.7" for n in range(6)]  # what stands before is the reader's own word
    assert {client.get(LIST, headers={"X-Forwarded-For": one}).status_code for one in hops} == {200}
    same = [client.get(LIST, headers={"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.99"}) for n in range(4)]
    assert [answer.status_code for answer in same] == [200, 200, 200, 429]


def test_one_network_of_ipv6_is_one_place(opened: Opened) -> None:
    answers = [opened(f"2001:db8:1:2::{n}").get(LIST).status_code for n in range(4)]
    assert answers == [200, 200, 200, 429]
    assert opened("2001:db8:1:3::1").get(LIST).status_code == 200


def test_a_proxy_nobody_trusts_is_told_of_once(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    client = opened()
    with caplog.at_level(logging.WARNING, logger="shirube.api"):
        for _ in range(6):
            client.get(LIST, headers={"X-Forwarded-For": "198.51.100.1"})
    assert [record.message.split(":")[0] for record in caplog.records] == ["proxy_not_trusted"]
    assert "198.51.100.1" not in caplog.text


def test_a_hop_of_a_trusted_proxy_that_nobody_can_read_is_told_of_once(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    client = opened("10.0.0.9", trusted_proxies=("10.0.0.0/8",))
    with caplog.at_level(logging.WARNING, logger="shirube.api"):
        forged = [client.get(LIST, headers={"X-Forwarded-For": f"203.0.113.{n}, unknown"}) for n in range(4)]
    assert [answer.status_code for answer in forged] == [200, 200, 200, 429]
    assert [record.message.split(":")[0] for record in caplog.records] == ["hop_unread"]
    assert "203.0.113" not in caplog.text


def test_a_hop_may_have_a_port(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    client = opened("10.0.0.9", trusted_proxies=("10.0.0.0/8",))
    hops = [*(f"198.51.100.7:{port}" for port in (443, 50_001, 50_002)), "198.51.100.7"]
    assert [client.get(LIST, headers={"X-Forwarded-For": hop}).status_code for hop in hops] == [200, 200, 200, 429]
    for other in ("198.51.100.8:443", "[2001:db8::1]:443"):
        assert client.get(LIST, headers={"X-Forwarded-For": other}).status_code == 200
    assert caplog.records == []


def test_without_limits_nothing_is_counted(opened: Opened) -> None:
    client = opened(limits=())
    answers = [client.get(LIST) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit-limit" not in answers[0].headers


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/", "read"),
        ("HEAD", "/api/v1/papers", "read"),
        ("GET", "/api/v1/papers/2606.00001", "read"),
        ("GET", "/api/v1/papers.jsonl", "bulk"),
        ("GET", "/api/v1/papers/2606.00001/similar", "search"),
        ("GET", "/search", "search"),
        ("GET", "/api/v1/search", "search"),
        ("GET", "/feeds/search.atom", "search"),
        ("GET", "/feeds/topics/rag.atom", "feed"),
        ("GET", "/feeds.opml", "feed"),
        ("GET", "/feeds", "read"),
        ("GET", "/favicon.ico", None),
        ("POST", "/api/v1/subscriptions", "write"),
        ("POST", "/subscribe", "write"),
        ("PUT", "/", "write"),
        ("POST", "/s/token/unsubscribe", "read"),  # RFC 8058: mail providers press it for many people
        ("POST", "/s/token/erase", "write"),
        ("POST", "/unsubscribe", "write"),
        ("POST", "/mcp", "search"),
        ("GET", "/healthz", None),
        ("GET", "/metrics", None),
        ("GET", "/static/style.css", None),
        ("GET", "/staticky", "read"),
    ],
)
def test_requests_are_sorted_by_what_they_cost(method: str, path: str, kind: str | None) -> None:
    assert kind_of(method, path) == kind
    assert kind is None or kind in GENEROUS


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40)), max_size=80))
def test_no_window_ever_lets_more_in_than_it_says(asks: list[tuple[str, float]]) -> None:
    seconds = Seconds(0.0)
    limiter = Limiter({"read": "3/minute"}, seconds)
    opened: dict[str, tuple[float, int]] = {}  # place -> when its window opened, how many were let in
    for place, pause in asks:
        seconds.now += pause
        began, count = opened.get(place, (seconds.now, 0))
        if began + 60 <= seconds.now:
            began, count = seconds.now, 0
        left = limiter.take("read", place)
        assert left is not None
        assert left.over == (count >= 3)
        assert left.remaining == max(0, 3 - count - 1)
        assert 1 <= left.reset <= 60
        opened[place] = began, count + 1


def test_looking_counts_nothing() -> None:
    limiter = Limiter({"key": "1/minute"}, Seconds())
    looks = [limiter.look("key", "here") for _ in range(3)]
    assert [look.over for look in looks if look] == [False] * 3
    limiter.take("key", "here")
    look = limiter.look("key", "here")
    assert look is not None
    assert look.over


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    limiter = Limiter({"read": "2/minute"}, Seconds(), most=100)
    for number in range(1_000):
        limiter.take("read", f"place {number}")
    assert len(limiter) == 100
    assert [remaining(limiter, f"place {number}") for number in (899, 900, 999)] == [2, 1, 1]


def test_a_window_that_is_over_begins_anew_as_the_newest() -> None:
    seconds = Seconds()
    limiter = Limiter({"read": "2/minute"}, seconds, most=2)
    limiter.take("read", "a")
    seconds.now += 1
    limiter.take("read", "b")
    seconds.now += 59
    limiter.take("read", "a")
    assert remaining(limiter, "a") == 1
    limiter.take("read", "c")  # b is the oldest now
    assert (remaining(limiter, "a"), remaining(limiter, "b")) == (1, 2)


def remaining(limiter: Limiter, place: str) -> int:
    """Tell how many requests a place has left."""
    left = limiter.look("read", place)
    assert left is not None
    return left.remaining
