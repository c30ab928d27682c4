"""A database that was lost, and an empty one made in its place: the backups of the lost one stay, and it is told."""

import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from db import migrate
from db.engine import make_engine, make_sessions
from db.models import Base
from shirube import backups, jobs, upkeep
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.wiring import Wiring
from tests.conftest import NOW
from tests.db.filling import fill
from tests.shirube.command import run

MANY = 40  # rows in each table
DAY = timedelta(days=1)
NIGHTS = 31  # of which backups are kept: the one of today, and of thirty days before


def at(folder: Path, moment: datetime) -> Wiring:
    return Wiring(load_settings(data_dir=folder), lambda: moment)


def back_up(folder: Path, moment: datetime = NOW) -> Path:
    wiring = at(folder, moment)
    file = backups.backup(wiring, wiring.backups_dir)
    wiring.engine.dispose()
    return file


def kept(folder: Path) -> list[Path]:
    return backups.found(folder / "backups")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The data folder of a store with forty rows in every table."""
    engine = make_engine(at(tmp_path, NOW).settings.database)
    migrate.upgrade(engine)
    with make_sessions(engine).begin() as session:
        fill(session, MANY)
    engine.dispose()
    return tmp_path


def lose(folder: Path) -> None:
    """Take the database away, as a volume that is not mounted does: the next command makes an empty one."""
    for file in folder.glob("shirube.db*"):
        file.unlink()


def test_an_empty_database_in_the_place_of_a_lost_one_costs_no_backup(store: Path) -> None:
    nights = [back_up(store, NOW - 3 * DAY), back_up(store)]
    lose(store)
    for night in range(1, 40):
        back_up(store, NOW + night * DAY)
    assert kept(store)[:2] == nights
    assert len(kept(store)) == 2 + NIGHTS, "the empty ones go as ever"
    assert backups.verify(nights[1]).tables["item"].rows == MANY


def test_a_store_that_only_grew_keeps_no_old_backup(tmp_path: Path) -> None:
    """The other way round: the empty one has a successor."""
    back_up(tmp_path)
    with at(tmp_path, NOW).sessions.begin() as session:
        fill(session, MANY)
    last = back_up(tmp_path, NOW + NIGHTS * DAY)
    assert kept(tmp_path) == [last]


def test_a_few_people_who_left_keep_no_old_backup_that_names_them(tmp_path: Path) -> None:
    with at(tmp_path, NOW).sessions.begin() as session:
        fill(session, 2)
    old = back_up(tmp_path)
    with at(tmp_path, NOW).sessions.begin() as session:
        for table in ("feedback", "personal_score", "outbox", "subscriber"):
            session.execute(delete(Base.metadata.tables[table]))
    back_up(tmp_path, NOW + 31 * DAY)
    assert not old.exists()


def test_a_backup_that_holds_much_less_than_an_older_one_is_told(store: Path) -> None:
    env = {"SHIRUBE_DATA_DIR": str(store)}
    assert run("db", "backup", env=env, now=NOW).code == 0
    assert upkeep.backup(at(store, NOW + DAY))[0].well
    lose(store)
    ended = run("db", "backup", env=env, now=NOW + DAY)
    less = "holds 0 items, 0 issues and 0 subscribers; that of 2026-07-08 holds 40, 40 and 40"
    assert ended.code == 3
    assert f"The backup just made {less}" in ended.err
    assert "db restore" in ended.err
    assert ended.out.strip().endswith("shirube-20260709T090000Z.zip"), "it was written all the same"
    job = jobs.backup(at(store, NOW + 2 * DAY), Stopping())
    assert less in (job.failure or "")
    (check,) = upkeep.backup(at(store, NOW + 2 * DAY))
    assert (check.well, check.found) == (False, f"the newest {less}")
    assert "db restore" in check.fix


def test_a_backup_of_a_clock_that_was_ahead_hides_nothing(tmp_path: Path) -> None:
    wiring = at(tmp_path, NOW)
    migrate.upgrade(wiring.engine)
    back_up(tmp_path, NOW + 400 * DAY)
    assert upkeep.backup(wiring)[0].found.startswith("none in ")
    back_up(tmp_path, NOW - 3 * DAY)
    (check,) = upkeep.backup(wiring)
    assert check.found.startswith("the newest is of 2026-07-05")


def test_what_is_no_backup_at_all_is_no_reason_to_keep_it(tmp_path: Path) -> None:
    for name in ("shirube-20260101T000000Z.zip", "shirube-20260701T000000Z.zip"):
        (tmp_path / name).write_bytes(b"no zip")
    assert backups.poorer(tmp_path) is None
    assert [file.name for file in backups.prune(tmp_path, NOW)] == ["shirube-20260101T000000Z.zip"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9))
def test_what_holds_more_than_twice_as_much_as_the_newest_is_never_deleted(held: list[tuple[int, int]]) -> None:
    """Backups of forty days apart, of whatever is lost and comes back."""
    with TemporaryDirectory() as name:
        folder, gone = Path(name), 0
        for number, (items, people) in enumerate(held):
            newest = put_bare(folder, NOW + 40 * number * DAY, items * 10, people * 10)
            before = {file: backups.counted(file) for file in backups.found(folder)}
            deleted = backups.prune(folder, NOW + 40 * number * DAY)
            for file, counts in before.items():
                rich = counts["item"] > items * 20 or counts["subscriber"] > people * 20
                assert (file in deleted) == (file != newest and not rich)
            gone += len(deleted)
        assert len(backups.found(folder)) == len(held) - gone


def put_bare(folder: Path, moment: datetime, items: int, people: int) -> Path:
    """Write a backup of which nobody reads more than what it says of itself."""
    rows = {"item": items, "issue": 0, "subscriber": people}
    tables = {name: backups.Content((), count, "") for name, count in rows.items()}
    file = folder / f"shirube-{moment:{backups.FORM}}.zip"
    with zipfile.ZipFile(file, "w") as archive:
        manifest = backups.Manifest(moment, "1.0", "0001", "sqlite", tables)
        archive.writestr(backups.MANIFEST, msgspec.json.encode(manifest))
    return file
