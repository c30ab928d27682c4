"""Where a text calls a work of the reading list by name: in its title, in its abstract alone, or nowhere (pure)."""

import re
from collections.abc import Sequence
from functools import lru_cache

from roadmap.model import Work

TITLE, ABSTRACT, NOWHERE = 2, 1, 0  # the more, the surer it is about the work


class Naming:
    """One text, made ready to be asked about many works."""

    def __init__(self, title: str, abstract: str | None) -> None:
        """Take a title and what stands below it."""
        self._texts = ((TITLE, title, title.lower()), (ABSTRACT, abstract or "", (abstract or "").lower()))

    def of(self, work: Work) -> int:
        """Tell where the text names a work first."""
        for where, text, lowered in self._texts:
            if any(_longest(name) in lowered and _pattern(name).search(text) for name in work.names):
                return where
        return NOWHERE


@lru_cache(maxsize=4096)
def _longest(name: str) -> str:
    """Give a name's longest word: a text without it need not be read, and most are."""
    return max(_words(name.lower()), key=len)


def _words(name: str) -> Sequence[str]:
    return re.split(r"[\s-]+", name)


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    """Look for whole words, with a hyphen, a space or nothing between, in the plural as well: Pre-Norm is PreNorm.

    A word with a capital is found only as written, so that PAL is no pal; one without in any case.
    """
    words = (re.escape(word) if re.search(r"[A-Z]", word) else f"(?i:{re.escape(word)})" for word in _words(name))
    return re.compile(r"(?<!\w)" + r"[\s-]*".join(words) + r"s?(?!\w)")
