"""What doctor says where the disk is full: the case it is asked in, and all else is looked at too."""

import errno
import os
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from tests.shirube.command import run


def told(env: dict[str, str]) -> str:
    """What doctor prints, without its line breaks; something is not well."""
    ended = run("doctor", env=env)
    assert ended.code == 1
    return " ".join(ended.out.split())


def test_a_disk_that_fills_under_the_model_is_told_and_the_rest_is_looked_at(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, texts: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "graph.bin")

    monkeypatch.setattr("tests.fakes.HashEmbedder.embed", full)
    said = told(empty)
    assert "NOT WELL embedding model The disk is full (graph.bin) -> Make room" in said
    assert "well arXiv's API" in said


@pytest.mark.parametrize(
    ("said", "fix"), [("database or disk is full", "Make room"), ("disk I/O error", "Make room"),
                      ("database disk image is malformed", "db restore"), ("database is locked", "another program")],
)  # fmt: skip
def test_what_sqlite_says_comes_with_what_mends_it(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch, said: str, fix: str
) -> None:
    def failing(engine: object) -> list[str]:
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))

    monkeypatch.setattr("db.integrity.missing", failing)
    found, _, rest = told(empty).partition(" well embedding model")
    assert f"NOT WELL database {said} -> " in found
    assert fix in found
    assert "not asked" in rest


def test_a_fault_of_the_program_is_not_called_a_trouble_of_the_machine(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(self: object, texts: object) -> None:
        raise OSError("what no table of failures knows")

    monkeypatch.setattr("tests.fakes.HashEmbedder.embed", wrong)
    with pytest.raises(OSError, match="no table"):
        run("doctor", env=empty)
