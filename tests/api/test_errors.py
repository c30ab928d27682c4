"""The pages that tell of errors: what was asked, what is near, a search box; with a broken database too."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from api.app import create_app
from api.error_page import asked_for, error_page
from api.errors import Problem
from core.clock import Clock
from core.text import fold
from db.engine import Sessions, make_engine, make_sessions
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import add_item, fill
from tests.api.test_queries import statements


def text(page: str) -> str:
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def near(page: str) -> list[str]:
    """The addresses named as close."""
    return re.findall(r'<li><a href="([^"]+)"', page.partition('id="close"')[2])


@pytest.fixture
def broken(roadmap: Roadmap, clock: Clock) -> Iterator[TestClient]:
    """A client of an app whose database has no tables."""
    app = create_app(make_sessions(create_engine("sqlite://")), roadmap, clock, OPTIONS)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_paper_that_is_not_stored_leads_to_those_with_nearly_its_id(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 12)
    page = client.get("/papers/2606.0001")
    assert page.status_code == 404
    assert near(page.text)[:3] == ["/papers/2606.00010", "/papers/2606.00011", "/papers/2606.00012"]
    assert "2606.00010, A clockwork heron, part 2606.00010" in text(page.text)
    assert near(client.get("/papers/2606.00019").text)[0] == "/papers/2606.00010"
    assert "https://arxiv.org/abs/2606.00019" in client.get("/papers/2606.00019").text
    assert "/papers/" not in near(client.get("/papers/9").text)[0]


def test_words_instead_of_an_id_lead_to_papers_whose_titles_hold_them(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    title = "Springs for tired herons"
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", title=title, folded_title=fold(title))
    page = client.get("/papers/springs-for-tired-herons").text
    assert near(page)[0] == "/papers/2606.00001"
    assert 'name="q" value="springs-for-tired-herons"' in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/topics/mixture-of-expert", "/topics/mixture-of-experts"),
        ("/topics/RAG", "/topics/rag"),
        ("/labs/antropic", "/labs/anthropic"),
        ("/topics/deepmind", "/labs/google-deepmind"),
        ("/qwen", "/labs/qwen"),
    ],
)
def test_topics_and_labs_with_close_names_are_named(client: TestClient, asked: str, found: str) -> None:
    page = client.get(asked)
    assert page.status_code == 404
    assert found in near(page.text)


def test_what_is_like_nothing_names_nothing_of_the_road(client: TestClient) -> None:
    places = near(client.get("/zzzzzz").text)
    assert places == ["/", "/status", "/docs"]


def test_a_parameter_that_cannot_be_meant_is_named(client: TestClient) -> None:
    page = client.get("/digests/2026-06?minutes=soon")
    assert page.status_code == 422
    assert "minutes:" in text(page.text).replace(" :", ":")


def test_a_404_is_told_while_the_database_is_down(broken: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    page = broken.get("/topics/mixture-of-expert-systems/nowhere")
    assert page.status_code == 404
    assert "This way leads nowhere" in page.text
    assert near(page.text) == ["/", "/status", "/docs"]
    assert "the database does not answer: OperationalError" in caplog.text


def test_a_500_names_the_request_and_the_road_but_nothing_of_itself(broken: TestClient) -> None:
    page = broken.get("/digests/2026-06")
    assert page.status_code == 500
    assert page.headers["x-request-id"] in page.text
    for word in ("sqlite", "OperationalError", "SELECT", "Traceback", "no such table"):
        assert word not in page.text
    assert near(page.text) == ["/", "/status", "/docs"]


def test_what_is_gone_is_told_as_gone(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    app = create_app(sessions, roadmap, clock, OPTIONS)

    @app.get("/gone")
    def gone() -> None:
        raise Problem(410, "It was taken away")

    page = TestClient(app).get("/gone")
    assert page.status_code == 410
    assert "What was here is gone for good" in page.text
    assert "It was taken away." in page.text


MET = [
    ("/papers/2401.99999", "2401.99999という論文や記事"),
    ("/papers/nothing", "nothingという論文や記事"),
    ("/topics/none", "noneというトピック"),
    ("/labs/none", "noneという研究所"),
    ("/stages/99", "段階99は"),
    ("/digests/2019-01", "2019-01の号"),
    ("/digests/soon", "soonは月では"),
    ("/digests/latest", "確定した号"),
    ("/s/none/confirm", "このリンクは使用済み"),
    ("/s/none/preferences", "このリンクは"),
    ("/s/none/unsubscribe", "このリンクは"),
    ("/report?item=2606.00001&verb=more", "ここでは"),
    ("/nowhere", "このアドレスには"),
]


@pytest.mark.parametrize(("address", "said"), MET)
def test_what_a_reader_may_meet_is_told_in_their_language(
    make_client: ClientFactory, sessions: Sessions, roadmap: Roadmap, address: str, said: str
) -> None:
    fill(sessions, roadmap, 1)
    client = make_client(replace(OPTIONS, secret_keys=("k" * 32,)))
    page = client.get(address, params=dict(parse_qsl(address.partition("?")[2])) | {"lang": "ja"})
    assert page.status_code >= 400
    sentence = re.search(r"</code></p>\s*<p>(.*?)</p>", page.text)
    assert sentence is not None
    assert said in sentence[1]
    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,}|['。]\.", sentence[1])
    english = client.get(address, params=dict(parse_qsl(address.partition("?")[2])) | {"lang": "en"}).text
    assert "&#39;" not in re.findall(r"</code></p>\s*<p>(.*?)</p>", english)[0]


def test_a_form_that_was_refused_says_so_in_the_language_of_the_page(client: TestClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    foreign = form | {"sec-fetch-site": "cross-site"}
    assert "段階99はありません。" in client.post("/place?lang=ja", content="stage=99", headers=form).text
    assert "フォームを読み取れません。" in client.post("/place?lang=ja", content=b"stage=%ff", headers=form).text
    refused = client.post("/place?lang=ja", content="stage=5", headers=foreign)
    assert "別のサイトのページから送られました。" in refused.text


def test_programs_are_told_in_english_whatever_language_they_take(client: TestClient) -> None:
    answer = client.get("/api/v1/papers/2401.99999", headers={"Accept-Language": "ja"})
    assert answer.json()["detail"] == "There is no item 2401.99999 here"
    assert answer.json()["advice"].endswith("arXiv may have it")


def test_a_signed_link_is_shown_nowhere(client: TestClient) -> None:
    for address in ("/s/abcdefsecret/nowhere", "/s/abcdefsecret/preferences", "/s/abcdefsecret"):
        page = client.get(address)
        assert page.status_code >= 400
        assert "abcdefsecret" not in page.text


@pytest.mark.parametrize("path", ["/papers/%00", "/papers/%E2%80%AE", "/topics/%F0%9F%A6%A9", "/papers/" + "x" * 5000])
def test_no_address_breaks_the_page(client: TestClient, path: str) -> None:
    for lang in ("en", "ja"):
        assert client.get(path, params={"lang": lang}).status_code == 404


def test_an_address_is_read_as_words_and_as_an_id() -> None:
    assert asked_for("/papers/math/0309136").paper == "math/0309136"
    assert asked_for("/topics/rag/").words == "rag"
    assert asked_for("/s/token/erase").words == ""


def test_statements_stay_few_as_rows_grow(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 3)
    few = statements(sessions, lambda: client.get("/papers/2606.99999"))
    with sessions.begin() as session:
        for number in range(40):
            add_item(session, roadmap, f"2606.1{number:04d}")
    assert statements(sessions, lambda: client.get("/papers/2606.99999")) == few <= 6


def test_the_page_is_written_for_the_errors_of_any_request(client: TestClient) -> None:
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b"", "app": client.app}
    assert "Too hasty." in error_page(Request(scope), Problem(429, "Too hasty"))


def test_an_answer_that_was_to_be_expected_is_logged_without_a_traceback(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.post("/api/v1/subscriptions", json={"email": "a@example.org", "stages": [5]}).status_code == 503
    (said,) = [record for record in caplog.records if record.name == "shirube.api"]
    assert (said.levelname, said.exc_info, said.__dict__["status"]) == ("WARNING", None, 503)


def test_a_failure_is_logged_with_where_it_happened(
    roadmap: Roadmap, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(make_sessions(create_engine("sqlite://")), roadmap, clock, OPTIONS)
    assert TestClient(app, raise_server_exceptions=False).get("/api/v1/papers").status_code == 500
    (said,) = [record for record in caplog.records if record.name == "shirube.api"]
    assert said.levelname == "ERROR"
    assert said.exc_info


@pytest.mark.parametrize("address", ["/api/v1/papers", "/digests/2026-06?lang=ja", "/", "/feeds/picks.atom"])
def test_a_database_that_is_away_is_told_with_503_and_in_one_line(
    roadmap: Roadmap, clock: Clock, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    away = make_sessions(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    answer = TestClient(create_app(away, roadmap, clock, OPTIONS)).get(address)  # raises what uvicorn would log again
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    (said,) = [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert (said.levelname, said.message, said.exc_info) == ("WARNING", "request_failed", None)
    assert said.__dict__["status"] == 503
    if address.startswith("/api"):
        assert answer.json()["type"] == "tag:shirube,2026:problems/unavailable"
    if "ja" in address:
        assert "いまデータベースが応答しません。" in answer.text


def test_a_database_that_was_asked_wrongly_is_a_failure_logged_once(
    roadmap: Roadmap, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(make_sessions(create_engine("sqlite://")), roadmap, clock, OPTIONS)
    assert TestClient(app).get("/api/v1/papers").status_code == 500
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]
