"""Backups and moves: all of a store, from either kind of database to either, and nothing where it cannot be whole."""

import shutil
import sqlite3
import threading
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from api.options import AppOptions
from db import copying, integrity, migrate
from db.engine import make_engine, make_sessions
from roadmap.load import load_roadmap
from shirube.backups import KEPT, prune
from tests.shirube.command import CLOSED, Ended, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.older import LATER, manifest_without, member_without

MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>"}
ADD = ("subscribers", "add", "--consent", "asked in person, 1 May 2026")
QUESTIONS = (
    *("/api/v1/papers?limit=50", "/api/v1/papers?stage=5&sort=worth", "/api/v1/digests", f"/api/v1/digests/{MONTH}"),
    *("/api/v1/papers/2610.90001", "/feeds/topics/rag.atom"),  # search ranks by each database's own measure
)


@pytest.fixture
def whole(final: Store, tmp_path: Path) -> Store:
    """A store of everything: a final issue, a person it waits for, another who left."""
    store = final.copied(tmp_path / "whole")
    store = replace(store, env={**store.env, **MAIL})
    for address in ("ada@road.example", "ben@street.example"):
        assert run(*ADD, address, env=store.env, now=CLOSED).code == 0
    return store


def backed_up(store: Store) -> Path:
    made = run("db", "backup", env=store.env, now=CLOSED)
    assert made.code == 0, made.err
    return Path(made.out.strip())


def elsewhere(store: Store, folder: Path, url: str | None = None) -> dict[str, str]:
    """The settings of another machine: its own data folder, and database where one is named."""
    env = {**store.env, "SHIRUBE_DATA_DIR": str(folder)}
    return {**env, "SHIRUBE_DATABASE_URL": url} if url else env


def database(env: dict[str, str]) -> str:
    return env.get("SHIRUBE_DATABASE_URL") or f"sqlite:///{env['SHIRUBE_DATA_DIR']}/shirube.db"


def sums(url: str) -> dict[str, tuple[int, int]]:
    engine = make_engine(url)
    with copying.snapshot(engine) as session:
        found = {table.name: copying.tally(session, table) for table in copying.tables()}
    engine.dispose()
    return {name: (tally.rows, tally.total) for name, tally in found.items() if name != "mail_hold"}


def digest(env: dict[str, str]) -> Ended:
    return run("digest", MONTH, "--offline", "--format", "json", "--out", "-", env=env, now=CLOSED)


def answers(url: str) -> list[bytes]:
    """What the API and a feed say of a database."""
    engine = make_engine(url)
    app = create_app(make_sessions(engine), load_roadmap(), lambda: CLOSED, AppOptions())
    client = TestClient(app, raise_server_exceptions=False)
    found = [client.get(question) for question in QUESTIONS]
    assert {answer.status_code for answer in found} == {200}
    engine.dispose()
    return [answer.content for answer in found]


def test_a_backup_is_private_whole_and_says_what_it_holds(whole: Store) -> None:
    file = backed_up(whole)
    assert file.parent == whole.folder / "backups"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.read("secret.key").decode().strip() == (whole.folder / "secret.key").read_text().strip()
        assert b"ada@road.example" in archive.read("tables/subscriber.jsonl")


def test_a_restored_store_is_the_same(whole: Store, tmp_path: Path) -> None:
    file, env = backed_up(whole), elsewhere(whole, tmp_path / "new")
    restored = run("db", "restore", str(file), env=env, now=CLOSED)
    assert restored.code == 0, restored.err
    assert sums(database(env)) == sums(database(whole.env))
    assert digest(env).out == digest(whole.env).out
    assert answers(database(env)) == answers(database(whole.env))
    assert (tmp_path / "new" / "secret.key").read_text() == (whole.folder / "secret.key").read_text()
    assert run("db", "check", env=env).out == "The database is sound\n"


@pytest.mark.postgres
def test_a_move_gives_the_same_digest_and_answers_and_the_way_back_too(
    whole: Store, tmp_path: Path, postgres_own: str
) -> None:
    moved = run("db", "move", postgres_own, env=whole.env, now=CLOSED)
    assert moved.code == 0, moved.err
    there = elsewhere(whole, tmp_path / "there", postgres_own)
    shutil.copy(whole.folder / "secret.key", _made(tmp_path / "there") / "secret.key")
    assert sums(postgres_own) == sums(database(whole.env))
    assert digest(there).out == digest(whole.env).out
    assert answers(postgres_own) == answers(database(whole.env))
    assert run("db", "check", env=there).out == "The database is sound\n"
    # New rows are numbered on from the old ones.
    assert run(*ADD, "cleo@road.example", env=there, now=CLOSED).code == 0
    back = elsewhere(whole, tmp_path / "back")
    assert run("db", "restore", str(backed_up(replace(whole, env=there))), env=back, now=CLOSED).code == 0
    assert sums(database(back)) == sums(postgres_own)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_mail_of_an_old_backup_is_held_until_a_person_lets_it_go(whole: Store, tmp_path: Path) -> None:
    file = backed_up(whole)
    assert "2 sent" in run("send", env=whole.env, now=CLOSED).out
    env = elsewhere(whole, tmp_path / "new")
    assert run("db", "restore", str(file), env=env, now=CLOSED).code == 0
    held = run("send", env=env, now=CLOSED)
    assert held.code == 1
    assert "Mail is held" in held.err
    assert "Mail is held" in run("outbox", env=env, now=CLOSED).out
    assert not list((tmp_path / "new").rglob("*.eml"))
    assert run("outbox", "--release", env=env, now=CLOSED).code == 0
    assert "2 sent" in run("send", env=env, now=CLOSED).out


def test_what_waited_when_a_backup_was_made_can_be_left_unsent(whole: Store, tmp_path: Path) -> None:
    broken = {**whole.env, "SHIRUBE_SMTP_URL": "smtp://127.0.0.1:9"}
    assert run("send", env=broken, now=CLOSED).code == 3
    file, env = backed_up(whole), elsewhere(whole, tmp_path / "new")
    assert run("db", "restore", str(file), env=env, now=CLOSED).code == 0
    later = CLOSED + timedelta(days=1)
    released = run("outbox", "--release", "--skip-waiting", env=env, now=later)
    assert "2 mails that waited are skipped" in released.out
    assert "nothing was due" in run("send", env=env, now=later).out
    assert run("outbox", "--skip-waiting", env=env).code == 2


def test_a_restore_never_overwrites(whole: Store, tmp_path: Path) -> None:
    file, before = backed_up(whole), sums(database(whole.env))
    refused = run("db", "restore", str(file), env=whole.env, now=CLOSED)
    assert refused.code == 1
    assert "never overwrites" in refused.err
    assert sums(database(whole.env)) == before
    moved = run("db", "move", database(whole.env), env=whole.env, now=CLOSED)
    assert moved.code == 1
    assert "the database in use" in moved.err


def test_a_damaged_backup_is_refused_and_nothing_of_it_kept(whole: Store, tmp_path: Path) -> None:
    file, env = backed_up(whole), elsewhere(whole, tmp_path / "new")
    for name, damaged in (("cut.zip", _cut), ("altered.zip", _altered), ("none.zip", lambda content: b"no zip")):
        (tmp_path / name).write_bytes(damaged(file.read_bytes()))
        refused = run("db", "restore", str(tmp_path / name), env=env, now=CLOSED)
        assert refused.code == 1, name
        assert "Use another backup" in refused.err, name
    assert run("db", "restore", str(tmp_path / "absent.zip"), env=env, now=CLOSED).code == 1
    assert run("db", "restore", str(file), env=env, now=CLOSED).code == 0


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _altered(content: bytes) -> bytes:
    """Another name in the middle of one table, in a zip that is whole."""
    import io

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"ada@road.example", b"eve@road.example"))
    return out.getvalue()


def test_a_backup_made_while_others_write_is_of_one_moment(whole: Store, tmp_path: Path) -> None:
    """Each transaction writes two rows: a backup has both or neither."""
    stop, wrote = threading.Event(), 0
    engine = make_engine(database(whole.env))

    def write() -> None:
        nonlocal wrote
        while not stop.is_set():
            with engine.begin() as connection:
                for _ in range(2):
                    wrote += 1
                    connection.execute(
                        text("INSERT INTO mail_domain (domain, free_at, refusals) VALUES (:name, '2026-01-01', 0)"),
                        {"name": f"d{wrote}"},
                    )

    thread = threading.Thread(target=write)
    thread.start()
    try:
        file = backed_up(whole)
    finally:
        stop.set()
        thread.join()
        engine.dispose()
    with zipfile.ZipFile(file) as archive:
        lines = archive.read("tables/mail_domain.jsonl").splitlines()
    assert len(lines) % 2 == 0
    env = elsewhere(whole, tmp_path / "new")
    assert run("db", "restore", str(file), env=env, now=CLOSED).code == 0


def test_a_copied_file_of_a_live_database_is_no_backup(whole: Store, tmp_path: Path) -> None:
    """The negative control: what is still in the write-ahead log is not in the file."""
    engine = make_engine(database(whole.env))
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO mail_domain (domain, free_at, refusals) VALUES ('new', '2026-01-01', 0)"))
        shutil.copy(whole.folder / "shirube.db", tmp_path / "copied.db")
    shutil.copy(whole.folder / "shirube.db", tmp_path / "copied.db")
    with sqlite3.connect(tmp_path / "copied.db") as copied:
        found = copied.execute("SELECT count(*) FROM mail_domain WHERE domain = 'new'").fetchone()
    assert found == (0,)
    engine.dispose()


def test_old_backups_go_but_never_the_last(tmp_path: Path) -> None:
    now = datetime(2026, 11, 8, tzinfo=UTC)
    days = (80, 45, 31, 29, 1)
    files = [tmp_path / f"shirube-{now - timedelta(days=day):%Y%m%dT%H%M%SZ}.zip" for day in days]
    for file in (*files, tmp_path / "other.zip"):
        file.touch()
    assert prune(tmp_path, now) == files[:3]
    assert {file.name for file in tmp_path.iterdir()} == {files[3].name, files[4].name, "other.zip"}
    files[4].unlink()
    assert prune(tmp_path, now + 2 * KEPT) == []


def test_a_backup_of_an_older_form_is_brought_up_to_date(whole: Store, tmp_path: Path) -> None:
    """As one made before the last migrations would be: without their tables and columns."""
    import io
    import json

    file, out, later = backed_up(whole), io.BytesIO(), ("mail_hold", "report")
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        manifest["revision"] = "0013"
        manifest_without(manifest, LATER)
        for name in later:
            del manifest["tables"][name]
        for name in old.namelist():
            if name not in {f"tables/{table}.jsonl" for table in later}:
                new.writestr(
                    name,
                    json.dumps(manifest) if name == "manifest.json" else member_without(name, old.read(name), LATER),
                )
    (tmp_path / "old.zip").write_bytes(out.getvalue())
    env = elsewhere(whole, tmp_path / "new")
    restored = run("db", "restore", str(tmp_path / "old.zip"), env=env, now=CLOSED)
    assert restored.code == 0, restored.err
    mine, theirs = sums(database(env)), sums(database(whole.env))
    assert {name: rows for name, rows in mine.items() if name not in LATER} == {
        name: rows for name, rows in theirs.items() if name not in LATER
    }
    assert [mine[name][0] for name in LATER] == [theirs[name][0] for name in LATER]
    engine = make_engine(database(env))
    assert migrate.at_head(engine)
    engine.dispose()


def test_a_newer_database_is_left_alone(whole: Store) -> None:
    with sqlite3.connect(whole.folder / "shirube.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = run("papers", env=whole.env)
    assert ended.code == 1
    assert "newer Shirube" in ended.err


def test_a_check_finds_what_is_broken(whole: Store) -> None:
    engine = make_engine(database(whole.env))
    assert integrity.faults(engine) == []
    engine.dispose()
    with sqlite3.connect(whole.folder / "shirube.db") as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("INSERT INTO outbox (month, subscriber_id, message_id, state, attempts, created)"
                           " VALUES ('2026-10', 999, 'x', 'queued', 0, '2026-01-01')")  # fmt: skip
    ended = run("db", "check", env=whole.env)
    assert ended.code == 1
    assert "a row of outbox has lost its row of subscriber" in ended.out
