"""How well each item fits each topic: signals blended and calibrated so that 0.5 means "file it here" (pure).

Signals of a pair: likeness to the topic's queries and description, unlikeness to its near misses, the lead over the
best other topic, a linear model on the vector, the topic's phrases in title and abstract, and words of a field that a
method may merely be applied to. The blend is a logistic
regression (benchmarks/train_topics.py) whose weights ship as data; a topic or a model it never saw falls back to the
same signals set against the month's own spread.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ranking import lexical
from ranking.embedder import Vectors
from ranking.guide import Guide, Owners
from roadmap.model import Roadmap

Fits = NDArray[np.float32]  # items x topics, in [0, 1]
SIGNALS = ("queries", "description", "miss", "lead", "linear", "words", "applied")
TOP_QUERIES = 3
BLEND_FILE = "blend.npz"


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of an item; the abstract may be unknown."""

    title: str
    abstract: str | None


@dataclass(frozen=True, slots=True)
class Blend:
    """Trained weights: a linear model per topic on the vector, one weight a signal, one offset a topic."""

    model: str  # the embedding model they hold for
    topics: tuple[str, ...]
    heads: Vectors = field(repr=False)  # topics x dimensions
    head_bias: NDArray[np.float32] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)  # topics x signals
    bias: NDArray[np.float32] = field(repr=False)  # one a topic

    @property
    def fingerprint(self) -> str:
        """Name these weights by what they are, so that new ones rank everything anew."""
        parts = (self.heads, self.head_bias, self.weights, self.bias)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:12]


@cache
def packaged_blend() -> Blend:
    """Read the trained weights that ship with the program."""
    with resources.files("ranking").joinpath("weights", BLEND_FILE).open("rb") as file, np.load(file) as data:
        return Blend(
            model=str(data["model"]),
            topics=tuple(str(t) for t in data["topics"]),
            heads=data["heads"].astype(np.float32),
            head_bias=data["head_bias"],
            weights=data["weights"],
            bias=data["bias"],
        )


def fits(texts: Sequence[Texts], vectors: Vectors, guide: Guide, roadmap: Roadmap, blend: Blend | None) -> Fits:
    """Score every item against every topic: items x topics, in the guide's order of topics."""
    stack = signals(texts, vectors, guide, roadmap, blend)
    known = {topic: i for i, topic in enumerate(blend.topics)} if blend else {}
    result = np.zeros((len(texts), len(guide.topics)), dtype=np.float32)
    for column, topic in enumerate(guide.topics):
        pair = stack[:, column, :]
        if blend is not None and topic in known:
            row = known[topic]
            result[:, column] = _sigmoid(pair @ blend.weights[row] + blend.bias[row])
        else:
            result[:, column] = by_spread(pair)
    return result


def signals(
    texts: Sequence[Texts], vectors: Vectors, guide: Guide, roadmap: Roadmap, blend: Blend | None
) -> NDArray[np.float32]:
    """Compute the signals: items x topics x SIGNALS, float32."""
    likeness = _top_mean(vectors @ guide.queries.T, guide.query_owner, len(guide.topics))
    parts = [
        likeness,
        vectors @ guide.descriptions.T,
        _largest(vectors @ guide.misses.T, guide.miss_owner, len(guide.topics)),
        _lead(likeness),
        _linear(vectors, guide, blend),
        *_words(texts, guide, roadmap),
    ]
    return np.stack(parts, axis=2).astype(np.float32)


def by_spread(pair: NDArray[np.float32]) -> NDArray[np.float32]:
    """Judge one topic without trained weights: how far an item stands out of the month's spread, plus its words.

    Likeness to queries and description less a part of the likeness to near misses, in robust standard deviations;
    2.5 of them without a phrase, or 1.5 with a proving one, are the line.
    """
    raw = pair[:, 0] * 0.6 + pair[:, 1] * 0.4 - 0.3 * pair[:, 2] - 0.05 * pair[:, 6]
    middle = np.median(raw)
    spread = 1.4826 * np.median(np.abs(raw - middle)) or 1.0
    return _sigmoid(2.0 * ((raw - middle) / max(float(spread), 0.03) - 2.5 + 1.2 * pair[:, 5]))


def _linear(vectors: Vectors, guide: Guide, blend: Blend | None) -> NDArray[np.float32]:
    result = np.zeros((len(vectors), len(guide.topics)), dtype=np.float32)
    known = {topic: i for i, topic in enumerate(blend.topics)} if blend else {}
    for column, topic in enumerate(guide.topics):
        if blend is not None and topic in known:
            row = known[topic]
            result[:, column] = np.clip(vectors @ blend.heads[row] + blend.head_bias[row], -8, 8)
    return result


def _words(texts: Sequence[Texts], guide: Guide, roadmap: Roadmap) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read each text once for both lexical signals: the topics' own phrases, and words of an applied field."""
    count = len(guide.topics)
    index = lexical.PhraseIndex([*(roadmap.topics[topic].phrases for topic in guide.topics), roadmap.applied])
    rows = np.array([index.scores(t.title, t.abstract) for t in texts], dtype=np.float32).reshape(len(texts), count + 1)
    return rows[:, :count], np.repeat(rows[:, count:], count, axis=1)


def _top_mean(likeness: Vectors, owner: Owners, topics: int) -> NDArray[np.float32]:
    """Mean of the best few queries of each topic: one lucky query is not enough, all of them too many."""
    result = np.zeros((len(likeness), topics), dtype=np.float32)
    for topic in range(topics):
        own = np.sort(likeness[:, owner == topic], axis=1)[:, -TOP_QUERIES:]
        result[:, topic] = own.mean(axis=1) if own.shape[1] else 0.0
    return result


def _largest(likeness: Vectors, owner: Owners, topics: int) -> NDArray[np.float32]:
    result = np.zeros((len(likeness), topics), dtype=np.float32)
    for topic in range(topics):
        own = likeness[:, owner == topic]
        result[:, topic] = own.max(axis=1) if own.shape[1] else 0.0
    return result


def _lead(likeness: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each topic stands before the best other one (negative: behind it)."""
    if likeness.shape[1] < 2:
        return np.zeros_like(likeness)
    ordered = np.sort(likeness, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    return np.asarray(likeness - np.where(likeness >= best, second, best), dtype=np.float32)


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), dtype=np.float32)
