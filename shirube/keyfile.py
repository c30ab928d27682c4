"""The file of keys that sign the links in mails: made once, private, oldest first; the last one signs."""

import os
import secrets
from pathlib import Path

from core.errors import ConfigError

NAME = "secret.key"


def read(place: str, text: str) -> list[str]:
    """Read keys, one a line, oldest first; raises ConfigError, naming the place, where there is none."""
    keys = lines(text)
    if not keys:
        raise ConfigError(
            f"{place} holds no key", "Put the key back from a backup; a new one breaks the links in mails"
        )
    return keys


def lines(text: str) -> list[str]:
    """Part keys, one a line: a key may hold spaces, as a sentence that somebody chose does, but no byte order mark."""
    return [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]


def kept(file: Path) -> list[str]:
    """Read the keys of a file, which is made with a new one where it is not there."""
    if not file.exists():
        _make(file, secrets.token_urlsafe(48))
    return read(str(file), file.read_text(encoding="utf-8"))


def put(file: Path, text: str) -> None:
    """Put the keys of a backup before a file's own, which go on signing; those only read links of old."""
    own = lines(file.read_text(encoding="utf-8")) if file.exists() else []
    older = [key for key in lines(text) if key not in own]
    if older:
        _private(file, "\n".join((*older, *own))).replace(file)


def _make(file: Path, key: str) -> None:
    """Write a first key, whole or not at all; another process that was first wins."""
    fresh = _private(file, key)
    try:
        os.link(fresh, file)  # unlike a rename it never takes the place of a file that is there
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not file.exists():
            fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _private(file: Path, text: str) -> Path:
    """Write a secret beside a file, under a name of its own, that only its owner may read."""
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    return fresh
