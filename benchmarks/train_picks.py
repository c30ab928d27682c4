"""Learns what editors choose: the weights that ranking.editors ships, from public picks and public votes.

Two questions, each asked within months, so that neither can be answered by the fashion of a time: among the papers
that readers voted for, which did the editors pick; and among all papers of a month, which did readers list. Their
linear models are added. Titles in a newsletter are often not the papers' own, so only papers of the corpus teach.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from benchmarks import corpus, embedded
from ranking.editors import TASTE_FILE, Taste
from ranking.embedder import PACKAGED, SentenceTransformerEmbedder

Array = NDArray[np.float32]
Vectors = Mapping[str, Array]
C = 1.0  # inverse strength of the ridge
LISTED = 0.3  # weight of the second question beside the first
DENSE = ("2506", "2606")  # months of which the corpus holds nearly all, that are embedded for the second question
SHARES = (1.0, 0.9, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.025, 0.01, 0.005, 0.0025, 0.001, 0.0005)


@dataclass(frozen=True, slots=True)
class Question:
    """Papers that were chosen and papers of the same months that were not."""

    chosen: tuple[str, ...]
    passed: tuple[str, ...]

    def only(self, kept: Iterable[str]) -> "Question":
        """Ask about some of the papers alone."""
        some = set(kept)
        return Question(*(tuple(p for p in part if p in some) for part in (self.chosen, self.passed)))


def picked(papers: Iterable[str], picks: Iterable[str], votes: Mapping[str, int]) -> Question:
    """Among the voted papers of months with picks: what the editors chose, and what not."""
    chosen = set(picks)
    months = {p[:4] for p in chosen & set(votes)}
    own = sorted(p for p in papers if p in chosen)
    return Question(tuple(own), tuple(sorted(p for p in papers if p in votes and p[:4] in months and p not in chosen)))


def listed(papers: Iterable[str], votes: Mapping[str, int], months: Sequence[str]) -> Question:
    """Among all papers of dense months: what readers listed, and what not."""
    dense = sorted(p for p in papers if p[:4] in months)
    return Question(tuple(p for p in dense if p in votes), tuple(p for p in dense if p not in votes))


def direction(question: Question, vectors: Vectors) -> Array:
    """Fit a linear model that tells chosen from passed, every month counting by what was chosen in it."""
    ids = [*question.chosen, *question.passed]
    y = np.array([True] * len(question.chosen) + [False] * len(question.passed))
    x = np.array([vectors[p] for p in ids], np.float32)
    model = LogisticRegression(C=C, max_iter=500).fit(x, y, sample_weight=_even(ids, y))
    return np.asarray(model.coef_[0], np.float32)


def _even(ids: Sequence[str], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weigh papers so that in each month chosen and passed count the same: then the month itself teaches nothing."""
    groups: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    for n, paper in enumerate(ids):
        groups[paper[:4], bool(chosen[n])].append(n)
    weights = np.zeros(len(ids))
    for (month, side), members in groups.items():
        least = len(groups.get((month, True), ()))
        weights[members] = least / len(members) if (month, not side) in groups else 0.0
    return np.asarray(weights * len(ids) / max(weights.sum(), 1e-9), dtype=np.float64)


def taste(first: Array, second: Array, usual: Array) -> Taste:
    """Join the directions of both models; the scale is that of `usual`, the vectors of a usual month's papers."""
    weights = first + np.float32(LISTED) * second
    found = usual @ weights
    scores = np.quantile(found, [1 - share for share in SHARES])
    shares = np.array(SHARES, np.float32)
    return Taste(PACKAGED, weights, scores.astype(np.float32), shares)


def save(found: Taste, file: Path) -> None:
    """Write the weights at single precision: two kilobytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, model=np.array(found.model), weights=found.weights, scores=found.scores, shares=found.shares)


def wanted() -> set[str]:
    """Name the papers whose vectors are needed: picks, what was voted for beside them, the dense months."""
    votes, picks = corpus.votes(), corpus.picks()
    months = {p[:4] for p in picks if p in votes}
    return set(picks) | {p for p in votes if p[:4] in months} | set().union(*(corpus.month(m) for m in DENSE))


def main() -> None:
    """Read picks and votes, embed what they name (kept in a cache), train, write."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, default=TASTE_FILE)
    options = args.parse_args()
    papers, votes = corpus.papers(wanted()), corpus.votes()
    vectors = embedded.vectors(papers, SentenceTransformerEmbedder())
    read = {p for p in papers if papers[p].abstract}
    first, second = picked(read, corpus.picks(), votes), listed(read, votes, DENSE)
    usual = np.array([vectors[p] for p in sorted(read) if p[:4] in DENSE])
    save(taste(direction(first, vectors), direction(second, vectors), usual), options.out)
    print(f"{len(first.chosen):,} picks, {len(second.chosen):,} listed papers -> {options.out.name}")


if __name__ == "__main__":
    main()
