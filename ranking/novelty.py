"""How new a paper is: its distance from the nearest paper of the twelve months before its own (pure)."""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.months import shift

Rows = NDArray[np.float32]  # unit vectors, one a row
Cosines = NDArray[np.float32]
MONTHS = 12
LEAST_KNOWN = 2_000  # stored papers of those months; among fewer, nothing close means nothing
ALIKE, APART = 0.90, 0.50  # cosine to the nearest from which nothing is new, and below which all is
STRIKING = 0.80  # novelty from which a reader is told so
FEWEST_MONTHS = 2  # stored in full, without which a reader is told nothing


@dataclass(frozen=True, slots=True)
class Novelty:
    """How new a paper is, 0 to 1, and how many months without a gap before its own were compared in full."""

    value: float
    months: int

    @property
    def striking(self) -> bool:
        """Tell whether a reader is told that nothing close is known."""
        return self.value >= STRIKING and self.months >= FEWEST_MONTHS


def past(month: str) -> list[str]:
    """Name the twelve months before a month (YYYY-MM), oldest first."""
    return [shift(month, -back) for back in range(MONTHS, 0, -1)]


def unbroken(month: str, whole: Container[str]) -> int:
    """Count the months stored in full before a month, back to the first that is not: 0 to 12."""
    count = 0
    while count < MONTHS and shift(month, -count - 1) in whole:
        count += 1
    return count


def nearer(found: Cosines, queries: Rows, known: Rows) -> Cosines:
    """Raise each query's cosine to its nearest by what some further rows hold."""
    if not len(known) or not len(queries):
        return found
    return np.asarray(np.maximum(found, (queries @ known.T).max(axis=1)), dtype=np.float32)


def novelty(cosine: float) -> float:
    """Turn the cosine to the nearest earlier paper into novelty from 0 (one alike) to 1 (none near), by hundredths.

    Hundredths, since the last digits of a product depend on how many rows were multiplied at once.
    """
    return round(min(1.0, max(0.0, (ALIKE - cosine) / (ALIKE - APART))), 2)
