"""Words as evidence: which of a topic's phrases stand in a title or abstract, and the words to quote (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from roadmap.model import Phrase

ABSTRACT_WEIGHT = 0.6  # a phrase in the abstract says less than one in the title
QUOTE_WORDS = 9
_CLAUSE = re.compile(r"(?<=[.;:!?])\s+")


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that was found, where, and the words around it exactly as they stand there."""

    weight: float
    quote: str
    field: str  # title | abstract


def score(title: str, abstract: str | None, phrases: Sequence[Phrase]) -> float:
    """Join the phrases' weights as independent evidence: 0 where none is found, towards 1 for several."""
    doubt = 1.0
    for phrase in phrases:
        pattern = _pattern(phrase.text)
        if pattern.search(title):
            doubt *= 1 - 0.9 * phrase.weight
        elif abstract and pattern.search(abstract):
            doubt *= 1 - ABSTRACT_WEIGHT * phrase.weight
    return 1 - doubt


def best_match(title: str, abstract: str | None, phrases: Sequence[Phrase]) -> Match | None:
    """Find the strongest phrase, the title first among equals, and quote its surroundings verbatim."""
    found: Match | None = None
    for phrase in phrases:
        for field, text, factor in (("title", title, 1.0), ("abstract", abstract or "", 0.95)):
            match = _pattern(phrase.text).search(text)
            if match and (found is None or phrase.weight * factor > found.weight):
                found = Match(phrase.weight * factor, quote(text, match.start(), match.end()), field)
    return found


def quote(text: str, start: int, end: int) -> str:
    """Cut whole words around a place in a text, within its clause; the result stands verbatim in the text."""
    left = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    spans = [m.span() for m in re.finditer(r"\S+", text[left:right])]
    inside = [i for i, (a, b) in enumerate(spans) if b > start - left and a < end - left]
    first, last = _widen(inside[0], inside[-1], len(spans))
    cut = text[left + spans[first][0] : left + spans[last][1]]
    return _whole_maths(cut.strip(" ,;:.()"), text[start:end])


def _widen(first: int, last: int, total: int) -> tuple[int, int]:
    """Grow a range of words to the length of a quote, both sides in turn, forwards first."""
    while last - first + 1 < min(QUOTE_WORDS, total):
        if last + 1 < total:
            last += 1
        if first > 0 and last - first + 1 < QUOTE_WORDS:
            first -= 1
    return first, last


def _whole_maths(cut: str, phrase: str) -> str:
    """Never quote half a formula: with an odd number of dollar signs only the phrase itself is quoted."""
    return phrase if cut.count("$") % 2 else cut


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    words = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", phrase))
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
