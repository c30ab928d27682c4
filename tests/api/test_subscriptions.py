"""The unsubscribe link of a mail: a page with a button, and the press that acts (RFC 8058)."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import AppOptions
from core.clock import Clock
from db.engine import Sessions
from db.models import Subscriber
from digest.service import add_subscribers
from digest.subscriptions import Subscription, token
from tests.api.conftest import ClientFactory

KEYS = ("an old key", "the key of these tests")
OPTIONS = AppOptions(base_url="https://road.example", secret_keys=KEYS)


@pytest.fixture
def person(sessions: Sessions, clock: Clock) -> Subscriber:
    """Somebody who gets the mail."""
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("reader@example.org", lang="ja")], "import", clock)
        return session.query(Subscriber).one()


@pytest.fixture
def post_box(make_client: ClientFactory) -> TestClient:
    """A client of a site that can read its links."""
    return make_client(OPTIONS)


def state(sessions: Sessions) -> str:
    """Read the state of the only subscriber."""
    with sessions() as session:
        return session.query(Subscriber).one().state


def test_the_page_shows_one_button_and_changes_nothing(
    post_box: TestClient, sessions: Sessions, person: Subscriber
) -> None:
    address = f"/s/{token(KEYS, 'unsubscribe', person.id, person.created)}/unsubscribe?lang=ja"
    for method in ("GET", "HEAD", "GET"):
        answer = post_box.request(method, address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    assert answer.text.count("<button") == 1
    assert '<html lang="ja">' in answer.text
    assert "reader@example.org" not in answer.text
    assert state(sessions) == "active"


def test_one_press_is_enough_and_may_be_repeated(post_box: TestClient, sessions: Sessions, person: Subscriber) -> None:
    address = f"/s/{token(KEYS[:1], 'unsubscribe', person.id, person.created)}/unsubscribe"
    for _ in range(2):
        answer = post_box.post(address, content=b"List-Unsubscribe=One-Click")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert state(sessions) == "left"


def test_only_a_whole_link_made_for_this_acts(post_box: TestClient, sessions: Sessions, person: Subscriber) -> None:
    good = token(KEYS, "unsubscribe", person.id, person.created)
    bad = [
        good[:-1],
        token(KEYS, "preferences", person.id, person.created),
        token(("another key",), "unsubscribe", person.id, person.created),
        "x" * 10_000,
    ]
    for one in bad:
        answer = post_box.post(f"/s/{one}/unsubscribe")
        assert answer.status_code == 404
        assert "Content-Security-Policy" in answer.headers
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert post_box.get(f"/s/{one}/unsubscribe").status_code == 404
    assert state(sessions) == "active"


def test_a_link_of_somebody_who_is_gone_is_answered_and_touches_nobody(
    post_box: TestClient, sessions: Sessions, person: Subscriber
) -> None:
    for gone in (
        token(KEYS, "unsubscribe", person.id + 1, person.created),
        token(KEYS, "unsubscribe", person.id, person.created - timedelta(days=1)),
    ):
        answer = post_box.post(f"/s/{gone}/unsubscribe")
        assert (answer.status_code, answer.text.count("<button")) == (200, 0)
        assert "reader" not in answer.text
    assert state(sessions) == "active"


def test_a_site_without_keys_refuses_every_link(make_client: ClientFactory, person: Subscriber) -> None:
    good = token(KEYS, "unsubscribe", person.id, person.created)
    assert make_client(AppOptions()).post(f"/s/{good}/unsubscribe").status_code == 404


def test_the_keys_do_not_show(sessions: Sessions) -> None:
    assert KEYS[1] not in repr(OPTIONS)
