"""Whose turn it is at a place, and how long to stay away from one: the protocol, and the book of a single process.

Every call is short and waits for nothing: the guard sleeps by itself, while nothing is held open.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ingest.guard import Policy, place_of


@dataclass(frozen=True, slots=True)
class Pause:
    """How long a place is left alone from now on, in seconds, and why; from 0 on it is over: one request may try."""

    seconds: float
    why: str


class Turns(Protocol):
    """The book of turns and pauses; it may be shared by several processes."""

    def claim(self, place: str, delay: float, lease: float) -> float:
        """Try to take the turn at a place: 0 when it is taken, else the seconds after which to try again.

        A turn is taken when nobody has it and `delay` seconds passed since the last one began. Whoever did not give
        it back within `lease` seconds has lost it.
        """
        ...

    def give_back(self, place: str, ago: float) -> None:
        """Give the turn back; `ago` seconds ago the server had surely begun with the request."""
        ...

    def paused(self, place: str) -> Pause | None:
        """Tell how long a place is still left alone; None when it is not, and was not since it last answered."""
        ...

    def pause(self, place: str, seconds: float, why: str) -> None:
        """Leave a place alone for so long, or for longer where that was noted before."""
        ...

    def resume(self, place: str) -> None:
        """Forget a pause that is over; one that was noted meanwhile stays."""
        ...


class LocalTurns:
    """The book of one process, by a clock that never steps. Turns are taken under the guard's lock for the place."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._begun: dict[str, float] = {}
        self._pauses: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def claim(self, place: str, delay: float, lease: float) -> float:
        """Give the rest of the delay; see Turns."""
        begun = self._begun.get(place)
        return 0.0 if begun is None else max(0.0, begun + delay - self._monotonic())

    def give_back(self, place: str, ago: float) -> None:
        """Note the moment; see Turns."""
        self._begun[place] = self._monotonic() - ago

    def paused(self, place: str) -> Pause | None:
        """Give the rest of the pause; see Turns."""
        noted = self._pauses.get(place)
        return Pause(noted[0] - self._monotonic(), noted[1]) if noted else None

    def pause(self, place: str, seconds: float, why: str) -> None:
        """Note a pause; see Turns."""
        until = self._monotonic() + seconds
        with self._lock:
            self._pauses[place] = max(self._pauses.get(place, (until, why)), (until, why))

    def resume(self, place: str) -> None:
        """Forget a pause that is over; see Turns."""
        with self._lock:
            if (pause := self.paused(place)) and pause.seconds <= 0:
                del self._pauses[place]


@dataclass(slots=True)
class Lane:
    """What a process knows of one place: its pace, who is asking, and the moment the server had surely begun."""

    name: str
    delay: float
    lock: threading.Lock = field(default_factory=threading.Lock)
    begun: float = 0.0
    answered: bool = False


class Lanes:
    """The lanes of one process: an address belongs to the pace that covers it, else to its host."""

    def __init__(self, policy: Policy) -> None:
        self._paces = policy.paces
        self._lanes: dict[str, Lane] = {}
        self._lock = threading.Lock()

    def of(self, url: str) -> Lane:
        """Give the lane of an address."""
        place = place_of(url)
        host = place.partition("/")[0].rpartition(":")[0]
        pace = next((p for p in self._paces if any(_covers(name, place, host) for name in p.places)), None)
        name, delay = (pace.name, pace.delay) if pace else (place.partition("/")[0], 0.0)
        with self._lock:
            return self._lanes.setdefault(name, Lane(name, delay))


def route_of(url: str) -> str:
    """Name what fails together: a host and the first two steps of the path, such as one API."""
    return "/".join(place_of(url).split("/")[:3])


def _covers(key: str, place: str, host: str) -> bool:
    """Tell whether a place of the policy covers an address: by host and subdomain, or by "host:port/path"."""
    name, place = key.lower(), place.lower()
    return host == name or host.endswith("." + name) or place == name or place.startswith(name.rstrip("/") + "/")
