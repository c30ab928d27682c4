"""How much one place may ask: so many requests of a kind in a window.

Counted in the memory of this process: several processes each count for themselves. The fields of the answer are those
of draft-ietf-httpapi-ratelimit-headers-06, the last one that programs in use read.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from threading import Lock

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from core.errors import ConfigError

Ticks = Callable[[], float]  # seconds that never go back
# Kind -> what one place may have of it; generous to people and feed readers, a bound to programs.
GENEROUS = {
    "read": "600/minute",  # pages, lists, items, issues
    "search": "120/minute",  # searches by words and meaning, and similar items
    "feed": "600/minute",  # a reader that follows every feed fetches them all at once
    "bulk": "20/minute",  # whole lists as files
    "write": "60/minute",  # whatever is posted, but to leave the mailing
    "key": "10/minute",  # keys that do not work
}
MOST_PLACES = 100_000  # windows remembered: some 20 MB
_FREE = ("/static/", "/healthz", "/readyz", "/metrics")
_SAFE = ("GET", "HEAD", "OPTIONS")


def kind_of(method: str, path: str) -> str | None:
    """Sort a request by what it costs; None where nothing is counted."""
    if path.startswith(_FREE):
        return None
    if path == "/mcp":
        return "search"
    if method not in _SAFE:
        # Mail providers press this button for all their users from few addresses, and it must never fail (RFC 8058).
        return "read" if path.startswith("/s/") and path.endswith("/unsubscribe") else "write"
    if path.startswith(("/search", "/api/v1/search", "/feeds/search")) or path.endswith("/similar"):
        return "search"
    if path.startswith("/feeds"):
        return "feed"
    return "bulk" if path.startswith("/api/v1/papers.") else "read"


def read_rules(given: Mapping[str, str]) -> dict[str, str]:
    """Join an operator's limits with the generous ones, kind by kind; "" takes one away. Raises ConfigError."""
    if unknown := sorted(set(given) - set(GENEROUS)):
        raise ConfigError(f"There is no limit on {', '.join(unknown)}", f"Limits are on {', '.join(GENEROUS)}")
    rules = {kind: rule for kind, rule in (GENEROUS | dict(given)).items() if rule.strip()}
    for kind, rule in rules.items():
        _parse(kind, rule)
    return rules


def _parse(kind: str, rule: str) -> RateLimitItem:
    try:
        item = parse(rule)
    except ValueError as problem:
        raise ConfigError(f"The limit on {kind}, {rule!r}, cannot be read", "Write it as 600/minute") from problem
    if item.amount < 1:
        raise ConfigError(f"The limit on {kind}, {rule!r}, lets nothing in", "Allow at least 1; leave empty for none")
    return item


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a window: requests, and whole seconds until it ends; `over` when this one was too many."""

    limit: int
    remaining: int
    reset: int
    over: bool

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Write the fields of the answer, names in small letters as ASGI has them."""
        values = (("limit", self.limit), ("remaining", self.remaining), ("reset", self.reset))
        return [(f"ratelimit-{name}".encode(), str(value).encode()) for name, value in values]


class Windows(Storage):
    """Counts in memory by the ticks given, the oldest forgotten first when there are too many.

    Own code, since the package's memory storage goes by the wall clock, which is set and jumps, starts a thread every
    ten milliseconds that looks at every count, and has no bound.
    """

    STORAGE_SCHEME = None

    def __init__(self, ticks: Ticks, most: int = MOST_PLACES) -> None:
        super().__init__()
        self._ticks, self._most = ticks, most
        self._counts: dict[str, tuple[float, int]] = {}  # key -> (end of the window, count), the oldest window first
        self._lock = Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Name the errors of the storage itself: none."""
        return LookupError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; `expiry` is the length of a window in seconds."""
        now = self._ticks()
        with self._lock:
            end, count = self._counts.get(key, (now, 0))
            if end <= now:
                self._counts.pop(key, None)
                end, count = now + expiry, 0
            self._counts[key] = end, count + amount
            if len(self._counts) > self._most:
                self._counts.pop(next(iter(self._counts)))
        return count + amount

    def get(self, key: str) -> int:
        """Give the count of the window that is open, else 0."""
        end, count = self._counts.get(key, (0.0, 0))
        return count if end > self._ticks() else 0

    def get_expiry(self, key: str) -> float:
        """Give the tick at which the window ends."""
        return max(self._counts.get(key, (0.0, 0))[0], self._ticks())

    def check(self) -> bool:
        """Tell that memory is there."""
        return True

    def reset(self) -> int:
        """Forget all; gives how many."""
        with self._lock:
            count = len(self._counts)
            self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._counts.pop(key, None)


class Limiter:
    """Counts the requests of each place by kind; a kind without a rule is not counted."""

    def __init__(self, rules: Mapping[str, str] | None = None, ticks: Ticks = time.monotonic) -> None:
        self._items = {kind: _parse(kind, rule) for kind, rule in (rules or {}).items()}
        self._ticks = ticks
        self._windows = FixedWindowRateLimiter(Windows(ticks))

    def take(self, kind: str | None, place: str) -> Left | None:
        """Count one request; None where nothing is counted."""
        item = self._items.get(kind or "")
        if item is None:
            return None
        fits = self._windows.hit(item, kind or "", place)
        return self._left(item, kind or "", place, over=not fits)

    def look(self, kind: str, place: str) -> Left | None:
        """Tell what is left without counting; `over` when nothing is."""
        item = self._items.get(kind)
        if item is None:
            return None
        return self._left(item, kind, place, over=not self._windows.test(item, kind, place))

    def _left(self, item: RateLimitItem, kind: str, place: str, *, over: bool) -> Left:
        end, remaining = self._windows.get_window_stats(item, kind, place)
        reset = min(max(1, ceil(end - self._ticks())), item.get_expiry())  # a sum of floats may be a hair above
        return Left(item.amount, remaining, reset, over)
