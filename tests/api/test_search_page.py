"""The search page: what it finds and why, how it says what it cannot find, and that no query breaks it."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.finder import Finder
from core.clock import Clock
from core.text import fold
from db.engine import Sessions
from ranking.service import embed_new, vector_matrix
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS
from tests.api.factory import SUBMITTED, TOPIC, add_item, fill
from tests.api.test_queries import statements
from tests.fakes import HashEmbedder

NAME = HashEmbedder().identity.partition("@")[0]
HOSTILE = [
    '"', "*", "NEAR(a b)", "a:b", "title:herons", "herons AND", "-herons", "(((", "x" * 10_000, "a " * 5_000,
    "the of and", "\U0001f9a9", "\x00", "herons\x00", "';DROP TABLE item;--", "%", "_", "\\", "\ud83e", "検索" * 500,
    "{{ 7*7 }}", "<script>alert(1)</script>", "10.1234/", "https://", "2606.00001v9", "math/0309136", "\u202e", "''",
]  # fmt: skip
FIELDS = ("stage", "topic", "lab", "since", "until", "kind", "has_code", "min_fit", "page", "sort", "lang")


def text(page: str) -> str:
    """The words of a page's main part, without its form."""
    main = page.partition("</form>")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def titles(page: str) -> list[str]:
    return re.findall(r'<h3 id="t-\d+"><a href="/papers/([^"]+)"', page)


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A client of a store of two papers, one of them with code."""
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", title="Springs for herons", abstract="Routers oil <b>gears</b>.")
        code = ["https://github.com/heron/clock"]
        add_item(
            session,
            roadmap,
            "2606.00002",
            title="Marshes of brass",
            folded_title=fold("Marshes of brass"),
            topics={"rag": 0.9},
            code=code,
        )
    return client


@pytest.fixture
def by_meaning(sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path) -> Callable[[], TestClient]:
    """Open a client whose finder has taken in the vectors that are stored by then."""

    def open_() -> TestClient:
        finder = Finder(roadmap, lambda held: vector_matrix(sessions, NAME, tmp_path, held), HashEmbedder())
        finder.refresh()
        return TestClient(create_app(sessions, roadmap, clock, OPTIONS, None, finder), raise_server_exceptions=False)

    return open_


def test_without_a_query_the_form_and_examples_of_the_road_are_shown(client: TestClient, roadmap: Roadmap) -> None:
    page = client.get("/search")
    assert page.status_code == 200
    examples = re.findall(r'<p class="t"><a href="(/search\?q=[^"]+)"', page.text)
    assert len(examples) == len(roadmap.stages)
    assert client.get(unescape(examples[0])).status_code == 200
    japanese = client.get("/search?lang=ja").text
    assert roadmap.topics_of(1)[0].queries_ja[0] in japanese


def test_a_result_says_what_it_is_and_why_it_was_found(filled: TestClient) -> None:
    page = filled.get("/search?q=gear+router").text
    assert titles(page)[0] == "2606.00001"
    assert "Ada Moorhen, Ivo Plover" in unescape(page).replace("\xa0", " ")
    assert f'<a href="/topics/{TOPIC}">' in page
    assert "Found because Words gear, router" in text(page)
    assert "<mark>Routers</mark> oil &lt;b&gt;<mark>gears</mark>&lt;/b&gt;." in page


def test_a_search_for_an_author_says_so(filled: TestClient) -> None:
    assert "Author The query is an author’s name" in text(filled.get("/search?q=Ada+Moorhen").text)
    assert "an author’s name" not in text(filled.get("/search?q=herons").text)


@pytest.mark.parametrize("query", ["Qwen", "qwen", "Ｑｗｅｎ", "クウェン"])
def test_a_labs_name_leads_to_the_lab_and_its_papers(
    sessions: Sessions, roadmap: Roadmap, client: TestClient, query: str
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", labs={"qwen": 0.9})
        add_item(session, roadmap, "2606.00002", title="Qwen for herons", folded_title="qwen for herons")
        add_item(session, roadmap, "2606.00003", labs={"qwen": 0.9}, title="Qwen herons", folded_title="qwen herons")
        add_item(session, roadmap, "2606.00004", labs={"qwen": 0.3})
        add_item(session, roadmap, "2606.00005", labs={"openai": 0.9})
    page = client.get("/search", params={"q": query}).text
    assert titles(page) == ["2606.00003", "2606.00001", "2606.00002"]
    assert "The road follows a lab of that name: Qwen" in text(page)
    assert 'href="/labs/qwen"' in page
    assert text(page).count("From the lab of that name") == 2
    assert titles(client.get("/search", params={"q": query, "lab": "openai"}).text) == []
    assert "a lab of that name" not in text(client.get("/search?q=qwen+herons").text)


def test_what_the_query_names_comes_first(filled: TestClient) -> None:
    for query in ("2606.00002", "https://github.com/heron/clock", "marshes of brass"):
        page = filled.get("/search", params={"q": query}).text
        assert titles(page)[0] == "2606.00002"
        assert "Name The query is its name" in text(page)


def test_what_the_query_names_and_filters_leave_out_is_said(filled: TestClient) -> None:
    page = filled.get("/search?q=2606.00002&topic=" + TOPIC).text
    assert titles(page) == []
    assert 'href="/papers/2606.00002">2606.00002</a>' in page


def test_every_filter_narrows_and_stays_in_every_address(filled: TestClient) -> None:
    filters = {"stage": "7", "topic": "rag", "since": "2026-06-01", "until": "2026-06-30", "kind": "paper"}
    filters |= {"has_code": "true", "min_fit": "0.7"}
    page = filled.get("/search", params={"q": "herons brass", **filters}).text
    assert titles(page) == ["2606.00002"]
    feed = unescape(page.partition('type="application/atom+xml"')[2].partition('href="')[2].partition('"')[0])
    assert urlsplit(feed).path == "/feeds/search.atom"
    assert {name: value for name, (value,) in parse_qs(urlsplit(feed).query).items()} == {
        "q": "herons brass",
        **filters,
    }
    for name, value in filters.items():
        field = page.partition(f'name="{name}"')[2]
        assert (
            f'<option value="{value}" selected>' in field.partition("</select>")[0] or f'value="{value}"' in field[:80]
        )


def test_no_result_repeats_the_query_and_offers_each_filter_dropped(filled: TestClient) -> None:
    page = filled.get("/search?q=herons&stage=1&has_code=true").text
    assert titles(page) == []
    said = text(page)
    assert "Nothing matches “herons” (Stage 1, with code)." in said
    assert "The same without Stage 1 : 1 paper with code : 0 papers all filters : 2 papers" in said
    offers = [unescape(href) for href in re.findall(r'<li><a href="(/search[^"]+)"', page)]
    assert [parse_qs(urlsplit(offer).query) for offer in offers] == [
        {"q": ["herons"], "has_code": ["true"]}, {"q": ["herons"], "stage": ["1"]}, {"q": ["herons"]},
    ]  # fmt: skip
    assert len(titles(filled.get(offers[2]).text)) == 2


def test_no_result_without_filters_says_what_to_try(filled: TestClient) -> None:
    assert "Try fewer or other words" in text(filled.get("/search?q=zeppelin").text)
    missing = filled.get("/search?q=arXiv:2606.77777v2").text
    assert 'href="https://arxiv.org/abs/2606.77777"' in missing


def test_a_misspelt_word_leads_to_the_search_that_was_meant(filled: TestClient) -> None:
    page = filled.get("/search", params={"q": "Sprigns of herons <b>", "has_code": "false"}).text
    assert "No paper has the word “Sprigns”. Words near it: springs" in text(page)
    (link,) = re.findall(r'<a href="([^"]+)">springs</a>', page)
    assert parse_qs(urlsplit(unescape(link)).query) == {"q": ["springs of herons <b>"], "has_code": ["false"]}
    assert "No paper has" not in text(filled.get("/search?q=springs").text)
    japanese = text(filled.get("/search?q=zeppelin&lang=ja").text)
    assert "「zeppelin」の語を含む論文はありません。" in japanese
    assert "綴りの近い語" not in japanese


def test_how_japanese_was_read_is_said(filled: TestClient) -> None:
    said = text(filled.get("/search", params={"q": "検索拡張生成の鷺"}).text)
    assert "Read as: retrieval-augmented generation" in said.replace("Retrieval", "retrieval")
    assert "Not understood: 鷺" in said
    assert "The road has a topic of that name: Retrieval-augmented generation" in said
    assert "The road has a topic of that name: Retrieval-augmented generation" in text(filled.get("/search?q=rag").text)


def test_how_it_was_read_has_no_empty_brackets(filled: TestClient) -> None:
    said = text(filled.get("/search", params={"q": "DeepSeekの錆鷺"}).text)
    assert "Read as: DeepSeek Not understood: 錆鷺" in said
    assert "a lab of that name" not in said


def test_words_that_only_join_others_are_told_of(filled: TestClient) -> None:
    assert "These words only join others" in text(filled.get("/search", params={"q": "最新の論文"}).text)
    assert "These words only join others" not in text(filled.get("/search", params={"q": "鷺の論文"}).text)


def test_how_far_meaning_reaches_is_said(
    sessions: Sessions, roadmap: Roadmap, clock: Clock, by_meaning: Callable[[], TestClient], client: TestClient
) -> None:
    fill(sessions, roadmap, 3)
    assert "Words only." in text(client.get("/search?q=heron").text)
    embed_new(sessions, HashEmbedder(), clock)
    whole = text(by_meaning().get("/search?q=heron+zeppelin").text)
    assert "By words and by meaning, out of 3 stored" in whole
    assert "Meaning 1st closest" in whole
    assert "behind" not in whole
    assert "3 results" in whole
    alone = text(by_meaning().get("/search?q=zeppelin").text)
    assert "Nothing by these words No paper has a word of “zeppelin”." in alone
    assert "Meaning 1st closest" in alone
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00009")
    behind = text(by_meaning().get("/search?q=heron").text)
    assert "3 of 4 papers can be found by meaning" in behind


def test_a_model_on_its_way_is_said(sessions: Sessions, roadmap: Roadmap, clock: Clock, tmp_path: Path) -> None:
    fill(sessions, roadmap, 1)
    finder = Finder(roadmap, lambda held: vector_matrix(sessions, NAME, tmp_path, held), HashEmbedder())
    with TestClient(create_app(sessions, roadmap, clock, OPTIONS, None, finder)) as client:
        assert "Meaning search is being made ready." in text(client.get("/search?q=heron").text)


def test_pages_follow_each_other_to_the_hundredth(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 104)
    address, seen = "/search?q=heron&kind=paper", []
    for _page in range(9):
        page = client.get(address).text
        seen += titles(page)
        following = re.search(r'<a href="([^"]+)" rel="next">', page)
        if following is None:
            break
        address = unescape(following[1])
    assert len(seen) == len(set(seen)) == 100
    assert "The 100 best results" in page
    assert "81 to 100 of 100" in text(page)
    assert 'rel="prev"' in page


def test_a_page_beyond_the_results_leads_back(filled: TestClient) -> None:
    page = filled.get("/search?q=herons&page=3").text
    assert "The results end before this page." in page
    assert re.search(r'<a href="/search\?q=herons" rel="prev">', page)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stage", "nine"), ("stage", "9"), ("topic", "herons"), ("lab", "herons"), ("since", "yesterday"),
        ("until", "2026-02-30"), ("kind", "book"), ("has_code", "perhaps"), ("min_fit", "2"), ("min_fit", "nan"),
        ("page", "0"), ("page", "6"), ("sort", "votes"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_named_and_the_form_is_kept(filled: TestClient, name: str, value: str) -> None:
    for lang in ("en", "ja"):
        answer = filled.get("/search", params={"q": "herons", "kind": "paper", "lang": lang} | {name: value})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert 'name="q" value="herons"' in answer.text
        assert titles(answer.text) == []
        if name not in ("page", "sort"):
            assert f'id="{name}-error"' in answer.text
            field = answer.text.partition(f'name="{name}"')[2].partition(f'id="{name}-error"')[0]
            assert f"<option selected>{value}<" in field or f'value="{value}"' in field


def test_empty_fields_and_strange_names_ask_nothing(filled: TestClient) -> None:
    page = filled.get("/search?q=herons&stage=&topic=&since=&has_code=&utm_source=x").text
    assert "2606.00001" in titles(page)
    assert "utm_source" not in page


@pytest.mark.parametrize("query", HOSTILE)
def test_a_hostile_query_is_answered(filled: TestClient, query: str) -> None:
    encoded = query.encode("utf-8", "surrogatepass")
    answer = filled.get("/search", params={"q": encoded})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "49" not in text(answer.text)


def test_a_query_of_ten_thousand_letters_is_cut_and_that_is_said(filled: TestClient) -> None:
    page = filled.get("/search", params={"q": "herons " * 1_500}).text
    assert "Only the first 2,000 characters of the query were read." in page
    assert titles(page)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.text('"*():^-+ANDORNEAR ', max_size=60))
def test_no_query_is_a_failure(filled: TestClient, query: str) -> None:
    assert filled.get("/search", params={"q": query}).status_code == 200


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30) | st.from_regex(r"[0-9.eE+-]{1,12}")))
def test_no_filter_is_a_failure(filled: TestClient, parameters: dict[str, str]) -> None:
    assert filled.get("/search", params={"q": "herons", **parameters}).status_code in (200, 422)


def test_statements_stay_few_as_rows_grow(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    def add(start: int, count: int) -> None:
        with sessions.begin() as session:
            for number in range(start, start + count):
                moment = SUBMITTED + timedelta(minutes=number)
                add_item(session, roadmap, f"2606.{number:05d}", submitted=moment, labs={"qwen": 0.9})

    add(1, 3)
    few = statements(sessions, lambda: client.get("/search?q=heron"))
    add(10, 60)
    assert statements(sessions, lambda: client.get("/search?q=heron")) <= few <= 16
