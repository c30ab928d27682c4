"""As many vectors of papers as asked for: real ones of the cache, and mixtures of those where they do not suffice."""

import numpy as np

from benchmarks.embedded import CACHE
from ingest.sources.recorded import Recorded
from ranking.embedder import Vectors

DIMENSIONS = 384
NOISE = 0.012  # a number; some 0.23 of a vector's length
CLUSTERS = 2_000
WIDE = 0.04  # a number; some 0.78 of a vector's length


def many_vectors(count: int) -> Vectors:
    """Give unit rows, real ones first; the rest lies between two of them, off the line, as papers do."""
    real = real_vectors()[:count]
    if len(real) == count:
        return real
    return np.vstack([real, mixtures(real, count - len(real), np.random.default_rng(3))])


def mixtures(real: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Make unit rows that lie between two real ones, off the line."""
    first, second = rng.integers(0, len(real), (2, count))
    share = rng.uniform(0, 0.45, (len(first), 1)).astype(np.float32)
    mixed = (1 - share) * real[first] + share * real[second]
    mixed += NOISE * rng.standard_normal(mixed.shape, dtype=np.float32)
    return _unit(mixed)


def clusters(real: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Make unit rows around real ones, so wide that those of one cluster hardly differ in their distances: hard."""
    middles = real[:: max(len(real) // CLUSTERS, 1)]
    rows = middles[rng.integers(0, len(middles), count)]
    return _unit(rows + WIDE * rng.standard_normal(rows.shape, dtype=np.float32))


def real_vectors() -> Vectors:
    """Read the vectors that measuring quality has left in the cache; without any, those of the recorded month."""
    found = [np.load(file) for file in sorted(CACHE.glob("*.npy"))]
    rows = [np.asarray(part, dtype=np.float32) for part in found if part.ndim == 2 and part.shape[1] == DIMENSIONS]
    if rows:
        return _unit(np.unique(np.vstack(rows), axis=0))
    return _unit(Recorded().vectors()[2])


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
