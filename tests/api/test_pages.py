"""The pages people read: front, issue, item; in both languages."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.language import preferred
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import SENTENCE, TOPIC, add_item, fill, make_issue

JUNE = datetime(2026, 6, 20, 9, tzinfo=UTC)
JULY = datetime(2026, 7, 8, 9, tzinfo=UTC)
HOSTILE = [
    "<script>alert(1)</script>",
    "\"onmouseover='alert(1)' x=\"",
    r"$\text{<script>alert(1)</script>}$",
    r"$\href{javascript:alert(1)}{x}$",
    "]]><img src=x onerror=alert(1)>",
    "</title><svg onload=alert(1)>",
    "{{ 7*7 }} {% raw %}",
]


def test_the_front_page_of_an_empty_store_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "shirube digest" in answer.text


def test_the_front_page_shows_the_newest_final_issue(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2605.00001", submitted=datetime(2026, 5, 3, tzinfo=UTC), month="2026-05")
        add_item(session, roadmap, "2606.00001")
    assert make_issue(sessions, roadmap, "2026-06", JUNE) == "draft"
    assert 'rel="canonical" href="https://road.example/digests/2026-06"' in client.get("/").text
    assert make_issue(sessions, roadmap, "2026-05", JULY) == "final"
    assert 'rel="canonical" href="https://road.example/digests/2026-05"' in client.get("/").text


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", "Shirube follows new AI research papers"), ("ja", "Shirube（道標）は、AIの新しい研究論文を追い")],
)
def test_who_lands_on_an_issue_reads_in_a_line_what_this_is(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, lang: str, words: str
) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    for address in ("/", "/digests/2026-06"):
        page = client.get(f"{address}?lang={lang}").text
        assert page.count(words) == 1
        assert page.index(words) < page.index("<h1")
        intro = page.partition(words)[2].partition("</p>")[0]
        assert 'href="/about"' in intro
    for address in ("/digests/2026-06/stages/5", "/digests/2026-06?minutes=30"):
        assert words not in client.get(f"{address}{'&' if '?' in address else '?'}lang={lang}").text
    client.cookies.set("place", "5")
    assert words not in client.get(f"/?lang={lang}").text  # who chose a stage knows


def test_latest_leads_to_the_newest_final_issue(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    missing = client.get("/digests/latest")
    assert missing.status_code == 404
    assert 'href="/digests/2026-06"' in missing.text
    problem = client.get("/api/v1/digests/latest")
    assert (problem.status_code, problem.json()["links"]) == (404, {"draft": "/api/v1/digests/2026-06"})
    assert make_issue(sessions, roadmap, "2026-06", JULY, complete=False) == "final"
    assert client.get("/digests/latest?lang=ja").headers["location"] == "/digests/2026-06?lang=ja"
    found = client.get("/api/v1/digests/latest")
    assert (found.status_code, found.headers["location"]) == (302, "/api/v1/digests/2026-06")


def test_an_issue_over_the_api_carries_status_and_coverage(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 2)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    body = client.get("/api/v1/digests/2026-06").json()
    assert (body["month"], body["status"]) == ("2026-06", "draft")
    assert body["coverage"]["stored"] == 2
    assert {"expected", "stored", "ranked", "late", "failed"} <= set(body["coverage"])
    listed = client.get("/api/v1/digests").json()
    assert [(one["month"], one["status"]) for one in listed["items"]] == [("2026-06", "draft")]
    assert listed["items"][0]["url"] == "https://road.example/digests/2026-06"


def test_an_issue_links_no_topic_lab_or_stage_that_the_road_has_no_longer(
    sessions: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    fill(sessions, roadmap, 2, labs={"qwen": 0.9})
    make_issue(sessions, roadmap, "2026-06", JULY)
    stages = tuple(
        replace(stage, topics=tuple(key for key in stage.topics if key != TOPIC))
        for stage in roadmap.stages
        if stage.number < 8
    )
    topics = {key: topic for key, topic in roadmap.topics.items() if key != TOPIC and topic.stage < 8}
    labs = {key: lab for key, lab in roadmap.labs.items() if key != "qwen"}
    shorter = replace(roadmap, stages=stages, topics=topics, labs=labs)
    page = TestClient(create_app(sessions, shorter, clock, OPTIONS)).get("/digests/2026-06").text
    assert roadmap.topics[TOPIC].name.en in page
    led = set(re.findall(r'href="/(?:topics|labs|stages)/([^"#?]+)', page))
    assert led
    assert led <= {*topics, *labs, *(str(stage.number) for stage in stages)}


def test_an_issue_page_leads_to_its_papers(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    page = client.get("/digests/2026-06").text
    assert 'href="/papers/2606.00001"' in page
    assert 'href="#stage-5"' in page


@pytest.mark.parametrize("address", ["/papers/math/0309136", "/papers/math%2F0309136"])
def test_old_ids_have_a_page(client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136")
    assert 'rel="canonical" href="https://road.example/papers/math/0309136"' in client.get(address).text


def test_another_form_of_an_id_leads_to_the_page(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    assert client.get("/papers/2606.00001v2").headers["location"] == "/papers/2606.00001"


def test_a_paper_page_says_why_and_by_what_evidence(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(
            session,
            roadmap,
            "2606.00001",
            title="Herons of $O(n^2)$",
            labs={"qwen": 0.9},
            code=["https://github.com/heron/clock"],
            authors=[{"name": f"{n} Plover", "affiliation": None} for n in range(11)],
        )
    page = client.get("/papers/2606.00001").text
    assert "<math" in page
    assert "<q>…\u00a0when the router forgets them</q>" in page
    assert "Why we say it is from Qwen" in page
    assert "published in the lab’s account on GitHub" in page
    assert 'href="https://github.com/heron/clock"' in page
    assert "and 3 more authors" in page
    assert SENTENCE in page
    assert roadmap.topics[TOPIC].name.en in page
    assert roadmap.canon[0].title in page
    assert page.count('<meta name="citation_author"') == 11
    assert '<meta name="citation_date" content="2026/06/02">' in page
    assert '<meta name="citation_arxiv_id" content="2606.00001">' in page
    assert 'content="https://arxiv.org/pdf/2606.00001"' in page


def test_a_bare_post_has_a_page_that_says_what_is_missing(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "qwen:a-post", topics={}, ranked=False, abstract=None, authors=[], categories=[])
    page = client.get("/papers/qwen:a-post").text
    assert "Title only" in page
    assert "No code found" in page
    assert "fits no topic" in page


def test_a_withdrawn_paper_says_so_first(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", withdrawn=True)
    page = client.get("/papers/2606.00001").text
    assert page.index("Withdrawn") < page.index("<h1")


def test_a_printed_paper_leads_to_its_place_in_the_issue(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JULY)
    assert 'href="/digests/2026-06#p-2606.00001"' in client.get("/papers/2606.00001").text


def test_words_of_strangers_are_inert_on_every_page(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    script = "javascript:alert(1)"
    with sessions.begin() as session:
        for number, words in enumerate(HOSTILE):
            names = [{"name": words, "affiliation": words}]
            given: dict[str, Any] = dict.fromkeys(("title", "abstract", "comment", "journal_ref", "doi"), words)
            given |= {"project_url": script, "url": script, "code": [script]}
            id_ = f"2606.0000{number}"
            add_item(session, roadmap, id_, authors=names, categories=[words], **given)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    for address in ("/digests/2026-06", *(f"/papers/2606.0000{number}" for number in range(len(HOSTILE)))):
        assert_inert(client.get(address).text)
    assert "{{ 7*7 }}" in client.get(f"/papers/2606.0000{len(HOSTILE) - 1}").text


def assert_inert(page: str) -> None:
    """Check that a page holds no element that acts, no handler and no address that runs."""
    tags = re.findall(r"<[^>]*>", page)
    assert not [tag for tag in tags if re.match(r"<(script|img|iframe|object)\b", tag, re.IGNORECASE)]
    assert not [tag for tag in tags if re.search(r"\son\w+\s*=|javascript:", re.sub(r'"[^"]*"', '""', tag))]
    assert 'href="javascript' not in page


def test_the_language_is_asked_for_remembered_or_negotiated(client: TestClient) -> None:
    def lang(page: str) -> str:
        return page.split('<html lang="')[1][:2]

    assert lang(client.get("/").text) == "en"
    negotiated = client.get("/", headers={"Accept-Language": "fr, ja;q=0.8, en;q=0.5"})
    assert lang(negotiated.text) == "ja"
    assert negotiated.headers["vary"] == "Accept-Language, Cookie"
    asked = client.get("/?lang=ja")
    assert lang(asked.text) == "ja"
    assert asked.headers["cache-control"].startswith("private")
    cookie = asked.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    assert lang(client.get("/", headers={"Accept-Language": "en", "Cookie": "lang=ja"}).text) == "ja"
    assert lang(client.get("/?lang=xx", headers={"Cookie": "lang=<b>"}).text) == "en"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("ja-JP", "ja"),
        ("fr", "en"),
        ("en;q=0.1, ja", "ja"),
        ("ja;q=0, en", "en"),
        ("ja;q=x", "en"),
        ("*", "en"),
    ],
)
def test_accept_language_is_read_by_its_weights(header: str, expected: str) -> None:
    assert preferred(header, ("en", "ja")) == expected


def test_japanese_pages_have_no_english_frame(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1, labs={"qwen": 0.9})
    make_issue(sessions, roadmap, "2026-06", JUNE)
    english = re.compile(r">\s*[A-Z][a-z]+(?: [a-z]+)+[^<]*<")
    for address in ("/papers/2606.00001", "/nowhere", "/docs"):
        page = client.get(address, headers={"Accept-Language": "ja"}).text
        assert '<html lang="ja">' in page
        plain = re.sub(r'<(\w+)[^>]*\blang="en"[^>]*>.*?</\1>', "", page, flags=re.DOTALL)
        assert english.findall(plain) == [], address


def test_the_shares_of_a_papers_worth_add_up_to_it(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", worth=0.91)
    page = client.get("/papers/2606.00001").text
    shares = re.findall(r'<td class="n">(\d\.\d\d)</td>', page)
    assert shares
    assert "0.91 of 1" in page
    assert sum(map(float, shares)) == pytest.approx(0.91, abs=0.02)
