"""How a program that stays is asked to stop: the first signal asks it to, the second ends it at once."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_log = logging.getLogger(__name__)
GRACE = 6.0  # seconds that what is under way has to come to a point where it can stop; then it is cut off
_LOOK = 0.2  # seconds between two looks whether a signal came
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StoppedError(Exception):
    """Raised between two steps of a job that was asked to stop."""


def _end_at_once(number: int) -> None:
    """End this process by a signal, as it would have been without any handler."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


class Stopping:
    """Whether this process was asked to stop; a plain flag, since a signal may find any lock held."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        end: Callable[[int], None] = _end_at_once,
    ) -> None:
        self._monotonic, self._sleep, self._end = monotonic, sleep, end
        self._asked: float | None = None

    @property
    def asked(self) -> bool:
        """Tell whether it was asked to stop."""
        return self._asked is not None

    def ask(self) -> None:
        """Ask it to stop."""
        self._asked = self._asked if self._asked is not None else self._monotonic()

    def signalled(self, number: int, _frame: FrameType | None = None) -> None:
        """Take a signal: the first asks, the second ends the process."""
        if self.asked:
            self._end(number)
        self.ask()

    def check(self) -> None:
        """Raise StoppedError once it was asked to stop: to be called wherever work may end with nothing half done."""
        if self.asked:
            raise StoppedError

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until it is asked to stop; tells whether it was."""
        end = self._monotonic() + seconds
        while not self.asked and (left := end - self._monotonic()) > 0:
            self._sleep(min(left, _LOOK))
        return self.asked

    def grace(self, done: Callable[[], bool]) -> bool:
        """Wait until something is done, but not longer than is left of the time to stop in; tells whether it is."""
        since = self._monotonic() if self._asked is None else self._asked
        while not done() and self._monotonic() < since + GRACE:
            self._sleep(_LOOK)
        return done()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM and Ctrl-C here, in the main thread, until the end of the block."""
        before = {number: signal.signal(number, self.signalled) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def leave_at_once(names: list[str], code: int = 0) -> NoReturn:
    """End the process though threads of it still work; all they do may be cut off at any step (reliability.md, 19).

    Its exit code is 0 for a program that stays: to be stopped is its usual end.
    """
    _log.warning("cut off jobs=%s", ",".join(names))
    logging.shutdown()
    os._exit(code)
