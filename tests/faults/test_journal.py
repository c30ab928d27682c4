"""Row 23 of reliability.md: an SQLite that can damage its write-ahead log is never given one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from db import engine as opening
from db.engine import WAL_SAFE, make_engine, sqlite_driver


@pytest.mark.parametrize(("version", "journal"), [((3, 51, 2), "delete"), (WAL_SAFE, "wal"), ((3, 52, 0), "wal")])
def test_an_sqlite_with_the_wal_reset_bug_keeps_a_rollback_journal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: tuple[int, int, int], journal: str
) -> None:
    """The version is what the driver says of itself; nothing else of it changes."""
    said = SimpleNamespace(**vars(sqlite_driver()) | {"sqlite_version_info": version})
    monkeypatch.setattr(opening, "sqlite_driver", lambda: said)
    engine = make_engine(f"sqlite:///{tmp_path / 'shirube.db'}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == journal
    engine.dispose()
