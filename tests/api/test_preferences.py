"""By the link in every mail: choose anew, take one's data, have them erased; no account, no cookie."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from core.clock import Clock
from db import feedback, signups
from db.engine import Sessions
from db.models import Base, Issue, Subscriber
from db.models_mail import Outbox
from db.models_readers import Feedback, Signup, Suppression
from digest.service import add_subscribers
from digest.subscriptions import Subscription, hashes
from roadmap.model import Roadmap
from tests.api.factory import add_item, make_issue
from tests.api.people import KEYS, Post, add, sign, site, states

ITEM = "2606.00001"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def door(sessions: Sessions, roadmap: Roadmap, clock: Clock, post: Post) -> TestClient:
    return site(sessions, roadmap, clock, post)


@pytest.fixture
def person(sessions: Sessions, clock: Clock) -> Subscriber:
    return add(sessions, clock, lang="ja", stages=(5,), topics=("rag",), labs=("qwen",), minutes=45)


def chosen(sessions: Sessions) -> tuple[object, ...]:
    with sessions() as session:
        one = session.scalars(select(Subscriber)).one()
        return (one.lang, one.stages, one.topics, one.labs, one.minutes)


def ticked(page: str, name: str) -> bool:
    return " checked" in page.split(f'id="{name}"')[1].split(">")[0]


def test_the_page_shows_what_was_chosen(door: TestClient, person: Subscriber) -> None:
    page = door.get(sign(person, "preferences") + "?lang=ja").text
    assert '<html lang="ja">' in page
    assert all(ticked(page, name) for name in ("stages-5", "topics-rag", "labs-qwen", "lang-ja", "minutes-45"))
    assert not any(ticked(page, name) for name in ("stages-4", "lang-en", "minutes-90", "minutes-all"))
    assert 'name="email"' not in page


def test_a_new_choice_is_kept_and_shown(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    form = {"lang": "en", "stages": ["3", "1"], "labs": ["openai"], "minutes": ""}
    answer = door.post(sign(person, "preferences"), data=form)
    assert answer.status_code == 200
    assert 'role="status"' in answer.text
    assert chosen(sessions) == ("en", [1, 3], [], ["openai"], None)
    assert ticked(answer.text, "stages-3")
    assert ticked(answer.text, "minutes-all")
    with sessions() as session:
        kept = session.scalars(select(Subscriber)).one()
        assert (kept.email, kept.state, kept.consent_source) == ("reader@example.org", "active", "a list")


def test_a_wrong_choice_keeps_the_old_one_and_the_answers(
    door: TestClient, sessions: Sessions, person: Subscriber
) -> None:
    form = {"lang": "en", "stages": ["3", "99"], "email": "other@example.org", "minutes": "45"}
    answer = door.post(sign(person, "preferences"), data=form)
    assert answer.status_code == 422
    assert ticked(answer.text, "stages-3")
    assert 'href="#stages"' in answer.text
    assert chosen(sessions) == ("ja", [5], ["rag"], ["qwen"], 45)


def test_somebody_elses_form_is_not_theirs_to_send(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    answer = door.post(sign(person, "preferences"), data={"lang": "en"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert chosen(sessions) == ("ja", [5], ["rag"], ["qwen"], 45)


@pytest.mark.parametrize("state", ["left", "suppressed"])
def test_who_gets_no_mail_is_told_so(door: TestClient, sessions: Sessions, person: Subscriber, state: str) -> None:
    with sessions.begin() as session:
        session.get_one(Subscriber, person.id).state = state
    page = door.get(sign(person, "preferences") + "?lang=en").text
    assert "You get no mail." in page
    assert ("/subscribe?lang=en" in page.partition("<main")[2]) == (state == "left")


# Data


def fill(sessions: Sessions, roadmap: Roadmap, clock: Clock, person: Subscriber) -> None:
    """Give a person a mail, an answer and a sign-up, and the same to somebody else."""
    with sessions.begin() as session:
        add_item(session, roadmap, ITEM)
    make_issue(sessions, roadmap, "2026-06", clock())
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("other@example.org")], "a list", clock)
        assert session.get(Issue, "2026-06") is not None
        for one in session.scalars(select(Subscriber)).all():
            made = {"message_id": f"m{one.id}", "state": "sent", "sent_at": clock(), "created": clock()}
            session.add(Outbox(month="2026-06", subscriber_id=one.id, **made))
            feedback.add(session, one.id, ITEM, "wrong-topic", "rag", clock())
            empty: dict[str, Any] = {"stages": [], "topics": [], "labs": [], "minutes": None}
            signups.add(session, clock(), email=one.email, email_key=one.email_key, lang="en", **empty)


def test_the_export_holds_all_that_is_kept_and_nothing_of_others(
    door: TestClient, sessions: Sessions, roadmap: Roadmap, clock: Clock, person: Subscriber
) -> None:
    fill(sessions, roadmap, clock, person)
    answer = door.post(sign(person, "preferences", "export"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="shirube-my-data.json"'
    assert answer.headers["cache-control"] == "private, no-store"
    moment = "2026-07-08T09:00:00Z"
    assert answer.json() == {
        "email": "reader@example.org",
        "state": "active",
        "state_since": moment,
        "lang": "ja",
        "stages": [5],
        "topics": ["rag"],
        "labs": ["qwen"],
        "minutes": 45,
        "consent": {"source": "a list", "at": moment},
        "created": moment,
        "mails": [{"issue": "2026-06", "state": "sent", "sent": moment}],
        "feedback": [{"item": ITEM, "verb": "wrong-topic", "detail": "rag", "at": moment}],
        "personal_scores": [],
        "signups": [{"asked": moment}],
    }
    assert door.get(sign(person, "preferences", "export")).status_code == 405


def test_erasing_leaves_a_hash_alone(
    door: TestClient, sessions: Sessions, roadmap: Roadmap, clock: Clock, person: Subscriber, post: Post
) -> None:
    fill(sessions, roadmap, clock, person)
    path = sign(person, "preferences", "erase")
    assert door.get(path).text.count("<button") == 1
    assert post.forgotten == []
    answer = door.post(path)
    assert answer.status_code == 200
    assert "r•••@example.org" in answer.text
    assert post.forgotten == ["reader@example.org"]
    assert states(sessions) == {"other@example.org": "active"}
    with sessions() as session:
        for table in (Outbox, Feedback, Signup):
            assert session.scalar(select(func.count()).select_from(table)) == 1  # the other person's
        (kept,) = session.scalars(select(Suppression)).all()
        assert (kept.hash, kept.reason) == (hashes(KEYS, "suppression", "reader@example.org")[0], "erased")


def test_the_links_of_somebody_erased_open_nothing(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    door.post(sign(person, "preferences", "erase"))
    for action in ("preferences", "erase"):
        assert door.get(sign(person, "preferences", action)).status_code == 404
        assert door.post(sign(person, "preferences", action), data={"lang": "en"}).status_code == 404
    assert door.post(sign(person, "preferences", "export")).status_code == 404
    answer = door.post(sign(person, "unsubscribe"))  # a mail program may press it years later: nothing to do is done
    assert (answer.status_code, answer.text.count("<button")) == (200, 0)


def test_no_trace_of_an_address_is_left_in_any_table(
    door: TestClient, sessions: Sessions, roadmap: Roadmap, clock: Clock, person: Subscriber
) -> None:
    fill(sessions, roadmap, clock, person)
    door.post(sign(person, "preferences", "erase"))
    with sessions() as session:
        for table in Base.metadata.sorted_tables:
            rows = session.execute(select(table)).all()
            assert not [row for row in rows if "reader@" in repr(tuple(row))], table.name


def test_who_left_may_still_have_their_data_erased(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    page = door.post(sign(person, "unsubscribe")).text
    assert sign(person, "preferences").split("/")[2] not in page  # a link to leave is no key to a person's data
    assert door.post(sign(person, "preferences", "erase")).status_code == 200
    assert states(sessions) == {}
