"""The order of a stage's month: near-twins folded, then worth against sameness, greedily (pure).

Maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998, https://doi.org/10.1145/290941.291025
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LENGTH = 40
POOL = 10  # contenders looked at for each place
TWIN = 0.93  # cosine above which two papers say the same
SAMENESS = 0.25  # weight of the likeness to what already stands above
SAME_TOPIC = 0.05  # cost of each paper of the same topic already above


Likeness = NDArray[np.float32]  # cosines of all pairs


@dataclass(frozen=True, slots=True)
class Contender:
    """A paper that may enter a stage's shortlist."""

    id: str
    topic: str
    worth: float
    vector: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a shortlist, and the ids folded under it."""

    id: str
    twins: tuple[str, ...]


def shortlist(contenders: Sequence[Contender], length: int = LENGTH) -> list[Place]:
    """Order a stage's contenders, best first, each id once; ties by id, so that the order is a fixed one."""
    ranked = sorted(contenders, key=lambda c: (-c.worth, c.id))[: length * POOL]
    if not ranked:
        return []
    matrix = np.stack([c.vector for c in ranked])
    likeness = np.asarray(matrix @ matrix.T, dtype=np.float32)
    twins = _fold(likeness)
    order = _diverse(ranked, likeness, list(twins), length)
    return [Place(ranked[i].id, tuple(ranked[twin].id for twin in twins[i])) for i in order]


def _fold(likeness: Likeness) -> dict[int, list[int]]:
    """Put each near-twin under the worthiest paper it resembles: leader -> twins, as places in the ranked list."""
    twins: dict[int, list[int]] = {}
    for i in range(len(likeness)):
        leaders = list(twins)
        nearest = max(leaders, key=lambda j: likeness[i, j], default=None)
        if nearest is not None and likeness[i, nearest] >= TWIN:
            twins[nearest].append(i)
        else:
            twins[i] = []
    return twins


def _diverse(ranked: Sequence[Contender], likeness: Likeness, leaders: list[int], length: int) -> list[int]:
    """Choose greedily: worth, less the likeness to the nearest chosen, less a little for a topic already seen."""
    worths = np.array([ranked[i].worth for i in leaders])
    near = np.zeros(len(leaders))
    topics: Counter[str] = Counter()
    chosen: list[int] = []
    while len(chosen) < min(length, len(leaders)):
        crowd = np.array([topics[ranked[i].topic] for i in leaders]) * SAME_TOPIC
        gain = worths - SAMENESS * near - crowd
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        topics[ranked[leaders[best]].topic] += 1
        near = np.maximum(near, likeness[leaders[best], leaders])
    return [leaders[i] for i in chosen]
