"""Writes files whole or not at all, so that neither a reader nor a crash ever meets half of one."""

import os
from contextlib import suppress
from pathlib import Path

from core.errors import ShirubeError


def write_whole(file: Path, content: bytes, advice: str) -> None:
    """Write beside, flush to the disk, and rename; raises ShirubeError, with the advice, where that cannot be done."""
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(file)
    except OSError as problem:
        with suppress(OSError):  # what stands in the way, or is full, is what the reader must hear of
            temporary.unlink()
        raise ShirubeError(f"{file} cannot be written: {problem.strerror}", advice) from problem
