"""Row 19, the files: a process killed at any step of writing a digest or a site leaves whole files, and runs again."""

import hashlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from db.models import Issue
from digest.formats.json import to_json
from shirube.files import sweep, write_whole
from shirube.output import write_digest
from shirube.publish import MANIFEST, Manifest, put
from tests.digest import sample

Act = Callable[[], object]
WRITERS = ("shirube/files.py", "pathlib")  # whose calls are counted
STEPS = frozenset(("open", "write", "flush", "fsync", "replace"))


def killed_at(step: int, act: Act) -> bool:
    """Act in a process of its own that is killed before a step: a file opened, written, flushed, synced or renamed."""
    child = os.fork()
    if child == 0:
        left = [step]

        def count(frame: FrameType, event: str, called: Any) -> None:
            writing = any(part in frame.f_code.co_filename for part in WRITERS)
            if event == "c_call" and writing and called.__name__ in STEPS:
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def files(folder: Path) -> dict[str, bytes]:
    """Read what a reader may be given: names that begin with a dot are unfinished."""
    found = [file for file in folder.rglob("*") if file.is_file() and not file.name.endswith(".tmp")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


def swept(folder: Path, before: Act, act: Act) -> int:
    """Kill at each step in turn: every file is the former or the new one, and the next run ends as if undisturbed."""
    before()
    old = files(folder)
    act()
    new = files(folder)
    assert old.keys() <= new.keys()
    assert old != new
    step = 1
    while True:
        before()
        if not killed_at(step, act):
            return step - 1
        for name, content in files(folder).items():
            assert name == MANIFEST or content in (old.get(name), new[name]), name
        act()
        assert files(folder) == new
        step += 1


def emptied(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            file.unlink()


def test_a_kill_while_a_digest_is_written_leaves_whole_files(tmp_path: Path) -> None:
    issue = Issue(month="2026-10", status="final", digest=to_json(sample.digest()), erratum=[])

    def before() -> None:
        emptied(tmp_path)
        (tmp_path / "2026-10.html").write_text("that of yesterday")

    assert swept(tmp_path, before, lambda: write_digest(issue, tmp_path, "html", "en", (), None)) >= 10


@pytest.mark.parametrize("known", [True, False], ids=["a site", "nothing"])
def test_a_kill_while_a_site_is_written_leaves_whole_files(tmp_path: Path, known: bool) -> None:
    def pages(word: str, number: int) -> dict[str, bytes]:
        return {f"{page}/index.html": f"{word} {page}".encode() * 9 for page in range(number)}

    def manifest(content: dict[str, bytes], number: int) -> Manifest:
        named = {name: hashlib.sha256(text).hexdigest() for name, text in content.items()}
        return Manifest({"2026-10": "final"}, number, named)

    first, second = pages("old", 4), {**pages("old", 2), **pages("new", 6)}
    was = manifest(first, 4) if known else None

    def before() -> None:
        emptied(tmp_path)
        if was is not None:
            put(tmp_path, first, was, None)

    assert swept(tmp_path, before, lambda: put(tmp_path, second, manifest(second, 6), was)) >= 40


def test_two_who_write_one_file_at_once_leave_it_whole(tmp_path: Path) -> None:
    """Two runs of a timer that met: each writes beside under a name of its own."""
    file, sizes = tmp_path / "2026-10.html", {b"a": 120_000, b"b": 125_000}
    children = [forked(partial(written_often, file, letter * size)) for letter, size in sizes.items()]
    for child in children:
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            content = file.read_bytes() if file.exists() else b"a" * sizes[b"a"]
            assert (len(content), set(content)) == (sizes[content[:1]], set(content[:1]))
        assert ended[1] == 0
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def forked(act: Act) -> int:
    """Begin to act in a process of its own, whose end tells whether it could."""
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return child


def written_often(file: Path, content: bytes) -> None:
    for _ in range(150):
        write_whole(file, content, "")


def test_what_a_killed_writer_left_goes_after_a_day_and_a_file_keeps_the_mode_of_any(tmp_path: Path) -> None:
    left = [tmp_path / name for name in (".a.html.0123abcd.tmp", ".a.html.tmp", ".b.html.0123abcd.tmp", "a.html.tmp")]
    for each in left:
        each.touch()
    write_whole(tmp_path / "a.html", b"new", "")
    sweep([tmp_path / "a.html", tmp_path / "nowhere" / "a.html"])
    assert all(each.exists() for each in left), "they may be another's that writes just now"
    for each in left:
        os.utime(each, (0, 0))
    sweep([tmp_path / "a.html"])
    assert [each.exists() for each in left] == [False, True, True, True], "of another shape, or of another file"
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.html").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_is_left_and_may_not_be_deleted_makes_no_failure_of_a_file_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user's, in a folder like /tmp where only the owner may delete."""
    left = tmp_path / ".a.html.0123abcd.tmp"
    left.touch()
    os.utime(left, (0, 0))

    def closed(_file: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", closed)
    write_whole(tmp_path / "a.html", b"new", "")
    sweep([tmp_path / "a.html"])
    assert (tmp_path / "a.html").read_bytes() == b"new"


def test_a_folder_is_looked_through_once_however_many_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, looked, iterdir = [tmp_path / f"{n}.html" for n in range(50)], list[Path](), Path.iterdir

    def counted(folder: Path) -> Iterator[Path]:
        looked.append(folder)
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", counted)
    for file in files:
        write_whole(file, b"new", "")
    sweep(files)
    assert looked == [tmp_path]
