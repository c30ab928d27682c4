"""How well each item fits each topic: signals blended and calibrated so that 0.5 means "file it here" (pure).

Signals of a pair: likeness to the topic's queries and description, unlikeness to its near misses, a linear model on the
vector and on words, its lead over the best other topic, the topic's phrases in title and abstract, and words of a field
that a method may merely be applied to. The blend is a logistic regression (benchmarks/train_topics.py) whose weights
ship as data; a topic or a model it never saw falls back to the same signals set against the month's own spread.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from ranking import lexical
from ranking.embedder import Vectors
from ranking.guide import Guide, Owners
from ranking.words import Texts as Texts
from ranking.words import Vocabulary
from roadmap.model import Roadmap

Fits = NDArray[np.float32]  # items x topics, in [0, 1]
SIGNALS = ("queries", "description", "miss", "linear", "lead", "words", "applied")
LINEAR, LEAD, WORDS, APPLIED = (SIGNALS.index(name) for name in ("linear", "lead", "words", "applied"))
TOP_QUERIES = 3
MOST = 8.0  # logits: surer than this a linear model is not believed
FURTHEST = 6.0  # logits of a lead
BLEND_FILE = "blend.npz"


@dataclass(frozen=True)
class Blend:
    """Trained weights: a linear model per topic on vector and words, one weight a signal, one offset a topic."""

    model: str  # the embedding model they hold for
    topics: tuple[str, ...]
    heads: Vectors = field(repr=False)  # topics x dimensions
    head_bias: NDArray[np.float32] = field(repr=False)
    terms: tuple[str, ...] = field(repr=False)
    rarity: NDArray[np.float32] = field(repr=False)  # one a term
    term_heads: NDArray[np.float32] = field(repr=False)  # terms x topics
    weights: NDArray[np.float32] = field(repr=False)  # topics x signals
    bias: NDArray[np.float32] = field(repr=False)  # one a topic

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Give the terms ready to read texts."""
        return Vocabulary(self.terms, self.rarity)

    @property
    def fingerprint(self) -> str:
        """Name these weights by what they are, so that new ones rank everything anew."""
        arrays = (self.heads, self.head_bias, self.rarity, self.term_heads, self.weights, self.bias)
        parts = ("\n".join(self.terms).encode(), *(array.tobytes() for array in arrays))
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]

    def linear(self, texts: Sequence[Texts], vectors: Vectors) -> NDArray[np.float32]:
        """Give the linear models' logits: items x `topics`, within MOST."""
        by_words = np.asarray(self.vocabulary.rows(texts) @ self.term_heads, np.float32)
        return np.asarray(np.clip(vectors @ self.heads.T + by_words + self.head_bias, -MOST, MOST), np.float32)


@cache
def packaged_blend() -> Blend:
    """Read the trained weights that ship with the program."""
    with resources.files("ranking").joinpath("weights", BLEND_FILE).open("rb") as file, np.load(file) as data:
        return Blend(
            model=str(data["model"]),
            topics=tuple(str(t) for t in data["topics"]),
            heads=data["heads"].astype(np.float32),
            head_bias=data["head_bias"],
            terms=tuple(data["terms"].tobytes().decode().split("\n")),
            rarity=data["rarity"].astype(np.float32),
            term_heads=data["term_heads"].astype(np.float32) * data["term_scale"],
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
    linear = _linear(texts, vectors, guide, blend)
    parts = [
        _top_mean(vectors @ guide.queries.T, guide.query_owner, len(guide.topics)),
        vectors @ guide.descriptions.T,
        _largest(vectors @ guide.misses.T, guide.miss_owner, len(guide.topics)),
        linear,
        lead(linear),
        *_words(texts, guide, roadmap),
    ]
    return np.stack(parts, axis=2).astype(np.float32)


def lead(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell how far each topic stands before the best other one (negative: behind it), within FURTHEST."""
    if scores.shape[1] < 2:
        return np.zeros_like(scores)
    ordered = np.partition(scores, -2, axis=1)
    best, second = ordered[:, -1:], ordered[:, -2:-1]
    ahead = scores - np.where(scores >= best, second, best)
    return np.asarray(np.clip(ahead, -FURTHEST, FURTHEST), dtype=np.float32)


def by_spread(pair: NDArray[np.float32]) -> NDArray[np.float32]:
    """Judge one topic without trained weights: how far an item stands out of the month's spread, plus its words.

    Likeness to queries and description less a part of the likeness to near misses, in robust standard deviations;
    2.5 of them without a phrase, or 1.5 with a proving one, are the line.
    """
    raw = pair[:, 0] * 0.6 + pair[:, 1] * 0.4 - 0.3 * pair[:, 2] - 0.05 * pair[:, APPLIED]
    middle = np.median(raw)
    spread = 1.4826 * np.median(np.abs(raw - middle)) or 1.0
    return _sigmoid(2.0 * ((raw - middle) / max(float(spread), 0.03) - 2.5 + 1.2 * pair[:, WORDS]))


def _linear(texts: Sequence[Texts], vectors: Vectors, guide: Guide, blend: Blend | None) -> NDArray[np.float32]:
    # What the models never learned is no rival to what they did.
    result = np.full((len(vectors), len(guide.topics)), -MOST, dtype=np.float32)
    if blend is None or not len(texts):
        return result
    known = {topic: i for i, topic in enumerate(blend.topics)}
    columns = [column for column, topic in enumerate(guide.topics) if topic in known]
    result[:, columns] = blend.linear(texts, vectors)[:, [known[guide.topics[column]] for column in columns]]
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
        own = likeness[:, owner == topic]
        kept = min(TOP_QUERIES, own.shape[1])
        result[:, topic] = np.partition(own, -kept, axis=1)[:, -kept:].mean(axis=1) if kept else 0.0
    return result


def _largest(likeness: Vectors, owner: Owners, topics: int) -> NDArray[np.float32]:
    result = np.zeros((len(likeness), topics), dtype=np.float32)
    for topic in range(topics):
        own = likeness[:, owner == topic]
        result[:, topic] = own.max(axis=1) if own.shape[1] else 0.0
    return result


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), dtype=np.float32)
