"""A part of all items by the hash of their ids, so that several runs share the work without talking (pure)."""

import hashlib
from dataclasses import dataclass

from core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Part:
    """The i-th of n parts, counted from 1; each id is in exactly one of them, whatever else is stored."""

    index: int
    count: int

    def holds(self, item_id: str) -> bool:
        """Tell whether an item is of this part."""
        return int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:8], "big") % self.count == self.index - 1


ALL = Part(1, 1)


def parse(text: str) -> Part:
    """Read a part as people write it, `i/n`; raises UsageError."""
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise UsageError(f"{text!r} names no part", "Write --shard i/n, for example 1/4")
    return Part(int(index), int(count))
