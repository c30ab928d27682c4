"""Disposable caches as folders of files: put in place whole by one renaming, and opened only undamaged.

A folder is named by the checksum of all that its state says, the checksums of its files among it; so a bit turned, a
file cut or a word altered is noticed, and the cache is made anew from what it was made of.

Any number of processes may put and open at once, on whatever disk, so without a lock: who puts takes away only what
stood before its own did, so of several at once the last is never taken away. What two put at the same moment may both
stand; either is whole, and the next one put takes both away.
"""

import errno
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

STATE = "state.json"
FRESH = ".new-"
LEFT_OVER = 86_400  # seconds after which what a killed run was writing is taken away
TAKEN = (errno.ENOTEMPTY, errno.EEXIST)  # how systems say that a folder of that name is there

Said = Mapping[str, Any]
Made = TypeVar("Made")


def put(folder: Path, stem: str, former: str, said: Said, fill: Callable[[Path], Made]) -> Made:
    """Write a cache in place of the former ones, those that match the pattern `former`; gives what `fill` gives.

    `fill` writes the files, `said` goes beside them, with what `fill` adds to it. Who has a former one open keeps it;
    so who needs this one at once opens it in `fill`, since another process may soon take it away.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=FRESH, dir=folder))
    try:
        made = fill(fresh)
        state = {**said, "checksums": {file.name: _checksum(file) for file in sorted(fresh.iterdir())}}
        (fresh / STATE).write_text(json.dumps(state), encoding="utf-8")
        target = folder / f"{stem}{_name(state)}"
        before = set(folder.glob(former)) - {target}
        _rename(fresh, target)
    finally:
        _sweep(folder, fresh)
    for old in before:
        shutil.rmtree(old, ignore_errors=True)
    return made


def opened(folder: Path, stem: str, read: Callable[[Path, Said], Made]) -> Made | None:
    """Read the cache of this name; None where there is none. What is damaged is thrown away."""
    tried: set[Path] = set()
    while places := set(folder.glob(f"{stem}*")) - tried:  # again, for what has come in place of one that went
        for place in sorted(places):
            try:
                return read(place, _whole(place, stem))
            except (OSError, ValueError, TypeError, KeyError, EOFError):
                shutil.rmtree(place, ignore_errors=True)
        tried |= places
    return None


def said(folder: Path, stem: str) -> Said | None:
    """Give what was put beside a cache, without looking whether it is whole; None where there is none."""
    for place in sorted(folder.glob(f"{stem}*")):
        try:
            state: Said = json.loads((place / STATE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return {key: value for key, value in state.items() if key != "checksums"}
    return None


def writable(folder: Path) -> bool:
    """Tell whether caches may be put into a folder, there already or not."""
    there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    return os.access(there, os.W_OK | os.X_OK)


def named(words: str) -> str:
    """Shorten words of any letters to eight that a file may be called by."""
    return f"{zlib.crc32(words.encode()):08x}"


def _whole(place: Path, stem: str) -> Said:
    state = json.loads((place / STATE).read_text(encoding="utf-8"))
    files = {name: _checksum(place / name) for name in state["checksums"]}
    if place.name != f"{stem}{_name(state)}" or files != state["checksums"]:
        raise ValueError(f"{place} is damaged")
    return {key: value for key, value in state.items() if key != "checksums"}


def _name(state: Said) -> str:
    return named(json.dumps(state, sort_keys=True))


def _rename(fresh: Path, target: Path) -> None:
    try:
        fresh.replace(target)
    except OSError as problem:
        # else another process has just written the same, and a third may have taken it away since
        if problem.errno not in TAKEN and not target.is_dir():
            raise


def _sweep(folder: Path, fresh: Path) -> None:
    """Take away what was not put in place: this run's, and what killed ones have left."""
    shutil.rmtree(fresh, ignore_errors=True)
    now = folder.stat().st_mtime
    for left in folder.glob(f"{FRESH}*"):
        with suppress(FileNotFoundError):  # another process has just put its own in place
            if now - left.stat().st_mtime > LEFT_OVER:
                shutil.rmtree(left, ignore_errors=True)


def _checksum(file: Path) -> int:
    found = 0
    for part in _parts(file):
        found = zlib.crc32(part, found)
    return found


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened_file:
        while part := opened_file.read(1 << 22):
            yield part
