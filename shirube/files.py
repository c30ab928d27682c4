"""Writes files whole or not at all, so that neither a reader nor a crash ever meets half of one."""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from core.errors import ShirubeError

LEFT = 86_400  # seconds after which an unfinished file is that of a writer who was killed


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
        _sweep(file)
    except OSError as problem:
        with suppress(OSError):  # what stands in the way, or is full, is what the reader must hear of
            temporary.unlink()
        raise ShirubeError(f"{file} cannot be written: {problem.strerror}", advice) from problem


def _sweep(file: Path) -> None:
    """Delete what writers of this file left who were killed."""
    for other in file.parent.iterdir():
        if other.name.startswith(f".{file.name}.") and other.suffix == ".tmp":
            with suppress(FileNotFoundError):  # another writer was first
                if other.stat().st_mtime < time.time() - LEFT:
                    other.unlink()
