"""How new a paper is: its distance from the nearest paper of the twelve months before its own (pure)."""

import numpy as np
from numpy.typing import NDArray

from core.months import shift

Rows = NDArray[np.float32]  # unit vectors, one a row
Cosines = NDArray[np.float32]
MONTHS = 12
LEAST_KNOWN = 2_000  # stored papers of those months; among fewer, nothing close means nothing
ALIKE, APART = 0.90, 0.50  # cosine to the nearest from which nothing is new, and below which all is
STRIKING = 0.80  # novelty from which a reader is told so


def past(month: str) -> list[str]:
    """Name the twelve months before a month (YYYY-MM), oldest first."""
    return [shift(month, -back) for back in range(MONTHS, 0, -1)]


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
