"""What moves a feed and what does not: ids for ever, `updated` on real changes only, polls without rendering."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from api.app import create_app
from api.feeds import sources
from core.clock import Clock
from db import scores
from db.engine import Sessions
from db.models import Code, Issue, Item, LabScore, Rating, TopicScore, Version
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import SEEN, SUBMITTED, TOPIC, add_item, fill, make_issue
from tests.api.feeds.store import FORMATS, JULY, NAMES, address, fill_all

GOLDEN = Path(__file__).parent / "ids.golden"
FEED = address(f"topics/{TOPIC}", "json")
LATER = SEEN + timedelta(days=40)
DATED = {"digests", "picks"}  # an item leaves any other list without a trace: no date could tell it
Renders = Callable[[], int]


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> Renders:
    """Counts how often a feed was put together."""
    made: list[object] = []
    compose = sources.compose

    def counting(*given: Any) -> Any:
        made.append(given)
        return compose(*given)

    monkeypatch.setattr(sources, "compose", counting)
    return lambda: len(made)


def test_ids_and_dates_stay_when_everything_is_ranked_again(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    _golden_store(sessions, roadmap)
    assert _ids(client) == GOLDEN.read_text(encoding="utf-8")
    _rank_again(sessions)
    assert _ids(client) == GOLDEN.read_text(encoding="utf-8")


def test_a_look_that_changes_no_rating_changes_no_tag(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, renders: Renders
) -> None:
    ids = fill_all(sessions, roadmap)
    tags = {name: client.get(address(name)).headers["etag"] for name in NAMES}
    before = renders()
    with sessions.begin() as session:
        scores.mark_ranked(session, dict.fromkeys(ids, SEEN), LATER)
    for name, tag in tags.items():
        assert client.get(address(name), headers={"If-None-Match": tag}).status_code == 304
    assert renders() == before


def test_votes_renew_the_text_and_leave_the_date(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    before = client.get(FEED)
    with sessions.begin() as session:
        item, rating = session.get_one(Item, "2606.00001"), session.get_one(Rating, "2606.00001")
        item.votes, item.updated = 99, LATER
        facts = {"votes": 99, "place": 1, "of": 40, "date": "2026-08-01"}
        rating.reasons = [{"kind": "readers", "facts": facts, "share": 0.3}]
        rating.input_hash, rating.ranked_at = "1" * 32, LATER
    after = client.get(FEED, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert "99" in after.json()["items"][0]["content_html"]
    assert after.json()["items"][0]["date_modified"] == before.json()["items"][0]["date_modified"]


def _new_version(session: Any, item: Item) -> None:
    session.add(Version(item_id=item.id, number=2, created=LATER))
    item.version = 2


def _new_code(session: Any, item: Item) -> None:
    code = {"official": True, "stars": 1, "source": "hf", "first_seen": LATER, "checked_at": LATER}
    session.add(Code(item_id=item.id, url="https://github.com/heron/spring", **code))


def _withdrawal(_session: Any, item: Item) -> None:
    item.withdrawn, item.provenance = True, {"deleted": ["arxiv", LATER.isoformat()]}


@pytest.mark.parametrize("change", [_new_version, _new_code, _withdrawal])
def test_what_a_reader_would_call_a_change_moves_the_date(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, change: Callable[[Any, Item], None]
) -> None:
    fill(sessions, roadmap, 2)
    first = client.get(FEED)
    before = {item["id"]: item["date_modified"] for item in first.json()["items"]}
    with sessions.begin() as session:
        item = session.get_one(Item, "2606.00001")
        change(session, item)
        item.updated = LATER
    after = client.get(FEED, headers={"If-None-Match": first.headers["etag"]}).json()["items"]
    moved = {item["id"]: item["date_modified"] for item in after if item["date_modified"] != before[item["id"]]}
    assert moved == {"tag:road.example,2026:2606.00001": "2026-08-10T06:00:00Z"}


def test_a_post_moves_with_its_text(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "qwen:heron", labs={"qwen": 0.9}, feed_date=SUBMITTED.date(), updated=LATER)
    item = client.get(address("labs/qwen", "json")).json()["items"][0]
    assert (item["id"], item["date_published"]) == ("tag:road.example,2026:qwen:heron", "2026-06-02T00:00:00Z")
    assert item["date_modified"] == "2026-08-10T06:00:00Z"


def test_an_erratum_moves_the_entry_of_its_issue_and_is_said_first(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill_all(sessions, roadmap)
    feed = address("digests", "json")
    moments = [client.get(feed).json()["items"][0]["date_modified"]]
    for number in (1, 2):
        with sessions.begin() as session:
            issue = session.get_one(Issue, "2026-06")
            row = {"date": "2026-08-10", "item_id": f"2606.0000{number}", "kind": "withdrawn", "detail": ""}
            issue.erratum = [*issue.erratum, row]
        entry = client.get(feed).json()["items"][0]
        moments.append(entry["date_modified"])
        assert entry["content_html"].startswith("<p><strong>")
    assert moments == ["2026-07-08T09:00:00Z", "2026-08-10T00:00:01Z", "2026-08-10T00:00:02Z"]
    assert entry["date_published"] == moments[0]
    assert entry["id"] == "tag:road.example,2026:digests/2026-06"


def test_a_draft_and_a_sample_are_never_fed(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 2)
    assert make_issue(sessions, roadmap, "2026-06", datetime(2026, 6, 20, tzinfo=UTC)) == "draft"
    for status in ("draft", "sample"):
        with sessions.begin() as session:
            session.execute(update(Issue).values(status=status))
        for name in ("digests", "picks"):
            assert client.get(address(name, "json")).json()["items"] == []


def test_picks_are_what_final_issues_printed_those_of_the_newest_first(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    may = datetime(2026, 5, 3, tzinfo=UTC)
    with sessions.begin() as session:
        add_item(session, roadmap, "2605.00001", submitted=may, month="2026-05")
        add_item(session, roadmap, "2606.00009", worth=0.1)
    fill(sessions, roadmap, 2)
    assert make_issue(sessions, roadmap, "2026-05", JULY) == "final"
    assert make_issue(sessions, roadmap, "2026-06", JULY) == "final"
    items = client.get(address("picks", "json")).json()["items"]
    assert [item["id"].rpartition(":")[2] for item in items] == ["2606.00002", "2606.00001", "2605.00001"]
    assert {item["date_published"] for item in items} == {"2026-07-08T09:00:00Z"}
    assert 'Printed in <a href="https://road.example/digests/2026-05">May 2026</a>' in items[2]["content_html"]


def test_ten_thousand_polls_of_an_unchanged_feed_render_nothing(
    sessions: Sessions, roadmap: Roadmap, clock: Clock, renders: Renders
) -> None:
    ids = fill_all(sessions, roadmap)
    app = create_app(sessions, roadmap, clock, OPTIONS)
    client, urls = TestClient(app), [address(name, suffix) for name in NAMES for suffix in FORMATS]
    tags = {url: client.get(url).headers["etag"] for url in urls}
    before, polls = renders(), list(tags.items()) * (10_000 // len(tags) + 1)
    statuses = asyncio.run(_polled(app, polls[:5_000]))
    with sessions.begin() as session:
        scores.mark_ranked(session, dict.fromkeys(ids, SEEN), LATER)  # something is stored, nothing that a reader sees
    statuses += asyncio.run(_polled(app, polls[5_000:10_000]))
    assert statuses == [304] * 10_000
    assert renders() == before


async def _polled(app: FastAPI, polls: list[tuple[str, str]]) -> list[int]:
    """Ask without a client in between, which would take most of the time."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    for number, (url, tag) in enumerate(polls):
        path, _, query = url.partition("?")
        headers = [(b"host", b"road.example"), (b"if-none-match", tag.encode())]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "HEAD" if number % 7 == 0 else "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("road.example", 443),
        }
        await app(scope, receive, send)
    return statuses


def test_every_feed_is_cached_as_http_has_it(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill_all(sessions, roadmap)
    for name in NAMES:
        for suffix in FORMATS:
            check_caching(client, address(name, suffix), dated=name in DATED)


def check_caching(client: TestClient, url: str, *, dated: bool) -> None:
    """Check the answers to every kind of conditional read of a feed; `dated`: it can tell when it last changed."""
    first = client.get(url)
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["access-control-allow-origin"] == "*"
    assert ("last-modified" in first.headers) is dated
    last = {"If-Modified-Since": first.headers.get("last-modified", "Fri, 01 Jan 2100 00:00:00 GMT")}
    older = {"If-Modified-Since": "Mon, 01 Jun 2026 00:00:00 GMT"}
    tagged = {"If-None-Match": first.headers["etag"]}
    for headers, status in ((tagged, 304), (last, 304 if dated else 200), (older, 200)):
        for method in ("GET", "HEAD"):
            answer = client.request(method, url, headers=headers)
            assert answer.status_code == status, headers
            assert answer.headers["etag"] == first.headers["etag"]
            assert answer.headers.get("last-modified") == first.headers.get("last-modified")
            assert answer.content == (first.content if (status, method) == (200, "GET") else b"")
    other = last | {"If-None-Match": '"another"'}
    assert client.get(url, headers=other).status_code == 200  # the tag goes before the date
    assert client.get(url, headers={"If-Modified-Since": "yesterday"}).status_code == 200


def test_a_feed_that_gained_an_entry_is_new_by_its_tag(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 2)
    first = client.get(FEED)
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00777", updated=LATER, first_seen=LATER)
    assert client.get(FEED, headers={"If-None-Match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize("name", [f"topics/{TOPIC}", "stages/5", "labs/qwen"])
def test_what_left_a_feed_is_not_hidden_by_a_date(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, name: str
) -> None:
    fill_all(sessions, roadmap)
    first = client.get(address(name, "json"))
    with sessions.begin() as session:  # filed elsewhere by a new rating: nothing of what is left in the list has moved
        session.execute(delete(TopicScore).where(TopicScore.item_id == "2606.00003"))
        session.execute(delete(LabScore).where(LabScore.item_id == "2606.00003"))
        session.get_one(Rating, "2606.00003").ranked_at = LATER
    latest = first.headers.get("last-modified", "Mon, 10 Aug 2026 06:00:00 GMT")
    after = client.get(address(name, "json"), headers={"If-Modified-Since": latest})
    assert after.status_code == 200
    assert len(after.json()["items"]) == len(first.json()["items"]) - 1


def test_an_issue_moves_the_date_of_picks_as_it_is_published(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill_all(sessions, roadmap)
    feed = address("picks", "json")
    first = client.get(feed)
    assert first.headers["last-modified"] == "Wed, 08 Jul 2026 09:00:00 GMT"
    with sessions.begin() as session:
        add_item(session, roadmap, "2607.00001", submitted=SUBMITTED + timedelta(days=31), month="2026-07")
    assert make_issue(sessions, roadmap, "2026-07", JULY + timedelta(days=31)) == "final"
    after = client.get(feed, headers={"If-Modified-Since": first.headers["last-modified"]})
    assert after.status_code == 200
    assert after.headers["last-modified"] == "Sat, 08 Aug 2026 09:00:00 GMT"


def test_another_site_or_language_or_format_has_tags_of_its_own(
    make_client: ClientFactory, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    client = make_client(OPTIONS)
    urls = [address(f"topics/{TOPIC}", suffix) for suffix in FORMATS]
    tags = [client.get(url, params=query).headers["etag"] for url in urls for query in ({}, {"lang": "ja"})]
    assert len(set(tags)) == 6


def test_a_browser_is_given_xml_that_it_shows_and_a_reader_the_feed(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for suffix, kind in (("atom", "application/atom+xml"), ("rss", "application/rss+xml")):
        url = address(f"topics/{TOPIC}", suffix)
        for _ in range(2):  # what is kept for one is not given to the other
            shown, read = client.get(url, headers=browser), client.get(url)
            assert shown.headers["content-type"] == "application/xml"
            assert read.headers["content-type"] == kind
            assert shown.headers["vary"] == "Accept, Accept-Encoding"
            assert shown.content == read.content
    assert client.get(FEED, headers=browser).headers["content-type"] == "application/feed+json"


def test_a_feed_is_no_longer_than_its_bound(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 60)
    items = client.get(FEED).json()["items"]
    assert [item["id"][-5:] for item in items] == [f"{number:05d}" for number in range(60, 10, -1)]


@pytest.mark.parametrize(
    "url",
    ["/feeds/topics/none.atom", "/feeds/labs/none.rss", "/feeds/stages/9.json", "/feeds/picks.xml", "/feeds/x.atom"],
)
def test_a_feed_that_is_not_there_is_404(client: TestClient, url: str) -> None:
    assert client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("/feeds/topics/none.atom", "noneというトピックはありません。"),
        ("/feeds/labs/none.rss", "noneという研究所はありません。"),
        ("/feeds/stages/9.json", "段階9はありません。"),
        ("/feeds/picks.xml", "xmlという形式のフィードはありません。"),
        ("/feeds/search.atom?q=", "検索のフィードには、語か絞り込みの条件が必要です。"),
    ],
)
def test_a_reader_of_japanese_is_told_in_it_which_feed_is_not_there(client: TestClient, url: str, said: str) -> None:
    assert said in client.get(url, headers={"Accept-Language": "ja"}).text.replace("\u00a0", " ")


def _golden_store(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136", submitted=datetime(2026, 6, 1, tzinfo=UTC), month="2026-06")
        add_item(session, roadmap, "qwen:a heron/1", labs={"qwen": 0.9}, feed_date=SUBMITTED.date())
        session.add(Version(item_id="math/0309136", number=3, created=SEEN + timedelta(days=1)))
    fill_all(sessions, roadmap)


def _ids(client: TestClient) -> str:
    """List every feed's id and the ids and dates of its entries."""
    lines = []
    for name in NAMES:
        feed = json.loads(client.get(address(name, "json")).content)
        lines.append(name)
        rows = sorted((item["id"], item["date_published"], item["date_modified"]) for item in feed["items"])
        lines += [f"  {' '.join(row).replace(' ', '  ')}" for row in rows]
    return "\n".join(lines) + "\n"


def _rank_again(sessions: Sessions) -> None:
    """Leave what ranking leaves when another engine finds other worths and other reasons for the same items."""
    with sessions.begin() as session:
        rows = session.execute(select(Rating.__table__)).mappings().all()
        made = [
            dict(row) | {"model": "other@fp32", "worth": 0.9 - number / 100, "input_hash": "2" * 32, "reasons": []}
            for number, row in enumerate(rows)
        ]
        scores.save_ratings(session, [row | {"ranked_at": LATER} for row in made])
