"""Many new rows at once: what is stored stays, bytes are those of the ordinary way, look-ups of thousands."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, Column, MetaData, Table, select

from db import bulk
from db.engine import Sessions, reading
from db.models import Alias, Imported, Item, Note, Version
from db.storing import delete_items, save
from tests.db.shelf import THEN, stored

ITEM: Table = Item.__table__  # type: ignore[assignment]
DOCUMENTS = Table("documents", MetaData(), Column("document", JSON))
VERSION: Table = Version.__table__  # type: ignore[assignment]


def rows(sessions: Sessions) -> list[Any]:
    with reading(sessions) as session:
        return [tuple(row) for row in session.execute(select(ITEM).order_by(ITEM.c.id))]


def odd() -> list[dict[str, Any]]:
    names = [
        {"name": 'Zoë "the" \\ Ångström\u2028', "affiliation": None},
        {"name": "\U0001f9a9", "affiliation": "a\tb"},
    ]
    return [
        stored("2606.00001", title="tab\tand \\N and \\. and\nline", authors=names, abstract=""),
        stored("2606.00002", submitted=THEN, feed_date=THEN.date(), withdrawn=True, version=3, doi="10.1/x"),
        stored("heronry:one", submitted=None, provenance={"title": ["labs", "2026-06-01T00:00:00Z", 2]}),
    ]


def test_rows_come_out_as_they_went_in(sessions: Sessions) -> None:
    with sessions.begin() as session:
        save(session, odd())
    expected = rows(sessions)
    with sessions.begin() as session:
        delete_items(session, [row["id"] for row in odd()])
        assert bulk.insert(session, ITEM, odd()) == 3
    assert rows(sessions) == expected


def test_bytes_are_those_that_an_upsert_writes(sqlite_sessions: Sessions) -> None:
    with sqlite_sessions.begin() as session:
        bulk.insert(session, ITEM, odd())
        assert save(session, odd()) == 0
        query = "SELECT * FROM item ORDER BY id"
        before = session.connection().exec_driver_sql(query).fetchall()
        delete_items(session, [row["id"] for row in odd()])
        save(session, odd())
        assert session.connection().exec_driver_sql(query).fetchall() == before


documents = st.recursive(
    st.none() | st.integers() | st.sampled_from(["], [", "}, {", '"', "\\", "é", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "}, {", "], ["]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.lists(documents, max_size=4) | st.lists(st.lists(documents, max_size=3), max_size=4))
def test_documents_are_written_as_one_by_one(values: list[Any]) -> None:
    column = [*values, *values[:1]]
    tuples = list(bulk.encoded(DOCUMENTS, [{"document": value} for value in column]))
    assert tuples == [(json.dumps(value),) for value in column]


def test_what_is_stored_stays(sessions: Sessions) -> None:
    with sessions.begin() as session:
        save(session, [stored("2606.00001", title="First")])
        assert bulk.insert(session, ITEM, [stored("2606.00001", title="Second"), stored("2606.00002")]) == 1
        assert bulk.insert(session, ITEM, [stored("2606.00003")]) == 1  # the stage is used twice in one transaction
        assert bulk.insert(session, ITEM, []) == 0
    with reading(sessions) as session:
        titles = session.scalars(select(Item.title).order_by(Item.id)).all()
    assert (titles[0], len(titles)) == ("First", 3)


def test_a_moment_without_zone_is_refused(sessions: Sessions) -> None:
    naive = datetime(2026, 6, 1)  # noqa: DTZ001 - this is what must be refused
    with sessions.begin() as session, pytest.raises(ValueError, match="without a time zone"):
        bulk.insert(session, ITEM, [stored("2606.00001", first_seen=naive)])


def test_what_a_new_paper_may_be_known_by(sessions: Sessions) -> None:
    with sessions.begin() as session:
        save(
            session,
            [
                stored("2606.00001", title="A paper", doi="10.1/paper"),
                stored("heronry:one", title="A post", doi="10.1/post"),
            ],
        )
        session.add_all(
            [
                Note(id="2606.00009", claims={}),
                Alias(item_id="heronry:one", kind="id", value="2606.00008"),
                Alias(item_id="heronry:one", kind="title", value="a post before"),
                Alias(item_id="heronry:one", kind="doi", value="10.1/before"),
            ]
        )
        session.flush()
        ids = [f"2606.{n:05d}" for n in range(1, 5_000)]
        dois = ["10.1/paper", "10.1/post", "10.1/before", "10.1/new"]
        known = bulk.known(session, ids, dois, ["a paper", "a post", "a post before", "'; --"])
    has = {item_id for item_id in ids if known.has(item_id, None, "")}
    assert has == {"2606.00001", "2606.00008", "2606.00009"}
    assert [doi for doi in dois if known.has("", doi, "")] == ["10.1/post", "10.1/before"]
    assert known.has("", None, "a post")
    assert known.has("", None, "a post before")
    assert not known.has("", None, "a paper")


def test_lines_are_remembered_until_their_item_goes(sessions: Sessions) -> None:
    low, high = -(2**63), 2**63 - 1
    with sessions.begin() as session:
        save(session, [stored("2606.00001"), stored("2606.00002")])
        bulk.remember(session, [("2606.00001", low), ("2606.00001", high), ("2606.00002", 0)])
        bulk.remember(session, [("2606.00001", low)])
        bulk.remember(session, [])
    with sessions.begin() as session:
        assert bulk.imported(session, ["2606.00001"]) == {("2606.00001", low), ("2606.00001", high)}
        assert bulk.imported(session, []) == set()
        delete_items(session, ["2606.00001"])
        assert list(session.scalars(select(Imported.item_id))) == ["2606.00002"]


def test_other_tables_too(sessions: Sessions) -> None:
    with sessions.begin() as session:
        save(session, [stored("2606.00001")])
        version = {"item_id": "2606.00001", "number": 1, "created": THEN}
        assert bulk.insert(session, VERSION, [version, version | {"number": 2}, version]) == 2
