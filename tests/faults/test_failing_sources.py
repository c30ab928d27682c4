"""Rows 3 to 7 of reliability.md, by whole pulls: a source that fails never counts as read, never stops the others, and
once it is well again the store is that of a pull nobody disturbed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from db.engine import Sessions
from ingest.guard import Policy
from ingest.http import Guard
from ingest.results import WindowResult
from ingest.service import pull
from ingest.source import Source
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_oai import ArxivOai
from ingest.sources.arxiv_rss import ArxivRss
from ingest.sources.hf_papers import HfPapers
from ingest.sources.lab_feeds import LabFeeds
from ingest.sources.pwc_api import PwcApi
from tests.faults import world
from tests.faults.conftest import Store
from tests.faults.dump import State, differences, state
from tests.upstream import Upstream

CAPTCHA = "<html><head><title>One moment</title></head><body>Tick the box to show that you are a person.</body></html>"
RETRIES = 3


class Route(NamedTuple):
    """One route of the stand-in, the source that reads it, and how one of its entries is made unreadable."""

    prefix: str
    make: Callable[[str, Guard], Source]
    spoil: str


ROUTES = {
    "api": Route("/api/query", lambda url, guard: ArxivApi(url, world.CATEGORIES, guard, page_size=4), "no-date"),
    "oai": Route("/oai", lambda url, guard: ArxivOai(f"{url}/oai", world.CATEGORIES, guard), "no-date"),
    "rss": Route(
        "/rss/", lambda url, guard: ArxivRss(f"{url}/rss", world.CATEGORIES, guard, lambda: world.NOW), "bad-xml"
    ),
    "hf": Route("/api/daily_papers", HfPapers, ""),
    "pwc": Route("/api/v1", lambda url, guard: PwcApi(f"{url}/api/v1", guard), ""),
    "labs": Route(
        "/feeds/", lambda url, guard: LabFeeds({n: f"{url}/feeds/{n}.xml" for n in world.WITH_FEED}, guard), "no-title"
    ),
}
XML, JSON = ("api", "oai", "rss", "labs"), ("hf", "pwc")
COUNTED = ("api", "oai", "pwc")  # their answers tell a total

LASTING: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "storm": (tuple(ROUTES), {"status": 503}),
    "cut": (tuple(ROUTES), {"kind": "cut"}),
    "cut gzip": (tuple(ROUTES), {"kind": "gzip-cut"}),
    "wrong length": (tuple(ROUTES), {"kind": "wrong-length"}),
    "maintenance": (tuple(ROUTES), {"kind": "maintenance"}),
    "captcha": (tuple(ROUTES), {"status": 200, "body": CAPTCHA}),
    "redirect": (tuple(ROUTES), {"kind": "redirect"}),
    "JSON for XML": (XML, {"kind": "json"}),
    "doctype": (XML, {"kind": "doctype"}),
    "laughs": (XML, {"kind": "billion-laughs"}),
    "no JSON": (JSON, {"kind": "not-json"}),
    "another JSON": (("hf",), {"kind": "json"}),
    "empty page": (COUNTED, {"kind": "empty-page"}),
    "short page": (("pwc",), {"kind": "short-page"}),
    "invented total": (("api", "pwc"), {"kind": "total-wrong"}),
}
KEEPS = frozenset({"cut", "short page", "invented total", "wrong length"})  # whole entries may be stored meanwhile
LONG = pytest.mark.faults


def cases() -> Iterator[Any]:
    """Every fault on every route; in the default run each fault on one route, the routes in turn."""
    for turn, (fault, (routes, _)) in enumerate(LASTING.items()):
        for place, route in enumerate(routes):
            yield pytest.param(route, fault, marks=() if place == turn % len(routes) else LONG)


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream(world=world.tiny()) as running:
        yield running


def harvest(sessions: Sessions, up: Upstream, names: tuple[str, ...], **given: Any) -> list[WindowResult]:
    """Pull from these routes, with a client that waits in no time and hurries."""
    host = frozenset({f"127.0.0.1:{up.port}"})
    policy = Policy(allow_private=host, retries=RETRIES, read_timeout=0.3, total_timeout=0.6)
    guard = Guard(policy, sleep=lambda seconds: None)
    sources = [ROUTES[name].make(up.url, guard) for name in names]
    results = list(pull(sessions, sources, world.START, world.END, lambda: world.NOW, **given))
    guard.close()
    return results


def other(name: str) -> str:
    """A route that works while this one does not."""
    return "hf" if name == "api" else "api"


def of_route(name: str, results: list[WindowResult]) -> list[WindowResult]:
    """The results of one route's windows: arXiv's channels are told apart by their names."""
    kinds = {"api": ("arxiv", "api"), "oai": ("arxiv", "oai"), "rss": ("arxiv", "rss")}
    source, channel = kinds.get(name, (name, ""))
    return [r for r in results if r.window.source == source and r.window.channel.startswith(channel)]


def clean(sqlite_store: Store, up: Upstream, names: tuple[str, ...]) -> State:
    """The store of a pull that nobody disturbed; it is emptied again."""
    assert not [result for result in harvest(sqlite_store.sessions, up, names) if result.failure]
    found = state(sqlite_store.sessions)
    sqlite_store.empty()
    up.log.clear()
    return found


@pytest.mark.parametrize(("name", "fault"), list(cases()))
def test_a_source_that_fails_is_open_and_the_others_go_on(
    sqlite_store: Store, up: Upstream, name: str, fault: str
) -> None:
    names = (name, other(name))
    expected = clean(sqlite_store, up, names)
    up.fault(ROUTES[name].prefix, **LASTING[fault][1])
    results = harvest(sqlite_store.sessions, up, names)
    failing, well = of_route(name, results), of_route(other(name), results)
    assert [result for result in failing if result.closed] == []
    assert any(result.failure for result in failing)
    assert [result for result in well if not result.closed] == []
    stored = state(sqlite_store.sessions)
    said = {"api": "arxiv", "oai": "arxiv", "rss": "arxiv"}.get(name, name)
    if fault not in KEEPS and other(name) != "api":
        assert not [row for row in stored["item"] if f'"{said}"' in row]
    assert sum(result.tally.new for result in failing) == 0 or fault in KEEPS
    assert stored["ingest_error"] == []
    assert len(up.requests(ROUTES[name].prefix)) <= (RETRIES + 1) * len(failing) + 12  # and its pages
    up.clear_faults()
    harvest(sqlite_store.sessions, up, names)
    assert differences(expected, state(sqlite_store.sessions)) == []


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("place", [pytest.param("first", marks=LONG), pytest.param("middle", marks=LONG), "last"])
def test_one_unreadable_entry_is_kept_and_all_others_are_stored(
    sqlite_store: Store, up: Upstream, name: str, place: str
) -> None:
    expected = clean(sqlite_store, up, (name,))
    up.fault(ROUTES[name].prefix, f"malformed-{place}", times=1, how=ROUTES[name].spoil)
    results = harvest(sqlite_store.sessions, up, (name,))
    assert [result for result in results if not result.closed] == []
    stored = state(sqlite_store.sessions)
    assert len(stored["ingest_error"]) == 1
    assert '"item_id": "2' in stored["ingest_error"][0] or name == "labs"
    missing = [row for row in differences(expected, stored) if row.startswith("- item")]
    assert len(missing) <= 1
    assert len(stored["item"]) == len(expected["item"]) - len(missing)
    harvest(sqlite_store.sessions, up, (name,), retry_errors=True)
    assert differences(expected, state(sqlite_store.sessions)) == []


@pytest.mark.parametrize("kind", ["hang", "drip"])
@pytest.mark.parametrize("name", ["api", *(pytest.param(name, marks=LONG) for name in ROUTES if name != "api")])
def test_a_server_that_never_answers_costs_little_time_and_few_requests(
    sqlite_store: Store, up: Upstream, name: str, kind: str
) -> None:
    fault = up.fault(ROUTES[name].prefix, kind)
    began = time.monotonic()
    results = of_route(name, harvest(sqlite_store.sessions, up, (name,)))
    assert [result for result in results if result.closed] == []
    trials = (RETRIES + 1) + 1  # the first window has all repeats, the next one trial, and then nobody asks
    assert fault.hits <= trials * len({result.window.channel for result in results})
    assert time.monotonic() - began < 0.6 * fault.hits + 3
    assert state(sqlite_store.sessions)["item"] == []


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_list_that_changes_while_it_is_read_is_made_good_by_the_next_pull(
    sqlite_store: Store, up: Upstream, change: str
) -> None:
    day = [p.arxiv_id for p in up.catalogue.visible() if p.submitted.date() == world.END]
    assert len(day) > 8
    before, after = (up.catalogue.hold, up.catalogue.release) if change == "grows" else (list, up.catalogue.hold)
    before(day[1])
    asked = len(up.log)
    results = harvest(sqlite_store.sessions, up, ("api",), on_progress=lambda progress: after(day[1]))
    assert len(up.log) - asked < 40
    harvest(sqlite_store.sessions, up, ("api",))
    visible = {p.arxiv_id for p in up.catalogue.visible() if world.START <= p.submitted.date() <= world.END}
    stored = state(sqlite_store.sessions)
    assert visible - {row.partition('"arxiv_id": "')[2][:10] for row in stored["item"]} == set()
    assert all('"state": "closed"' in row for row in stored["window"])
    assert results


def test_the_storm_is_over_and_the_next_pull_ends_as_if_there_had_been_none(sqlite_store: Store, up: Upstream) -> None:
    expected = clean(sqlite_store, up, tuple(ROUTES))
    up.fault("/", status=503, after=9, times=60)
    harvest(sqlite_store.sessions, up, tuple(ROUTES))
    assert any('"state": "error"' in row or '"state": "open"' in row for row in state(sqlite_store.sessions)["window"])
    up.clear_faults()
    harvest(sqlite_store.sessions, up, tuple(ROUTES))
    assert differences(expected, state(sqlite_store.sessions)) == []
