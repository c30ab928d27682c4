"""Writes files whole or not at all, so that neither a reader nor a crash ever meets half of one."""

import os
import re
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from core.errors import ShirubeError

LEFT = 86_400  # seconds after which an unfinished file is that of a writer who was killed
_UNFINISHED = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")


def write_whole(file: Path, content: bytes, advice: str) -> None:
    """Write beside, flush to the disk, and rename; raises ShirubeError, with the advice, where that cannot be done."""
    temporary = file.with_name(
        f".{file.name}.{secrets.token_hex(4)}.tmp"
    )  # nobody else's, even where two write at once
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    except OSError as problem:
        with suppress(OSError):  # what stands in the way, or is full, is what the reader must hear of
            temporary.unlink()
        raise ShirubeError(f"{file} cannot be written: {problem.strerror}", advice) from problem


def sweep(files: Iterable[Path]) -> None:
    """Delete what writers of these files left who were killed; each folder is looked through once."""
    names: dict[Path, set[str]] = {}
    for file in files:
        names.setdefault(file.parent, set()).add(file.name)
    for folder, mine in names.items():
        with suppress(OSError):  # the files are written: a folder that cannot be tidied is no reason to say otherwise
            for other in folder.iterdir():
                if (found := _UNFINISHED.fullmatch(other.name)) and found[1] in mine:
                    _drop_old(other)


def _drop_old(file: Path) -> None:
    with suppress(OSError):  # another writer was first, or the file is another user's
        if file.stat().st_mtime < time.time() - LEFT:
            file.unlink()
