"""The order of a stage's month: near-twins folded, then worth against sameness, greedily (pure).

Maximal marginal relevance: Carbonell and Goldstein, SIGIR 1998, https://doi.org/10.1145/290941.291025
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.text import fold

LENGTH = 40
POOL = 10  # contenders looked at for each place
TWIN = 0.93  # cosine above which two papers say the same
FOLLOW_UP = 0.75  # the same where also title and authors are nearly equal
SAME_TITLE = 0.75  # words that two titles share, of all words in either
SAME_AUTHORS = 0.5  # authors that two papers share, of the shorter list
SAMENESS = 0.25  # weight of the likeness to what already stands above
SAME_TOPIC = 0.05  # cost of each paper of the same topic already above


Likeness = NDArray[np.float32]  # cosines of all pairs


@dataclass(frozen=True, slots=True)
class Heading:
    """What a paper says of itself on its first lines, folded: words of the title, names of the authors."""

    words: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()

    @classmethod
    def of(cls, title: str, authors: Sequence[str]) -> "Heading":
        """Fold a title and authors' names."""
        return cls(frozenset(fold(title).split()), frozenset(name for name in map(fold, authors) if name))


@dataclass(frozen=True, slots=True)
class Contender:
    """A paper that may enter a stage's shortlist."""

    id: str
    topic: str
    worth: float
    vector: NDArray[np.float32] = field(repr=False)
    heading: Heading = Heading()


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
    twins = folded(likeness, [c.heading for c in ranked])
    order = _diverse(ranked, likeness, list(twins), length)
    return [Place(ranked[i].id, tuple(ranked[twin].id for twin in twins[i])) for i in order]


def folded(likeness: Likeness, headings: Sequence[Heading]) -> dict[int, list[int]]:
    """Put each near-twin under the best one that says the same: leader -> twins, as places in a ranked list.

    `likeness` holds the cosines of all pairs, best-ranked first.
    """
    twins: dict[int, list[int]] = {}
    for i in range(len(likeness)):
        near = sorted((j for j in twins if likeness[i, j] >= FOLLOW_UP), key=lambda j: -likeness[i, j])
        same = (j for j in near if likeness[i, j] >= TWIN or same_work(headings[i], headings[j]))
        leader = next(same, None)
        if leader is None:
            twins[i] = []
        else:
            twins[leader].append(i)
    return twins


def same_work(one: Heading, other: Heading) -> bool:
    """Tell whether two papers look like one work told twice: nearly one title, and mostly the same authors.

    A number in which the titles differ is a version or a size, and so another work: Heron 2 is not Heron 3.
    """
    if not one.words or not one.authors or not other.authors:
        return False
    differing = one.words ^ other.words
    if any(any(c.isdigit() for c in word) for word in differing):
        return False
    titles = len(one.words & other.words) / len(one.words | other.words)
    authors = len(one.authors & other.authors) / min(len(one.authors), len(other.authors))
    return titles >= SAME_TITLE and authors >= SAME_AUTHORS


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
