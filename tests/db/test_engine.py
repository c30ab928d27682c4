"""Opening a database: which addresses are understood, what a server must be, and who writes has waited for the turn."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, DateTime, cast, literal, make_url, select, text
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigError
from db.engine import Sessions, make_engine, writing

MOMENT = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)


def test_writing_begins_when_the_turn_has_come(sqlite_sessions: Sessions) -> None:
    told, begun = list[str](), threading.Event()

    def second() -> None:
        begun.set()
        with writing(sqlite_sessions):
            told.append("second")

    other = threading.Thread(target=second)
    with sqlite_sessions.begin() as session:
        session.execute(text("SELECT 1"))
        other.start()
        begun.wait()
        other.join(0.3)
        told.append("first")
    other.join()
    assert told == ["first", "second"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("nowhere", "is not understood"),
     ("postgresql+psycopg://me:hush@127.0.0.1:abc/shirube", "is not understood"),
     ("postgresql+asyncpg://me:hush@127.0.0.1/shirube", "names 'postgresql+asyncpg', which is not supported"),
     ("sqlite+aiosqlite:///shirube.db", "names 'sqlite+aiosqlite', which is not supported"),
     ("mysql://me:hush@127.0.0.1/shirube", "names 'mysql', which is not supported"),
     ("postgresql://me:a@hush@127.0.0.1/shirube", "has more than one @"),
     ("sqlite://", "names no file"),
     ("sqlite:///:memory:", "names no file")],
)  # fmt: skip
def test_an_address_that_leads_nowhere_is_refused_with_the_form(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_engine(url)
    assert said in caught.value.message
    assert "postgresql+psycopg://user:password@host/name" in caught.value.advice
    assert "hush" not in caught.value.message + caught.value.advice


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_forms_that_hosts_of_databases_hand_out_are_taken(name: str) -> None:
    engine = make_engine(f"{name}://me:hush@db.example/shirube?sslmode=require")
    assert engine.url == make_url("postgresql+psycopg://me:hush@db.example/shirube?sslmode=require")


@given(st.text(max_size=40), st.sampled_from(["", "postgres://", "postgresql://me:", "postgresql+psycopg://me@host:"]))
def test_whatever_is_written_is_a_database_or_refused(rest: str, begin: str) -> None:
    with suppress(ConfigError):
        assert make_engine(f"{begin}{rest}").dialect.name == "postgresql"


@pytest.fixture
def odd(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[URL]:
    """A database of an encoding."""
    admin = make_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS odd WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE odd ENCODING '{request.param}' LOCALE 'C' TEMPLATE template0"))
    yield make_url(postgres_url).set(database="odd")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE odd WITH (FORCE)"))
    admin.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("odd", ["SQL_ASCII", "LATIN1"], indirect=True)
def test_a_database_that_cannot_hold_every_text_is_refused(odd: URL, request: pytest.FixtureRequest) -> None:
    encoding = request.node.callspec.params["odd"]
    engine = make_engine(odd.render_as_string(hide_password=False))
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"is encoded as {encoding}") as caught:
            engine.connect()
        assert "ENCODING 'UTF8' TEMPLATE template0" in caught.value.advice


@pytest.mark.postgres
def test_moments_are_read_whatever_way_the_server_writes_them(postgres_own: str) -> None:
    name = make_url(postgres_own).database
    admin = make_engine(postgres_own)
    with admin.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET datestyle TO 'German, DMY'"))
        connection.execute(text(f"ALTER DATABASE {name} SET client_encoding TO 'latin1'"))
    admin.dispose()
    engine = make_engine(postgres_own)
    for _ in range(2):
        with engine.connect() as connection:
            found = connection.execute(select(cast(literal(MOMENT), DateTime(timezone=True)), literal("蛸"))).one()
            assert tuple(found) == (MOMENT, "蛸")
            connection.rollback()
    engine.dispose()


def test_no_error_repeats_what_was_to_be_stored(sessions: Sessions) -> None:
    with pytest.raises(DBAPIError) as raised, sessions() as session:
        session.execute(text("SELECT :address FROM nowhere"), {"address": "reader@example.org"})
    assert "reader@example.org" not in str(raised.value)
