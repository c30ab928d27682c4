"""Lists and look-ups: filters, order, cursors, the same on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from db import wholes
from db.engine import Sessions, reading
from db.models import LabScore, Rating, TopicScore
from db.papers import PaperFilter, Sort, by_id, by_ids, cursor, listed, only_recorded
from db.storing import delete_items, existing, save
from tests.db.shelf import THEN, code, stored

STAGES = {5: ("attention", "scaling"), 6: ("agents",)}


def day(number: int, month: int = 6) -> datetime:
    return datetime(2026, month, number, 23, 30, tzinfo=UTC)


@pytest.fixture
def filled(sessions: Sessions) -> Sessions:
    rows = [
        stored("2606.00001", submitted=day(1), code=[code("2606.00001")]),
        stored("2606.00002", submitted=day(30)),
        stored("2606.00003"),  # only its month is known
        stored("2605.00004", submitted=day(31, 5), sources=["recorded"]),
        stored("heronry:first-light", submitted=None),
    ]
    scores = [
        TopicScore(item_id="2606.00001", topic="attention", stage=5, fit=0.9, why={}),
        TopicScore(item_id="2606.00001", topic="agents", stage=6, fit=0.6, why={}),
        TopicScore(item_id="2606.00002", topic="scaling", stage=5, fit=0.7, why={}),
        TopicScore(item_id="2606.00003", topic="attention", stage=5, fit=0.3, why={}),
        LabScore(item_id="2606.00002", lab="heronry", confidence=0.8, evidence=[]),
        LabScore(item_id="2606.00001", lab="heronry", confidence=0.2, evidence=[]),
        rating("2606.00001", 0.4),
        rating("2606.00002", 0.8),
        rating("2606.00003", None),
    ]
    with sessions.begin() as session:
        save(session, rows)
        session.add_all(scores)
    return sessions


def rating(item_id: str, worth: float | None) -> Rating:
    unknown: dict[str, Any] = {"best_topic": None, "best_stage": None, "summary": None}
    lists: dict[str, Any] = {"reasons": [], "read_first": []}
    return Rating(
        item_id=item_id,
        model="m",
        input_hash="h",
        worth=worth,
        minutes=9,
        minutes_guessed=True,
        ranked_at=THEN,
        **unknown,
        **lists,
    )


def ids(sessions: Sessions, **given: Any) -> list[str]:
    with reading(sessions) as session:
        return [item.id for item in listed(session, PaperFilter(**given), STAGES)]


def test_newest_first_and_an_unknown_date_counts_as_the_first_of_the_month(filled: Sessions) -> None:
    assert ids(filled) == ["2606.00002", "2606.00001", "heronry:first-light", "2606.00003", "2605.00004"]


def test_a_topic_lists_what_an_expert_would_file_there(filled: Sessions) -> None:
    assert ids(filled, topic="attention", sort="fit") == ["2606.00001"]
    assert ids(filled, topic="attention", sort="fit", min_fit=0.2) == ["2606.00001", "2606.00003"]


def test_min_fit_zero_lists_everything_and_a_missing_fit_is_zero(filled: Sessions) -> None:
    everything = ids(filled, topic="attention", sort="fit", min_fit=0.0)
    assert everything[:2] == ["2606.00001", "2606.00003"]
    assert len(everything) == 5


def test_a_stage_lists_the_best_fit_among_its_topics(filled: Sessions) -> None:
    assert ids(filled, stage=5, sort="fit") == ["2606.00001", "2606.00002"]
    assert ids(filled, stage=6, sort="fit") == ["2606.00001"]
    assert ids(filled, stage=7) == []


def test_worth_puts_the_unrated_last(filled: Sessions) -> None:
    assert ids(filled, sort="worth")[:2] == ["2606.00002", "2606.00001"]
    assert len(ids(filled, sort="worth")) == 5


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"since": date(2026, 6, 1), "until": date(2026, 6, 1)}, ["2606.00001"]),
        ({"since": date(2026, 6, 30)}, ["2606.00002"]),
        ({"until": date(2026, 6, 29)}, ["2606.00001", "2605.00004"]),
        ({"until": date(2026, 6, 30)}, None),
        ({"since": date.min, "until": date.max}, None),
        ({"kind": "post"}, ["heronry:first-light"]),
        ({"has_code": True}, ["2606.00001"]),
        ({"has_code": False, "month": "2605"}, []),
        ({"month": "2026-05"}, ["2605.00004"]),
        ({"lab": "heronry"}, ["2606.00002"]),
        ({"recorded": True}, ["2605.00004"]),
        ({"recorded": False, "kind": "paper"}, ["2606.00002", "2606.00001", "2606.00003"]),
        ({"min_fit": 0.65}, ["2606.00002", "2606.00001"]),
    ],
)
def test_filters(filled: Sessions, given: dict[str, Any], expected: list[str] | None) -> None:
    assert ids(filled, **given) == (ids(filled) if expected is None else expected)


@pytest.mark.parametrize("sort", ["newest", "worth", "fit"])
def test_pages_of_one_give_the_whole_list(filled: Sessions, sort: Sort) -> None:
    wanted = PaperFilter(sort=sort, limit=1, min_fit=0.0)
    seen: list[str] = []
    with reading(filled) as session:
        while page := listed(session, wanted, STAGES):
            seen.append(page[0].id)
            wanted = replace(wanted, after=cursor(wanted, page[0], STAGES))
    assert seen == ids(filled, sort=sort, min_fit=0.0)
    assert len(seen) == 5


def test_an_item_comes_with_everything_that_hangs_on_it(filled: Sessions) -> None:
    with reading(filled) as session:
        item = by_id(session, "2606.00001")
        assert by_id(session, "2606.99999") is None
        found = [item.id for item in by_ids(session, ["2606.00003", "2606.99999", "2606.00001"])]
    assert item is not None
    assert [topic.topic for topic in item.topics] == ["attention", "agents"]
    assert (item.code[0].stars, item.labs[0].lab) == (3, "heronry")
    assert item.rating is not None
    assert item.rating.worth == 0.4
    assert found == ["2606.00003", "2606.00001"]


def test_it_is_known_whether_only_the_recorded_month_is_stored(filled: Sessions) -> None:
    with filled.begin() as session:
        assert not only_recorded(session)
        delete_items(session, ["2606.00001", "2606.00002", "2606.00003", "heronry:first-light"])
        assert only_recorded(session)


def test_saving_twice_writes_nothing(sessions: Sessions) -> None:
    row = stored("2606.00001", submitted=day(1), code=[code("2606.00001")])
    with sessions.begin() as session:
        assert save(session, [row]) == 1
    with sessions.begin() as session:
        assert save(session, [row]) == 0
        assert save(session, [row | {"votes": 4}]) == 1
        assert existing(session, ["2606.00001"])[0]["votes"] == 4


def test_what_is_read_back_is_what_was_saved(sessions: Sessions) -> None:
    row = stored(
        "2606.00001", submitted=day(1), code=[code("2606.00001")], doi="10.1/heron", daily_date=date(2026, 6, 2)
    )
    with sessions.begin() as session:
        save(session, [row])
    with reading(sessions) as session:
        assert existing(session, ["2606.00001"]) == [row]
        assert existing(session, [], ["10.1/heron"]) == [row]
        assert existing(session, [], [], [row["folded_title"]]) == [row]
        assert existing(session, ["2606.00009"]) == []


def test_items_read_as_columns_tell_what_the_items_themselves_tell(filled: Sessions) -> None:
    ids = ["2606.00003", "no such", "2606.00001", "heronry:first-light", "2606.00001", "2605.00004", "2606.00002"]
    with reading(filled) as session:
        rows, items = wholes.by_ids(session, ids), by_ids(session, ids)
        assert (
            [row.id for row in rows] == [item.id for item in items] == ["2606.00003", "2606.00001", *ids[3:4], *ids[5:]]
        )
        for row, item in zip(rows, items, strict=True):
            own = [
                name for name in wholes.Whole.__dataclass_fields__ if name not in ("rating", "code", "topics", "labs")
            ]
            assert {name: getattr(row, name) for name in own} == {name: getattr(item, name) for name in own}
            assert row.rating == (item.rating and told(item.rating, wholes.Rated))
            assert row.code == [told(one, wholes.Repository) for one in item.code]
            assert row.topics == [told(one, wholes.Fit) for one in item.topics]
            assert row.labs == [told(one, wholes.Made) for one in item.labs]


def told(stored: Any, shape: Any) -> Any:
    return shape(*(getattr(stored, name) for name in shape._fields))
