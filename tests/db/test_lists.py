"""Lists read in order from `filing` are those that sorting all items would give, whatever was changed before."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from db.engine import Sessions, reading
from db.models import Item, LabScore, Rating, TopicScore
from db.papers import SHOWN, PaperFilter, count, count_all, cursor, listed, monthly, places, query_of
from db.storing import delete_items, save
from tests.db.shelf import THEN, code, stored

STAGES = {5: ("attention", "scaling", "routing"), 6: ("agents",), 7: ()}
TOPICS = [topic for topics in STAGES.values() for topic in topics]
STAGE_OF = {topic: stage for stage, topics in STAGES.items() for topic in topics}
FIRST = datetime(2026, 4, 1, tzinfo=UTC)


def fitting(rng: random.Random, item_id: str) -> list[TopicScore]:
    names = rng.sample(TOPICS, rng.randrange(4))
    return [
        TopicScore(item_id=item_id, topic=name, stage=STAGE_OF[name], fit=rng.choice((0.2, 0.5, 0.7, 0.9)), why={})
        for name in names
    ]


def rated(rng: random.Random, scores: list[TopicScore], item_id: str) -> Rating:
    best = max(scores, key=lambda score: score.fit, default=None)
    return Rating(
        item_id=item_id,
        model="m",
        input_hash="h",
        best_topic=best.topic if best else None,
        best_stage=best.stage if best else None,
        worth=rng.choice((None, 0.1, 0.5, 0.9)),
        reasons=[],
        summary=None,
        read_first=[],
        minutes=9,
        minutes_guessed=True,
        ranked_at=THEN,
    )


def moment(rng: random.Random) -> datetime | None:
    """A day of three months, often the first moment of one, where items without a day stand as well."""
    return rng.choice((None, FIRST, datetime(2026, 5, 1, tzinfo=UTC), FIRST + timedelta(hours=rng.randrange(2_000))))


@pytest.fixture
def shelf(sessions: Sessions) -> Sessions:
    rng = random.Random(5)
    rows = []
    for number in range(90):
        item_id = f"26{rng.choice(('04', '05', '06'))}.{number:05d}"
        links = [code(item_id)] if rng.random() < 0.5 else []
        rows.append(stored(item_id, submitted=moment(rng), code=links, withdrawn=rng.random() < 0.1))
    with sessions.begin() as session:
        save(session, rows)
        for row in rows:
            scores = fitting(rng, row["id"])
            session.add_all(scores)
            if rng.random() < 0.8:
                session.add(rated(rng, scores, row["id"]))
            if rng.random() < 0.3:
                session.add(LabScore(item_id=row["id"], lab="heronry", confidence=rng.choice((0.3, 0.8)), evidence=[]))
    return sessions


def wanted_lists() -> list[PaperFilter]:
    """Every order of every kind of list, whole and narrowed."""
    kinds: list[dict[str, Any]] = [
        *({"topic": "attention"}, {"topic": "none"}, {"stage": 5}, {"stage": 7}, {}),
        *({"topic": "agents", "min_fit": 0.7}, {"topic": "agents", "min_fit": 0.1}, {"stage": 5, "min_fit": 0.7}),
        *({"best_stage": 5}, {"best_stage": 5, "min_worth": 0.5}, {"topic": "scaling", "best_stage": 5}),
        *({"min_fit": 0.5}, {"min_fit": 0.8}, {"best_stage": 5, "min_fit": 0.7}),
    ]
    narrow: list[dict[str, Any]] = [
        *({}, {"until": date(2026, 5, 1)}, {"until": date(2026, 4, 30)}, {"until": date(2026, 5, 31)}),
        *({"until": date.max}, {"since": date.min, "until": date.max}),
        *({"since": date(2026, 5, 1)}, {"since": date(2026, 4, 2), "until": date(2026, 5, 20)}),
        *({"has_code": True}, {"has_code": False, "month": "2026-05"}, {"lab": "heronry"}, {"kind": "paper"}),
        {"recorded": False},
    ]
    orders: list[dict[str, Any]] = [{"sort": sort} for sort in ("newest", "worth", "fit")]
    return [PaperFilter(limit=200, **kind, **more, **order) for kind, more, order in product(kinds, narrow, orders)]


def by_hand(items: Sequence[Item], wanted: PaperFilter) -> list[tuple[Any, str]]:
    """Go through all items and sort those that belong into the list."""
    found = [(cursor(wanted, item, STAGES), item.id) for item in items if belongs(item, wanted)]
    return [place for place, _ in sorted(found, reverse=True)]


def belongs(item: Item, wanted: PaperFilter) -> bool:
    return fits(item, wanted) and is_within(item, wanted) and is_best(item, wanted) and hangs(item, wanted)


def fits(item: Item, wanted: PaperFilter) -> bool:
    named = wanted.topic is not None or wanted.stage is not None
    names = [wanted.topic] if wanted.topic else STAGES.get(wanted.stage or 0, ())
    floor = wanted.min_fit if wanted.min_fit is not None else (0.5 if named else 0.0)
    best = max((score.fit for score in item.topics if not named or score.topic in names), default=0.0)
    return best >= floor


def is_within(item: Item, wanted: PaperFilter) -> bool:
    first, last = (item.submitted.date(),) * 2 if item.submitted else month_of(item.month)
    after = wanted.since is None or first >= wanted.since
    return after and (wanted.until is None or last <= wanted.until) and wanted.month in (None, item.month)


def month_of(month: str) -> tuple[date, date]:
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def is_best(item: Item, wanted: PaperFilter) -> bool:
    if wanted.best_stage is None:
        return True
    rating = item.rating
    if rating is None or rating.best_stage != wanted.best_stage or item.withdrawn:
        return False
    filed = any(score.topic == rating.best_topic and score.fit >= 0.5 for score in item.topics)
    return filed and (wanted.min_worth is None or (rating.worth is not None and rating.worth >= wanted.min_worth))


def hangs(item: Item, wanted: PaperFilter) -> bool:
    coded = wanted.has_code is None or bool(item.code) == wanted.has_code
    return coded and (wanted.lab is None or any(lab.confidence >= 0.5 for lab in item.labs))


def compare(shelf: Sessions) -> int:
    """Hold every list against sorting by hand, whole, part by part and as a query; gives how many lists there are."""
    with reading(shelf) as session:
        items = listed(session, PaperFilter(sort="fit", min_fit=0, limit=1_000), STAGES)
        assert len(items) == count_all(session)
        lists = list(wanted_lists())
        for wanted in lists:
            sought = by_hand(items, wanted)
            assert places(session, wanted, STAGES) == sought, wanted
            assert parts(session, replace(wanted, limit=7)) == sought, wanted
            composed = session.scalars(query_of(wanted, STAGES).with_only_columns(Item.id, maintain_column_froms=True))
            assert list(composed) == [item_id for _, item_id in sought], wanted
        return len(lists)


def parts(session: Session, wanted: PaperFilter) -> list[tuple[Any, str]]:
    """Read a list part by part, as cursors lead, for as far as three of them go and then the rest."""
    found: list[tuple[Any, str]] = []
    while part := places(session, replace(wanted, after=found[-1] if found else None), STAGES):
        found += part
        wanted = replace(wanted, limit=200 if len(found) > 14 else wanted.limit)
    return found


def test_lists_are_those_that_sorting_gives(shelf: Sessions) -> None:
    assert compare(shelf) > 10


def test_months_are_counted_as_the_list_has_them(shelf: Sessions) -> None:
    with reading(shelf) as session:
        for wanted in (
            PaperFilter(topic="attention"),
            PaperFilter(topic="attention", has_code=True),
            PaperFilter(stage=5),
        ):
            items = listed(session, replace(wanted, limit=200), STAGES)
            assert monthly(session, wanted, STAGES) == dict(sorted(Counter(item.month for item in items).items()))
            assert count(session, wanted, STAGES) == len(items)


def test_lists_follow_every_change(shelf: Sessions) -> None:
    rng = random.Random(9)
    with shelf.begin() as session:
        ids = list(session.scalars(select(Item.id).order_by(Item.id)))
        for item_id in rng.sample(ids, 40):
            change(rng, session, item_id)
    assert compare(shelf) > 10
    with shelf.begin() as session:
        held = session.execute(text("SELECT count(*) FROM filing")).scalar_one()
        shown = select(func.count()).select_from(TopicScore).where(TopicScore.fit >= SHOWN)
        assert held == session.scalar(shown)
        delete_items(session, ids)
        assert session.execute(text("SELECT count(*) FROM filing")).scalar_one() == 0


def change(rng: random.Random, session: Session, item_id: str) -> None:
    """Change one of all that a list's places depend on, as sources and ranking do, and as nobody does yet."""
    of_item, of_rating = Item.id == item_id, Rating.item_id == item_id
    what = rng.randrange(7)
    if what == 0:
        session.execute(update(Item).where(of_item).values(submitted=moment(rng)))
    elif what == 1:
        session.execute(update(Item).where(of_item).values(month=rng.choice(("2026-04", "2026-05", "2026-06"))))
    elif what == 2:
        session.execute(update(TopicScore).where(TopicScore.item_id == item_id).values(fit=rng.choice((0.4, 0.5, 0.8))))
    elif what == 3:
        session.execute(delete(Rating).where(of_rating))
    elif what == 4:
        session.execute(update(Rating).where(of_rating).values(worth=rng.choice((None, 0.2, 0.8))))
    elif what == 5:
        session.execute(delete(TopicScore).where(TopicScore.item_id == item_id))
        session.add_all(fitting(rng, item_id))
    else:
        delete_items(session, [item_id])
