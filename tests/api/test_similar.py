"""What is close to an item: on its page in two orders, and over the API with the filters of every list."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import SUBMITTED, TOPIC, add_item
from tests.api.near import finder_of
from tests.api.test_queries import statements

API = "/api/v1/papers"
COSINES = {"2606.00001": 1.0, "2606.00002": 0.9, "2606.00003": 0.8, "2606.00004": 0.7, "2606.00005": 0.6}
Finding = Callable[[Mapping[str, float]], TestClient]


@pytest.fixture
def finding(sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path) -> Iterator[Finding]:
    """Open the app with a finder over invented vectors."""
    with ExitStack() as opened:

        def make(cosines: Mapping[str, float]) -> TestClient:
            app = create_app(sessions, roadmap, clock, OPTIONS, finder=finder_of(roadmap, tmp_path, cosines))
            client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
            return opened.enter_context(client)

        yield make


def stored(sessions: Sessions, roadmap: Roadmap) -> None:
    """Store five items, the closest the oldest; one fits no topic, one has code."""
    with sessions.begin() as session:
        for number, item_id in enumerate(COSINES):
            moment = SUBMITTED + timedelta(days=number)
            topics = {TOPIC: 0.2} if number == 3 else {TOPIC: 0.8}
            code = ["https://github.com/heron/clock"] if number == 4 else []
            add_item(session, roadmap, item_id, topics=topics, code=code, submitted=moment)


def similar_ids(page: str) -> list[str]:
    part = page.partition('id="similar"')[2].partition("</section>")[0]
    return re.findall(r'<p class="t"><a href="/papers/([^"]+)"', part)


def test_a_page_lists_the_closest_or_the_newest_first(finding: Finding, sessions: Sessions, roadmap: Roadmap) -> None:
    stored(sessions, roadmap)
    client = finding(COSINES)
    closest = client.get("/papers/2606.00001").text
    assert similar_ids(closest) == ["2606.00002", "2606.00003", "2606.00005"]
    assert 'href="/papers/2606.00001?similar=newest#similar"' in closest
    newest = client.get("/papers/2606.00001?similar=newest").text
    assert similar_ids(newest) == ["2606.00005", "2606.00003", "2606.00002"]
    assert 'rel="canonical" href="https://road.example/papers/2606.00001"' in newest
    assert '<meta name="robots" content="noindex">' in newest
    assert 'href="?lang=ja&amp;similar=newest"' in newest
    assert client.get("/papers/2606.00001?similar=best").status_code == 422


def test_a_page_says_so_where_nothing_was_compared(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    stored(sessions, roadmap)
    assert "None can be named yet" in client.get("/papers/2606.00001").text


def test_works_of_the_reading_list_are_marked_and_twins_folded(
    finding: Finding, sessions: Sessions, roadmap: Roadmap
) -> None:
    work = next(work for work in roadmap.canon if work.arxiv_id and "/" not in work.arxiv_id)
    assert work.arxiv_id is not None
    with sessions.begin() as session:
        for item_id in ("2606.00001", work.arxiv_id, "2606.00008", "2606.00009"):
            add_item(session, roadmap, item_id)
    client = finding({"2606.00001": 1.0, work.arxiv_id: 0.9, "2606.00008": 0.8, "2606.00009": 0.8})
    page = client.get("/papers/2606.00001").text
    assert f"Reading list, stage {work.stage}" in page
    assert similar_ids(page) == [work.arxiv_id, "2606.00008"]
    assert "and 1 nearly the same" in page
    assert 'href="/papers/2606.00009"' in page
    found = client.get(f"{API}/2606.00001/similar").json()["items"]
    assert [(one["id"], one["twins"]) for one in found] == [(work.arxiv_id, []), ("2606.00008", ["2606.00009"])]


def test_the_api_gives_items_with_their_cosine(finding: Finding, sessions: Sessions, roadmap: Roadmap) -> None:
    stored(sessions, roadmap)
    client = finding(COSINES)
    body = client.get(f"{API}/2606.00001/similar").json()
    assert [(one["id"], one["cosine"]) for one in body["items"]] == [
        ("2606.00002", 0.9),
        ("2606.00003", 0.8),
        ("2606.00005", 0.6),
    ]
    assert body["next"] is None
    single = client.get(f"{API}/2606.00002").json()
    assert {name: body["items"][0][name] for name in single} == single


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=1", ["2606.00002"]),
        ("sort=newest", ["2606.00005", "2606.00003", "2606.00002"]),
        ("has_code=true", ["2606.00005"]),
        ("min_fit=0", ["2606.00002", "2606.00003", "2606.00004", "2606.00005"]),
        ("since=2026-06-04", ["2606.00003", "2606.00005"]),
        ("kind=post", []),
        (f"topic={TOPIC}&until=2026-06-03", ["2606.00002"]),
    ],
)
def test_the_api_filters_as_every_list_does(
    finding: Finding, sessions: Sessions, roadmap: Roadmap, query: str, expected: list[str]
) -> None:
    stored(sessions, roadmap)
    found = finding(COSINES).get(f"{API}/2606.00001/similar?{query}").json()["items"]
    assert [one["id"] for one in found] == expected


@pytest.mark.parametrize("address", ["math/0309136", "math%2F0309136", "qwen:a-post", "qwen%3Aa-post"])
def test_ids_of_every_shape_have_neighbours(
    finding: Finding, sessions: Sessions, roadmap: Roadmap, address: str
) -> None:
    ids = {"math/0309136": 1.0, "qwen:a-post": 0.5}
    with sessions.begin() as session:
        for item_id in ids:
            add_item(session, roadmap, item_id)
    answer = finding(ids).get(f"{API}/{address}/similar")
    assert answer.status_code == 200
    [other] = answer.json()["items"]
    assert other["id"] == ("qwen:a-post" if address.startswith("math") else "math/0309136")


def test_another_form_of_an_id_leads_on_with_the_question(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    stored(sessions, roadmap)
    answer = client.get(f"{API}/2606.00001v2/similar?limit=3&has_code=true")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{API}/2606.00001/similar?has_code=true&limit=3"
    assert client.get(f"{API}/2606.00001/similar").json() == {"items": [], "next": None}
    assert client.get(f"{API}/2606.99999/similar").status_code == 404
    for query in ("limit=0", "limit=101", "topic=no-such", "sort=worth", "cursor=x"):
        assert client.get(f"{API}/2606.00001/similar?{query}").status_code == 422, query


def test_a_page_with_neighbours_costs_the_same_however_many(
    finding: Finding, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        for number in range(1, 31):
            add_item(session, roadmap, f"2606.{number:05d}")
    few = finding({"2606.00001": 1.0, "2606.00002": 0.9})
    many = finding({"2606.00001": 1.0} | {f"2606.{number:05d}": 0.95 - number / 50 for number in range(2, 31)})
    for address, ceiling in (("/papers/2606.00001", 11), (f"{API}/2606.00001/similar", 13)):
        few.get(address)
        counts = {statements(sessions, lambda c=client, a=address: c.get(a)) for client in (few, many)}  # type: ignore[misc]
        assert len(counts) == 1
        assert counts.pop() <= ceiling
