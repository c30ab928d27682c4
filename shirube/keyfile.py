"""The file of keys that sign the links in mails: made once, private, oldest first; the last one signs."""

import os
import secrets
from pathlib import Path

from core.errors import ConfigError

NAME = "secret.key"


def read(place: str, text: str) -> list[str]:
    """Read keys, one a line, oldest first; raises ConfigError, naming the place, where there is none."""
    keys = [line.strip() for line in text.splitlines() if line.strip()]
    if not keys:
        raise ConfigError(
            f"{place} holds no key", "Put the key back from a backup; a new one breaks the links in mails"
        )
    return keys


def kept(file: Path) -> list[str]:
    """Read the keys of a file, which is made with a new one where it is not there."""
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(48))
    return read(str(file), file.read_text(encoding="utf-8"))


def put(file: Path, text: str) -> None:
    """Put the keys of a backup before a file's own, which go on signing; those only read links of old."""
    own = file.read_text(encoding="utf-8").split() if file.exists() else []
    older = [key for key in text.split() if key not in own]
    if older:
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        _write_private(fresh, "\n".join((*older, *own)))
        fresh.replace(file)


def _write_private(file: Path, text: str) -> None:
    """Write a secret that only its owner may read; another process that was first wins."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text + "\n")
