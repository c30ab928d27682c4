"""Mail as files: every message an .eml in a folder, for trying things out and for programs that pick them up."""

import os
import re
import tempfile
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from digest.delivery import Later, Outcome, Sent

_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class FolderDelivery:
    """Writes messages into a folder (0700), each complete or not at all, readable by its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        """Write one message under its Message-ID; the same message again replaces its own file."""
        del recipient  # stands in the message; the name of the file must not tell it
        before_data()
        try:
            self._write(_NOT_A_NAME.sub("-", str(message["Message-ID"])).strip("-."), message.as_bytes())
        except OSError as problem:
            return Later(f"{self._folder}: {problem.strerror or problem}", delays="everyone")
        return Sent()

    def close(self) -> None:
        """Nothing is kept open between two messages."""

    def prune(self, before: datetime) -> int:
        """Delete the messages written before a moment, and what a killed writer left of one; gives how many.

        Another sender may write and delete meanwhile: a file that is gone is passed over.
        """
        files = [*self._folder.glob("*.eml"), *self._folder.glob(".*.part")]
        return sum(_deleted(file, before.timestamp()) for file in files)

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._folder / f"{name}.eml")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _deleted(file: Path, before: float) -> bool:
    try:
        if file.stat().st_mtime >= before:
            return False
        file.unlink()
    except FileNotFoundError:
        return False
    return True
