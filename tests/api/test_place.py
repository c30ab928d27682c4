"""A reader's place on the road: chosen without an account, marked on every page, and nobody else's."""

import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from api.app import AppOptions
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.conftest import ClientFactory
from tests.api.factory import TOPIC, add_item, fill, make_issue

JUNE = datetime(2026, 6, 20, 9, tzinfo=UTC)
FORM = {"content-type": "application/x-www-form-urlencoded"}
HERE = "You are here"
NOT_ABOUT_A_STAGE = ("/", "/digests", "/digests/2026-06", "/subscribe", "/labs/qwen", "/place", "/docs", "/nowhere")


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A client of a store whose draft has papers in stages 4, 5 and 6."""
    with sessions.begin() as session:
        for stage in (4, 5, 6):
            for number in range(3):
                topics = {roadmap.topics_of(stage)[0].key: 0.9}
                add_item(session, roadmap, f"2606.{stage}000{number}", topics=topics, worth=0.9 - number / 10)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    return client


def at(number: object) -> dict[str, str]:
    """Come with a cookie that names a place."""
    return {"cookie": f"place={number}"}


def section(page: str, stage: int) -> str:
    """Cut the section of a stage out of an issue's page."""
    return re.split(r'<section class="(?:stage|sheet end)"', page.partition(f'id="stage-{stage}"')[2])[0]


# -- choosing ------------------------------------------------------------


def test_a_choice_is_kept_for_a_year_in_a_cookie_and_shown(client: TestClient) -> None:
    assert client.get("/place").text.count('type="radio"') == 9
    answer = client.post("/place", content="stage=5", headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/place")
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"].lower()
    for part in ("place=5", "max-age=31536000", "samesite=lax", "httponly", "secure", "path=/"):
        assert part in cookie
    page = client.get("/place", headers=at(5)).text
    assert 'value="5" checked' in page
    assert "Stage 5 of 8" in page


def test_the_choice_of_none_forgets_it(client: TestClient) -> None:
    answer = client.post("/place", content="stage=", headers=FORM | at(5))
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert 'value="" checked' in client.get("/place").text


@pytest.mark.parametrize("choice", ["9", "0", "05", "x", "5 ", "%00", "１"])
def test_what_is_no_stage_is_refused(client: TestClient, choice: str) -> None:
    answer = client.post("/place", content=f"stage={choice}".encode(), headers=FORM)
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}]
)
def test_another_site_chooses_for_nobody(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/place", content="stage=5", headers=FORM | headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_site_under_a_path_keeps_its_cookie_there(make_client: ClientFactory) -> None:
    client = make_client(AppOptions(base_url="http://road.example/sub"))
    answer = client.post("/place", content="stage=5", headers=FORM)
    assert answer.headers["location"] == "/sub/place"
    assert "Path=/sub/" in answer.headers["set-cookie"]
    assert "Secure" not in answer.headers["set-cookie"]


def test_a_stages_page_chooses_it_by_one_button(client: TestClient) -> None:
    assert 'name="stage" value="5">I am at this stage' in client.get("/stages/5").text
    assert "You chose this stage" in client.get("/stages/5", headers=at(5)).text


# -- marking ------------------------------------------------------------


def test_the_place_is_marked_on_pages_that_are_about_no_stage(filled: TestClient) -> None:
    for address in NOT_ABOUT_A_STAGE:
        page = filled.get(address, headers=at(5)).text
        path = page.partition('<nav class="path"')[2].partition("</nav>")[0]
        assert path.count("aria-current") == 1, address
        assert re.search(r'aria-current="true"><b class="stone" aria-hidden="true">5</b>.*?<em>You are here</em>', path)
        assert "Change your stage" in page


def test_pages_about_a_stage_mark_that_one_without_the_words(filled: TestClient) -> None:
    for address in ("/stages/6", f"/topics/{TOPIC}", "/papers/2606.40000"):
        path = filled.get(address, headers=at(1)).text.partition('<nav class="path"')[2].partition("</nav>")[0]
        assert path.count("aria-current") == path.count('aria-current="location"') == 1
        assert HERE not in path


@pytest.mark.parametrize("value", ["", "0", "9", "x", "05", '"><script>', "1e0"])
def test_without_a_place_none_is_marked_and_one_is_offered(filled: TestClient, value: str) -> None:
    page = filled.get("/digests", headers=at(value)).text
    assert HERE not in page
    assert page.count('href="/place">Choose your stage') == 2


def test_what_is_made_for_one_reader_is_kept_by_no_shared_cache_and_shown_to_no_other(filled: TestClient) -> None:
    pages: dict[int | None, str] = {}
    for place in (5, None, 4, None, 5):
        answer = filled.get("/", headers=at(place) if place else {})
        assert answer.headers["vary"] == "Accept-Language, Cookie"
        assert answer.headers["cache-control"] == ("private, max-age=60" if place else "public, max-age=60")
        assert pages.setdefault(place, answer.text) == answer.text
        foreign = filled.get("/", headers={"cookie": "place=6", "if-none-match": answer.headers["etag"]})
        assert foreign.status_code == 200
    assert len(set(pages.values())) == 3
    for address in ("/stages/5", f"/topics/{TOPIC}", "/labs/qwen", "/digests/2026-06?whole=1", "/papers/2606.40000"):
        assert filled.get(address, headers=at(5)).headers["cache-control"] == "private, max-age=60", address
        assert filled.get(address).headers["cache-control"] == "public, max-age=60", address
    assert filled.get("/place", headers=at(5)).headers["cache-control"] == "private, no-store"


def test_the_api_and_the_feeds_know_no_place(filled: TestClient) -> None:
    for address in ("/api/v1/papers", "/api/v1/digests/2026-06", f"/feeds/topics/{TOPIC}.atom"):
        own, plain = filled.get(address, headers=at(5)), filled.get(address)
        assert (own.content, own.headers["cache-control"]) == (plain.content, plain.headers["cache-control"])


# -- folding ------------------------------------------------------------


def test_the_digest_folds_what_lies_behind_and_ahead(filled: TestClient, roadmap: Roadmap) -> None:
    for address in ("/", "/digests/2026-06"):
        page = filled.get(address, headers=at(5)).text
        behind, own, ahead = (section(page, stage) for stage in (4, 5, 6))
        assert "<details" not in own
        assert own.count("<article") == 3
        shown = behind.partition("<details")[0]
        assert roadmap.stage(4).name.en in shown
        assert "Read this first" in shown
        assert "2606.4000" not in shown
        assert "<summary>Show the 3\u00a0papers chosen</summary>" in behind
        shown = ahead.partition("<details")[0]
        assert re.findall(r'href="#p-2606\.6000(\d)"', shown) == ["0"]
        for folded in (behind, ahead):
            assert folded.count("<article") == 3  # nothing is lost: it opens in place
            assert folded.count("<details") == folded.count("</details>") == 1


def test_everything_is_one_link_away_and_back(filled: TestClient) -> None:
    page = filled.get("/", headers=at(5)).text
    assert 'href="/digests/2026-06?whole=1">Show every stage in full</a>' in page
    whole = filled.get("/digests/2026-06?whole=1", headers=at(5)).text
    assert 'class="fold"' not in whole
    assert 'href="/digests/2026-06">Fold the other stages</a>' in whole
    assert '<b class="stone here" aria-hidden="true">5</b>' in whole
    assert 'href="?lang=ja&amp;whole=1"' in whole
    assert filled.get("/digests/2026-06?whole=perhaps", headers=at(5)).status_code == 422


def test_without_a_place_nothing_folds(filled: TestClient) -> None:
    page = filled.get("/").text
    assert 'class="fold"' not in page
    assert "whole=1" not in page
    assert 'class="fold"' not in filled.get("/digests/2026-06?minutes=30", headers=at(5)).text


def test_an_issue_leads_to_the_pages_of_its_stages_topics_labs_and_sources(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1, labs={"qwen": 0.9})
    make_issue(sessions, roadmap, "2026-06", JUNE)
    main = client.get("/digests/2026-06").text.partition("<main")[2].partition("</main>")[0]
    for address in ("/stages/5", f"/topics/{TOPIC}", "/labs/qwen", "/status"):
        assert f'href="{address}"' in main
