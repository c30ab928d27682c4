"""Weather for large worlds: a share of all requests is hit, by each kind of fault in turn, by a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from tests.upstream.faults import Fault

Kind = tuple[str, dict[str, Any]]  # a kind of fault and its options

HANG = 3.5  # seconds; a client that hurries gives up before

ANYWHERE: tuple[Kind, ...] = (
    ("status", {"status": 503}),
    ("status", {"status": 429, "retry_after": "1"}),
    ("status", {"status": 500}),
    ("hang", {"seconds": HANG}),
    ("delay", {"seconds": 0.05}),
    ("cut", {}),
    ("wrong-length", {"by": 1000}),
    ("wrong-length", {"by": -500}),
    ("gzip-cut", {}),
    ("gzip-bomb", {"megabytes": 40}),
    ("huge", {"megabytes": 40}),
    ("maintenance", {}),
    ("redirect", {}),
    ("redirect-loop", {}),
    ("malformed-first", {}),
    ("malformed-middle", {}),
    ("malformed-last", {}),
)
# What a client can only notice where the source tells a total of its own.
QUIET: tuple[Kind, ...] = (("empty-page", {}), ("short-page", {"missing": 3}))
OF_XML: tuple[Kind, ...] = (
    ("total-wrong", {"total": 5000}),
    ("json", {}),
    ("doctype", {}),
    ("billion-laughs", {}),
    ("deep", {}),
)
OF_JSON: tuple[Kind, ...] = (("json", {}), ("not-json", {}))


class Storm:
    """Hits so many of all requests to the routes it knows; `hits` counts them by route and kind."""

    def __init__(self, share: float, seed: int, kinds: Mapping[str, Sequence[Kind]]) -> None:
        """Take a share from 0 to 1, and the kinds of fault for each route prefix."""
        self.hits: Counter[str] = Counter()
        self._share = share
        self._chance = Random(seed)
        self._kinds = {prefix: self._chance.sample(list(some), len(some)) for prefix, some in kinds.items()}
        self._turn: Counter[str] = Counter()

    def next(self, path: str) -> Fault | None:
        """The fault that hits this request, if any."""
        prefix = next((prefix for prefix in self._kinds if path.startswith(prefix)), None)
        if prefix is None or self._chance.random() >= self._share:
            return None
        some = self._kinds[prefix]
        kind, options = some[self._turn[prefix] % len(some)]
        self._turn[prefix] += 1
        self.hits[f"{prefix} {kind}"] += 1
        return Fault(path, kind, options=dict(options))
