"""A database server that is away, refuses or may not be written: plain words, and nothing of whom it was about."""

from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from db import migrate
from db.engine import make_engine
from shirube import troubles
from tests.shirube.command import run

TRIED = 'connection failed: connection to server at "127.0.0.1", port 5432 failed:'


@pytest.mark.parametrize("host", ["127.0.0.1:9", "db.invalid"])
def test_a_server_that_is_away_is_said_in_words(host: str) -> None:
    engine = make_engine(f"postgresql+psycopg://nobody:none@{host}/none")
    with pytest.raises(OperationalError) as raised, engine.connect():
        pass
    found = troubles.told(raised.value)
    assert found is not None
    assert "does not answer" in found.message
    assert "none" not in found.message


class _Unmade(Exception):
    """What the driver raises of a connection that was not made: without a state."""

    sqlstate = None


@pytest.mark.parametrize(
    ("said", "told", "advice"),
    [(f'{TRIED} FATAL:  database "shi" does not exist', 'database "shi" does not exist', "name and user"),
     (f'{TRIED} FATAL:  password authentication failed for user "me"', 'failed for user "me"', "password in SHIRUBE"),
     (f'{TRIED} FATAL:  no pg_hba.conf entry for host "::1", no encryption', "no pg_hba.conf entry for", "sslmode"),
     (f'{TRIED} FATAL:  too many connections for role "me"', 'too many connections for role "me"', "max_connections"),
     (f"{TRIED} FATAL:  sorry, too many clients already", "sorry, too many clients already", "max_connections"),
     (f'{TRIED} FATAL:  permission denied for database "shi"\nDETAIL:  No.', 'denied for database "shi"', "GRANT"),
     (f"{TRIED} Connection refused\n{TRIED} FATAL:  the server is starting up", "is starting up", "SHIRUBE_"),
     (f"{TRIED} FATAL:  データベース\"shi\"は存在しません", 'データベース"shi"は存在しません', "SHIRUBE_DATABASE_URL"),
     (f"{TRIED} server does not support SSL, but SSL was required", "does not support SSL, but", "sslmode"),
     (f"{TRIED} fe_sendauth: no password supplied", "no password supplied", "user:password@host"),
     ('invalid connection option "nope"', 'invalid connection option "nope"', "options"),
     ('connection is bad: invalid sslmode value: "foo"', 'opened: invalid sslmode value: "foo"', "options"),
     ('connection is bad: invalid port number: "99999"', 'opened: invalid port number: "99999"', "options"),
     (f"{TRIED} Permission denied\n\tIs the server running locally?", "does not answer", "See that it runs")],
)  # fmt: skip
def test_what_stands_in_the_way_of_a_connection_is_said_as_the_server_says_it(
    said: str, told: str, advice: str
) -> None:
    found = troubles.told(OperationalError("SELECT 1", {}, _Unmade(said)))
    assert found is not None
    assert told in found.message
    assert "127.0.0.1" not in found.message
    assert advice in found.advice


@pytest.mark.postgres
def test_a_server_that_knows_no_such_database_is_not_said_to_be_away(postgres_url: str) -> None:
    engine = make_engine(make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False))
    with pytest.raises(OperationalError) as raised, engine.connect():
        pass
    found = troubles.told(raised.value)
    assert found is not None
    assert found.message == 'The database cannot be opened: database "nowhere" does not exist'


@pytest.mark.postgres
def test_a_database_user_without_the_rights_is_told_so(postgres_own: str, tmp_path: Path) -> None:
    """By every command, whether the tables are there or must be made."""
    admin = make_engine(postgres_own)
    with admin.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS poor"))
        connection.execute(text("CREATE ROLE poor LOGIN"))
        connection.execute(text("REVOKE CREATE ON SCHEMA public FROM public"))
    poor = make_url(postgres_own).set(username="poor", password=None).render_as_string(hide_password=False)
    env = {"SHIRUBE_DATABASE_URL": poor, "SHIRUBE_DATA_DIR": str(tmp_path)}
    try:
        for _ in ("without tables", "with tables"):
            for words in (
                ("status",),
                ("subscribers", "add", "reader@example.org", "--consent", "by hand"),
                ("db", "upgrade"),
            ):
                ended = run(*words, env=env)
                assert ended.code == 1
                assert "This database user may not do that" in ended.err
                assert "GRANT" in ended.err
                assert "reader@example.org" not in ended.err
                assert "Traceback" not in ended.err
            checks = run("doctor", env=env).out
            assert "This database user may not do that" in checks
            migrate.upgrade(admin)
    finally:
        with admin.begin() as connection:
            connection.execute(text("DROP ROLE poor"))
        admin.dispose()
