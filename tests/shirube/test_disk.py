"""A disk that is full or damaged, and files that may not be written: plain words, no half file, all of it whole."""

import ctypes
import errno
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.errors import ShirubeError
from db.engine import make_engine, make_sessions, sqlite_driver
from db.models import Place
from shirube import troubles
from tests.shirube.command import CLOSED, run
from tests.shirube.conftest import MONTH, Store
from tests.snapshot import snapshot_line

BENCH = "tests.shirube.command"  # the same with vectors made of words
ROOT = Path(__file__).resolve().parents[2]
MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>"}
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # prctl(2), capabilities(7)
MOST = 60_000  # bytes: more than what SQLite needs beside a database that is only read
COMMANDS: dict[str, list[str]] = {
    "backup": ["db", "backup"],
    "publish": ["publish", "{folder}/public"],
    "recorded": ["pull", "--source", "recorded"],
}
# What writes the database that is there, its journal, an index of vectors, and a file of a digest.
WRITERS: dict[str, list[str]] = {
    "pull": ["pull", "--source", "arxiv", "--since", "2026-09-01", "--until", "2026-09-05"],
    "import": ["import", "arxiv-snapshot", "{folder}/dump.json"],
    "search": ["search", "attention"],
    "digest": ["digest", MONTH, "--offline"],
}


def limited(most: int) -> Callable[[], None]:
    """Let no file of a process grow beyond some bytes, as a full disk would: a write says so, no signal kills.

    Nor may it write what its mode forbids, which root may otherwise.
    """

    def set_limit() -> None:
        if os.geteuid() == 0 and ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
            raise PermissionError("root without CAP_SETPCAP")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return set_limit


def command(
    words: list[str], env: dict[str, str], most: int, module: str = "shirube"
) -> "subprocess.CompletedProcess[str]":
    """Run the real program in a process whose files may not grow beyond `most` bytes."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        env={**os.environ, **env},
        cwd=ROOT,
        preexec_fn=limited(most),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def paper(number: int) -> dict[str, Any]:
    """Invent a paper of a dump."""
    title = f"Slow tides {number}"
    return {"id": f"2605.{number:05}", "title": title, "published": "2026-05-30", "categories": ["cs.CL", "cs.LG"]}


def is_sound(store: Store) -> bool:
    connection = sqlite_driver().connect(str(store.folder / "shirube.db"))
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        connection.close()


@pytest.mark.faults
@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_disk_that_is_full_is_told_and_leaves_everything_whole(name: str, mine: Store, tmp_path: Path) -> None:
    """No file may grow beyond some thousand bytes: a page or a backup fits not, nor does a new database."""
    words = [word.format(folder=tmp_path) for word in COMMANDS[name]]
    env = {**mine.env, **MAIL}
    shutil.rmtree(mine.folder / "digests")
    if name == "recorded":
        env["SHIRUBE_DATA_DIR"] = str(tmp_path / "fresh")
    ended = command(words, env, MOST)
    assert ended.returncode != 0, (ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stderr
    assert "full" in ended.stderr or "cannot be written" in ended.stderr, ended.stderr
    assert is_sound(mine)
    assert not [file for file in [*tmp_path.rglob("*.tmp"), *tmp_path.rglob("*.part")] if file.is_file()]
    again = command(words, env, resource.RLIM_INFINITY)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "search" else pytest.mark.faults) for name in WRITERS]
)
def test_a_disk_that_fills_under_a_store_is_told_and_the_store_stays_as_it_was(
    name: str, mine: Store, tmp_path: Path
) -> None:
    (tmp_path / "dump.json").write_bytes(b"".join(snapshot_line(paper(number)) for number in range(300)))
    words = [word.format(folder=tmp_path) for word in WRITERS[name]]
    shutil.rmtree(mine.folder / "digests")
    for index in mine.folder.rglob("vectors-*") if name == "search" else ():
        shutil.rmtree(index)
    ended = command(words, mine.env, MOST, BENCH)
    assert ended.returncode == 1, (ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stderr
    assert "full" in ended.stderr or "cannot be written" in ended.stderr, ended.stderr
    assert is_sound(mine)
    again = command(words, mine.env, resource.RLIM_INFINITY, BENCH)
    assert again.returncode == 0, again.stderr


def test_a_folder_that_may_only_be_read_is_told(mine: Store) -> None:
    mine.folder.chmod(0o500)
    ended = command(WRITERS["pull"], mine.env, resource.RLIM_INFINITY, BENCH)
    mine.folder.chmod(0o700)
    assert ended.returncode == 1, (ended.stdout, ended.stderr)
    assert "Traceback" not in ended.stderr
    assert "may only be read" in ended.stderr or "cannot be opened" in ended.stderr, ended.stderr


@pytest.mark.parametrize("place", [0, 1, 5, 40])
def test_a_damaged_page_is_told_from_an_empty_store(place: int, mine: Store) -> None:
    """Page 0 holds the header; the others tables and indexes: found by the command or by the check."""
    file = mine.folder / "shirube.db"
    with sqlite_driver().connect(str(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    content = bytearray(file.read_bytes())
    content[place * page : place * page + 100] = b"\xa5" * 100
    file.write_bytes(content)
    ended = run("db", "check", env=mine.env)
    assert ended.code == 1
    assert "damaged" in ended.out + ended.err
    assert "restore" in ended.err
    assert "Traceback" not in ended.err


def test_a_truncated_database_is_told(mine: Store) -> None:
    file = mine.folder / "shirube.db"
    with sqlite_driver().connect(str(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with file.open("r+b") as out:
        out.truncate(file.stat().st_size // 2)
    for words in (["db", "check"], ["digest", MONTH, "--offline", "--out", "-"]):
        ended = run(*words, env=mine.env, now=CLOSED)
        assert ended.code == 1, words
        assert "damaged" in ended.out + ended.err, words


def test_a_store_whose_log_is_deleted_is_whole_and_older(mine: Store, tmp_path: Path) -> None:
    """SQLite cannot tell: what docs/reliability.md says of it at the end."""
    engine, cut = make_engine(f"sqlite:///{mine.folder / 'shirube.db'}"), tmp_path / "cut"
    with make_sessions(engine).begin() as session:
        session.add(Place(name="the last that was written"))
    with engine.connect() as reader:
        there = reader.scalar(text("SELECT count(*) FROM place WHERE name = 'the last that was written'"))
        assert there == 1  # while somebody reads the log stays
        shutil.copytree(mine.folder, cut)
    engine.dispose()
    (cut / "shirube.db-wal").unlink()
    ended = run("db", "check", env={**mine.env, "SHIRUBE_DATA_DIR": str(cut)})
    assert ended.code == 0, ended.err
    with sqlite_driver().connect(str(cut / "shirube.db")) as connection:
        found = connection.execute("SELECT count(*) FROM place WHERE name = 'the last that was written'")
        assert found.fetchone() == (0,)
    connection.close()


def test_what_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shirube.db").write_bytes(b"a letter to a friend, and no database at all " * 50)
    before = (tmp_path / "shirube.db").read_bytes()
    ended = run("papers", env={"SHIRUBE_DATA_DIR": str(tmp_path)})
    assert ended.code == 1
    assert "another program's" in ended.err
    assert (tmp_path / "shirube.db").read_bytes() == before


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("database or disk is full", "The disk is full"),
        ("database disk image is malformed", "The database file is damaged"),
        ("attempt to write a readonly database", "may only be read"),
        ("unable to open database file", "cannot be opened"),
        ("database is locked", "Another program holds the database"),
        ("Could not decode to UTF-8 column 'email' with text 'ada@'", "A text in the database is damaged"),
    ],
)
def test_what_sqlite_says_is_said_in_words(said: str, told: str) -> None:
    found = troubles.told(OperationalError("SELECT 1", {}, sqlite3.OperationalError(said)))
    assert isinstance(found, ShirubeError)
    assert told in found.message
    assert found.advice


def test_rows_of_which_a_part_fits_are_a_full_disk() -> None:
    """NumPy says so without an error number, whether by `tofile` or by `save`."""
    found = troubles.told(OSError("80640 requested and 10000 written"))
    assert found is not None
    assert found.message == "The disk is full"


def test_a_fault_of_the_program_is_no_trouble_of_the_machine() -> None:
    assert troubles.told(ValueError("x")) is None
    assert troubles.told(OSError("x")) is None
    assert troubles.told(KeyError("disk is full")) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EACCES, "This user may not open it (there/x)"), (errno.EPERM, "This user may not open it (there/x)"),
     (errno.EROFS, "Nothing can be written there (there/x)")],
)  # fmt: skip
def test_what_may_not_be_opened_is_not_said_to_be_written(number: int, said: str) -> None:
    """What is refused may be a read: the system does not tell which."""
    problem = troubles.told(OSError(number, os.strerror(number), "there/x"))
    assert problem is not None
    assert problem.message == said
    assert problem.advice
