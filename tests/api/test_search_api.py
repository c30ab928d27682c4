"""Search over the API: filters, cursors, how the query was read; and whatever is typed, 200 or 422."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import cursor
from db.engine import Sessions
from ranking.search import LONGEST
from roadmap.model import Roadmap
from tests.api.factory import SUBMITTED, add_item, fill

SEARCH = "/api/v1/search"
TITLES = (
    "Sparse herons for long marshes",
    "Sparse routing of clockwork herons",
    "A survey of marsh routing",
    "Reeds, routing and rewards: a benchmark",
    "Long context for short herons",
    "C++ and the art of nesting",
)


def ask(client: TestClient, query: str, **others: Any) -> Any:
    answer = client.get(SEARCH, params={"q": query, **others})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer["items"]]


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A client of a store of six papers whose titles share words."""
    with sessions.begin() as session:
        for number, title in enumerate(TITLES, 1):
            submitted = SUBMITTED + timedelta(days=number)
            add_item(session, roadmap, f"2606.0000{number}", title=title, abstract=None, submitted=submitted)
    return client


def test_items_that_hold_every_word_come_first(filled: TestClient) -> None:
    found = ask(filled, "sparse herons")
    assert ids(found)[:2] == ["2606.00001", "2606.00002"]
    assert found["query"] == {
        "text": "sparse herons",
        "english": "sparse herons",
        "translated": [],
        "not_understood": [],
        "odd_words": [],
        "by_words": True,
        "by_meaning": False,
        "named": [],
        "left_out": [],
    }


def test_a_name_finds_its_paper_and_says_so(filled: TestClient) -> None:
    found = ask(filled, "arXiv:2606.00003v2")
    assert (ids(found), found["query"]["named"], found["query"]["english"]) == (["2606.00003"], ["2606.00003"], "")
    hidden = ask(filled, "2606.00003", kind="post")
    assert (ids(hidden), hidden["query"]["left_out"]) == ([], ["2606.00003"])


def test_a_japanese_query_says_how_it_was_read(filled: TestClient) -> None:
    query = ask(filled, "強化学習の葦原")["query"]
    assert query["translated"][0]["ja"] == "強化学習"
    assert query["english"] == query["translated"][0]["en"]
    assert query["not_understood"] == ["葦原"]


def test_words_that_no_paper_has_are_told_with_those_near_them(filled: TestClient) -> None:
    query = ask(filled, "routng zeppelins")["query"]
    assert query["odd_words"] == [
        {"word": "routng", "papers": 0, "near": ["routing"]},
        {"word": "zeppelins", "papers": 0, "near": []},
    ]
    assert ask(filled, "routing herons")["query"]["odd_words"] == []


def test_filters_narrow_a_search_as_they_do_a_list(filled: TestClient) -> None:
    assert ids(ask(filled, "routing", since="2026-06-06")) == ["2606.00004"]
    assert ids(ask(filled, "routing", topic="linear-algebra")) == []
    assert len(ids(ask(filled, "routing", topic="linear-algebra", min_fit=0))) == 3


def walk(client: TestClient, query: str, limit: int) -> list[str]:
    found: list[str] = []
    address = f"{SEARCH}?q={query}&limit={limit}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        found += ids(answer.json())
        address = answer.links["next"]["url"] if "next" in answer.links else ""
    return found


def test_parts_follow_one_another_to_the_hundredth_place(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 120)
    whole = walk(client, "clockwork", 100)
    assert len(whole) == len(set(whole)) == 100
    assert walk(client, "clockwork", 33) == whole


def test_a_cursor_is_stable_while_items_arrive(filled: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    before = ids(ask(filled, "routing"))
    first = ask(filled, "routing", limit=1)
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00009", title="Routing routing routing", abstract=None)
    rest = ask(filled, "routing", cursor=first["next"])
    assert [*ids(first), *(one for one in ids(rest) if one != "2606.00009")] == before


def test_a_cursor_of_another_search_is_refused(filled: TestClient) -> None:
    given = ask(filled, "routing", limit=1)["next"]
    for others in ({"q": "herons"}, {"q": "routing", "kind": "post"}):
        assert filled.get(SEARCH, params={**others, "cursor": given}).status_code == 422
    order = cursor.decode.__doc__  # no list gives these, whatever their order is called
    for place in ((0.5, "a"), (-1.0, "a"), (1e9, "a"), ("2026-06-02T00:00:00Z", "a")):
        assert (
            filled.get(SEARCH, params={"q": "routing", "cursor": cursor.encode(str(order), place)}).status_code == 422
        )


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "q=x&limit=9999999999999999999999", "q=", "q=x&sort=fit"])
def test_what_cannot_be_meant_is_an_error(client: TestClient, query: str) -> None:
    answer = client.get(f"{SEARCH}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


ODD = [
    *(
        '"',
        '""',
        "*",
        "her*",
        "NEAR(",
        "NEAR(a b, 2)",
        "a:b",
        "title:herons",
        "-",
        "--",
        "AND",
        "OR NOT",
        "(",
        "^heron",
    ),
    *(
        "the of and",
        "を に は",
        "🦆",
        "👩‍🔬 🦆🦆",
        "\x00",
        "a\x00b",
        "\u202e",
        "%",
        "_",
        "\\",
        "';",
        "a" * LONGEST,
        "é" * 500,
    ),
    *("' OR 1=1 --", "'; DROP TABLE item; --", "1) UNION SELECT 1 --", "qwen:\x00", "10.1234/\x00", "http://\x00"),
    *("ＳＰＡＲＳＥ", "a b " * 400, "&", "|", "!", "<->", "a & b | !c", ":*", "$$", "{}", "[", "\t\n", "ß", "İ"),
]


@pytest.mark.parametrize("query", ODD)
def test_nothing_typed_breaks_a_search(filled: TestClient, query: str) -> None:
    assert filled.get(SEARCH, params={"q": query}).status_code == 200


def test_a_query_of_ten_kilobytes_is_too_long(client: TestClient) -> None:
    assert client.get(SEARCH, params={"q": "heron " * 1_700}).status_code == 422


@given(query=st.text(max_size=80))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_breaks_a_search(filled: TestClient, query: str) -> None:
    asked = quote(query.encode("utf-8", "surrogatepass"))
    assert filled.get(f"{SEARCH}?q={asked}").status_code == (200 if asked else 422)


SQL = ["' OR '1'='1", "'; DROP TABLE item; --", '" OR ""="', "1; SELECT pg_sleep(9)", "\x00", "%' --"]
PARAMETERS = ["topic", "lab", "stage", "since", "until", "kind", "has_code", "min_fit", "sort", "limit", "cursor"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_sql_in_a_parameter_is_only_a_wrong_word(filled: TestClient, name: str) -> None:
    for text in SQL:
        for address in ("/api/v1/papers", SEARCH):
            answer = filled.get(address, params={"q": "herons", name: text} if address == SEARCH else {name: text})
            assert answer.status_code == 422, f"{address} {name}={text!r}"
    assert len(ids(ask(filled, "herons"))) == 3


WORDS = ["sparse herons", "routing", "long", "c++", "survey of routing", "reward", "heron's"]
# Items with one of two words each: SQLite's BM25 puts the rarer word first, PostgreSQL's rank knows no rarity.
PARTLY = ["herons marsh"]


def test_both_databases_find_the_same(sqlite_sessions: Sessions, postgres_sessions: Sessions, roadmap: Roadmap) -> None:
    from api.app import create_app
    from tests.api.conftest import OPTIONS
    from tests.conftest import NOW

    found = []
    for sessions in (sqlite_sessions, postgres_sessions):
        with sessions.begin() as session:
            for number, title in enumerate(TITLES, 1):
                add_item(session, roadmap, f"2606.0000{number}", title=title, abstract=None)
        with TestClient(create_app(sessions, roadmap, lambda: NOW, OPTIONS)) as client:
            found.append({query: ids(ask(client, query)) for query in WORDS + PARTLY})
    for query in PARTLY:
        assert {*found[0].pop(query)} == {*found[1][query]}
        assert found[1].pop(query)
    assert found[0] == found[1], "the same items in the same order, ties by id"
    assert all(found[0].values())
