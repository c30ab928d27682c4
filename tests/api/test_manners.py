"""HTTP manners of every read: HEAD, conditions, methods, preflights, sizes; and that what is kept is never outdated."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text
from starlette.types import Message

from api.bodies import MOST_BYTES
from api.conditional import ConditionalReads, KeptAnswers, Whole
from db.engine import Sessions, make_engine
from db.models import Item
from db.pulse import Pulse
from digest.service import note_errata
from roadmap.model import Roadmap
from tests.api.factory import SEEN, TOPIC, add_item, fill, make_issue
from tests.conftest import NOW

PAPERS, ITEM, ISSUE = "/api/v1/papers", "/api/v1/papers/2606.00001", "/api/v1/digests/2026-06"
READS = [
    *(PAPERS, ITEM, ISSUE, f"{ISSUE}/stages/5", "/api/v1/search?q=heron", "/api/v1/stages", "/api/v1/stages/5/canon"),
    *("/api/v1/topics", "/api/v1/labs", "/api/v1/digests", "/api/v1/openapi.json", f"/feeds/topics/{TOPIC}.atom"),
]
WRONG = [f"{PAPERS}/none", f"{PAPERS}?limit=x", "/api/v1/nowhere", "/api/v1/digests/2026-13", "/api/v1/search"]


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A client of a store with three items and a final issue."""
    fill(sessions, roadmap, 3, code=["https://github.com/heron/clock"])
    make_issue(sessions, roadmap, "2026-06", NOW)
    return client


@pytest.mark.parametrize("address", [*READS, *WRONG])
def test_head_answers_as_get_does_without_the_body(filled: TestClient, address: str) -> None:
    full, head = filled.get(address), filled.head(address)
    assert head.content == b""
    assert head.status_code == full.status_code
    apart = {"x-request-id", "content-length"} if address in WRONG else {"x-request-id"}  # its id is in a problem
    assert {name: value for name, value in head.headers.items() if name not in apart} == {
        name: value for name, value in full.headers.items() if name not in apart
    }


@pytest.mark.parametrize("address", [address for address in READS if "openapi" not in address])
def test_a_parameter_that_is_not_known_is_an_error_everywhere(filled: TestClient, address: str) -> None:
    answer = filled.get(address + ("&" if "?" in address else "?") + "lmit=5")
    assert answer.status_code == 422
    if address.startswith("/api/"):
        assert answer.json()["errors"][0]["parameter"] == "lmit"


def test_an_unknown_parameter_names_the_nearest(filled: TestClient) -> None:
    assert filled.get(f"{PAPERS}?lmit=5").json()["advice"] == "Did you mean limit?"
    assert filled.get("/api/v1/stages?page=2").json()["advice"] == "No parameter is known here"


@pytest.mark.parametrize("address", ["/feeds/digests.atom", "/feeds/search.json?q=heron", "/feeds.opml"])
def test_what_counts_readers_of_a_feed_is_passed_over_and_nothing_else(filled: TestClient, address: str) -> None:
    more = address + ("&" if "?" in address else "?")
    answer = filled.get(f"{more}utm_source=x&utm_medium=feed")
    assert (answer.status_code, answer.content) == (200, filled.get(address).content)
    for name in ("utm", "fbclid", "lmit"):
        assert filled.get(f"{more}{name}=x").status_code == 422
    assert filled.get(f"{PAPERS}?utm_source=x").status_code == 422


@pytest.mark.parametrize("address", [f"{PAPERS}?topic=rag&topic=quantization", "/feeds/search.atom?q=heron&q=coot"])
def test_a_parameter_given_twice_is_refused(filled: TestClient, address: str) -> None:
    answer = filled.get(address)
    assert answer.status_code == 422
    assert "is given more than once" in answer.text
    assert filled.get("/feeds.opml?topic=rag&topic=quantization").status_code == 200  # a list of them is meant there


@pytest.mark.parametrize("address", [ITEM, ISSUE, f"{ISSUE}/stages/5"])
def test_a_date_tells_what_is_unchanged(filled: TestClient, address: str) -> None:
    full = filled.get(address)
    moment = full.headers["last-modified"]
    again = filled.get(address, headers={"If-Modified-Since": moment})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", full.headers["etag"])
    older = filled.get(address, headers={"If-Modified-Since": "Mon, 01 Jun 2026 00:00:00 GMT"})
    assert older.status_code == 200
    for odd in ("yesterday", "", "Mon, 01 Jun 2026 00:00:00", "9" * 400):
        assert filled.get(address, headers={"If-Modified-Since": odd}).status_code == 200
    both = {"If-Modified-Since": moment, "If-None-Match": '"other"'}
    assert filled.get(address, headers=both).status_code == 200, "a tag goes before a date"


def test_the_date_of_an_item_is_that_of_its_last_change(
    filled: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    assert parsedate_to_datetime(filled.get(ITEM).headers["last-modified"]) == SEEN
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00050")
        session.get_one(Item, "2606.00001").updated = NOW
    assert parsedate_to_datetime(filled.get(ITEM).headers["last-modified"]) == NOW


def test_a_date_from_a_clock_that_was_ahead_hides_no_change(filled: TestClient, sessions: Sessions) -> None:
    """Until that day a reader that goes by dates alone was told that nothing had changed."""
    with sessions.begin() as session:
        session.get_one(Item, "2606.00001").updated = NOW + timedelta(days=400)
    since = filled.get(ITEM).headers["last-modified"]
    for updated in (NOW + timedelta(days=400), NOW):
        with sessions.begin() as session:
            item = session.get_one(Item, "2606.00001")
            item.title, item.updated = f"{item.title} again", updated
        assert filled.get(ITEM, headers={"If-Modified-Since": since}).status_code == 200


def test_an_issue_with_an_erratum_has_no_date(filled: TestClient, sessions: Sessions) -> None:
    moment = filled.get(ISSUE).headers["last-modified"]
    with sessions.begin() as session:
        session.get_one(Item, "2606.00001").withdrawn = True
        note_errata(session, NOW)
    answer = filled.get(ISSUE, headers={"If-Modified-Since": moment})
    assert answer.status_code == 200
    assert "last-modified" not in answer.headers, "only the day of an erratum is known"


def test_what_is_stored_shows_at_once(filled: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    before = {address: filled.get(address).headers["etag"] for address in READS[:4]}
    assert before == {address: filled.get(address).headers["etag"] for address in READS[:4]}
    with sessions.begin() as session:
        session.get_one(Item, "2606.00001").title = "Another title"
    for address in (PAPERS, ITEM):
        answer = filled.get(address, headers={"If-None-Match": before[address]})
        assert answer.status_code == 200
        assert "Another title" in answer.text


def test_another_program_s_change_shows_at_once(filled: TestClient, sqlite_engine: Engine, sessions: Sessions) -> None:
    first = filled.get(ITEM).text
    url = sessions.kw["bind"].url
    other = make_engine(url.render_as_string(hide_password=False))
    with other.begin() as connection:
        connection.execute(text("UPDATE item SET title = 'From elsewhere'"))
    other.dispose()
    del sqlite_engine
    assert "From elsewhere" not in first
    assert "From elsewhere" in filled.get(ITEM).text


def test_languages_are_kept_apart(filled: TestClient) -> None:
    pages = [filled.get("/digests/2026-06", headers={"Accept-Language": lang}).text for lang in ("en", "ja", "en")]
    assert 'lang="en"' in pages[0]
    assert 'lang="ja"' in pages[1]
    assert pages[2] == pages[0]
    assert 'lang="ja"' in filled.get("/digests/2026-06?lang=ja").text
    assert 'lang="ja"' in filled.get("/digests/2026-06").text, "the cookie is remembered"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_that_is_not_taken_names_those_that_are(filled: TestClient, method: str) -> None:
    answer = filled.request(method, PAPERS)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert filled.request("PUT", "/api/v1/feedback").headers["allow"] == "GET, HEAD, POST"
    assert filled.get("/api/v1/subscriptions").headers["allow"] == "POST"


def ask_first(client: TestClient, address: str, method: str) -> Any:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": method}
    return client.options(address, headers=asked)


def test_pages_of_other_sites_may_read_and_not_write(filled: TestClient) -> None:
    for address in (PAPERS, ITEM, f"/feeds/topics/{TOPIC}.atom"):
        answer = ask_first(filled, address, "GET")
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
        assert "If-None-Match" in answer.headers["access-control-allow-headers"]
        assert "ETag" in filled.get(address).headers["access-control-expose-headers"]
    for answer in (ask_first(filled, "/api/v1/subscriptions", "POST"), ask_first(filled, "/digests", "GET")):
        assert answer.status_code == 405
        assert "access-control-allow-origin" not in answer.headers
    posted = filled.post("/api/v1/subscriptions", json={"email": "x"}, headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in posted.headers


@pytest.mark.parametrize("address", ["/api/v1/subscriptions", "/api/v1/feedback"])
def test_bodies_are_bounded_and_deep_ones_refused(filled: TestClient, address: str) -> None:
    json = {"Content-Type": "application/json"}
    assert filled.post(address, content=b" " * 10_000_000, headers=json).status_code == 413
    deep = b"[" * (MOST_BYTES // 2) + b"]" * (MOST_BYTES // 2)
    for body in (
        deep,
        b'{"email": ' + deep[:1000] + b"}",
        b'{"x":' * 5_000,
        b"\xff",
        b"",
        b"null",
        b'{"email": 1e999}',
    ):
        answer = filled.post(address, content=body, headers=json)
        assert answer.status_code in (400, 422), body[:20]
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("number", ["9" * 30, "-1", "0", "1e3", "NaN", "5.0.1"])
def test_a_huge_or_odd_number_is_an_error(filled: TestClient, number: str) -> None:
    assert filled.get(f"{PAPERS}?limit={number}").status_code == 422
    assert filled.get(f"{PAPERS}?stage={number}").status_code == 422
    assert filled.get(f"{ISSUE}/stages/{number}").status_code in (404, 422)
    assert filled.get(f"/api/v1/stages/{number}/canon").status_code in (404, 422)


def test_a_day_is_written_out(filled: TestClient) -> None:
    for odd in ("0", "1717300000", "20260602", "2026-6-2", "2026-06-02T00:00:00Z", "2026-02-30"):
        assert filled.get(f"{PAPERS}?since={odd}").status_code == 422, odd


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-6-2", "A day is written YYYY-MM-DD"),
        ("2026-13-01", "There is no day 2026-13-01 in the calendar"),
        ("0000-00-00", "There is no day 0000-00-00 in the calendar"),
    ],
)
def test_a_day_that_cannot_be_meant_is_told_in_words(filled: TestClient, day: str, said: str) -> None:
    for name in ("since", "until"):
        assert filled.get(f"{PAPERS}?{name}={day}").json()["errors"] == [{"parameter": name, "detail": said}]


def test_the_first_and_the_last_day_of_the_calendar_leave_a_list_open(filled: TestClient) -> None:
    every = {"since": "0001-01-01", "until": "9999-12-31"}
    for path, more in ((PAPERS, {}), (PAPERS, {"topic": TOPIC}), ("/api/v1/search", {"q": "clockwork"})):
        free = filled.get(path, params=more)
        assert free.json()["items"]
        assert filled.get(path, params=more | every).json()["items"] == free.json()["items"]
    page = filled.get("/search", params={"q": "clockwork", **every})
    assert page.status_code == filled.get("/feeds/search.atom", params=every).status_code == 200
    assert "9999" in page.text


def parts(*sizes: int) -> Callable[..., Any]:
    """An app whose answer's length is not known, or, with one size, is."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        known = [(b"content-length", str(sizes[0]).encode())] if len(sizes) == 1 else []
        await send({"type": "http.response.start", "status": 200, "headers": known})
        for place, size in enumerate(sizes):
            await send({"type": "http.response.body", "body": b"x" * size, "more_body": place < len(sizes) - 1})

    return app


def heard(app: Callable[..., Any], method: str) -> list[Message]:
    async def ask() -> list[Message]:
        found: list[Message] = []

        async def send(message: Message) -> None:
            found.append(message)

        scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": []}
        await ConditionalReads(app, Pulse(create_engine("sqlite://")), lambda: NOW)(scope, lambda: None, send)  # type: ignore[arg-type, return-value]
        return found

    return asyncio.run(ask())


def test_an_answer_in_parts_passes_as_it_comes() -> None:
    assert [len(one.get("body", b"")) for one in heard(parts(3, 4, 5), "GET")] == [0, 3, 4, 5]
    assert [len(one.get("body", b"")) for one in heard(parts(3, 4, 5), "HEAD")] == [0, 0]
    whole = heard(parts(3), "GET")
    assert [len(one.get("body", b"")) for one in whole] == [0, 3]
    assert b"etag" in dict(whole[0]["headers"])


def answer(size: int) -> Whole:
    return Whole({"type": "http.response.start", "status": 200, "headers": []}, b"x" * size)


def test_a_kept_answer_has_all_headers_of_the_one_that_was_made_and_an_id_of_its_own(filled: TestClient) -> None:
    for address in ("/digests/2026-06", "/api/v1/papers", "/stages/5"):
        made, kept = filled.get(address), filled.get(address)
        tag = {"If-None-Match": made.headers["etag"]}
        bare = filled.get(address, headers=tag)
        assert (made.status_code, kept.status_code, bare.status_code) == (200, 200, 304), address
        ids = {answer.headers.pop("x-request-id") for answer in (made, kept, bare)}
        assert len(ids) == 3
        assert kept.headers == made.headers
        assert "content-security-policy" in bare.headers
        gone = {name for name in made.headers if name not in bare.headers}
        assert gone <= {"content-type", "content-length", "content-encoding"}
        assert {name: made.headers[name] for name in bare.headers} == dict(bare.headers)


def test_kept_answers_leave_in_the_order_they_were_last_used() -> None:
    kept = KeptAnswers(100)
    for name in "abc":
        kept.put(name, "1", answer(30))
    assert kept.get("a", "1")
    kept.put("d", "1", answer(30))
    assert [name for name in "abcd" if kept.get(name, "1")] == ["a", "c", "d"]
    assert kept.get("a", "2") is None, "made from another state of the rows"
    kept.put("a", "2", answer(90))
    assert [name for name in "abcd" if kept.get(name, "2") or kept.get(name, "1")] == ["a"]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Engine, Pulse]]:
    """A database in a file and its pulse."""
    engine = make_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    pulse = Pulse(engine)
    yield engine, pulse
    pulse.close()
    engine.dispose()


def test_the_pulse_moves_with_what_is_committed_and_with_nothing_else(watched: tuple[Engine, Pulse]) -> None:
    engine, pulse = watched
    first = pulse.read()
    with engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM t"))
        connection.rollback()
    assert pulse.read() == first is not None
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        assert pulse.read() == first, "not committed yet"
        connection.commit()
    assert pulse.read() != first


def test_a_database_put_in_the_place_of_another_is_noticed(watched: tuple[Engine, Pulse], tmp_path: Path) -> None:
    _, pulse = watched
    first = pulse.read()
    other = make_engine(f"sqlite:///{tmp_path / 'b.db'}")
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    other.dispose()
    (tmp_path / "b.db").replace(tmp_path / "a.db")
    assert pulse.read() not in (first, None)
    (tmp_path / "a.db").unlink()
    assert pulse.read() is None


def test_the_pulse_of_a_memory_is_not_known() -> None:
    assert Pulse(create_engine("sqlite://")).read() is None


def test_the_pulse_of_postgres_moves_with_what_is_committed(postgres_engine: Engine) -> None:
    pulse = Pulse(postgres_engine)
    first = pulse.read()
    assert first == pulse.read() is not None
    with postgres_engine.begin() as connection:
        connection.execute(text("INSERT INTO place (name) VALUES ('x')"))
    assert pulse.read() != first
