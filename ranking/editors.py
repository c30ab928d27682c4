"""How alike a paper is to what the editors of a weekly newsletter chose: a linear model on the vector (pure).

The weights are learned offline by benchmarks/train_picks.py and ship as data; they hold for one embedding model.
"""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TASTE_FILE = Path(__file__).parent / "weights" / "editors.npz"
BEST = 0.001  # the share from which likeness does not grow
STRIKING = 0.05  # the share of papers from which a reader is told so


@dataclass(frozen=True, slots=True)
class Taste:
    """A linear model and its scale: the score that each share of a month's papers reaches at least.

    `shares` are shares of papers, falling from 1 to 0, and `scores` rise with them; between two, one interpolates.
    """

    model: str  # the embedding model it holds for
    weights: NDArray[np.float32] = field(repr=False)
    scores: NDArray[np.float32] = field(repr=False)
    shares: NDArray[np.float32] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Name these weights by what they are, so that new ones rank everything anew."""
        parts = (self.weights, self.scores, self.shares)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:8]


@cache
def shipped() -> Taste:
    """Read the weights that ship with the program."""
    with np.load(TASTE_FILE) as data:
        return Taste(
            model=str(data["model"]),
            weights=data["weights"].astype(np.float32),
            scores=data["scores"].astype(np.float32),
            shares=data["shares"].astype(np.float32),
        )


def rank_share(vector: NDArray[np.float32], taste: Taste) -> float:
    """Give the share of a usual month's papers that are at least as alike to the editors' choice, in (0, 1]."""
    return float(np.interp(float(vector @ taste.weights), taste.scores, taste.shares))


def likeness(share: float) -> float:
    """Turn that share into a number from 0 to 1: each halving adds the same, and the best in a thousand have 1."""
    return min(1.0, max(0.0, math.log(max(share, BEST)) / math.log(BEST)))
