"""The number of statements a request costs must not grow with the rows it answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from db.engine import Sessions
from roadmap.model import Roadmap
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
    ],
)
def test_statements_stay_few_as_rows_grow(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, address: str, ceiling: int
) -> None:
    code = ["https://github.com/heron/clock"]
    fill(sessions, roadmap, 3, code=code, labs={"qwen": 0.9})
    make_issue(sessions, roadmap, "2026-06", datetime(2026, 6, 20, tzinfo=UTC))
    client.get(address)  # an issue is rendered at its first reading
    few = statements(sessions, lambda: client.get(address, headers=OWN))
    with sessions.begin() as session:
        for number in range(40):
            add_item(session, roadmap, f"2606.1{number:04d}", code=code, labs={"qwen": 0.9})
    many = statements(sessions, lambda: client.get(address, headers=OWN))
    assert few == many
    assert many <= ceiling
