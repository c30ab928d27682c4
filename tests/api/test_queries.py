"""The number of statements a request costs must not grow with the rows it answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from core.apikeys import make_key
from core.clock import Clock
from db import feedback, keys
from db.engine import Sessions
from digest.subscriptions import Purpose
from roadmap.model import Roadmap
from tests.api import people
from tests.api.factory import TOPIC, add_item, fill, make_issue

OWN = {"Authorization": "Basic bm9ib2R5Og=="}  # with it nothing is answered from what was kept


def statements(sessions: Sessions, act: Callable[[], object]) -> int:
    """Count the statements that reach the database while something is done."""
    seen: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):  # SQLite's transactions are begun by hand
            seen.append(statement)

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", count)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)


@pytest.mark.parametrize(
    ("address", "ceiling"),
    [
        ("/api/v1/papers?limit=100", 5),
        ("/api/v1/papers?limit=100&sort=fit&has_code=true", 5),
        ("/papers/2606.00001", 9),
        ("/digests/2026-06", 2),
        ("/stages/5", 10),
        ("/stages/5?sort=worth", 10),
        (f"/topics/{TOPIC}", 9),
        (f"/topics/{TOPIC}?has_code=true&sort=fit", 10),
        (f"/topics/{TOPIC}?has_code=false&since=2026-01-01", 8),
        ("/labs/qwen", 8),
        ("/place", 1),
        ("/digests", 2),
        ("/", 3),
        ("/api/v1/digests/2026-06", 2),
        ("/api/v1/digests", 1),
        ("/api/v1/topics", 0),
        ("/api/v1/stages/5/canon", 0),
        ("/api/v1/search?q=heron&limit=100", 20),
        ("/api/v1/search?q=2606.00001", 20),
        ("/api/v1/papers/2606.00001", 9),
        ("/api/v1/papers/2606.00001/similar", 9),
        ("/api/v1/digests/2026-06/stages/5", 2),
        ("/digests/2026-06/stages/5", 10),
        ("/papers/2606.00001.bib", 9),
        ("/papers/2606.00001.md", 9),
        ("/digests/2026-06.ris", 9),
        ("/digests/2026-06.md", 2),
        ("/subscribe", 3),
        (f"/report?item=2606.00001&verb=wrong-topic&topic={TOPIC}", 9),
    ],
)
def test_statements_stay_few_as_rows_grow(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str, ceiling: int
) -> None:
    code = ["https://github.com/heron/clock"]
    fill(sessions, roadmap, 3, code=code, labs={"qwen": 0.9})
    make_issue(sessions, roadmap, "2026-06", datetime(2026, 6, 20, tzinfo=UTC))
    assert client.get(address).status_code < 400  # an issue is rendered at its first reading
    few = statements(sessions, lambda: client.get(address, headers=OWN))
    with sessions.begin() as session:
        for number in range(40):
            add_item(session, roadmap, f"2606.1{number:04d}", code=code, labs={"qwen": 0.9})
    many = statements(sessions, lambda: client.get(address, headers=OWN))
    assert few == many
    assert many <= ceiling


@pytest.mark.parametrize(
    ("purpose", "action", "ceiling"),
    [
        ("confirm", "confirm", 4),
        ("preferences", "preferences", 4),
        ("preferences", "erase", 4),
        ("unsubscribe", "unsubscribe", 4),
        ("feedback", "feedback?item=2606.00001&verb=more", 9),
    ],
)
def test_pages_behind_signed_links_cost_the_same_however_many_people_there_are(
    sessions: Sessions, roadmap: Roadmap, clock: Clock, purpose: Purpose, action: str, ceiling: int
) -> None:
    fill(sessions, roadmap, 3)
    person = people.add(sessions, clock)
    client = people.site(sessions, roadmap, clock, people.Post())
    address = people.waiting(sessions, clock()) if purpose == "confirm" else people.sign(person, purpose, action)
    few = statements(sessions, lambda: client.get(address))
    for number in range(20):
        people.add(sessions, clock, f"reader{number}@example.org", stages=(5,))
    with sessions.begin() as session:
        for number in range(20):
            add_item(session, roadmap, f"2606.1{number:04d}")
            feedback.add(session, person.id, f"2606.1{number:04d}", "more", "", clock())
    assert client.get(address).status_code == 200
    assert statements(sessions, lambda: client.get(address)) == few
    assert few <= ceiling


def test_what_readers_say_is_wrong_is_read_at_once_however_many_say_it(
    sessions: Sessions, roadmap: Roadmap, clock: Clock
) -> None:
    made = make_key()
    with sessions.begin() as session:
        keys.add(session, made.prefix, made.hash, "a test", ("feedback:read",), clock())
    client = people.site(sessions, roadmap, clock, people.Post())

    def ask() -> int:
        answer = client.get("/api/v1/feedback", headers={"Authorization": f"Bearer {made.text}"})
        return len(answer.json()["items"])

    ids = fill(sessions, roadmap, 20)
    person = people.add(sessions, clock)
    assert ask() == 0  # the first use of a key is noted
    few = statements(sessions, ask)
    with sessions.begin() as session:
        for item_id in ids:
            feedback.add(session, person.id, item_id, "wrong-topic", TOPIC, clock())
    assert statements(sessions, ask) == few <= 4
    assert ask() == 20
