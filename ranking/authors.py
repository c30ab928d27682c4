"""A query that is a person's name, and which papers are by an author of that name (pure)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from core.text import fold

LONGEST = 5  # words of a name
_INITIAL = re.compile(r"(?<![^\W_])([^\W\d_])\.")


@dataclass(frozen=True, slots=True)
class AuthorAsked:
    """What may be an author's name: its folded words, and the letters that stand for one, as in Y. LeCun."""

    words: frozenset[str]
    initials: frozenset[str]


def author_asked(text: str) -> AuthorAsked | None:
    """Take a query for a name: two to five words without digits, one of them at least written out; else None."""
    initials = frozenset(fold(letter) for letter in _INITIAL.findall(unicodedata.normalize("NFKC", text)))
    parts = frozenset(fold(text).split())
    whole = parts - initials
    plain = all(part.isalpha() for part in parts)
    named = any(len(part) > 1 for part in whole) and 2 <= len(parts) <= LONGEST
    return AuthorAsked(whole, initials & parts) if plain and named else None


def written_by(asked: AuthorAsked, papers: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """List the ids of the papers (id, authors' names) that one author of that name wrote.

    First those whose author has no other name besides, but for initials; otherwise the order stays as it is.
    """
    near = {item_id: max(_nearness(asked, name) for name in names) for item_id, names in papers if names}
    return sorted((item_id for item_id, how in near.items() if how), key=lambda item_id: -near[item_id])


def _nearness(asked: AuthorAsked, name: str) -> int:
    """Tell how well a name is the one asked for: 0 not, 1 among others that it has as well, 2 it alone."""
    parts = fold(name).split()
    rest = [part for part in parts if part not in asked.words]
    if not asked.words <= set(parts):
        return 0
    for letter in asked.initials:
        begun = [part for part in rest if part.startswith(letter)]
        if not begun:
            return 0
        rest.remove(begun[0])
    return 1 if any(len(part) > 1 for part in rest) else 2
