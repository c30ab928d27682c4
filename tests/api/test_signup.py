"""Signing up by page and by API: one set of rules, one answer for every address, and caps by the real client."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select

from api.peer import client_of
from core.clock import Clock
from db.engine import Sessions
from db.models_readers import Signup
from digest.service import Caps, suppress_address
from roadmap.model import Roadmap
from tests.api.people import KEYS, Post, add, site, states

API = "/api/v1/subscriptions"
GOOD = {"email": "new@example.org", "lang": "ja", "stages": ["5", "6"], "minutes": "30"}


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def door(sessions: Sessions, roadmap: Roadmap, clock: Clock, post: Post) -> TestClient:
    return site(sessions, roadmap, clock, post)


def kept(sessions: Sessions) -> list[Signup]:
    with sessions() as session:
        return list(session.scalars(select(Signup).order_by(Signup.id)))


# The page


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_asks_everything_and_works_without_scripts(door: TestClient, roadmap: Roadmap, lang: str) -> None:
    page = door.get(f"/subscribe?lang={lang}").text
    assert "<script" not in page
    assert page.count('name="stages"') == 8
    assert page.count('name="topics"') == len(roadmap.topics)
    assert page.count('name="labs"') == len(roadmap.labs)
    assert page.count('name="minutes"') == 4
    assert page.count('name="lang"') == 2
    assert page.count('name="email"') == 1
    assert 'datetime="2026-08-05"' in page
    assert 'aria-current="page"' in page


def test_a_good_form_is_written_down_and_the_post_woken(door: TestClient, sessions: Sessions, post: Post) -> None:
    answer = door.post("/subscribe?lang=en", data=GOOD)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert "new@example.org" not in answer.text
    (row,) = kept(sessions)
    assert (row.email, row.lang, row.stages, row.minutes, row.attempts) == ("new@example.org", "ja", [5, 6], 30, 0)
    assert post.woken == 1
    assert states(sessions) == {}


def test_what_is_wrong_is_said_beside_the_answers_which_are_kept(
    door: TestClient, sessions: Sessions, post: Post
) -> None:
    given = {"email": 'reader"><script>x', "stages": ["5", "9"], "topics": "rag", "lang": "ja", "minutes": "30"}
    answer = door.post("/subscribe?lang=en", data=given)
    assert answer.status_code == 422
    page = answer.text
    assert 'role="alert"' in page
    assert 'href="#email"' in page
    assert 'href="#stages"' in page
    assert 'aria-invalid="true" aria-describedby="email-error"' in page
    assert 'value="reader&#34;&gt;&lt;script&gt;x"' in page
    for name in ("stages-5", "topics-rag", "lang-ja", "minutes-30"):
        assert f'id="{name}"' in page
        assert " checked" in page.split(f'id="{name}"')[1].split(">")[0]
    assert " checked" not in page.split('id="stages-4"')[1].split(">")[0]
    assert "<script>x" not in page
    assert (kept(sessions), post.woken) == ([], 0)


def test_faults_are_said_in_japanese(door: TestClient) -> None:
    assert "アドレスに@がありません" in door.post("/subscribe?lang=ja", data={"email": "reader"}).text


@pytest.mark.parametrize("post_of_site", [None, Post(sends=False)])
def test_where_mail_is_not_set_up_nobody_is_promised_any(
    sessions: Sessions, roadmap: Roadmap, clock: Clock, post_of_site: Post | None
) -> None:
    closed = site(sessions, roadmap, clock, post_of_site)
    page = closed.get("/subscribe?lang=en").text
    assert 'name="email"' not in page
    assert "/feeds/topics/rag.atom" in page
    for answer in (closed.post("/subscribe", data=GOOD), closed.post(API, json={"email": "new@example.org"})):
        assert answer.status_code == 503
    assert kept(sessions) == []


# The API


def test_the_api_takes_the_same(door: TestClient, sessions: Sessions, post: Post) -> None:
    sent: dict[str, Any] = {"email": "new@example.org", "stages": [6, 5], "topics": ["rag"], "minutes": 240}
    answer = door.post(API, json=sent)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    (row,) = kept(sessions)
    assert (row.stages, row.topics, row.minutes, row.lang) == ([5, 6], ["rag"], 240, "en")
    assert post.woken == 1


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"email": "nobody"}, 422, "email"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, 422, "email"),
        ({"email": "a@example.org\x00"}, 422, "email"),
        ({"email": "a@example.org", "stages": [9]}, 422, "stages"),
        ({"email": "a@example.org", "minutes": 31}, 422, "minutes"),
        ({"email": "a@example.org", "topics": ["nothing"]}, 422, "topics"),
        ({"email": "a@example.org", "lang": "xx"}, 422, "lang"),
        ({"email": "a@example.org", "stages": ["5"]}, 422, None),
        ({"email": "a@example.org", "name": "Buy cheap"}, 422, None),
        ({}, 422, None),
        ([], 422, None),
    ],
)
def test_the_api_names_what_is_wrong(
    door: TestClient, sessions: Sessions, sent: Any, status: int, field: str | None
) -> None:
    answer = door.post(API, json=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert [one["parameter"] for one in answer.json().get("errors", [])] == ([field] if field else [])
    assert kept(sessions) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"email": "a@example.org"}', "text/plain", 415),
        (b"", "", 415),
        (b"email=a%40example.org", "application/x-www-form-urlencoded", 415),
        (b'{"email": "' + b"a" * 40_000 + b'"}', "application/json", 413),
        (b'{"email": "\xff"}', "application/json", 400),
    ],
)
def test_a_body_that_is_none_is_refused(door: TestClient, body: bytes, kind: str, status: int) -> None:
    assert door.post(API, content=body, headers={"Content-Type": kind}).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"email=%ff%fe", 400), (b"&".join([b"stages=5"] * 501), 400), (b"email=" + b"a" * 40_000, 413), (b"", 422)],
)
def test_a_form_that_is_none_is_refused(door: TestClient, body: bytes, status: int) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert door.post("/subscribe", content=body, headers=kind).status_code == status


# Nobody learns who is subscribed


def test_every_address_gets_the_same_answer(
    door: TestClient, sessions: Sessions, clock: Clock, roadmap: Roadmap, post: Post
) -> None:
    add(sessions, clock, "known@example.org")
    add(sessions, clock, "gone@example.org")
    with sessions.begin() as session:
        suppress_address(session, KEYS, "gone@example.org", "asked", clock())
        suppress_address(session, KEYS, "hashed@example.org", "asked", clock())
    addresses = ("known@example.org", "unknown@example.org", "gone@example.org", "hashed@example.org")
    for path, key in (("/subscribe?lang=en", "data"), (API, "json")):
        told = set()
        for email in (*addresses, *addresses):
            answer = door.post(path, **{key: {"email": email}})  # type: ignore[arg-type]
            headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
            told.add((answer.status_code, answer.text, tuple(headers.items())))
        assert len(told) == 1
    # The same work for all: a row each, and the decision left to whoever sends the letters.
    assert [row.email for row in kept(sessions)] == [*addresses] * 4
    assert post.woken == 16


def test_a_request_asks_the_database_the_same_for_every_address(
    door: TestClient, sessions: Sessions, clock: Clock
) -> None:
    add(sessions, clock, "known@example.org")
    asked: list[str] = []
    listen = (sessions.kw["bind"], "before_cursor_execute", lambda *given: asked.append(given[2]))
    event.listen(*listen)
    work = []
    for email in ("known@example.org", "unknown@example.org", "known@example.org"):
        asked.clear()
        door.post(API, json={"email": email})
        work.append(tuple(one for one in asked if not one.startswith("BEGIN")))
    event.remove(*listen)
    assert len(work[0]) == 3
    assert len(set(work)) == 1
    assert not any("subscriber" in statement or "suppression" in statement for statement in work[0])


# Caps


def test_too_many_from_one_place_are_told_when_to_come_again(
    sessions: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    door = site(sessions, roadmap, clock, Post(), caps=Caps(per_place=2, in_all=10))
    answers = [door.post(API, json={"email": f"a{n}@example.org"}) for n in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 429, 429]
    assert answers[2].headers["retry-after"] == "3600"
    assert answers[2].headers["content-type"] == "application/problem+json"
    page = door.post("/subscribe", data={"email": "a9@example.org"})
    assert (page.status_code, page.headers["retry-after"]) == (429, "3600")
    other = site(sessions, roadmap, clock, Post(), client="192.0.2.2", caps=Caps(per_place=2, in_all=10))
    assert other.post(API, json={"email": "b@example.org"}).status_code == 202


def test_a_forged_hop_changes_no_place_and_a_trusted_proxy_tells_it(
    sessions: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    caps = Caps(per_place=1, in_all=1_000)
    plain = site(sessions, roadmap, clock, Post(), caps=caps)
    proxied = site(sessions, roadmap, clock, Post(), client="127.0.0.1", caps=caps, trusted_proxies=("127.0.0.1",))

    def ask(door: TestClient, number: int, hops: str) -> int:
        sent = {"email": f"a{number}@example.org"}
        return door.post(API, json=sent, headers={"X-Forwarded-For": hops}).status_code

    assert [ask(plain, n, f"198.51.100.{n}") for n in range(3)] == [202, 429, 429]
    assert [ask(proxied, n, f"198.51.100.{n}") for n in range(3)] == [202, 202, 202]
    assert [ask(proxied, n, f"9.9.9.{n}, 198.51.100.1") for n in range(3)] == [429, 429, 429]


@pytest.mark.parametrize(
    ("host", "hops", "expected"),
    [
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["9.9.9.9", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3", "10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::5"], "2001:db8::5"),
        ("unix", ["198.51.100.1"], "None"),
    ],
)
def test_hops_are_believed_from_trusted_proxies_alone(host: str, hops: list[str], expected: str) -> None:
    assert str(client_of(host, hops, ("10.0.0.0/8",))) == expected


def test_one_network_of_ipv6_is_one_place(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    caps = Caps(per_place=1, in_all=1_000)
    doors = [
        site(sessions, roadmap, clock, Post(), client=f"2001:db8:0:{n}::{m}", caps=caps)
        for n, m in ((1, 1), (1, 2), (2, 1))
    ]
    assert [door.post(API, json={"email": "a@example.org"}).status_code for door in doors] == [202, 429, 202]


# Other sites


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://road.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Origin": "https://road.example"}, 200),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
def test_another_site_cannot_make_a_reader_sign_up(
    door: TestClient, sessions: Sessions, headers: dict[str, str], status: int
) -> None:
    assert door.post("/subscribe", data=GOOD, headers=headers).status_code == status
    assert len(kept(sessions)) == (status == 200)


def test_a_browser_of_another_site_may_not_even_ask(door: TestClient) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = door.options(API, headers=asking)
    assert answer.status_code == 405
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_nothing_is_written_by_a_read(door: TestClient, sessions: Sessions) -> None:
    for method in ("GET", "HEAD"):
        assert door.request(method, "/subscribe?email=a@example.org").status_code == 200
        assert door.request(method, API).status_code == 405
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Signup)) == 0
