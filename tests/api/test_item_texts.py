"""Items written once for many lists: never outdated, and never more of them than there is room for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from api.item_texts import OVERHEAD, ItemTexts
from db.engine import Sessions, reading
from db.models import Code, Item, LabScore, Rating, TopicScore
from roadmap.model import Roadmap
from tests.api.factory import SEEN, SUBMITTED, TOPIC, fill

ITEM = "2606.00001"


def revised(session: Session, **columns: Any) -> None:
    session.execute(update(Item).where(Item.id == ITEM).values(**columns))


def coded(session: Session) -> None:
    session.add(Code(item_id=ITEM, url="https://github.com/heron/new", official=None, source="hf", first_seen=SEEN,
                     checked_at=SEEN))  # fmt: skip


def starred(session: Session) -> None:
    session.execute(update(Code).where(Code.item_id == ITEM).values(stars=8_888))


def signed(session: Session) -> None:
    session.add(LabScore(item_id=ITEM, lab="qwen", confidence=0.9, evidence=[]))


def ranked(session: Session) -> None:
    session.execute(update(Rating).where(Rating.item_id == ITEM).values(worth=0.1234))
    session.execute(update(TopicScore).where(TopicScore.item_id == ITEM).values(fit=0.7777))


def summed(session: Session) -> None:
    text = {"text": "Another sentence.", "kind": "machine", "model": "m", "created": None}
    session.execute(update(Rating).where(Rating.item_id == ITEM).values(summary=text))


CHANGES: list[tuple[Callable[[Session], None], str]] = [
    (lambda session: revised(session, withdrawn=True), '"withdrawn":true'),
    (lambda session: revised(session, title="Another title", votes=99), "Another title"),
    (coded, "https://github.com/heron/new"),
    (starred, "8888"),
    (signed, '"key":"qwen"'),
    (ranked, "0.7777"),
    (ranked, "0.1234"),
    (summed, "Another sentence."),
]


@pytest.mark.parametrize(("change", "shown"), CHANGES)
def test_every_change_shows_in_the_next_list(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, change: Callable[[Session], None], shown: str
) -> None:
    fill(sessions, roadmap, 3, code=["https://github.com/heron/clock"])
    lists = [f"/api/v1/papers?topic={TOPIC}&limit=100&sort={sort}" for sort in ("newest", "fit", "worth")]
    before = [client.get(address).text for address in lists]
    assert not any(shown in text for text in before)
    with sessions.begin() as session:
        change(session)
    # Each address is asked for the first time since: its items were written for the others.
    for address in [*lists, f"/api/v1/papers?topic={TOPIC}&limit=50", "/api/v1/papers"]:
        assert shown in client.get(address).text, address


def test_an_item_that_is_filed_no_more_leaves_the_list(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 3)
    address = f"/api/v1/papers?topic={TOPIC}"
    assert ITEM in client.get(address).text
    with sessions.begin() as session:
        session.execute(delete(TopicScore).where(TopicScore.item_id == ITEM))
    assert ITEM not in client.get(address).text
    assert ITEM in client.get("/api/v1/papers?min_fit=0").text


def test_a_moved_item_moves_in_the_list(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    ids = fill(sessions, roadmap, 3)
    address = f"/api/v1/papers?topic={TOPIC}"
    assert [item["id"] for item in client.get(address).json()["items"]] == ids[::-1]
    with sessions.begin() as session:
        revised(session, submitted=SUBMITTED + timedelta(days=3))
    assert [item["id"] for item in client.get(address).json()["items"]] == [ids[0], *ids[:0:-1]]


def test_texts_are_bounded_by_bytes_and_the_least_lately_used_leave(sessions: Sessions, roadmap: Roadmap) -> None:
    ids = fill(sessions, roadmap, 6)
    with reading(sessions) as session:
        one = len(memoryview(ItemTexts(roadmap).of(session, ids[:1], 0.5, "a")[0])) + OVERHEAD
        texts = ItemTexts(roadmap, 3 * one + OVERHEAD)
        for item_id in (*ids[:3], ids[0], ids[3]):
            texts.of(session, [item_id], 0.5, "a")
        assert texts.size <= 3 * one + OVERHEAD
        assert sorted(texts._find(ids, 0.5, "a")) == [ids[0], ids[2], ids[3]]
        assert not texts._find(ids, 0.5, "b"), "another state"
        assert not texts._find(ids, 0.0, "a"), "other topics are told"


def test_an_unknown_state_keeps_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    ids = fill(sessions, roadmap, 2)
    texts = ItemTexts(roadmap)
    with reading(sessions) as session:
        found = texts.of(session, [ids[1], "none", ids[0]], 0.5, None)
    assert [msgspec.json.decode(text)["id"] for text in found] == [ids[1], ids[0]]
    assert texts.size == 0
