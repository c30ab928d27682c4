"""Pages behind signed links: only a whole, fitting link acts, by POST alone, and nothing of it leaks."""

import logging
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select

from core.clock import Clock
from db import signups
from db.engine import Sessions
from db.models import Subscriber
from digest.subscriptions import Purpose, token
from roadmap.model import Roadmap
from tests.api.factory import add_item
from tests.api.people import BASE, KEYS, Post, add, sign, site, states, waiting

ITEM = "2606.00001"
FEEDBACK = f"feedback?item={ITEM}&verb=more"
# What each kind of link opens; the first of a kind is the page, all of them act by POST.
ACTIONS: dict[Purpose, tuple[str, ...]] = {
    "unsubscribe": ("unsubscribe",),
    "preferences": ("preferences", "erase", "export"),
    "undo": ("undo",),
    "feedback": (FEEDBACK, FEEDBACK.replace("feedback?", "feedback/undo?")),
}
ACTED = [(purpose, action) for purpose, actions in ACTIONS.items() for action in actions]
SHOWN = [
    ("unsubscribe", "unsubscribe"),
    ("preferences", "preferences"),
    ("preferences", "erase"),
    ("feedback", FEEDBACK),
]
FORM: dict[str, str] = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def door(sessions: Sessions, roadmap: Roadmap, clock: Clock, post: Post) -> TestClient:
    with sessions.begin() as session:
        add_item(session, roadmap, ITEM)
    return site(sessions, roadmap, clock, post)


@pytest.fixture
def person(sessions: Sessions, clock: Clock) -> Subscriber:
    return add(sessions, clock, lang="en", stages=(5,), minutes=90)


def press(door: TestClient, path: str) -> int:
    return door.post(path, content=b"lang=en", headers=FORM).status_code


@pytest.mark.parametrize(("purpose", "action"), SHOWN)
def test_opening_a_page_fifty_times_changes_nothing(
    door: TestClient, sessions: Sessions, person: Subscriber, purpose: Purpose, action: str
) -> None:
    wrote: list[str] = []
    listen = (sessions.kw["bind"], "before_cursor_execute", lambda *given: wrote.append(given[2]))
    event.listen(*listen)
    path = sign(person, purpose, action)
    for number in range(50):
        answer = door.request("HEAD" if number % 2 else "GET", path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    event.remove(*listen)
    assert not [one for one in wrote if one.split()[0] in ("INSERT", "UPDATE", "DELETE") or "IMMEDIATE" in one]
    assert states(sessions) == {"reader@example.org": "active"}


@pytest.mark.parametrize(("purpose", "action"), SHOWN)
def test_a_page_shows_the_masked_address_and_keeps_to_itself(
    door: TestClient, person: Subscriber, purpose: Purpose, action: str
) -> None:
    answer = door.get(sign(person, purpose, action))
    assert "r•••@example.org" in answer.text
    assert "reader@" not in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "etag" not in answer.headers
    assert 'name="robots" content="noindex"' in answer.text
    assert "<script" not in answer.text
    linked = [part.split('"')[0] for part in answer.text.split('href="')[1:]]
    assert not [url for url in linked if url.startswith("http") and not url.startswith(BASE)]


@pytest.mark.parametrize(("purpose", "action"), ACTED)
def test_only_a_whole_fitting_link_acts(
    door: TestClient, sessions: Sessions, person: Subscriber, post: Post, purpose: Purpose, action: str
) -> None:
    good = token(KEYS, purpose, person.id, person.created)
    flipped = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    bad = [good[:-1], good + "x", flipped, good.swapcase(), "x", "x" * 10_000, good * 200]
    bad += [token(KEYS, other, person.id, person.created) for other in ACTIONS if other != purpose]
    bad += [token(KEYS, "confirm", person.id, person.created)]
    bad += [token(("a key that is gone",), purpose, person.id, person.created)]
    answers = [door.post(f"/s/{text}/{action}", content=b"lang=ja", headers=FORM) for text in bad]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.headers["referrer-policy"] for answer in answers} == {"no-referrer"}
    assert {answer.headers["cache-control"] for answer in answers} == {"private, no-store"}
    assert not any(good[:20] in answer.text for answer in answers)
    assert (states(sessions), post.forgotten) == ({"reader@example.org": "active"}, [])
    with sessions() as session:
        assert session.scalars(select(Subscriber.lang)).one() == "en"


@pytest.mark.parametrize(("purpose", "action"), ACTED)
def test_a_link_of_an_id_that_was_given_to_somebody_else_touches_nobody(
    door: TestClient, sessions: Sessions, person: Subscriber, purpose: Purpose, action: str
) -> None:
    earlier = token(KEYS, purpose, person.id, person.created - timedelta(days=1))
    assert press(door, f"/s/{earlier}/{action}") == (200 if purpose == "unsubscribe" else 404)
    assert states(sessions) == {"reader@example.org": "active"}


@pytest.mark.parametrize(("purpose", "action"), ACTED)
def test_a_link_signed_with_an_older_key_still_acts(
    door: TestClient, person: Subscriber, purpose: Purpose, action: str
) -> None:
    assert press(door, sign(person, purpose, action, keys=KEYS[:1])) == 200


@pytest.mark.parametrize(("purpose", "action"), [one for one in ACTED if one[0] != "unsubscribe"])
def test_another_site_cannot_press(
    door: TestClient, sessions: Sessions, person: Subscriber, post: Post, purpose: Purpose, action: str
) -> None:
    path = sign(person, purpose, action)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert door.post(path, content=b"lang=ja", headers={**FORM, **headers}).status_code == 403
    assert (states(sessions), post.forgotten) == ({"reader@example.org": "active"}, [])


def test_a_page_that_tells_nobody_where_it_is_may_press_its_own_button(door: TestClient, person: Subscriber) -> None:
    path = sign(person, "preferences")
    for headers in ({"Origin": "null"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": BASE}):
        assert door.post(path, content=b"lang=en", headers={**FORM, **headers}).status_code == 200


# Leaving


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"List-Unsubscribe=One-Click", "headers": FORM},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
        {"content": b"List-Unsubscribe=One-Click", "headers": FORM | {"Sec-Fetch-Site": "cross-site"}},
    ],
    ids=["form", "multipart", "empty", "from a web mailer"],
)
def test_one_click_leaves_without_cookie_or_redirect(
    door: TestClient, sessions: Sessions, person: Subscriber, sent: dict[str, object]
) -> None:
    for _ in range(2):
        answer = door.post(sign(person, "unsubscribe") + "?lang=en", **sent)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert states(sessions) == {"reader@example.org": "left"}


def test_leaving_is_taken_back_by_the_button_on_its_page(
    door: TestClient, sessions: Sessions, person: Subscriber, roadmap: Roadmap, clock: Clock
) -> None:
    page = door.post(sign(person, "unsubscribe")).text
    undo = page.split('action="')[1].split('"')[0]
    assert undo.endswith("/undo?lang=en")
    assert door.get(undo).status_code == 405
    assert states(sessions) == {"reader@example.org": "left"}
    answer = door.post(undo)
    assert (answer.status_code, states(sessions)) == (200, {"reader@example.org": "active"})
    with sessions() as session:
        kept = session.scalars(select(Subscriber)).one()
        assert (kept.stages, kept.consent_source) == ([5], "a list")
    door.post(sign(person, "unsubscribe"))
    late = site(sessions, roadmap, lambda: clock() + timedelta(days=1), Post())
    assert (late.post(undo).status_code, states(sessions)) == (404, {"reader@example.org": "left"})


def test_who_is_suppressed_stays_so_when_they_leave(door: TestClient, sessions: Sessions, person: Subscriber) -> None:
    with sessions.begin() as session:
        session.get_one(Subscriber, person.id).state = "suppressed"
    answer = door.post(sign(person, "unsubscribe"))
    assert (answer.status_code, answer.text.count("<button")) == (200, 0)
    assert door.post(sign(person, "undo")).status_code == 404
    assert states(sessions) == {"reader@example.org": "suppressed"}


def test_a_link_to_leave_works_for_years(
    sessions: Sessions, person: Subscriber, roadmap: Roadmap, clock: Clock
) -> None:
    later = site(sessions, roadmap, lambda: clock() + timedelta(days=3650), Post())
    assert later.post(sign(person, "unsubscribe")).status_code == 200
    assert states(sessions) == {"reader@example.org": "left"}


# Confirming


def test_the_page_to_confirm_is_one_button(door: TestClient, sessions: Sessions, clock: Clock) -> None:
    path = waiting(sessions, clock())
    for method in ("GET", "HEAD", "GET"):
        answer = door.request(method, path)
        assert answer.status_code == 200
    page = answer.text.partition("<body>")[2]
    assert (page.count("<button"), page.count("<form"), page.count("<nav"), page.count("<input")) == (1, 1, 0, 0)
    assert page.count("<a ") == 1  # to the text, for those who use the keyboard
    assert "n•••@example.org" in page
    assert states(sessions) == {}


def test_a_press_confirms_once(door: TestClient, sessions: Sessions, clock: Clock) -> None:
    path = waiting(sessions, clock())
    answer = door.post(path)
    assert answer.status_code == 200
    assert "/preferences?lang=en" in answer.text
    assert states(sessions) == {"new@example.org": "active"}
    for method in ("POST", "GET", "HEAD"):
        assert door.request(method, path).status_code == 404
    with sessions() as session:
        kept = session.scalars(select(Subscriber)).one()
        assert (kept.lang, kept.stages, kept.minutes) == ("ja", [5], 30)


def test_a_link_to_confirm_ends_after_48_hours(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> None:
    path = waiting(sessions, clock())
    late = site(sessions, roadmap, lambda: clock() + signups.LIFE, Post())
    assert [late.request(method, path).status_code for method in ("GET", "POST")] == [404, 404]
    assert states(sessions) == {}


def test_another_site_cannot_confirm(door: TestClient, sessions: Sessions, clock: Clock) -> None:
    path = waiting(sessions, clock())
    assert door.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert states(sessions) == {}


# Logs


def test_neither_a_link_nor_an_address_gets_into_the_logs(
    door: TestClient, sessions: Sessions, person: Subscriber, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)  # the test's own client, not the service
    paths = [sign(person, purpose, action) for purpose, action in ACTED] + [waiting(sessions, clock())]
    for path in paths:
        door.get(path)
        press(door, path)
        door.post(path.replace("/s/", "/s/x"))
    door.post("/subscribe", data={"email": "other@example.org"})
    door.post("/subscribe", data={"email": "reader@example"})
    told = caplog.text
    assert not [path for path in paths if path.split("/")[2] in told]
    assert "@example" not in told
