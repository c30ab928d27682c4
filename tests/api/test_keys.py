"""Keys of the API: what they allow, how they are refused, and that nothing of one is told (reliability.md, 38)."""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import AppOptions, create_app
from core.apikeys import Key, make_key
from core.clock import Clock
from db import keys
from db.engine import Sessions
from db.models import Subscriber
from db.models_keys import ApiKey
from db.models_readers import Feedback, Signup
from digest.service import Caps, Said, say
from roadmap.model import Roadmap
from tests.api import people
from tests.api.factory import add_item

SIGN_UP, FEEDBACK = "/api/v1/subscriptions", "/api/v1/feedback"
NEW = {"email": "new@example.org"}


class Door:
    """The site with an hour and a limiter's second that a test moves."""

    def __init__(self, sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
        self.sessions, self.now, self.second = sessions, clock(), 0.0
        caps = Caps(per_place=2, in_all=50, per_key=4)
        limits = (("key", "3/minute"),)
        options = AppOptions(base_url=people.BASE, secret_keys=people.KEYS, caps=caps, limits=limits)
        app = create_app(sessions, roadmap, lambda: self.now, options, people.Post(), ticks=lambda: self.second)
        self.client = TestClient(app, people.BASE, raise_server_exceptions=False, client=("192.0.2.1", 50_000))

    def key(self, *scopes: str) -> Key:
        """Make a key."""
        made = make_key()
        with self.sessions.begin() as session:
            keys.add(session, made.prefix, made.hash, "a test", scopes, self.now)
        return made

    def stored(self, key: Key) -> ApiKey:
        """Give a key's row."""
        with self.sessions() as session:
            return session.scalars(select(ApiKey).where(ApiKey.prefix == key.prefix)).one()

    def post(self, path: str, body: dict[str, Any], text: str | None = None) -> Any:
        """Post JSON, with a key where one is given."""
        return self.client.post(path, json=body, headers=bearer(text))

    def reports(self, text: str | None = None) -> Any:
        """Ask for the reports."""
        return self.client.get(FEEDBACK, headers=bearer(text))


def bearer(text: str | None) -> dict[str, str]:
    """Write the field that carries a key."""
    return {} if text is None else {"Authorization": f"Bearer {text}"}


@pytest.fixture
def door(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Door:
    """A site with one paper."""
    with sessions.begin() as session:
        add_item(session, roadmap, "2607.00001")
    return Door(sessions, roadmap, clock)


def test_without_a_key_signing_up_and_signed_feedback_stay_possible(door: Door, clock: Clock) -> None:
    assert door.post(SIGN_UP, NEW).status_code == 202
    person = people.add(door.sessions, clock)
    token = people.sign(person, "feedback").split("/")[2]
    assert door.post(FEEDBACK, {"token": token, "item": "2607.00001", "verb": "more"}).status_code == 204


def test_a_key_signs_up_beyond_the_cap_of_a_network_but_not_beyond_its_own(door: Door) -> None:
    text = door.key("subscriptions:write").text
    answers = [door.post(SIGN_UP, {"email": f"reader{n}@example.org"}, text) for n in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 202, 429]
    assert int(answers[-1].headers["retry-after"]) == 3600
    assert "by this key" in answers[-1].json()["detail"]
    public = [door.post(SIGN_UP, {"email": f"other{n}@example.org"}).status_code for n in range(3)]
    assert public == [202, 202, 429]  # the network's own cap was not touched
    with door.sessions() as session:  # and nobody is subscribed by a key alone
        assert len(session.scalars(select(Signup)).all()) == 6
        assert session.scalars(select(Subscriber)).all() == []


def test_a_key_speaks_for_a_subscriber_by_address(door: Door, clock: Clock) -> None:
    text = door.key("feedback:write").text
    person = people.add(door.sessions, clock, "reader@example.org")
    said = {"email": "Reader@Example.org", "item": "2607.00001", "verb": "hide"}
    assert door.post(FEEDBACK, said, text).status_code == 204
    with door.sessions() as session:
        assert [(one.subscriber_id, one.verb) for one in session.scalars(select(Feedback))] == [(person.id, "hide")]
    assert door.post(FEEDBACK, said | {"undo": True}, text).status_code == 204
    with door.sessions() as session:
        assert session.scalars(select(Feedback)).all() == []
    assert door.post(FEEDBACK, said | {"email": "nobody@example.org"}, text).status_code == 404
    assert door.post(FEEDBACK, said).status_code == 401


@pytest.mark.parametrize("whose", [{}, {"email": "reader@example.org", "token": "x"}])
def test_whose_word_it_is_must_be_said_once(door: Door, whose: dict[str, str]) -> None:
    answer = door.post(FEEDBACK, whose | {"item": "2607.00001", "verb": "more"}, door.key("feedback:write").text)
    assert (answer.status_code, answer.json()["detail"]) == (422, "Whose word it is must be said once")


def test_reports_need_a_key_and_name_nobody(door: Door, clock: Clock) -> None:
    for number in range(2):
        person = people.add(door.sessions, clock, f"reader{number}@example.org")
        with door.sessions.begin() as session:
            say(session, person, Said("2607.00001", "wrong-topic", "rag"), clock)
            say(session, person, Said("2607.00001", "more"), clock)
    answer = door.reports(door.key("feedback:read").text)
    body = answer.json()
    assert (answer.status_code, body["next"], len(body["items"])) == (200, None, 1)
    (one,) = body["items"]
    assert (one["verb"], one["topic"], one["lab"], one["item"], one["readers"]) == (
        "wrong-topic",
        "rag",
        None,
        "2607.00001",
        2,
    )
    assert "example.org" not in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers


def test_a_missing_key_is_told_how_to_bring_one(door: Door) -> None:
    answer = door.reports()
    body = answer.json()
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="shirube"')
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"] == "tag:shirube,2026:problems/unauthorized"
    assert "Authorization: Bearer" in body["advice"]


Bad = Callable[[Door], str]


def revoked(door: Door) -> str:
    """Make a key and take it back."""
    made = door.key("feedback:read")
    with door.sessions.begin() as session:
        assert keys.revoke(session, made.prefix, door.now)
    return made.text


def altered(door: Door) -> str:
    """Give a known prefix with another secret."""
    return door.key("feedback:read").text[:13] + make_key().text[13:]


BAD: dict[str, Bad] = {
    "revoked": revoked,
    "altered": altered,
    "unknown": lambda door: make_key().text,
    "hash": lambda door: door.key("feedback:read").hash,
    "prefix": lambda door: door.key("feedback:read").prefix,
    "empty": lambda door: "",
    "nonsense": lambda door: "x" * 9_000,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=list(BAD))
def test_a_key_that_is_no_good_is_refused_everywhere_in_the_same_words(door: Door, bad: Bad) -> None:
    text = bad(door)
    answers = [door.reports(text), door.post(SIGN_UP, NEW, text)]  # also where none is needed
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="shirube", error="invalid_token"'
        assert answer.json()["detail"] == "This key does not work here"
    with door.sessions() as session:
        assert session.scalars(select(Signup)).all() == []


def test_a_key_of_another_scope_is_refused_and_told_which_it_lacks(door: Door) -> None:
    text = door.key("feedback:write").text
    for answer, scope in (
        (door.reports(text), "feedback:read"),
        (door.post(SIGN_UP, NEW, text), "subscriptions:write"),
    ):
        assert answer.status_code == 403
        assert f'error="insufficient_scope", scope="{scope}"' in answer.headers["www-authenticate"]


def test_two_authorization_fields_are_no_key_and_another_scheme_is_not_ours(door: Door) -> None:
    text = door.key("feedback:read").text
    twice = [("Authorization", f"Bearer {text}"), ("Authorization", f"Bearer {text}")]
    assert door.client.get(FEEDBACK, headers=twice).status_code == 401
    basic = {"Authorization": "Basic dXNlcjpwYXNz"}  # of a proxy in front of the site
    assert door.client.post(SIGN_UP, json=NEW, headers=basic).status_code == 202
    assert door.client.get(FEEDBACK, headers={"Authorization": f"bearer  {text}"}).status_code == 200


def test_guessing_is_stopped_by_the_network_it_comes_from(door: Door) -> None:
    good = door.key("feedback:read").text
    assert [door.reports(make_key().text).status_code for _ in range(4)] == [401, 401, 401, 429]
    answer = door.reports(good)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")  # right ones too: else a hit would show
    assert door.post(SIGN_UP, NEW).status_code == 202  # what needs no key goes on
    door.second = 61.0
    assert door.reports(good).status_code == 200


def test_good_keys_are_not_counted_as_guesses(door: Door) -> None:
    text = door.key("feedback:read").text
    assert [door.reports(text).status_code for _ in range(8)] == [200] * 8


def test_the_last_use_is_noted_to_the_hour(door: Door) -> None:
    key, began = door.key("feedback:read"), door.now
    seen: list[datetime | None] = [door.stored(key).last_used]
    for minutes in (0, 30, 61):
        door.now = began + timedelta(minutes=minutes)
        assert door.reports(key.text).status_code == 200
        seen.append(door.stored(key).last_used)
    assert seen == [None, began, began, began + timedelta(minutes=61)]


@pytest.mark.parametrize("path", ["/api/v1/papers", FEEDBACK, "/search", "/healthz", "/nothing"])
@pytest.mark.parametrize("name", ["key", "q", "access_token"])
def test_a_key_in_an_address_is_refused_whatever_it_is_called(
    door: Door, path: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = door.key("feedback:read").text
    with caplog.at_level(logging.DEBUG, logger="shirube"):
        answer = door.client.get(path, params={name: text})
    assert (answer.status_code, text[13:] in answer.text) == (400, False)
    assert "have it revoked" in answer.text
    assert text[13:] not in caplog.text


def test_a_key_is_never_in_an_answer_or_a_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    good, bad = door.key("feedback:read"), make_key()
    with caplog.at_level(logging.DEBUG):
        answers = [door.reports(good.text), door.reports(bad.text), door.post(SIGN_UP, NEW, good.text)]
    told = caplog.text + "".join(answer.text + json.dumps(dict(answer.headers)) for answer in answers)
    for key in (good, bad):
        assert key.text[13:] not in told
        assert key.hash not in told


def test_the_document_says_where_keys_go(door: Door) -> None:
    document = door.client.get("/api/v1/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["paths"][FEEDBACK]["get"]["security"] == [{"key": []}]
    for path in (SIGN_UP, FEEDBACK):
        assert document["paths"][path]["post"]["security"] == [{}, {"key": []}]
