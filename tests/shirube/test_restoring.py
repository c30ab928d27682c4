"""What a restore must never do: mail, lose a key, skip a migration, take damage for a backup, or stop half-way."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.errors import NotFoundError, RefusedError, ShirubeError
from db import copying, migrate, outbox
from db.engine import make_engine, make_sessions
from shirube import backups, keyfile
from shirube.settings import load_settings
from shirube.wiring import Wiring
from tests.conftest import NOW
from tests.db.filling import fill
from tests.shirube.command import run
from tests.shirube.older import LATER, manifest_without, member_without

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
# What came after revision 0009: an older backup knows nothing of it.
LATER_TABLES = ("mail_domain", "notice", "personal_score", "api_key", "job_run", "mail_hold", "report")
LATER_COLUMNS = {**LATER, "outbox": ("domain", "refusals", "silences")}


@dataclass(frozen=True)
class Place:
    """A data folder with its database, which the program knows by its settings."""

    folder: Path
    env: dict[str, str]

    @property
    def wiring(self) -> Wiring:
        url = self.env.get("SHIRUBE_DATABASE_URL")
        return Wiring(load_settings(data_dir=self.folder, database_url=url), lambda: NOW)

    @property
    def url(self) -> str:
        return self.wiring.settings.database


@pytest.fixture
def filled(tmp_path: Path) -> Place:
    """A store on SQLite with rows in every table."""
    place = made(tmp_path / "old")
    engine = make_engine(place.url)
    migrate.upgrade(engine)
    with make_sessions(engine).begin() as session:
        fill(session)
        # What the two kinds of database write differently.
        session.execute(text("UPDATE personal_score SET adjustment = -0.0"))
        session.execute(text("""UPDATE rating SET summary = '{"a": -0.0, "b": 1e22, "c": 1.5, "d": 10}'"""))
    engine.dispose()
    return place


@pytest.fixture(params=KINDS)
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Another machine, with nothing on it yet."""
    url = request.getfixturevalue("postgres_own") if request.param == "postgres" else None
    return made(tmp_path / "new", url)


def made(folder: Path, url: str | None = None) -> Place:
    folder.mkdir()
    env = {"SHIRUBE_DATA_DIR": str(folder)}
    return Place(folder, {**env, "SHIRUBE_DATABASE_URL": url} if url else env)


def backed_up(place: Place) -> Path:
    return backups.backup(place.wiring, place.folder / "backups")


def sums(url: str) -> dict[str, tuple[int, int]]:
    engine = make_engine(url)
    with copying.snapshot(engine) as session:
        found = {table.name: copying.tally(session, table) for table in copying.tables() if table.name != "mail_hold"}
    engine.dispose()
    return {name: (tally.rows, tally.total) for name, tally in found.items()}


def test_every_table_comes_back_on_either_kind_and_from_there_on_the_first(
    filled: Place, elsewhere: Place, tmp_path: Path
) -> None:
    backups.restore(elsewhere.wiring, backed_up(filled))
    assert sums(elsewhere.url) == sums(filled.url)
    back = made(tmp_path / "back")
    backups.restore(back.wiring, backed_up(elsewhere))
    assert sums(back.url) == sums(filled.url)
    moved = run("db", "check", env=elsewhere.env)
    assert moved.out == "The database is sound\n", moved


def test_an_older_backup_is_migrated_even_where_the_empty_database_is_of_today(filled: Place, elsewhere: Place) -> None:
    older = rewritten(backed_up(filled), as_of_0009)
    assert run("db", "upgrade", env=elsewhere.env).code == 0
    backups.restore(elsewhere.wiring, older)
    engine = make_engine(elsewhere.url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT o.domain, s.email_key FROM outbox o JOIN subscriber s"
                                        " ON s.id = o.subscriber_id")).all()  # fmt: skip
    assert len(found) == 3
    assert [row[0] for row in found] == [outbox.domain_of(row[1]) for row in found]
    assert migrate.at_head(engine)
    engine.dispose()


def test_what_is_left_of_an_attempt_at_an_older_form_is_still_an_empty_database(
    filled: Place, elsewhere: Place
) -> None:
    engine = make_engine(elsewhere.url)
    migrate.upgrade(engine, "0013")
    engine.dispose()
    backups.restore(elsewhere.wiring, backed_up(filled))
    assert sums(elsewhere.url) == sums(filled.url)


def test_a_failing_restore_leaves_a_database_that_was_there_as_it_was(filled: Place, elsewhere: Place) -> None:
    assert run("db", "upgrade", env=elsewhere.env).code == 0
    short = rewritten(backed_up(filled), without_parents)
    with pytest.raises(Exception, match=r"parent|foreign key"):
        backups.restore(elsewhere.wiring, short)
    engine = make_engine(elsewhere.url)
    assert migrate.at_head(engine)
    with copying.snapshot(engine) as session:
        assert copying.is_empty(session)
    engine.dispose()


def test_the_keys_of_a_backup_join_those_that_are_there(filled: Place, tmp_path: Path) -> None:
    file, other = backed_up(filled), made(tmp_path / "new")
    old, own = filled.wiring.secret_keys(), other.wiring.secret_keys()
    backups.restore(other.wiring, file)
    assert other.wiring.secret_keys() == [*old, *own]  # the last one signs
    assert (other.folder / "secret.key").stat().st_mode & 0o777 == 0o600


def test_where_keys_are_set_those_of_a_backup_are_put_aside_and_told(filled: Place, tmp_path: Path) -> None:
    """A setting cannot be written; without those keys the links of all mails sent so far would be dead."""
    file, old = backed_up(filled), filled.wiring.secret_keys()
    for name, own, aside in (("new", ["a" * 40], old), ("same", [*old, "b" * 40], [])):
        other = made(tmp_path / name)
        env = {**other.env, "SHIRUBE_SECRET_KEY": "\n".join(own)}
        ended = run("db", "restore", str(file), env=env, now=NOW)
        assert ended.code == 0, ended.err
        kept = other.folder / "secret.key"
        assert (keyfile.read("", kept.read_text()) if kept.exists() else []) == aside
        assert (f"put the lines of {kept} before it" in ended.err) == bool(aside)
        assert not any(key in ended.err + ended.out for key in (*old, *own))


def test_whatever_byte_is_damaged_a_backup_is_refused_in_words_or_unharmed(filled: Place, tmp_path: Path) -> None:
    file = backed_up(filled)
    content, whole, unharmed = file.read_bytes(), backups.verify(file), 0
    damaged = tmp_path / "damaged.zip"
    for place in range(0, len(content), max(1, len(content) // 300)):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        with suppress(ShirubeError):
            assert backups.verify(damaged) == whole
            unharmed += 1
    assert unharmed < 100  # dates and names within the zip that nobody reads


@pytest.mark.parametrize(
    "change", [lambda rows: b"[1, 2]\n", lambda rows: b'"a"\n' + rows, lambda rows: rows.replace(b"{", b"", 1)]
)
def test_rows_of_another_shape_are_refused_in_words(filled: Place, change: Callable[[bytes], bytes]) -> None:
    other = rewritten(backed_up(filled), lambda name, content: change(content) if "rating" in name else content)
    with pytest.raises(RefusedError):
        backups.verify(other)


def test_a_backup_of_a_newer_program_is_told_as_such(filled: Place) -> None:
    def newer(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        return json.dumps({**json.loads(content), "revision": "9999", "version": "9.0", "more": 1}).encode()

    with pytest.raises(RefusedError, match="newer program") as raised:
        backups.verify(rewritten(backed_up(filled), newer))
    assert "version 9.0" in raised.value.advice


def test_a_folder_or_nothing_is_no_backup(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.zip"):
        with pytest.raises(NotFoundError):
            backups.verify(path)


def test_two_backups_at_one_second_do_not_meet_in_one_file(filled: Place) -> None:
    found: list[object] = []

    def back_up() -> None:
        try:
            found.append(backups.verify(backed_up(filled)).tables["item"].rows)
        except Exception as problem:
            found.append(problem)

    threads = [threading.Thread(target=back_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3, 3, 3, 3]
    assert [file.suffix for file in (filled.folder / "backups").iterdir()] == [".zip"]


def test_what_a_killed_backup_left_is_deleted(tmp_path: Path) -> None:
    """It holds addresses and keys."""
    left = tmp_path / f"shirube-{NOW:%Y%m%dT%H%M%SZ}.0123abcd.part"
    left.touch()
    assert backups.prune(tmp_path, NOW + timedelta(hours=1)) == []
    assert backups.prune(tmp_path, NOW + timedelta(hours=25)) == [left]


def test_a_damaged_cell_is_told_by_check_and_by_backup(filled: Place) -> None:
    """SQLite's own check looks at pages, not at what a cell says."""
    with engine_of(filled).begin() as connection:
        connection.execute(text("UPDATE issue SET digest = '{\"half'"))
    ended = run("db", "check", env=filled.env)
    assert ended.code == 1
    assert "a row of issue cannot be read" in ended.out
    with pytest.raises(RefusedError, match="issue") as raised:
        backed_up(filled)
    assert "db check" in raised.value.advice
    assert not list((filled.folder / "backups").iterdir())


def test_a_byte_that_is_no_text_is_told_by_check_by_backup_and_by_whoever_meets_it(filled: Place) -> None:
    """SQLite's own check calls the file whole; what else the cell says is nobody's business."""
    with engine_of(filled).begin() as connection:
        connection.execute(text("UPDATE subscriber SET email = CAST(x'61646140ff' AS TEXT)"))
    ended = run("db", "check", env=filled.env)
    assert ended.code == 1
    assert ended.lines == ["a row of subscriber cannot be read: a text is damaged in column email"]
    assert "ada@" not in ended.out + ended.err
    backup = run("db", "backup", env=filled.env)
    assert backup.code == 1
    assert "A row of subscriber cannot be read" in backup.err
    assert "db check" in backup.err
    assert not list((filled.folder / "backups").iterdir())
    people = run("subscribers", "list", env=filled.env)
    assert people.code == 1
    assert "A text in the database is damaged" in people.err
    assert "db restore" in people.err


def test_check_tells_of_a_full_text_that_lacks_items_and_mends_it(filled: Place) -> None:
    with engine_of(filled).begin() as connection:
        connection.execute(text("DELETE FROM item_fts_row WHERE number = 1"))
    ended = run("db", "check", env=filled.env)
    assert ended.code == 1
    assert "1 items are not in the full-text index" in ended.out
    assert "--mend" in ended.err
    assert run("db", "check", "--mend", env=filled.env).out == "The database is sound\n"


def engine_of(place: Place) -> Engine:
    return make_engine(place.url)


def rewritten(file: Path, change: Callable[[str, bytes], Any]) -> Path:
    """A backup whose members are changed by name; None leaves one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        for name, content in changed(old, change):
            new.writestr(name, content)
    other = file.with_name("rewritten.zip")
    other.write_bytes(out.getvalue())
    return other


def changed(archive: zipfile.ZipFile, change: Callable[[str, bytes], Any]) -> Iterator[tuple[str, bytes]]:
    for name in archive.namelist():
        content = change(name, archive.read(name))
        if content is not None:
            yield name, content


def as_of_0009(name: str, content: bytes) -> bytes | None:
    if name == "manifest.json":
        manifest = json.loads(content)
        manifest["revision"] = "0009"
        manifest["tables"] = {table: said for table, said in manifest["tables"].items() if table not in LATER_TABLES}
        return json.dumps(manifest_without(manifest, LATER_COLUMNS)).encode()
    later = {f"tables/{table}.jsonl" for table in LATER_TABLES}
    return None if name in later else member_without(name, content, LATER_COLUMNS)


def without_parents(name: str, content: bytes) -> bytes | None:
    """As a backup of a database that had lost rows would be."""
    if name == "manifest.json":
        manifest = json.loads(content)
        del manifest["tables"]["subscriber"]
        return json.dumps(manifest).encode()
    return None if name == "tables/subscriber.jsonl" else content
