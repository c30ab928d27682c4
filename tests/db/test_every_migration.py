"""Every migration, found by itself: down, up and down again on a database that holds rows in every table."""

import re
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, select, table, text
from sqlalchemy.orm import Session

from db import migrate, search
from db.copying import tables
from db.engine import Sessions, make_engine, make_sessions
from tests.db.filling import fill

Held = dict[str, list[dict[str, str]]]  # table -> its rows, each by column
WORD = re.compile(r"[^\s,()\"]+")
# A revision that must change what is stored: the columns ("table.column") that it rewrites, and no others.
REWRITTEN: dict[str, frozenset[str]] = {}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def filled(request: pytest.FixtureRequest) -> Iterator[Sessions]:
    """A database of its own with rows in every table."""
    own = request.param == "postgres"
    url = request.getfixturevalue("postgres_own") if own else f"sqlite:///{request.getfixturevalue('tmp_path')}/a.db"
    engine = make_engine(url)
    migrate.upgrade(engine)
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        counts = fill(session)
    assert set(counts) == {known.name for known in tables()}
    assert min(counts.values()) > 0, counts
    yield sessions
    engine.dispose()


def test_every_migration_down_and_up_keeps_all_that_both_forms_know(filled: Sessions) -> None:
    engine: Engine = filled.kw["bind"]
    for newer, older in steps():
        before, form = held(engine), schema(engine)
        migrate.downgrade(engine, older)
        below = held(engine)
        kept = common(before, below, newer)
        assert project(below, kept) == project(before, kept), f"down from {newer}"
        look(engine)
        migrate.upgrade(engine, newer)
        assert schema(engine) == form, newer
        assert project(held(engine), kept) == project(before, kept), f"up to {newer}"
        look(engine)
        migrate.downgrade(engine, older)
        assert project(held(engine), kept) == project(before, kept), f"down from {newer} again"
    assert not held(engine)


def test_every_migration_up_from_every_older_form_arrives(filled: Sessions) -> None:
    """As an operator meets it who left out some versions: all the way in one go, and everything the old form held."""
    engine: Engine = filled.kw["bind"]
    newest = schema(engine)
    for _, older in steps():
        migrate.downgrade(engine, older)
        before = held(engine)
        migrate.upgrade(engine)
        after = held(engine)
        kept = common(after, before, *(newer for newer, _ in steps()))
        assert project(after, kept) == project(before, kept), older
        assert schema(engine) == newest, older
        migrate.check(engine)
        look(engine)


def steps() -> list[tuple[str, str]]:
    """Each revision with the one below it, the newest first; `base` is below the first."""
    folder = ScriptDirectory.from_config(migrate._config(None))
    newest_first = [script.revision for script in folder.walk_revisions()]
    return list(zip(newest_first, [*newest_first[1:], "base"], strict=True))


def held(engine: Engine) -> Held:
    """Read every table but those of full text and of Alembic."""
    with engine.connect().execution_options(shirube_read=True) as connection:
        names = [name for name in inspect(connection).get_table_names() if "fts" not in name]
        names.remove("alembic_version")
        return {name: rows(connection, name) for name in names}


def rows(connection: Connection, name: str) -> list[dict[str, str]]:
    """Read a table as it is at this moment, each value in the driver's words."""
    found = connection.execute(select(text("*")).select_from(table(name))).mappings()
    return [{column: repr(value) for column, value in row.items()} for row in found]


def common(one: Held, other: Held, *revisions: str) -> dict[str, set[str]]:
    """Give the columns that both have, by table, but for those that a revision rewrites."""
    rewritten = frozenset().union(*(REWRITTEN.get(revision, frozenset()) for revision in revisions))
    shared = {name: columns_of(one[name], other[name]) for name in one if name in other}
    return {name: {c for c in columns if f"{name}.{c}" not in rewritten} for name, columns in shared.items()}


def columns_of(some: list[dict[str, str]], others: list[dict[str, str]]) -> set[str]:
    """Give the columns of both; a table that lost all rows is held against all columns of the other, and differs."""
    return set((some or others or [{}])[0]) & set((others or some or [{}])[0])


def project(found: Held, columns: dict[str, set[str]]) -> dict[str, list[str]]:
    """Keep of each row some columns; rows in order."""
    return {
        name: sorted(str(sorted((c, value) for c, value in row.items() if c in wanted)) for row in found[name])
        for name, wanted in columns.items()
    }


def look(engine: Engine) -> None:
    """See that no row lost its parent, that foreign keys are on, and that full text is whole where there is any."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        if "item_fts_state" in inspect(connection).get_table_names():
            with Session(connection) as session:
                assert search.check(session) == []


def schema(engine: Engine) -> list[list[str]]:
    """Describe tables, columns, keys, indexes and triggers, by the words each database says them in.

    The words are sorted: a column that goes and comes stands last, and its name may be quoted.
    """
    asked = {
        "sqlite": "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master",
        "postgresql": "SELECT format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable,"
        " column_default) FROM information_schema.columns WHERE table_schema = 'public'"
        " UNION ALL SELECT format('key %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    }
    with engine.connect().execution_options(shirube_read=True) as connection:
        return sorted(
            sorted(WORD.findall(said)) for said in connection.execute(text(asked[engine.dialect.name])).scalars()
        )
