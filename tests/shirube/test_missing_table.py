"""A database that says it is up to date but lacks a table: every command that looks says which, and what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db import integrity
from db.engine import make_engine
from db.migrate import upgrade
from db.models import Base
from tests.shirube.command import run

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database of either kind, to be spoilt."""
    sqlite = request.param == "sqlite"
    engine = make_engine(f"sqlite:///{tmp_path}/own.db" if sqlite else request.getfixturevalue("postgres_own"))
    upgrade(engine)
    yield engine
    engine.dispose()


def drop(engine: Engine, table: str) -> None:
    """Drop a table as an accident would, whatever refers to it."""
    with engine.begin() as connection:
        connection.execute(text(f'DROP TABLE "{table}"' + (" CASCADE" if engine.dialect.name != "sqlite" else "")))


@pytest.mark.parametrize("table", ["outbox", "item_fts", "item_fts_state"])
def test_a_missing_table_is_named_with_its_mending(own: Engine, table: str, empty: dict[str, str]) -> None:
    drop(own, table)
    env = {**empty, "SHIRUBE_DATABASE_URL": own.url.render_as_string(hide_password=False)}
    for words in (["doctor"], ["db", "upgrade"], ["db", "check"]):
        ended = run(*words, env=env)
        assert ended.code == 1, words
        assert f"table {table} is missing" in ended.out + ended.err, (words, ended)
        assert "db restore FILE" in " ".join((ended.out + ended.err).split()), (words, ended)


def test_a_command_that_meets_it_says_what_to_do(own: Engine, empty: dict[str, str]) -> None:
    drop(own, "outbox")
    ended = run("outbox", env={**empty, "SHIRUBE_DATABASE_URL": own.url.render_as_string(hide_password=False)})
    assert ended.code == 1
    assert "A table of the database is missing" in ended.err
    assert "shirube db check" in ended.err
    assert "Traceback" not in ended.err


def test_every_table_there_is_would_be_missed(own: Engine) -> None:
    assert integrity.missing(own) == []
    assert integrity.faults(own) == []
    for table in reversed(Base.metadata.sorted_tables):
        drop(own, table.name)
    assert {line.split()[2] for line in integrity.missing(own)} >= set(Base.metadata.tables)
