"""Atom feeds, read back by feedparser as a reader would."""

from datetime import timedelta

import feedparser
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import AppOptions
from api.feeds.model import tag_uri
from core.text import clean
from db.engine import Sessions
from db.models import Item
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import SEEN, TOPIC, add_item, fill, make_issue
from tests.api.feeds.store import JULY
from tests.api.test_pages import HOSTILE, assert_inert

FEED = f"/feeds/topics/{TOPIC}.atom"


def test_a_feed_reads_back(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "math/0309136", updated=SEEN + timedelta(days=3))
        add_item(session, roadmap, "2606.00001", topics={TOPIC: 0.4})
    answer = client.get(FEED)
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.feed.id == "tag:road.example,2026:feeds/topics/mixture-of-experts"
    links = {link.rel: link.href for link in feed.feed.links}
    assert links == {"alternate": f"https://road.example/topics/{TOPIC}", "self": f"https://road.example{FEED}"}
    assert len(feed.entries) == 1
    entry = feed.entries[0]
    assert entry.id == "tag:road.example,2026:math/0309136"
    assert entry.link == "https://road.example/papers/math/0309136"
    assert entry.updated == feed.feed.updated == "2026-07-01T06:00:00+00:00"
    assert entry.published == "2026-06-02T17:30:00+00:00"
    terms = [(tag.term, tag.scheme) for tag in entry.tags]
    assert terms[:2] == [("cs.LG", "http://arxiv.org/schemas/atom"), ("cs.CL", "http://arxiv.org/schemas/atom")]
    assert terms[2:] == [(TOPIC, "tag:road.example,2026:topics")]
    assert entry.tags[2].label == roadmap.topics[TOPIC].name.en
    assert [author.name for author in entry.authors] == ["Ada Moorhen", "Ivo Plover"]
    assert "when the router forgets them" in entry.content[0].value
    assert "We build a heron out of clockwork." in entry.content[0].value


@pytest.mark.parametrize(("lang", "word"), [("en", "withdrawn"), ("ja", "取り下げ")])
def test_what_was_withdrawn_says_so_in_its_title(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, lang: str, word: str
) -> None:
    fill(sessions, roadmap, 2)
    tag = client.get(FEED, params={"lang": lang}).headers["etag"]
    with sessions.begin() as session:
        item = session.get_one(Item, "2606.00001")
        item.withdrawn, item.updated = True, SEEN + timedelta(days=1)
    answer = client.get(FEED, params={"lang": lang}, headers={"If-None-Match": tag})
    titles = {entry.id[-5:]: entry.title for entry in feedparser.parse(answer.content).entries}
    assert titles["00001"] == f"A clockwork heron, part 2606.00001 ({word})"
    assert titles["00002"] == "A clockwork heron, part 2606.00002"


def test_ids_do_not_move_with_the_site_the_version_or_the_title(
    make_client: ClientFactory, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1, version=1, title="Before")
    before = feedparser.parse(make_client(OPTIONS).get(FEED).content).entries[0].id
    with sessions.begin() as session:
        item = session.get_one(Item, "2606.00001")
        item.version, item.title = 2, "After"
    moved = AppOptions(base_url="https://elsewhere.example/sub", tag_authority=OPTIONS.tag_authority)
    entry = feedparser.parse(make_client(moved).get(FEED).content).entries[0]
    assert (entry.id, entry.title) == (before, "After")


def test_a_feed_that_did_not_change_is_not_sent_again(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 2)
    tag = client.get(FEED).headers["etag"]
    assert client.get(FEED, headers={"If-None-Match": tag}).status_code == 304
    fill_later(sessions, roadmap)
    assert client.get(FEED, headers={"If-None-Match": tag}).status_code == 200


def fill_later(sessions: Sessions, roadmap: Roadmap) -> None:
    """Store one more item of the topic."""
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00777")


@pytest.mark.parametrize(
    ("lang", "chosen", "worth", "base"),
    [("en", "Chosen because", "Worth reading because", "Base:"), ("ja", "選んだ理由", "読む価値がある理由", "基本点")],
)
def test_only_what_an_issue_printed_is_said_to_be_chosen(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, lang: str, chosen: str, worth: str, base: str
) -> None:
    with sessions.begin() as session:
        for item_id in ("2606.00001", "2606.00002"):
            add_item(session, roadmap, item_id, worth=0.9)  # its two reasons explain 0.8 of it
    assert make_issue(sessions, roadmap, "2026-06", JULY) == "final"
    for feed, says, never in ((FEED, worth, chosen), ("/feeds/picks.atom", chosen, worth)):
        entries = feedparser.parse(client.get(feed, params={"lang": lang}).content).entries
        assert len(entries) == 2
        for entry in entries:
            text = entry.content[0].value
            assert says in text
            assert never not in text
            assert base not in text
            assert "when the router forgets them" in text


def test_an_empty_feed_is_whole_and_steady(client: TestClient) -> None:
    feed = feedparser.parse(client.get(FEED).content)
    assert not feed.bozo
    assert feed.entries == []
    assert feed.feed.updated == "2026-01-01T00:00:00+00:00"


def test_a_feed_speaks_the_language_of_its_address(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    japanese = client.get(f"{FEED}?lang=ja")
    feed = feedparser.parse(japanese.content)
    assert feed.feed.title == f"{roadmap.topics[TOPIC].name.ja}: Shirube"
    assert feed.feed.links[1].href.endswith("?lang=ja")
    english = client.get(FEED, headers={"Accept-Language": "ja"})
    assert feedparser.parse(english.content).feed.title == f"{roadmap.topics[TOPIC].name.en}: Shirube"
    assert english.headers["vary"] == "Accept, Accept-Encoding"


def test_words_of_strangers_are_inert_in_a_feed(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for number, words in enumerate(HOSTILE):
            names = [{"name": words, "affiliation": words}]
            id_ = f"2606.0000{number}"
            add_item(session, roadmap, id_, title=words, abstract=words, authors=names, categories=[words])
    feed = feedparser.parse(client.get(FEED).content, sanitize_html=False)
    assert not feed.bozo
    assert len(feed.entries) == len(HOSTILE)
    for entry in feed.entries:
        assert_inert(entry.content[0].value)
        assert "<svg" not in entry.content[0].value


@given(words=st.text(max_size=60))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_title_breaks_a_feed(client: TestClient, sessions: Sessions, roadmap: Roadmap, words: str) -> None:
    with sessions.begin() as session:
        known = session.get(Item, "2606.00001") or add_item(session, roadmap, "2606.00001")
        known.title = clean(words) + "."
    feed = feedparser.parse(client.get(FEED).content)
    assert not feed.bozo


def test_tag_uris_are_quoted() -> None:
    assert tag_uri("a", "openai:x y") == "tag:a,2026:openai:x%20y"
