"""Which works of the reading list prepare for a paper, the one to begin with first (pure)."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.guide import Guide
from ranking.naming import NOWHERE, TITLE, Naming
from roadmap.model import Roadmap, Work

BUILDS_ON = 0.5  # cosine to a canon work from which it is a reason ("close to")
READ_FIRST = 0.38  # and from which the work is offered as preparation
OWN_TOPIC = 0.30  # and from which the first of the paper's own topic is, where others are close


@dataclass(frozen=True, slots=True)
class Near:
    """A work beside a paper: how alike they are, whether the work is of the paper's topic, where the paper names it."""

    key: str
    likeness: float
    own: bool
    named: int  # ranking.naming

    @property
    def order(self) -> tuple[bool, bool, int, float, str]:
        """Sort what the title names first, then works of the own topic, what the abstract names first, by likeness."""
        return self.named != TITLE, not self.own, -self.named, -self.likeness, self.key


def read_first(
    vector: NDArray[np.float32],
    topic: str | None,
    guide: Guide,
    roadmap: Roadmap,
    text: Naming,
    but: Container[str] = (),
) -> list[Near]:
    """List the close canon works to prepare with, the one to begin with first, `but` some keys.

    Likeness alone is no preparation: only works of the same topic or of one it builds on are looked at, with what the
    title names of a neighbouring one, and only of the same or an earlier stage. A name in the title says most, one in
    the abstract more than likeness among works of one topic. Where none is close, none is listed.
    """
    if topic is None or not roadmap.canon:
        return []
    works = sorted(_works(guide.canon @ vector, topic, roadmap, text, but), key=lambda near: near.order)
    lead = next((near for near in works if near.own and near.likeness >= OWN_TOPIC), None)
    if not any(near.likeness >= READ_FIRST for near in works):
        return []
    return [near for near in works if near.likeness >= READ_FIRST or near is lead]


def _works(
    likeness: NDArray[np.float32], topic: str, roadmap: Roadmap, text: Naming, but: Container[str]
) -> list[Near]:
    """Look at works of the topic and of those it builds on, and at what the title names of a neighbour of it."""
    known = roadmap.topics[topic]
    topics = {topic, *known.prerequisites}
    works = [
        (work.topic, _near(work, float(cosine), topic, text))
        for work, cosine in zip(roadmap.canon, likeness, strict=True)
        if work.topic in topics.union(known.neighbours) and work.stage <= known.stage and work.key not in but
    ]
    return [near for of, near in works if of in topics or (near.named == TITLE and near.likeness >= READ_FIRST)]


def _near(work: Work, likeness: float, topic: str, text: Naming) -> Near:
    """Look a work up in the text only where it may be listed at all."""
    named = text.of(work) if likeness >= OWN_TOPIC else NOWHERE
    return Near(work.key, likeness, work.topic == topic, named)


def closest(works: Sequence[Near]) -> bool:
    """Tell whether the first work is so close that it is a reason: named, or no other that was looked at is closer."""
    if not works or works[0].likeness < BUILDS_ON:
        return False
    return works[0].named != NOWHERE or works[0].likeness == max(near.likeness for near in works)
