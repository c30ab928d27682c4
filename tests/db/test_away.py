"""What counts as a database that is away: another try may help, a question asked otherwise would not."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from db.away import is_away
from db.engine import Sessions, make_engine

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none"


class _Stated(Exception):
    """What a driver of PostgreSQL raises: with a state of five signs."""

    def __init__(self, state: str) -> None:
        super().__init__("said in the language of the server")
        self.sqlstate = state


def test_a_server_that_takes_no_connection_is_away() -> None:
    for url in (AWAY, "postgresql+psycopg://nobody@db.invalid/none"):
        with pytest.raises(DBAPIError) as raised:
            make_engine(url).connect()
        assert is_away(raised.value)


@pytest.mark.parametrize("state", ["57P01", "57P02", "57P03", "08006", "53300", "57014", "42P01", "53100", "40P01"])
def test_a_state_of_the_server_tells(state: str) -> None:
    away = state in ("57P01", "57P02", "57P03", "08006", "53300")
    assert is_away(OperationalError("SELECT 1", {}, _Stated(state))) is away


@pytest.mark.parametrize(
    ("said", "away"),
    [("database is locked", True), ("unable to open database file", True), ("no such table: item", False)],
)
def test_what_sqlite_says_tells(said: str, away: bool) -> None:
    assert is_away(OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))) is away


def test_a_wrong_question_is_no_absence(sessions: Sessions) -> None:
    with pytest.raises(DBAPIError) as raised, sessions() as session:
        session.execute(text("SELECT nothing FROM nowhere"))
    assert not is_away(raised.value)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (NoConnectionFree("QueuePool limit"), True),
        (TimeoutError("a client"), False),
        (ValueError("connection"), False),
        (ProgrammingError("SELECT 1", {}, sqlite3.ProgrammingError("on a closed connection")), False),
    ],
)
def test_other_errors_are_what_they_are(error: Any, away: bool) -> None:
    assert is_away(error) is away


def test_what_was_raised_of_it_is_too() -> None:
    with pytest.raises(RuntimeError) as raised:
        raise RuntimeError("half sent") from OperationalError("SELECT 1", {}, _Stated("57P01"))
    assert is_away(raised.value)
