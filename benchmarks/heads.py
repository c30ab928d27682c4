"""Trains a linear model for every topic at once, on vectors and words together: weighted logistic regression.

All topics share the features and each has its own answers and weights, so that one product serves them all; minimised
by L-BFGS (Liu & Nocedal 1989) from SciPy.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.optimize import minimize  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from ranking.words import Rows, terms_of

Array = NDArray[np.float32]
RIDGE = 2e-5  # of the squared weights, beside a mean loss
STEPS = 45
MOST_TERMS = 30_000  # looked at
KEPT_TERMS = 10_000  # shipped
LEAST_TEXTS = 4  # a rarer term says nothing about others
OFTENEST = 0.25  # a term in more of the texts says nothing
# How freely the parts of the model of all topics are fitted: one ridge, parts scaled.
SUBJECT_STRENGTH, DENSE, OFFSET, SPREAD = 3.0, 3.0, 2.0, 4.0


@dataclass(frozen=True, slots=True)
class Lines:
    """Linear models: dimensions x topics, terms x topics, one bias a topic."""

    vector: Array
    term: Array
    bias: Array

    def __call__(self, vectors: Array, words: Rows) -> Array:
        """Give the logits: items x topics."""
        return np.asarray(vectors @ self.vector + words @ self.term + self.bias, np.float32)


def choose_terms(texts: Sequence[str], most: int = MOST_TERMS) -> tuple[tuple[str, ...], Array]:
    """Choose the terms that stand in some texts and not in most, and say how rare each is."""
    seen = Counter(term for text in texts for term in set(terms_of(text)))
    ceiling = OFTENEST * len(texts)
    fit = sorted((-n, term) for term, n in seen.items() if LEAST_TEXTS <= n <= ceiling)[:most]
    rarity = np.array([np.log((1 + len(texts)) / (1 - n)) + 1 for n, _ in fit], np.float32)  # n is negative
    return tuple(term for _, term in fit), rarity


def telling_terms(lines: Lines, rarity: Array, kept: int = KEPT_TERMS) -> NDArray[np.int64]:
    """Give the places of the terms that weigh most for some topic, in order."""
    weight = np.abs(lines.term).max(axis=1) * rarity
    return np.sort(np.argsort(-weight, kind="stable")[:kept])


def train_lines(vectors: Array, words: Rows, answers: NDArray[np.bool_], shares: Array) -> Lines:
    """Fit all topics' linear models; `answers` and `shares` (weights of the examples) are items x topics."""
    topics, size, terms = answers.shape[1], vectors.shape[1], words.shape[1]
    sign = np.where(answers, 1, -1).astype(np.float32)
    share = shares / shares.sum(axis=0, keepdims=True)
    across = words.T.tocsr()

    def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(size + terms + 1, topics).astype(np.float32)
        lines = Lines(weights[:size], weights[size:-1], weights[-1])
        margin = sign * lines(vectors, words)
        loss = float((share * np.logaddexp(0, -margin)).sum())
        pull = -share * sign / (1 + np.exp(np.clip(margin, -30, 30)))
        slope = np.vstack([vectors.T @ pull, across @ pull, pull.sum(axis=0)[None]])
        slope[:-1] += RIDGE * weights[:-1]
        return loss + RIDGE / 2 * float(np.square(weights[:-1]).sum()), slope.astype(np.float64).ravel()

    start = np.zeros((size + terms + 1) * topics)
    options: dict[str, Any] = {"maxiter": STEPS, "maxcor": 6}
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options=options).x
    weights = found.reshape(size + terms + 1, topics).astype(np.float32)
    return Lines(weights[:size], weights[size:-1], weights[-1])


def train_subject(
    words: Rows, vectors: Array, topic: NDArray[np.int64], known: Array, answers: NDArray[np.bool_], weights: Array
) -> Array:
    """Fit one linear model for the judged pairs of all topics: a weight a term, one a dimension, and an offset.

    Each topic (a column number) has its own offset, and what the topics' models say (`known`: pairs x signals) is
    given, so that only what tells a paper on the topic from one that touches it, and they miss, is learned. The offset
    makes the mean over the pairs 0.
    """
    own = sparse.csr_array((np.full(len(topic), OFFSET, np.float32), (np.arange(len(topic)), topic)))
    parts = [words, sparse.csr_array(vectors * DENSE), own, sparse.csr_array(known / SPREAD)]
    model = LogisticRegression(C=SUBJECT_STRENGTH, max_iter=500).fit(sparse.hstack(parts, "csr"), answers, weights)
    terms, size = words.shape[1], vectors.shape[1]
    by_term, by_dimension = model.coef_[0][:terms], model.coef_[0][terms : terms + size] * DENSE
    said = words @ by_term + vectors @ by_dimension
    return np.array([*by_term, *by_dimension, -np.average(said, weights=weights)], np.float32)
