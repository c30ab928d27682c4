"""Sends the letters of sign-ups behind the web service, in a thread of its own: no answer waits for a mail server."""

import logging
import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from shirube import people
from shirube.wiring import Wiring

_log = logging.getLogger(__name__)
EVERY = timedelta(minutes=5)  # between two looks without being woken: letters that wait for another try


class Courier:
    """Wakes when somebody signs up; whatever goes wrong is logged, and tried again later."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self.sends = people.can_send(wiring)

    def __enter__(self) -> Self:
        if self.sends:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout=3)  # seconds; a letter that is cut off is tried again, or its lease runs out

    def wake(self) -> None:
        """Have the letters sent that are due; returns at once."""
        self._woken.set()

    def forget(self, email: str) -> None:
        """Delete the mails to an address that are kept as files."""
        people.forget_files(self._wiring.mail_dir, email)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            try:
                ended = people.send_letters(self._wiring)
                if ended:
                    _log.info("letters %s", " ".join(f"{name}={count}" for name, count in sorted(ended.items())))
            except Exception:
                _log.exception("letters failed")
            self._woken.wait(EVERY.total_seconds())
