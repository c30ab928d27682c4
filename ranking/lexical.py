"""Words as evidence: which of a topic's phrases stand in a title or abstract, and the words to quote (pure)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from ranking.words import Rows, Texts
from roadmap.model import Phrase

TITLE_WEIGHT = 0.9
ABSTRACT_WEIGHT = 0.6  # a phrase in the abstract says less than one in the title
QUOTE_WORDS = 9
PROVES = 0.9  # weight from which a phrase in the title is a reason by itself
FRESH, PRINTED = 1.25, 0.95  # what quoted words count that a summary leaves out, or has; those of a title are 1
_WORD = re.compile(r"\w+")
_SPACED = re.compile(r"\S+")
_SIGN = re.compile(r"(?<!\w)[^\w\s-]|[^\w\s-](?!\w)")  # not between two letters or figures, as in c++, f#, .net
_CLAUSE = re.compile(r"(?<=[.;:!?])\s+")
_STOP = re.compile(r"(?<=[.;!?])\s+")  # a colon may lead to an address
_ADDRESS = re.compile(r"://|\bwww\.|\w\.[a-z]{2,6}/\w", re.IGNORECASE)  # what makes a word one


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that was found, where, and the words around it exactly as they stand there."""

    weight: float
    quote: str
    field: str  # title | abstract


class PhraseIndex:
    """All topics' phrases in one table of word sequences, so that a text is read once whatever their number.

    Reading (`rows`) looks for words alone; what they weigh comes after (`scores`), so that other weights need no text.
    """

    def __init__(self, phrases: Sequence[Sequence[Phrase]]) -> None:
        """Take the phrases of each topic, in the order of topics that `scores` answers in."""
        said = [(topic, _key(p.text), p.weight) for topic, some in enumerate(phrases) for p in some]
        self.known = tuple(dict.fromkeys(key for _, key, _ in said))
        self._places = {key: place for place, key in enumerate(self.known)}
        self._lengths: dict[str, set[int]] = {}  # of the phrases that begin with a word
        self._written: dict[str, list[str]] = {}  # the phrases with signs that have the same words
        for key in self.known:
            words = _words(key)
            self._lengths.setdefault(words[0] if words else "", set()).add(len(words))
            if _SIGN.search(key):
                self._written.setdefault(" ".join(words), []).append(key)
        self._doubt = np.zeros((2 * len(self.known), len(phrases)), np.float32)
        for topic, key, weight in said:
            for row, factor in ((0, TITLE_WEIGHT), (len(self.known), ABSTRACT_WEIGHT)):
                self._doubt[row + self._places[key], topic] += np.log1p(-factor * weight)

    def rows(self, texts: Sequence[Texts]) -> Rows:
        """Mark the phrases in each text, texts x twice the phrases: first those in titles, then in abstracts alone."""
        found = [self._of(text) for text in texts]
        ends = np.cumsum([0, *map(len, found)], dtype=np.int32)
        places = np.fromiter((place for some in found for place in some), np.int32, ends[-1])
        marks = np.ones(len(places), np.float32)
        return sparse.csr_array((marks, places, ends), shape=(len(texts), 2 * len(self.known)))

    def scores(self, rows: Rows) -> NDArray[np.float32]:
        """Join each topic's phrases as independent evidence, texts x topics: 0 where none is, towards 1 for several."""
        return np.asarray(-np.expm1(rows @ self._doubt), np.float32)

    def _of(self, text: Texts) -> list[int]:
        in_title = self._found(text.title)
        in_abstract = self._found(text.abstract) - in_title if text.abstract else set()
        return sorted([*in_title, *(len(self.known) + place for place in in_abstract)])

    def _found(self, text: str) -> set[int]:
        words = _words(text)
        begun = ((n, lengths) for n, word in enumerate(words) if (lengths := self._lengths.get(word)))
        sequences = {" ".join(words[n : n + length]) for n, lengths in begun for length in lengths}
        written = (key for words in sequences & self._written.keys() for key in self._written[words])
        found = (sequences & self._places.keys()) | {key for key in written if _pattern(key).search(text)}
        return {self._places[key] for key in found}


def _key(phrase: str) -> str:
    """Name a phrase by its words, or as it is written where signs make it another one: c is not c++."""
    return phrase if _SIGN.search(phrase) else " ".join(_words(phrase))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def best_match(title: str, own: str | None, phrases: Sequence[Phrase], printed: str = "") -> Match | None:
    """Find the strongest phrase in the title and in what an abstract says of its own work; quote its surroundings.

    Words that a reader does not see yet count more, those of the summary (`printed`) less than those of the title. Who
    reads the title sees a phrase in it: it is quoted alone where it nearly proves the topic.
    """
    weighed = [(_rank(match, printed), match) for match in _matches(title, own or "", phrases)]
    return max(weighed, key=lambda pair: pair[0])[1] if weighed else None


def _matches(title: str, own: str, phrases: Sequence[Phrase]) -> Iterator[Match]:
    """List what may be quoted, the phrases in the order of the topic; places in the order of the text."""
    for phrase in phrases:
        spans = _said(phrase.text, title) if phrase.weight >= PROVES else ()
        yield from (Match(phrase.weight, quote(title, *span), "title") for span in spans)
        yield from (Match(phrase.weight, quote(own, *span), "abstract") for span in _said(phrase.text, own))


def _rank(match: Match, printed: str) -> float:
    if match.field == "title":
        return match.weight
    return match.weight * (PRINTED if match.quote in printed else FRESH)


def _said(phrase: str, text: str) -> Iterator[tuple[int, int]]:
    """Find where a text says a phrase; what stands within a web address, or leads to one, is not said."""
    spans = (match.span() for match in _pattern(phrase).finditer(text))
    return (span for span in spans if not _ADDRESS.search(_word_at(text, span[0])) and not _leads(text, span))


def _leads(text: str, span: tuple[int, int]) -> bool:
    """Tell whether a clause soon goes on to a web address, as "The leaderboard is available at"; in brackets, none."""
    right = next((m.start() for m in _STOP.finditer(text, span[1])), len(text))
    after = islice(_SPACED.finditer(text, span[1], right), QUOTE_WORDS)
    return any(_ADDRESS.search(word.group()) and not word.group().startswith("(") for word in after)


def _word_at(text: str, place: int) -> str:
    return next(word.group() for word in _SPACED.finditer(text) if word.end() > place)


def quote(text: str, start: int, end: int) -> str:
    """Cut whole words around a place in a text, within its clause and beside addresses; they stand so in the text."""
    left = max((m.end() for m in _CLAUSE.finditer(text, 0, start)), default=0)
    right = next((m.start() for m in _CLAUSE.finditer(text, end)), len(text))
    spans = _beside_addresses(text, [m.span() for m in _SPACED.finditer(text, left, right)], start, end)
    inside = [i for i, (a, b) in enumerate(spans) if b > start and a < end]
    first, last = _widen(inside[0], inside[-1], len(spans))
    begin, finish = _whole_brackets(text, spans[first][0], spans[last][1], start, end)
    begin, finish = _bare(text, begin, finish, start, end)
    return _whole_maths(text[left:begin], text[begin:finish], text[start:end])


def _beside_addresses(text: str, spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Keep the words around a place up to the nearest web address on both sides: nobody quotes one."""
    addresses = [(a, b) for a, b in spans if _ADDRESS.search(text, a, b)]
    left = max((b for _, b in addresses if b <= start), default=0)
    right = min((a for a, _ in addresses if a >= end), default=len(text))
    return [(a, b) for a, b in spans if left <= a and b <= right]


def _widen(first: int, last: int, total: int) -> tuple[int, int]:
    """Grow a range of words to the length of a quote, both sides in turn, forwards first."""
    while last - first + 1 < min(QUOTE_WORDS, total):
        if last + 1 < total:
            last += 1
        if first > 0 and last - first + 1 < QUOTE_WORDS:
            first -= 1
    return first, last


def _whole_brackets(text: str, begin: int, finish: int, start: int, end: int) -> tuple[int, int]:
    """Narrow a cut around a phrase so that it neither begins nor ends within a bracket, unless all of it is in one."""
    for opens, closes in _brackets(text):
        if opens <= begin <= closes < start:  # also one that the cut begins with
            begin = closes + 1
        elif begin <= opens < start and finish <= closes:
            begin = opens + 1
        elif opens < begin and end <= closes < finish:
            finish = closes
        elif end <= opens < finish <= closes:
            finish = opens
    return begin, finish


def _brackets(text: str) -> Iterator[tuple[int, int]]:
    """Find the brackets that are closed, inner ones first; those of a list, as in 1) and 2), are none."""
    opened: list[int] = []
    for sign in re.finditer(r"[()]", text):
        if sign[0] == "(":
            opened.append(sign.start())
        elif opened:
            yield opened.pop(), sign.start()


def _bare(text: str, begin: int, finish: int, start: int, end: int) -> tuple[int, int]:
    """Leave off points at both ends and brackets without their other half, but nothing of the phrase."""
    whole = {begin + place for pair in _brackets(text[begin:finish]) for place in pair}
    kept = [
        place
        for place in range(begin, finish)
        if start <= place < end or text[place] not in " ,;:.()" or place in whole
    ]
    return kept[0], kept[-1] + 1


def _whole_maths(before: str, cut: str, phrase: str) -> str:
    """Never quote half a formula: where the cut begins or ends inside one, only the phrase itself is quoted."""
    return phrase if before.count("$") % 2 or cut.count("$") % 2 else cut


@lru_cache(maxsize=4096)
def _pattern(phrase: str) -> re.Pattern[str]:
    """Look for whole words; a sign at an end may stand against a word, as in C++17 or ASP.NET."""
    words = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", phrase))
    before = r"(?<!\w)" if re.match(r"\w", phrase) else ""
    after = r"(?!\w)" if re.search(r"\w$", phrase) else ""
    return re.compile(before + words + after, re.IGNORECASE)
