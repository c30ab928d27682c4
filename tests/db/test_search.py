"""Full text: kept by triggers, filled after imports, right on filled databases, never an error whatever is asked."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Engine, Text, select, text
from sqlalchemy.exc import OperationalError

import db.engine
from core.querywords import terms_of
from db.engine import Sessions, make_engine, make_sessions, reading
from db.migrate import downgrade, locked, upgrade
from db.models import Alias, Code, Evidence, Item
from db.search import check, fill, matching, missing, named, rebuild, suspended, unfinished
from db.storing import delete_items, save
from tests.conftest import NOW
from tests.db.shelf import stored

SHELF = [
    stored("2606.00001", title="Brass herons", abstract="Clockwork wading birds, état-of-the-art."),
    stored("2606.00002", title="Wading in clockwork", abstract="Nothing about birds of brass, but of tin."),
    stored("2606.00003", title="On tin", authors=[{"name": "Zoë Ångström", "affiliation": "Heronry"}]),
    stored("2606.00004", title="On tin"),
]


def engine_of(sessions: Sessions) -> Engine:
    engine = sessions.kw["bind"]
    assert isinstance(engine, Engine)
    return engine


@pytest.fixture
def shelf(sessions: Sessions) -> Sessions:
    with sessions.begin() as session:
        save(session, SHELF)
    return sessions


def ids(sessions: Sessions, words: str, limit: int = 10) -> list[str]:
    with reading(sessions) as session:
        return [item_id for item_id, _ in matching(session, words, limit)]


def faults(sessions: Sessions) -> list[str]:
    with sessions.begin() as session:
        return check(session)


def test_all_words_first_then_some(shelf: Sessions) -> None:
    assert ids(shelf, "brass herons")[:1] == ["2606.00001"]
    assert ids(shelf, "brass herons") == ["2606.00001", "2606.00002"]
    assert ids(shelf, "brass herons", limit=1) == ["2606.00001"]
    assert ids(shelf, "wading tin") == ["2606.00002", "2606.00003", "2606.00004", "2606.00001"]


def test_a_title_counts_more_than_an_abstract(shelf: Sessions) -> None:
    assert ids(shelf, "brass") == ["2606.00001", "2606.00002"]


def test_only_what_may_be_found_is_found(shelf: Sessions) -> None:
    with reading(shelf) as session:
        among = select(Item.id).where(Item.id > "2606.00001")
        assert [found for found, _ in matching(session, "brass birds", 10, among)] == ["2606.00002"]


def test_the_other_number_of_a_word_comes_after_the_word_and_before_some_of_the_words(sessions: Sessions) -> None:
    titles = {"1": "A brass heron stands", "2": "Brass herons stand", "3": "Brass boxes", "4": "Brass box heron"}
    with sessions.begin() as session:
        save(session, [stored(f"2606.0000{n}", title=title, abstract="x") for n, title in titles.items()])
    first, *both, last = ids(sessions, "brass herons")
    assert (first, sorted(both), last) == ("2606.00002", ["2606.00001", "2606.00004"], "2606.00003")
    assert ids(sessions, "boxes") == ["2606.00003", "2606.00004"]  # the word itself first


def test_words_of_the_other_spelling_are_found_behind(sessions: Sessions) -> None:
    titles = {"1": "Heron quantization", "2": "Heron quantisation", "3": "Heron"}
    with sessions.begin() as session:
        save(session, [stored(f"2606.0000{n}", title=title, abstract="x") for n, title in titles.items()])
    assert ids(sessions, "quantisation") == ["2606.00002", "2606.00001"]
    assert ids(sessions, "quantization") == ["2606.00001", "2606.00002"]


def test_words_that_only_ask_count_where_all_are_held_and_not_beyond(sessions: Sessions) -> None:
    titles = {"1": "What can my tin herons do", "2": "Tin herons", "3": "How do I do what my can can do"}
    with sessions.begin() as session:
        save(session, [stored(f"2606.0000{n}", title=title, abstract="x") for n, title in titles.items()])
    assert ids(sessions, "what can my tin herons do") == ["2606.00001", "2606.00002"]
    assert sorted(ids(sessions, "how do my tin herons wade")) == ["2606.00001", "2606.00002"]
    assert sorted(ids(sessions, "what are herons")) == ["2606.00001", "2606.00002"]
    assert ids(sessions, "how do I")[:1] == ["2606.00003"]


def test_enough_of_all_words_leaves_the_rest_alone(shelf: Sessions) -> None:
    with reading(shelf) as session:
        assert len(matching(session, "brass birds", 10, enough=1)) == 2
        assert len(matching(session, "brass tin", 10, enough=1)) == 1


def test_names_of_items(sessions: Sessions) -> None:
    brass = stored("2606.00001", title="Brass Herons: études", doi="10.1234/herons")
    with sessions.begin() as session:
        save(session, [brass, stored("2606.00002", title="Other")])
        session.add(
            Code(item_id="2606.00001", url="https://github.com/brass/heron", source="x", first_seen=NOW, checked_at=NOW)
        )
        session.add(Alias(item_id="2606.00001", kind="title", value="brass herons first draft"))
    with reading(sessions) as session:
        found = [
            named(session, ["2606.00001"], None, (), ""),
            named(session, (), "10.1234/herons", (), ""),
            named(session, (), None, ("https://github.com/brass/heron", "https://x.example"), ""),
            named(session, (), None, (), "brass herons etudes"),
            named(session, (), None, (), "brass herons first draft"),
        ]
        assert found == [["2606.00001"]] * 5
        assert named(session, ["2606.00009"], "10.1/x", ("https://x.example",), "nothing") == []


def test_ids_are_found_in_the_order_in_which_they_were_asked(sessions: Sessions) -> None:
    with sessions.begin() as session:
        save(
            session, [stored("2606.00001", title="A"), stored("2606.00002", title="B"), stored("2606.00003", title="C")]
        )
        session.add(Alias(item_id="2606.00001", kind="id", value="marsh:a"))
    with reading(sessions) as session:
        assert named(session, ["2606.00003", "marsh:a", "2606.00002"], None, (), "c") == [
            "2606.00003", "2606.00001", "2606.00002",
        ]  # fmt: skip


def test_ties_are_by_id(shelf: Sessions) -> None:
    with shelf.begin() as session:
        save(session, [stored(f"2605.0000{n}", title="A tie of tin") for n in (3, 1, 2)])
    assert ids(shelf, "tie tin", limit=2) == ["2605.00001", "2605.00002"]


@pytest.mark.parametrize("words", ["angstrom", "ÅNGSTRÖM", "zoe", "A\u030angstro\u0308m"])
def test_authors_are_found_without_their_accents(shelf: Sessions, words: str) -> None:
    assert ids(shelf, words) == ["2606.00003"]


def test_affiliations_and_keys_of_authors_are_no_words(shelf: Sessions) -> None:
    assert ids(shelf, "heronry") == ids(shelf, "affiliation") == ids(shelf, "null") == []


def test_signs_part_words(shelf: Sessions) -> None:
    with shelf.begin() as session:
        save(session, [stored("2606.00009", title="Vision/language e.g. http://example.org/teal “quoted”—dashed")])
    for words in ("vision", "language", "teal", "quoted", "dashed", "vision-language", "example"):
        assert ids(shelf, words) == ["2606.00009"], words


HOSTILE = [
    '"', '""', "'", "''; DROP TABLE item; --", "*", "brass*", "NEAR", "NEAR(brass herons, 2)", "a:b", "title:brass",
    "brass AND", "NOT", "brass NOT herons", "OR", "^brass", "(brass", "brass)", "-brass", "brass + herons", "🦩",
    "\\", "%", "_", "__", "\x00", "brass\x00herons", "\ud800", "word " * 2_000, "x" * 10_000, "the of and", "the", "",
    " ", "&", "|", "!", "<->", "brass:*", "brass & ", "²", "½", "ﬁ", "\u0301", "अनुसंधान", "拡散モデル", "1e5", "-1",
    "3.14", "🦩 brass",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_no_query_is_an_error(shelf: Sessions, words: str) -> None:
    found = ids(shelf, words)
    assert len(found) == len(set(found)) <= 10
    if "brass" in words and not words.startswith("''"):
        assert "2606.00001" in found


def test_only_common_words_are_looked_for_where_nothing_else_is_said(shelf: Sessions) -> None:
    assert terms_of("the brass of the heron") == ["brass", "heron"]
    assert len(terms_of("the of THE")) == 2
    assert set(ids(shelf, "on the")) == {"2606.00001", "2606.00003", "2606.00004"}


def test_triggers_keep_the_index_in_step(shelf: Sessions) -> None:
    with shelf.begin() as session:
        changed = SHELF[0] | {"title": "Copper egrets", "authors": [{"name": "Nell Dipper", "affiliation": None}]}
        assert save(session, [changed, SHELF[1]]) == 1
        delete_items(session, ["2606.00003"])
    assert ids(shelf, "egrets") == ids(shelf, "dipper") == ["2606.00001"]
    assert ids(shelf, "herons") == ids(shelf, "angstrom") == []
    assert faults(shelf) == []
    with shelf.begin() as session:
        session.execute(text("UPDATE item SET id = '2606.00014', arxiv_id = '2606.00014' WHERE id = '2606.00004'"))
    assert ids(shelf, "tin", limit=2) == ["2606.00014", "2606.00002"]
    assert faults(shelf) == []


def test_an_index_left_unfilled_is_noticed_and_filled(shelf: Sessions) -> None:
    fresh = [stored(f"2607.{n:05d}", title=f"Late herons {n}") for n in range(7)]
    with shelf.begin() as session, suspended(session):
        save(session, fresh)
    assert ids(shelf, "late") == []
    with shelf.begin() as session:  # meanwhile, an item that waits changes and another goes
        assert (missing(session), unfinished(session)) == (7, True)
        save(session, [fresh[0] | {"title": "Later egrets"}])
        delete_items(session, [fresh[1]["id"]])
        save(session, [stored("2607.00100", title="Late too")])
    last: str | None = ""
    while last is not None:
        with shelf.begin() as session:
            last = fill(session, last, 2)
    with reading(shelf) as session:
        assert (missing(session), unfinished(session)) == (0, False)
    assert (
        ids(shelf, "late") == [f"2607.{n:05d}" for n in (2, 3, 4, 5, 6)] + ["2607.00100"]
        or len(ids(shelf, "late")) == 6
    )
    assert ids(shelf, "egrets") == ["2607.00000"]
    assert faults(shelf) == []


def test_only_this_transaction_is_suspended(shelf: Sessions) -> None:
    with pytest.raises(RuntimeError):
        break_off(shelf)
    with shelf.begin() as session:
        assert not unfinished(session)
        save(session, [stored("2607.00002", title="Kept herons")])
    assert ids(shelf, "kept") == ["2607.00002"]
    assert faults(shelf) == []


def break_off(sessions: Sessions) -> None:
    with sessions.begin() as session, suspended(session):
        save(session, [stored("2607.00001", title="Lost herons")])
        raise RuntimeError


def test_a_damaged_index_is_told_of_and_made_anew(shelf: Sessions) -> None:
    table = "item_fts_row" if engine_of(shelf).dialect.name == "sqlite" else "item_fts"
    with shelf.begin() as session:
        session.execute(text(f"DELETE FROM {table} WHERE item_id = '2606.00001'"))  # noqa: S608
    assert faults(shelf) == ["1 items are not in the full-text index"]
    with shelf.begin() as session:
        rebuild(session)
    assert faults(shelf) == []
    assert ids(shelf, "herons") == ["2606.00001"]


def test_a_lost_trigger_is_told_of(sqlite_sessions: Sessions) -> None:
    with sqlite_sessions.begin() as session:
        save(session, SHELF)
        session.execute(text("DROP TRIGGER item_fts_update"))
        save(session, [SHELF[0] | {"title": "Copper egrets"}])
    assert faults(sqlite_sessions) == [
        "The trigger item_fts_update is missing",
        "The full-text index does not hold what the items say",
    ]


def test_numbers_outlive_a_vacuum(sqlite_sessions: Sessions) -> None:
    with sqlite_sessions.begin() as session:
        save(session, SHELF)
        delete_items(session, ["2606.00001", "2606.00003"])
    engine = engine_of(sqlite_sessions)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("VACUUM")
    assert ids(sqlite_sessions, "wading") == ["2606.00002"]
    assert faults(sqlite_sessions) == []


def test_migrating_a_filled_database_down_and_up(shelf: Sessions) -> None:
    engine = engine_of(shelf)
    before = rows(engine)
    downgrade(engine, "0003")
    assert rows(engine) == before
    upgrade(engine)
    assert rows(engine) == before
    assert faults(shelf) == []
    assert ids(shelf, "angstrom") == ["2606.00003"]
    with shelf.begin() as session:
        save(session, [stored("2607.00002", title="Kept herons")])
    assert ids(shelf, "kept") == ["2607.00002"]


def test_a_migration_that_rebuilds_the_table_cannot_lose_the_triggers_unnoticed(sqlite_engine: Engine) -> None:
    with pytest.raises(OperationalError, match="item_fts_text"):
        rebuild_item(sqlite_engine)
    assert faults(make_sessions(sqlite_engine)) == []


def rebuild_item(engine: Engine) -> None:
    with locked(engine) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("item", recreate="always") as table:
            table.add_column(Column("more", Text(), nullable=True))


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        tables = (Item.__table__, Code.__table__, Evidence.__table__)
        return [tuple(row) for table in tables for row in connection.execute(select(table).order_by(table.c[0]))]


def test_the_index_holds_as_much_as_a_hostile_paper_brings(shelf: Sessions) -> None:
    crowd = [{"name": f"Nämé{n:05d}" + "é" * 200, "affiliation": None} for n in range(10_000)]
    words = " ".join(f"wörd{n}" for n in range(5_000))
    with shelf.begin() as session:
        save(session, [stored("2607.00005", title="x" * 2_000, abstract=words, authors=crowd)])
    assert ids(shelf, "word4999") == ["2607.00005"]
    assert faults(shelf) == []


@pytest.fixture
def old_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Sessions]:
    monkeypatch.setattr(db.engine, "sqlite_driver", lambda: sqlite3)
    engine = make_engine(f"sqlite:///{tmp_path}/old.db")
    upgrade(engine)
    yield make_sessions(engine)
    engine.dispose()


def test_the_standard_librarys_sqlite_does_as_well(old_sqlite: Sessions) -> None:
    with old_sqlite.begin() as session:
        save(session, SHELF)
        save(session, [SHELF[0] | {"title": "Copper egrets"}])
        delete_items(session, ["2606.00002"])
    assert ids(old_sqlite, "egrets") == ["2606.00001"]
    assert faults(old_sqlite) == []


PHRASES = {
    "1": ("Speech to text and text of speech", "x"),
    "2": ("Text to speech", "x"),
    "3": ("Of herons", "A text-to-speech model."),
    "4": ("Text of a speech, to speech to text to be", "To speech and text and speech and text."),
}


@pytest.fixture
def spoken(sessions: Sessions) -> Sessions:
    with sessions.begin() as session:
        save(session, [stored(f"2606.0000{n}", title=t, abstract=a, authors=[]) for n, (t, a) in PHRASES.items()])
    return sessions


@pytest.mark.parametrize("query", ["text to speech", "Text-to-Speech", "what is text to speech", '"text to speech"'])
def test_what_holds_the_phrase_that_small_words_join_goes_before_what_holds_the_words(
    spoken: Sessions, query: str
) -> None:
    assert ids(spoken, query)[:2] == ["2606.00002", "2606.00003"]
    assert len(ids(spoken, query)) == 4


def test_what_is_quoted_goes_first_as_it_stands(spoken: Sessions) -> None:
    assert ids(spoken, "text “speech model”")[:1] == ["2606.00003"]
    assert sorted(ids(spoken, '"speech" text')) == sorted(ids(spoken, "speech text"))
    assert ids(spoken, '"text speech model heron"')  # held by nothing: then the words are looked for


def test_what_stands_before_a_phrase_begins_it(sessions: Sessions) -> None:
    titles = {"1": "A policy on policy on herons", "2": "Policy and policy", "3": "On-policy herons", "4": "Policy"}
    with sessions.begin() as session:
        save(session, [stored(f"2606.0000{n}", title=title, abstract="x") for n, title in titles.items()])
    assert set(ids(sessions, "on policy")[:2]) == {"2606.00001", "2606.00003"}


def test_a_question_finds_what_it_is_about_and_not_what_asks(sessions: Sessions) -> None:
    titles = {f"2606.0000{n}": f"Brass herons {n}" for n in range(3)}
    asking = {f"2606.0001{n}": f"What a mess {n}" for n in range(6)}
    with sessions.begin() as session:
        save(session, [stored(one, title=title, abstract="x") for one, title in titles.items()])
        save(session, [stored(one, title=title, abstract="Brass herons work") for one, title in asking.items()])
    assert set(ids(sessions, "what are brass herons")[:3]) == set(titles)
    assert set(ids(sessions, "how do brass herons work")[:3]) == set(titles)
