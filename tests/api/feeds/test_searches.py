"""The feed of a search: every word, by any name, within the filters of every list, newest first."""

import pytest
from fastapi.testclient import TestClient

from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item, fill

FEED = "/feeds/search.json"


def found(client: TestClient, **query: str) -> list[str]:
    """Ask for the feed of a search; gives the ids in its order."""
    answer = client.get(FEED, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"].rpartition("2026:")[2] for item in answer.json()["items"]]


def test_it_holds_what_has_every_word_newest_first(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    ids = fill(sessions, roadmap, 3)
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00100", title="Springs without birds", abstract="Clockwork alone.")
    assert found(client, q="clockwork heron") == ids[::-1]
    assert found(client, q="clockwork springs") == ["2606.00003", "2606.00002", "2606.00100", "2606.00001"]
    assert found(client, q="clockwork egret") == []


def test_it_holds_a_paper_by_its_name(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 2)
    assert found(client, q="arXiv:2606.00002v1") == ["2606.00002"]
    assert found(client, q="https://arxiv.org/abs/2606.00001") == ["2606.00001"]


def test_words_that_only_ask_need_not_be_held(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    ids = fill(sessions, roadmap, 2)
    assert found(client, q="How do I build a clockwork heron?") == ids[::-1]


def test_what_is_quoted_must_stand_as_it_is_quoted(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", title="Herons of brass", abstract="A teal coot wades.")
        add_item(session, roadmap, "2606.00002", title="Herons of brass", abstract="A coot and a teal wade.")
    assert found(client, q="teal coot brass") == ["2606.00002", "2606.00001"]
    assert found(client, q='"teal coot" heron') == found(client, q="“teal coot”") == ["2606.00001"]
    assert found(client, q='"coot teal"') == []
    assert found(client, q='"teal coot') == found(client, q='"teal" coot') == ["2606.00002", "2606.00001"]


def test_of_a_name_it_holds_what_the_author_wrote(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", authors=[{"name": "Ada Moorhen"}])
        add_item(session, roadmap, "2606.00002", authors=[{"name": "Ada Teal"}, {"name": "Ben Moorhen"}])
        add_item(session, roadmap, "2606.00003", authors=[{"name": "Ada B. Moorhen"}], labs={"qwen": 0.9})
    assert found(client, q="Ada Moorhen") == found(client, q="A. Moorhen") == ["2606.00003", "2606.00001"]
    assert (
        found(client, q="Ada Moorhen 2025") == found(client, q="papers by A. Moorhen") == ["2606.00003", "2606.00001"]
    )
    assert found(client, q="Moorhen, Ada", lab="qwen") == ["2606.00003"]


def test_of_a_labs_name_it_holds_what_is_from_there(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", labs={"google-deepmind": 0.9})
        add_item(session, roadmap, "2606.00002", abstract="As Google DeepMind did.")
        add_item(session, roadmap, "2606.00003", labs={"google-deepmind": 0.9})
    assert found(client, q="Google DeepMind") == ["2606.00003", "2606.00001"]
    assert found(client, q="latest papers from Google DeepMind") == ["2606.00003", "2606.00001"]
    assert found(client, q="Google DeepMind", lab="qwen") == []
    assert found(client, q="Google DeepMind herons") == ["2606.00002"]


def test_the_filters_are_those_of_every_list(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", code=["https://github.com/heron/clock"])
        add_item(session, roadmap, "2606.00002", labs={"qwen": 0.9})
        add_item(session, roadmap, "2606.00003", topics={"rag": 0.8})
    assert found(client, q="heron", has_code="true") == ["2606.00001"]
    assert found(client, q="heron", lab="qwen") == ["2606.00002"]
    assert found(client, topic="rag") == ["2606.00003"]
    assert found(client, q="heron", topic=TOPIC) == ["2606.00002", "2606.00001"]
    assert found(client, q="heron", since="2026-06-03") == []


def test_it_says_what_it_is(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    feed = client.get(FEED, params={"q": "clockwork heron", "topic": TOPIC, "lang": "ja"}).json()
    asked = f"topic={TOPIC}&q=clockwork+heron"
    assert feed["title"] == "検索：clockwork heron: Shirube"
    assert feed["home_page_url"] == f"https://road.example/search?{asked}"
    assert feed["feed_url"] == f"https://road.example{FEED}?{asked}&lang=ja"
    assert client.get(feed["feed_url"]).json() == feed


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "needs words or a filter"),
        ({"q": " "}, "needs words"),
        ({"topic": "moe"}, "moe"),
        ({"tpoic": "rag"}, "tpoic"),
    ],
)
def test_a_search_for_nothing_or_nothing_known_is_an_error(
    client: TestClient, query: dict[str, str], words: str
) -> None:
    answer = client.get(FEED, params=query)
    assert answer.status_code == 422
    assert words in answer.text
