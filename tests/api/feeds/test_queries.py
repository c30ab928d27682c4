"""The statements a feed costs do not grow with its entries, and a poll costs one or two."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from db.engine import Sessions
from db.models import Item
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import SUBMITTED, TOPIC, add_item, make_issue
from tests.api.feeds.store import JULY, address, fill_all
from tests.api.test_queries import OWN, statements

A_MONTH, CODE = timedelta(days=31), "https://github.com/heron/clock"


@pytest.mark.parametrize(
    ("url", "whole", "poll"),
    [
        (f"/feeds/topics/{TOPIC}.atom", 7, 1),
        ("/feeds/labs/qwen.rss", 7, 1),
        ("/feeds/stages/5.json", 7, 1),
        (address("search"), 14, 5),  # names are looked for and counted, and PostgreSQL is asked how it writes the words
        (address("picks"), 8, 1),
        (address("digests"), 3, 1),
        ("/feeds.opml", 0, 0),
    ],
)
def test_statements_stay_few_as_feeds_grow(
    make_client: ClientFactory, sessions: Sessions, roadmap: Roadmap, url: str, whole: int, poll: int
) -> None:
    ids = fill_all(sessions, roadmap, 2)
    client: TestClient = make_client(OPTIONS)
    seen = [statements(sessions, lambda: client.get(url, headers=OWN))]
    with sessions.begin() as session:
        session.get_one(Item, ids[0]).discussion = 7  # something is stored, nothing that a feed shows
    seen.append(statements(sessions, lambda: client.get(url, headers=OWN)))
    with sessions.begin() as session:
        for number in range(38):
            dated: dict[str, Any] = {"submitted": SUBMITTED + A_MONTH, "month": "2026-07"}
            add_item(session, roadmap, f"2607.{number:05d}", labs={"qwen": 0.9}, code=[CODE], **dated)
    assert make_issue(sessions, roadmap, "2026-07", JULY + A_MONTH) == "final"
    seen.append(statements(sessions, lambda: client.get(url, headers=OWN)))
    assert seen[0] == seen[2] <= whole
    assert seen[1] <= poll
