"""Keeps what was rendered last: an issue is read by many and changes seldom."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

KEPT = 96  # an issue's page has about 100 kB, and for each place on the road a form in each language, named or not


class Rendered:
    """A small store of rendered texts by key, safe between threads; the least lately used leaves first.

    The key must name everything the text depends on: there is no other way for a text to become outdated.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._texts: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable) -> bytes | None:
        """Give the text of a key where it is kept."""
        with self._lock:
            if key in self._texts:
                self._texts.move_to_end(key)
            return self._texts.get(key)

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Give the text of a key, made when it is not kept. Two at once may both make it: the same text."""
        found = self.find(key)
        if found is not None:
            return found
        text = make()
        with self._lock:
            self._texts[key] = text
            while len(self._texts) > self._kept:
                self._texts.popitem(last=False)
        return text
