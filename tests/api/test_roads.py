"""The pages of stages, topics and labs: what they are, what to read, what is new; and the canon over the API."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from fastapi.testclient import TestClient

from db.engine import Sessions
from db.models import Issue, Rating
from digest.compose import WORTH_FLOOR
from digest.sentences import FULL as FULL_SHOWN
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item, fill, make_issue

JUNE = datetime(2026, 6, 20, 9, tzinfo=UTC)
STAGE = 5
PAGES = (f"/stages/{STAGE}", f"/topics/{TOPIC}", "/labs/qwen")


def papers_on(page: str) -> list[str]:
    """List the papers a page's list leads to, in its order."""
    part = page.partition('id="new"')[2]
    return re.findall(r'(?:<h3 id="[^"]*">|<span>)<a href="/papers/([^"]+)"', part)


def words_of(page: str) -> str:
    """Give the words of a page without marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page)).replace("\u00a0", " ").split())


def follow(client: TestClient, page: str, words: str) -> str:
    """Open the address behind a link of a page."""
    found = re.search(rf'href="([^"]+)"[^>]*>{re.escape(words)}</a>', page)
    here = re.search(r'rel="canonical" href="([^"]+)"', page)
    assert found is not None, words
    assert here is not None
    return client.get(urljoin(here[1], unescape(found[1]))).text


# -- stage ------------------------------------------------------------


def test_a_stage_says_what_it_is_and_what_to_read_in_which_order(client: TestClient, roadmap: Roadmap) -> None:
    page = client.get(f"/stages/{STAGE}").text
    stage, works = roadmap.stage(STAGE), roadmap.canon_of(STAGE)
    assert f"<h1>{stage.name.en}</h1>" in page
    assert stage.description.en in page
    for topic in stage.topics:
        assert f'href="/topics/{topic}"' in page
    places = [page.index(f'id="w-{work.key}"') for work in works]
    assert places == sorted(places)
    assert works[0].why.en in unescape(page)
    assert f"{len(works)} works on the reading list" in page


def test_a_work_leads_to_its_page_where_it_is_stored_else_to_its_address(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    one, other = [work for work in roadmap.canon_of(STAGE) if work.arxiv_id][:2]
    with sessions.begin() as session:
        add_item(session, roadmap, str(one.arxiv_id))
    page = client.get(f"/stages/{STAGE}").text
    assert f'href="/papers/{one.arxiv_id}">{one.title}</a>' in unescape(page)
    assert f'href="{other.url}">{other.title}</a>' in unescape(page)


def test_what_is_to_be_read_before_leads_to_its_place_on_the_road(client: TestClient, roadmap: Roadmap) -> None:
    known = {work.key: work for work in roadmap.canon}
    asked = [known[key] for work in roadmap.canon_of(STAGE) for key in work.prerequisites]
    page = client.get(f"/stages/{STAGE}").text
    assert {work.stage for work in asked} > {STAGE}
    for work in asked:
        assert f'href="/stages/{work.stage}#w-{work.key}"' in page
        assert f'id="w-{work.key}"' in client.get(f"/stages/{work.stage}").text
    assert "asks for nothing of earlier stages" in client.get("/stages/1").text


def test_newest_worth_reading_is_what_an_issue_might_print(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        for day in (2, 3):
            add_item(session, roadmap, f"2606.0000{day}", submitted=datetime(2026, 6, day, tzinfo=UTC))
        add_item(session, roadmap, "2606.00010", worth=WORTH_FLOOR - 0.01)
        add_item(session, roadmap, "2606.00011", topics={TOPIC: 0.49})
        add_item(session, roadmap, "2606.00012", topics={TOPIC: 0.6, "rag": 0.9})  # stands best in another stage
        add_item(session, roadmap, "2606.00013", withdrawn=True)
        add_item(session, roadmap, "2606.00014", worth=None)
    page = client.get(f"/stages/{STAGE}").text
    assert papers_on(page) == ["2606.00003", "2606.00002"]
    assert 'Ranked <time datetime="2026-07-01">' in page


def test_a_stage_without_a_new_paper_has_its_reading_list_alone(client: TestClient) -> None:
    page = client.get(f"/stages/{STAGE}").text
    assert papers_on(page) == []
    assert "passes the bar of the digest yet" in page
    assert "In the issue of" not in page


def test_a_stage_repeats_what_the_newest_issue_says_of_it(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 2)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    section = client.get("/digests/2026-06").text.partition(f'id="h-{STAGE}"')[2]
    counts = re.findall(r'<p class="meta">(2 filed here, [^<]*)</p>', section)[0]
    page = client.get(f"/stages/{STAGE}").text
    assert f"<p>{counts}" in page
    assert f'href="/digests/2026-06#stage-{STAGE}"' in page


def test_the_issues_own_words_on_what_changed_stand_on_the_page(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    make_issue(sessions, roadmap, "2026-06", JUNE)
    with sessions.begin() as session:
        issue = session.get_one(Issue, "2026-06")
        stages = [dict(stage) for stage in issue.digest["stages"]]
        stages[STAGE - 1]["change"] = {"before": [["2026-04", 3], ["2026-05", 5]], "low": 1, "high": 7}
        issue.digest = {**issue.digest, "stages": stages}
    page = client.get(f"/stages/{STAGE}").text
    assert "<b>What changed:</b> 1 paper, against 3 to 5 a month in the 2 months before." in unescape(page).replace(
        "\u00a0", " "
    )


# -- topic and lab ------------------------------------------------------------


def test_a_topic_says_what_it_is_and_what_is_near(client: TestClient, roadmap: Roadmap) -> None:
    topic = roadmap.topics[TOPIC]
    page = client.get(f"/topics/{TOPIC}").text
    assert f"<h1>{topic.name.en}</h1>" in page
    for key in (*topic.prerequisites, *topic.neighbours):
        assert f'href="/topics/{key}"' in page
    for work in roadmap.canon:
        assert (f'id="w-{work.key}"' in page) == (work.topic == TOPIC)
    assert "No paper is filed under this topic yet." in page


def test_a_topic_lists_what_is_shown_under_it_in_three_orders(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        for day, (fit, worth) in enumerate([(0.9, 0.5), (0.5, 0.9), (0.7, 0.7), (0.49, 1.0)], 1):
            moment = datetime(2026, 6, day, tzinfo=UTC)
            add_item(session, roadmap, f"2606.0000{day}", topics={TOPIC: fit}, worth=worth, submitted=moment)
    page = client.get(f"/topics/{TOPIC}").text
    assert papers_on(page) == ["2606.00002", "2606.00003", "2606.00001"]
    assert papers_on(follow(client, page, "Closest to the topic")) == ["2606.00001", "2606.00003", "2606.00002"]
    assert papers_on(follow(client, page, "Newest")) == ["2606.00003", "2606.00002", "2606.00001"]
    assert client.get("/labs/qwen?sort=fit").status_code == 422


def reasons_on(page: str) -> str:
    """Give the words of a page's list without marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page.partition('id="new"')[2])).replace("\u00a0", " ").split())


def test_a_topic_lists_each_paper_with_the_words_that_speak_for_this_topic(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    phrases = {TOPIC: "gates doze off at noon", "rag": "herons look things up"}
    with sessions.begin() as session:
        for number in range(7):  # in full and in short
            add_item(session, roadmap, f"2606.0000{number}", topics={TOPIC: 0.6, "rag": 0.9}, phrases=phrases)
        add_item(session, roadmap, "2606.00010", topics={TOPIC: 0.6, "rag": 0.6}, phrases=phrases)
    here, best = (roadmap.topics[key].name.en for key in (TOPIC, "rag"))
    page = client.get(f"/topics/{TOPIC}?sort=newest").text
    assert reasons_on(page).count(f"Close to {here}: … gates doze off at noon …") == min(FULL_SHOWN, 7)
    assert "herons look things up" not in page
    assert reasons_on(page).count(f"Closer to {best}") == 7  # the eighth fits both as well
    assert page.partition('id="new"')[2].count('<a href="/topics/rag">') == 7
    page = client.get("/topics/rag?sort=newest").text
    assert f"Close to {best}: … herons look things up …" in reasons_on(page)
    assert "gates doze off at noon" not in page
    assert "Closer to" not in page
    assert "により近い" in client.get(f"/topics/{TOPIC}?lang=ja").text


def test_a_short_line_of_a_topic_quotes_the_words_that_speak_for_it(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    phrases = {TOPIC: "gates doze off at noon", "rag": "herons look things up"}
    with sessions.begin() as session:
        for number in range(7):
            item = add_item(session, roadmap, f"2606.0000{number}", topics={TOPIC: 0.6, "rag": 0.9}, phrases=phrases)
            rating = session.get_one(Rating, item.id)
            rating.reasons = [reason for reason in rating.reasons if reason["kind"] == "topic"]
    short = client.get(f"/topics/{TOPIC}").text.partition('class="more"')[2]
    assert "gates doze off at noon" in short
    assert "herons look things up" not in short


def test_every_item_is_on_one_part_of_a_list_though_others_come_meanwhile(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    ids = fill(sessions, roadmap, 45)
    seen, page = [], client.get(f"/topics/{TOPIC}?sort=newest").text
    while True:
        seen += papers_on(page)
        if 'rel="next">The next ones' not in page:
            break
        with sessions.begin() as session:
            add_item(session, roadmap, f"2607.{len(seen):05d}", submitted=datetime(2026, 7, 1, tzinfo=UTC))
        page = follow(client, page, "The next ones")
    assert seen == ids[::-1]
    assert '<meta name="robots" content="noindex">' in page
    assert papers_on(follow(client, page, "To the beginning of the list"))[0] == "2607.00040"


def test_filters_stand_in_the_address_and_are_kept_by_orders_parts_and_languages(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 25, code=["https://github.com/heron/clock"])
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.20000", submitted=datetime(2026, 6, 9, tzinfo=UTC))
    address = f"/topics/{TOPIC}?sort=&since=2026-06-02&until=2026-06-30&has_code=true"
    page = client.get(address).text
    assert "25 match these filters: since 2 Jun 2026, until 30 Jun 2026, with code. Remove the filters" in words_of(
        page
    )
    assert len(papers_on(page)) == 20
    assert "2606.20000" not in page
    assert 'name="since" value="2026-06-02"' in page
    assert '<option value="true" selected>' in page
    for words, count in (("The next ones", 5), ("Newest", 20), ("日本語", 20)):
        other = follow(client, page, words)
        assert (len(papers_on(other)), "2606.20000" in other) == (count, False), words
        assert 'value="2026-06-30"' in other, words
    assert "2606.20000" in client.get(f"/topics/{TOPIC}?has_code=false").text


FILTERS: dict[str, dict[str, Any]] = {
    "topic": {"topic": "rag"},
    "lab": {"lab": "openai"},
    "stage": {"stage": "6"},
    "since": {"since": "2026-06-03"},
    "until": {"until": "2026-06-01"},
    "kind": {"kind": "post"},
    "has_code": {"has_code": "true"},
    "min_fit": {"min_fit": "0.9"},
}
OWN = {"/stages/5": "stage", f"/topics/{TOPIC}": "topic", "/labs/qwen": "lab"}


@pytest.mark.parametrize("address", PAGES)
def test_every_filter_of_the_api_narrows_the_list_of_every_page(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str
) -> None:
    plain: dict[str, Any] = {"topics": {TOPIC: 0.8}, "labs": {"qwen": 0.9}}
    other: dict[str, dict[str, Any]] = {
        "topic": {"topics": {TOPIC: 0.8, "rag": 0.6}},
        "lab": {"labs": {"qwen": 0.9, "openai": 0.8}},
        "stage": {"topics": {TOPIC: 0.8, roadmap.topics_of(6)[0].key: 0.6}},
        "since": {"submitted": datetime(2026, 6, 3, tzinfo=UTC)},
        "until": {"submitted": datetime(2026, 6, 1, tzinfo=UTC)},
        "kind": {"kind": "post"},
        "has_code": {"code": ["https://github.com/heron/clock"]},
        "min_fit": {"topics": {TOPIC: 0.95}},
    }
    ids = {name: f"2606.0000{number}" for number, name in enumerate(other)}
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00100", **plain)
        for name, item_id in ids.items():
            add_item(session, roadmap, item_id, **(plain | other[name]))
    assert roadmap.topics["rag"].stage not in (STAGE, 6)
    for name, query in FILTERS.items():
        page = client.get(address, params=query)
        if name == OWN[address]:
            assert page.status_code == 422, name
            assert f"This list is of the {name}" in page.text
            continue
        assert papers_on(page.text) == [ids[name]], name
        assert "1 matches these filters:" in words_of(page.text), name
        assert papers_on(client.get(address, params={**query, "until": "2020-01-01"}).text) == [], name
        assert client.get(address, params=dict.fromkeys(query, "none")).status_code == 422, name
    own = OWN[address]
    assert len(papers_on(client.get(address, params={own: address.rpartition("/")[2]}).text)) == len(
        papers_on(client.get(address).text)
    )


@pytest.mark.parametrize("address", PAGES)
def test_a_form_keeps_the_filters_it_has_no_field_for(client: TestClient, address: str) -> None:
    name, value = ("topic", "rag") if OWN[address] == "stage" else ("stage", "7")
    asked = {name: value, "min_fit": "0.6", "since": "2026-06-01", "has_code": "false"}
    page = client.get(address, params=asked).text
    assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert '<input type="hidden" name="min_fit" value="0.6">' in page
    assert page.count('name="since"') == page.count('name="has_code"') == 1
    assert '<option value="false" selected>' in page


def test_nothing_found_offers_each_filter_dropped_with_its_count(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 3)
    page = client.get(f"/topics/{TOPIC}?since=2026-06-01&has_code=true").text
    plain = re.sub(r"<[^>]+>", "", page).replace("\u00a0", " ")
    assert "with code: 3 items" in plain
    assert "since 1 Jun 2026: 0 items" in plain
    assert "all filters: 3 items" in plain
    assert len(papers_on(follow(client, page, "with code"))) == 3


def test_a_lab_lists_papers_and_posts_with_the_evidence(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", labs={"qwen": 0.9})
        add_item(session, roadmap, "2606.00002", labs={"qwen": 0.49})
        add_item(session, roadmap, "2606.00003", labs={"openai": 0.9})
        note: dict[str, Any] = {"topics": {}, "ranked": False, "authors": [], "abstract": None, "month": "2026-05"}
        add_item(session, roadmap, "qwen:note", labs={"qwen": 1.0}, **note)
    page = client.get("/labs/qwen").text
    assert papers_on(page) == ["2606.00001", "qwen:note"]
    assert page.count("published in the lab’s account on GitHub") == 2
    assert roadmap.labs["qwen"].homepage in page
    assert papers_on(client.get("/labs/qwen?kind=post").text) == ["qwen:note"]
    assert "Nothing of this lab is stored yet." in client.get("/labs/anthropic").text


# -- all of them ------------------------------------------------------------


@pytest.mark.parametrize(("address", "feed"), [(address, address.removeprefix("/")) for address in PAGES])
def test_each_page_names_its_feeds_its_languages_and_its_one_address(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str, feed: str
) -> None:
    fill(sessions, roadmap, 2, labs={"qwen": 0.9})
    page = client.get(address).text
    for suffix, kind in (("atom", r"atom\+xml"), ("rss", r"rss\+xml"), ("json", r"feed\+json")):
        found = re.search(rf'<link rel="alternate" type="application/{kind}" title="[^"]+" href="([^"]+)">', page)
        assert found is not None
        assert found[1].startswith(f"/feeds/{feed}.{suffix}")
        assert client.get(unescape(found[1])).status_code == 200
    assert f'<link rel="canonical" href="https://road.example{address}">' in page
    assert f'hreflang="ja" href="https://road.example{address}?lang=ja"' in page
    assert "noindex" not in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("address", ["/stages/0", "/stages/05", "/stages/x", "/topics/none", "/labs/none"])
def test_what_is_not_on_the_road_is_not_found(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "query", ["sort=best", "since=yesterday", "kind=book", "has_code=maybe", "cursor=x", "since=9999-12-32"]
)
def test_a_question_that_cannot_be_meant_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/topics/{TOPIC}?{query}").status_code == 422


def test_a_cursor_of_another_order_is_refused(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 25)
    page = client.get(f"/topics/{TOPIC}").text
    following = re.findall(r'href="([^"]+)" rel="next">The next ones', page)[0]
    assert client.get(unescape(following)).status_code == 200
    assert client.get(f"{unescape(following)}&sort=newest").status_code == 422


def test_the_reading_list_over_the_api_is_in_study_order(client: TestClient, roadmap: Roadmap) -> None:
    body = client.get(f"/api/v1/stages/{STAGE}/canon").json()
    assert [work["key"] for work in body["items"]] == [work.key for work in roadmap.canon_of(STAGE)]
    first = roadmap.canon_of(STAGE)[0]
    assert body["items"][0]["why"] == {"en": first.why.en, "ja": first.why.ja}
    assert body["next"] is None
    assert client.get("/api/v1/stages/9/canon").status_code == 404
    assert client.get("/api/v1/stages/x/canon").status_code == 422


def test_words_of_strangers_are_inert_in_lists(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    words = "</h3><script>alert(1)</script>"
    with sessions.begin() as session:
        for number in range(6):  # in full and in short
            names = [{"name": words, "affiliation": words}]
            given_: dict[str, Any] = {"title": words, "abstract": words, "authors": names, "categories": [words]}
            add_item(session, roadmap, f"2606.0000{number}", labs={"qwen": 0.9}, url="javascript:alert(1)", **given_)
    for address in PAGES:
        page = client.get(address).text
        assert page.count("&lt;script&gt;") >= 6
        assert "<script" not in page
        assert "javascript:" not in page
