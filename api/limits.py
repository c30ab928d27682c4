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
_FREE = ("/static/", "/favicon.ico", "/healthz", "/readyz", "/metrics")
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
    if path.startswith(("/feeds/", "/feeds.")):
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
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


class Limiter:
    """Counts the requests of each place by kind; a kind without a rule is not counted.

    The windows are fixed, begin with a place's first request and are kept in memory, the oldest forgotten first when
    there are too many. Only the grammar of rules is the package's: its memory goes by the wall clock, which jumps, has
    no bound, and starts a thread every ten milliseconds that looks at every count.
    """

    def __init__(
        self, rules: Mapping[str, str] | None = None, ticks: Ticks = time.monotonic, most: int = MOST_PLACES
    ) -> None:
        items = {kind: _parse(kind, rule) for kind, rule in (rules or {}).items()}
        self._rules = {kind: (item.amount, item.get_expiry()) for kind, item in items.items()}
        self._ticks, self._most = ticks, most
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}  # end and count, the oldest window first
        self._lock = Lock()

    def __len__(self) -> int:
        """Count the windows kept."""
        return len(self._windows)

    def take(self, kind: str | None, place: str) -> Left | None:
        """Count one request; None where nothing is counted."""
        return self._left(kind, place, 1)

    def look(self, kind: str, place: str) -> Left | None:
        """Tell what is left without counting; `over` when the next one would be too many."""
        return self._left(kind, place, 0)

    def _left(self, kind: str | None, place: str, counted: int) -> Left | None:
        if kind is None or kind not in self._rules:
            return None
        most, length = self._rules[kind]
        now = self._ticks()
        with self._lock:
            end, count = self._count((kind, place), now, length, counted)
        reset = min(max(1, ceil(end - now)), length)  # a sum of floats may be a hair above
        return Left(most, max(0, most - count), reset, count > most if counted else count >= most)

    def _count(self, key: tuple[str, str], now: float, length: int, counted: int) -> tuple[float, int]:
        end, count = self._windows.get(key, (now, 0))
        if end <= now:
            self._windows.pop(key, None)  # so that the new window stands last
            end, count = now + length, 0
        if counted:
            self._windows[key] = end, count + counted
            if len(self._windows) > self._most:
                del self._windows[next(iter(self._windows))]
        return end, count + counted
