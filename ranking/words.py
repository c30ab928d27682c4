"""Words as numbers: how much a text speaks by each term of a fixed vocabulary, as a sparse row (pure).

A term is one word or two in a row. Its count is damped (1 + ln) and weighed by its rarity, rows have length 1 (TF-IDF
with sublinear counts: Manning, Raghavan & Schuetze, Introduction to Information Retrieval, 6.4.1); the title is
heard once more for itself, since it is what a paper says of itself in ten words.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

TITLE_SHARE = 0.5
Rows: TypeAlias = Any  # scipy.sparse.csr_array, texts x terms, float32; SciPy says no types
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of an item; the abstract may be unknown."""

    title: str
    abstract: str | None


class Vocabulary:
    """The terms that count and how rare each is; turns texts into rows."""

    def __init__(self, terms: Sequence[str], rarity: NDArray[np.float32]) -> None:
        """Take the terms (`terms_of` says how they are written) and one weight each, inverse document frequency."""
        self.terms = tuple(terms)
        self._place = {term: place for place, term in enumerate(terms)}
        self.rarity = rarity

    def rows(self, texts: Sequence[Texts]) -> Rows:
        """Give a row of length 1 for each text; a text without any known term gets an empty row."""
        titles = self._weighed([terms_of(text.title) for text in texts])
        whole = self._weighed([terms_of(f"{text.title} {text.abstract or ''}") for text in texts])
        return _unit(whole + TITLE_SHARE * titles)

    def _weighed(self, found: Sequence[Iterable[str]]) -> Rows:
        counts = [Counter(place for place in map(self._place.get, terms) if place is not None) for terms in found]
        ends = np.cumsum([0, *map(len, counts)], dtype=np.int32)
        places = np.fromiter((p for count in counts for p in count), np.int32, ends[-1])
        often = np.fromiter((n for count in counts for n in count.values()), np.float32, ends[-1])
        weights = (1 + np.log(often)) * self.rarity[places]
        return _unit(sparse.csr_array((weights, places, ends), shape=(len(counts), len(self._place))))


def terms_of(text: str) -> list[str]:
    """List the terms of a text: its words in small letters, then each two in a row, joined by a space."""
    words = _WORD.findall(text.lower())
    return [*words, *map(" ".join, pairwise(words))]


def _unit(rows: Rows) -> Rows:
    lengths = np.sqrt(np.asarray(rows.power(2).sum(axis=1), np.float32)).ravel()
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    rows.data *= np.repeat(scale, np.diff(rows.indptr))
    return rows
