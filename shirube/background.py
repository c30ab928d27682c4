"""The schedule beside the web service, in a thread of the same process: for the small machine."""

import threading
from types import TracebackType
from typing import Self

from shirube.stopping import GRACE, Stopping
from shirube.wiring import Wiring
from shirube.worker import Worker


class Background:
    """Runs a worker while it is entered, where it is `on`; `left` names the jobs that did not stop in time."""

    def __init__(self, wiring: Wiring, stop: Stopping, *, on: bool) -> None:
        self.left: list[str] = []
        self._stop = stop
        self._worker = Worker(wiring, stop) if on else None
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def __enter__(self) -> Self:
        if self._worker is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.ask()
        if self._worker is not None:
            self._thread.join(GRACE + 1.0)
            self.left = self.left or (["worker"] if self._thread.is_alive() else [])

    def _run(self) -> None:
        if self._worker is not None:
            self.left = self._worker.run()
