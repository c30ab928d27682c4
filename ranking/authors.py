"""A query that is a person's name, and which papers are by an author of that name (pure)."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise

from core.text import fold

LONGEST = 5  # words of a name
ODD = 3  # letters of a word that may be others than those typed
SPELLINGS = 128  # forms of one word that are looked for
# Letters that are no plain ones with a sign, so that neither fold nor a full-text index knows them for these.
_PLAIN = {"ß": "ss", "ø": "o", "ł": "l", "ı": "i", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th"}
_BACK = [(re.compile(plain), letter) for letter, plain in _PLAIN.items()]
_LETTERS = str.maketrans(_PLAIN)
_INITIAL = re.compile(r"(?<![^\W_])([^\W\d_])\.")


@dataclass(frozen=True, slots=True)
class AuthorAsked:
    """What may be an author's name: its plain words, and the letters that stand for one, as in Y. LeCun."""

    words: frozenset[str]
    initials: frozenset[str]


def author_asked(text: str) -> AuthorAsked | None:
    """Take a query for a name: two to five words without digits, one of them at least written out; else None."""
    initials = frozenset(plainly(letter) for letter in _INITIAL.findall(unicodedata.normalize("NFKC", text)))
    parts = frozenset(plainly(text).split())
    whole = parts - initials
    plain = all(part.isalpha() for part in parts)
    named = any(len(part) > 1 for part in whole) and 2 <= len(parts) <= LONGEST
    return AuthorAsked(whole, initials & parts) if plain and named else None


def plainly(name: str) -> str:
    """Fold a name to the letters that every keyboard has: ø is no o with an accent, and typed as one."""
    return fold(name).translate(_LETTERS)


def spellings(word: str) -> list[str]:
    """List the forms in which a plain word may stand in an index, itself first; at most ODD of its letters change."""
    places = [(match.span(), letter) for plain, letter in _BACK for match in plain.finditer(word)]
    chosen = (sorted(some) for count in range(ODD + 1) for some in combinations(places, count))
    forms = (_respelt(word, some) for some in chosen if all(a[0][1] <= b[0][0] for a, b in pairwise(some)))
    return list(islice(dict.fromkeys(forms), SPELLINGS))


def written_by(asked: AuthorAsked, papers: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """List the ids of the papers (id, authors' names) that one author of that name wrote.

    First those whose author has no other name besides, but for initials; otherwise the order stays as it is.
    """
    near = {item_id: max(_nearness(asked, name) for name in names) for item_id, names in papers if names}
    return sorted((item_id for item_id, how in near.items() if how), key=lambda item_id: -near[item_id])


def _nearness(asked: AuthorAsked, name: str) -> int:
    """Tell how well a name is the one asked for: 0 not, 1 among others that it has as well, 2 it alone."""
    parts = plainly(name).split()
    rest = [part for part in parts if part not in asked.words]
    if not asked.words <= set(parts):
        return 0
    for letter in asked.initials:
        begun = [part for part in rest if part.startswith(letter)]
        if not begun:
            return 0
        rest.remove(begun[0])
    return 1 if any(len(part) > 1 for part in rest) else 2


def _respelt(word: str, places: Sequence[tuple[tuple[int, int], str]]) -> str:
    """Put other letters at some places of a word, which come in order and apart."""
    ends = [0, *(end for (_, end), _ in places)]
    kept = [word[end:start] for end, ((start, _), _) in zip(ends, places, strict=False)]
    return "".join(part + letter for part, (_, letter) in zip(kept, places, strict=True)) + word[ends[-1] :]
