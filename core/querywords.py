"""What a query says in words: those looked for, those that only ask, and the phrases that it holds (pure)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

MOST = 24  # words of one query that count
LONGEST = 100  # characters of a word that count
PHRASES = 4  # phrases of one query that count
TITLE_WORDS = 3  # words of a query that, all in one title, are taken for part of it
TITLES = 5  # more titles than this with all the words are a subject, not a title half remembered
_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile('"([^"]+)"|“([^“”]+)”')
_COMMON = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "that", "the")
) | {"this", "to", "via", "we", "with"}
_ASKED = (
    "how do does did can could should would will what when where which who why there about into has have had was were "
    "i me my you your our any some"
)
_ASKING = frozenset(_ASKED.split())
_WORKING = frozenset(("work", "works"))  # only ask as well: how does it work
_JOINTS = frozenset(("to", "of", "in", "on", "as", "at"))  # begin what makes one word of two: text to speech
_LEADING = frozenset(("in", "on", "at"))  # and of one: on policy, in the wild


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a query that stand together, with the commonest among them."""

    words: tuple[str, ...]
    quoted: bool = False


def terms_of(words: str) -> list[str]:
    """Cut a query into the words that are looked for: each once, the commonest left out unless nothing else is said."""
    terms = list({term.casefold(): term for term in _words(words)}.values())
    rarer = [term for term in terms if not _is_common(term)]
    return (rarer or terms)[:MOST]


def telling(terms: Sequence[str]) -> list[str]:
    """Leave out the words that only ask, unless nothing else is said."""
    asked = {term.lower() for term in terms}
    asking = _ASKING | _WORKING if asked & {"how", "why"} else _ASKING
    return [term for term in terms if term.lower() not in asking] or list(terms)


def phrases(words: str) -> list[Phrase]:
    """List what a query quotes, and each of its words that small words join (text to speech, on policy)."""
    quoted = [tuple(_words(match[1] or match[2])) for match in _QUOTED.finditer(words)]
    said = [one for part in _QUOTED.sub("\n", words).split("\n") for one in _joined(_words(part))]
    both = [*(Phrase(one, quoted=True) for one in quoted if len(one) > 1), *map(Phrase, said)]
    return list(dict.fromkeys(both))[:PHRASES]


def _joined(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Give each word with the small words before it, and the word before these where one is."""
    runs = [(common, list(run)) for common, run in groupby(_told(words), key=_is_common)]
    for place, (common, run) in enumerate(runs[:-1]):
        first = run[0].lower()
        if common and first in (_JOINTS if place else _LEADING):
            before = runs[place - 1][1][-1:] if place else []
            yield (*before, *run, runs[place + 1][1][0])


def _told(words: Sequence[str]) -> Sequence[str]:
    """Leave out the words that ask at the beginning, with the common ones there that lead no phrase."""
    for place, word in enumerate(words):
        plain = word.lower()
        if plain not in _ASKING and (plain in _LEADING or not _is_common(word)):
            return words[place:]
    return ()


def _is_common(word: str) -> bool:
    return word.lower() in _COMMON


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFC", text[: MOST * LONGEST * 2])
    return [word[:LONGEST] for word in _WORD.findall(plain)]
