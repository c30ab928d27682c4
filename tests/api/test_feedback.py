"""The six verbs by signed link and by API: shown before it acts, taken back, and kept for one reader alone."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from core.clock import Clock
from db import feedback
from db.engine import Sessions
from db.models import Subscriber
from digest.subscriptions import token
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item
from tests.api.people import KEYS, Post, add, sign, site

ITEM, POST_ITEM = "2606.00001", "openai:heron"
API = "/api/v1/feedback"
VERBS = [
    ("more", ""),
    ("less", ""),
    ("seen", ""),
    ("hide", ""),
    ("wrong-topic", f"&topic={TOPIC}"),
    ("wrong-lab", "&lab=openai"),
]


@pytest.fixture
def door(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> TestClient:
    with sessions.begin() as session:
        add_item(session, roadmap, ITEM, labs={"openai": 0.9}, title="A heron of $k$ <b>parts</b>")
        add_item(session, roadmap, POST_ITEM)
    return site(sessions, roadmap, clock, Post())


@pytest.fixture
def person(sessions: Sessions, clock: Clock) -> Subscriber:
    return add(sessions, clock)


def said(sessions: Sessions, person: Subscriber) -> list[tuple[str, str, str]]:
    with sessions() as session:
        return [(row.item_id, row.verb, row.detail) for row in feedback.of(session, person.id)]


@pytest.mark.parametrize(("verb", "more"), VERBS)
@pytest.mark.parametrize("item", [ITEM, POST_ITEM])
def test_a_verb_is_shown_then_kept_once_then_taken_back(
    door: TestClient, sessions: Sessions, person: Subscriber, verb: str, more: str, item: str
) -> None:
    path = f"{sign(person, 'feedback')}?item={item}&verb={verb}{more}&lang=en"
    page = door.get(path).text
    assert page.count("<button") == 1
    assert said(sessions, person) == []
    act = page.split('action="')[1].split('"')[0].replace("&amp;", "&")
    for _ in range(2):
        answer = door.post(act)
        assert (answer.status_code, answer.text.count("<button")) == (200, 1)
    assert said(sessions, person) == [(item, verb, more.partition("=")[2])]
    undo = answer.text.split('action="')[1].split('"')[0].replace("&amp;", "&")
    assert "/feedback/undo?" in undo
    for _ in range(2):
        assert door.post(undo).status_code == 200
    assert said(sessions, person) == []


def test_a_page_leads_to_the_other_verbs(door: TestClient, person: Subscriber) -> None:
    page = door.get(f"{sign(person, 'feedback')}?item={ITEM}&verb=more&lang=ja").text
    others = [part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]]
    others = [url for url in others if "&verb=" in url and "verb=more" not in url]
    assert [url.split("verb=")[1] for url in others] == [
        *("less&lang=ja", "seen&lang=ja", "hide&lang=ja"),
        *(f"wrong-topic&topic={TOPIC}&lang=ja", "wrong-lab&lab=openai&lang=ja"),
    ]
    assert [door.get(url).status_code for url in others] == [200] * 5
    assert "<b>parts</b>" not in page
    assert f"?lang=en&amp;item={ITEM}&amp;verb=more" in page  # the other language, of the same question


def test_more_takes_the_place_of_less(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    for verb in ("less", "seen", "more"):
        door.post(f"{sign(person, 'feedback')}?item={ITEM}&verb={verb}")
    assert [verb for _, verb, _ in said(sessions, person)] == ["seen", "more"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("verb=more", 404),
        ("item=2606.99999&verb=more", 404),
        ("item=%00&verb=more", 404),
        (f"item={ITEM}", 422),
        (f"item={ITEM}&verb=love", 422),
        (f"item={ITEM}&verb=wrong-topic", 422),
        (f"item={ITEM}&verb=wrong-topic&topic=nothing", 422),
        (f"item={ITEM}&verb=wrong-topic&lab=openai", 422),
        (f"item={ITEM}&verb=wrong-lab&lab=%3Cscript%3E", 422),
    ],
)
def test_what_cannot_be_meant_is_refused(
    door: TestClient, sessions: Sessions, person: Subscriber, query: str, status: int
) -> None:
    for method in ("GET", "POST"):
        assert door.request(method, f"{sign(person, 'feedback')}?{query}").status_code == status
    assert said(sessions, person) == []


def test_another_form_of_an_id_is_the_same_item(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    assert door.post(f"{sign(person, 'feedback')}?item=arXiv:{ITEM}v2&verb=seen").status_code == 200
    assert said(sessions, person) == [(ITEM, "seen", "")]


# The API


def send(door: TestClient, person: Subscriber, **sent: Any) -> int:
    text = token(KEYS, "feedback", person.id, person.created)
    return door.post(API, json={"token": text, "item": ITEM, **sent}).status_code


def test_the_api_does_the_same_by_the_same_token(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    assert send(door, person, verb="more") == 204
    assert send(door, person, verb="wrong-lab", lab="openai") == 204
    assert said(sessions, person) == [(ITEM, "more", ""), (ITEM, "wrong-lab", "openai")]
    assert send(door, person, verb="more", undo=True) == 204
    assert said(sessions, person) == [(ITEM, "wrong-lab", "openai")]


def test_the_api_refuses_what_the_page_refuses(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    assert send(door, person, verb="love") == 422
    assert send(door, person, verb="wrong-topic") == 422
    assert send(door, person, verb="more", item="2606.99999") == 404
    assert send(door, person, verb="more", undo="yes") == 422
    for text in ("x", token(KEYS, "unsubscribe", person.id, person.created)):
        assert send(door, person, verb="more", token=text) == 404
    assert said(sessions, person) == []


# Whom it is for


def test_what_one_reader_says_is_kept_for_them_alone(
    door: TestClient, sessions: Sessions, person: Subscriber, clock: Clock
) -> None:
    other = add(sessions, clock, "other@example.org")
    before = [door.get(path).text for path in (f"/papers/{ITEM}", f"/api/v1/papers/{ITEM}")]
    for one, verb in ((person, "more"), (person, "seen"), (other, "hide")):
        door.post(f"{sign(one, 'feedback')}?item={ITEM}&verb={verb}")
    with sessions() as session:
        found = feedback.verbs_of(session, [person.id, other.id, 99])
        assert found == {person.id: {ITEM: frozenset({"more", "seen"})}, other.id: {ITEM: frozenset({"hide"})}}
        assert feedback.verbs_of(session, [other.id]) == {other.id: {ITEM: frozenset({"hide"})}}
        assert feedback.doubts(session) == []
    assert [door.get(path).text for path in (f"/papers/{ITEM}", f"/api/v1/papers/{ITEM}")] == before


def test_the_operator_sees_what_is_filed_wrongly_and_how_many_say_so(
    door: TestClient, sessions: Sessions, person: Subscriber, clock: Clock
) -> None:
    other = add(sessions, clock, "other@example.org")
    for one, query in ((person, "verb=wrong-lab&lab=openai"), (person, f"verb=wrong-topic&topic={TOPIC}")):
        door.post(f"{sign(one, 'feedback')}?item={ITEM}&{query}")
    door.post(f"{sign(other, 'feedback')}?item={ITEM}&verb=wrong-topic&topic={TOPIC}")
    with sessions() as session:
        found = [(one.verb, one.detail, one.item_id, one.readers) for one in feedback.doubts(session)]
    assert found == [("wrong-topic", TOPIC, ITEM, 2), ("wrong-lab", "openai", ITEM, 1)]
