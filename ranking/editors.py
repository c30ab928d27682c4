"""How alike a paper is to what the editors of a weekly newsletter chose: one linear model on vector and words (pure).

The weights are learned offline by benchmarks/train_picks.py and ship as data; they hold for one embedding model.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ranking.words import Texts, Vocabulary

Array = NDArray[np.float32]
TASTE_FILE = Path(__file__).parent / "weights" / "editors.npz"
BEST = 0.0001  # the share from which likeness does not grow
STRIKING = 0.2  # the share of papers from which a reader may be told so


@dataclass(frozen=True)
class Taste:
    """A linear model and its scale: the score that each share of a month's papers reaches at least.

    `shares` are shares of papers, falling from 1 to 0, and `scores` rise with them; between two, one interpolates.
    """

    model: str  # the embedding model it holds for
    weights: Array = field(repr=False)  # one for each dimension of a vector
    terms: tuple[str, ...] = field(repr=False)
    rarity: Array = field(repr=False)
    term_weights: Array = field(repr=False)
    scores: Array = field(repr=False)
    shares: Array = field(repr=False)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Give what turns texts into rows of the terms."""
        return Vocabulary(self.terms, self.rarity)

    @cached_property
    def fingerprint(self) -> str:
        """Name these weights by what they are, so that new ones rank everything anew."""
        parts = (self.weights, self.rarity, self.term_weights, self.scores, self.shares)
        said = b"".join(part.tobytes() for part in parts) + "\n".join(self.terms).encode()
        return hashlib.sha256(said).hexdigest()[:8]

    def score(self, texts: Sequence[Texts], vectors: Array) -> Array:
        """Score papers, one text and one unit row each; only the order means something."""
        by_words = self.vocabulary.rows(texts) @ self.term_weights
        return np.asarray(vectors @ self.weights + by_words, np.float32)

    def rank_shares(self, texts: Sequence[Texts], vectors: Array) -> list[float]:
        """Give for each paper the share of a usual month's papers that are at least as alike, in (0, 1]."""
        if not texts:
            return []
        return [float(share) for share in np.interp(self.score(texts, vectors), self.scores, self.shares)]


@cache
def shipped() -> Taste:
    """Read the weights that ship with the program."""
    with np.load(TASTE_FILE) as data:
        return Taste(
            model=str(data["model"]),
            weights=data["weights"].astype(np.float32),
            terms=tuple(data["terms"].tobytes().decode().split("\n")),
            rarity=data["rarity"].astype(np.float32),
            term_weights=data["term_weights"].astype(np.float32) * np.float32(data["term_scale"]),
            scores=data["scores"].astype(np.float32),
            shares=data["shares"].astype(np.float32),
        )


def likeness(share: float) -> float:
    """Turn that share into a number from 0 to 1: each halving adds the same, and the best in ten thousand have 1."""
    return min(1.0, max(0.0, math.log(max(share, BEST)) / math.log(BEST)))
