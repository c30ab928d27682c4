"""The statements a feed costs do not grow with its entries, and a poll costs one or two."""

import pytest
from fastapi.testclient import TestClient

from db.engine import Sessions
from db.models import Item
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import TOPIC
from tests.api.feeds.store import address, fill_all
from tests.api.test_queries import OWN, statements


@pytest.mark.parametrize(
    ("url", "whole", "poll"),
    [
        (f"/feeds/topics/{TOPIC}.atom", 7, 1),
        ("/feeds/labs/qwen.rss", 7, 1),
        ("/feeds/stages/5.json", 7, 1),
        (address("search"), 13, 4),  # names are looked for, too, and PostgreSQL is asked how it writes the words
        (address("picks"), 8, 1),
        (address("digests"), 3, 1),
        ("/feeds.opml", 0, 0),
    ],
)
@pytest.mark.parametrize("count", [2, 40])
def test_statements_stay_few_as_feeds_grow(
    make_client: ClientFactory, sessions: Sessions, roadmap: Roadmap, url: str, whole: int, poll: int, count: int
) -> None:
    ids = fill_all(sessions, roadmap, count)
    client: TestClient = make_client(OPTIONS)
    seen = [statements(sessions, lambda: client.get(url, headers=OWN))]
    with sessions.begin() as session:
        session.get_one(Item, ids[0]).discussion = 7  # something is stored, nothing that a feed shows
    seen.append(statements(sessions, lambda: client.get(url, headers=OWN)))
    assert seen[0] <= whole
    assert seen[1] <= poll
