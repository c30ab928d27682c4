"""Learns what editors choose: the weights that ranking.editors ships, from public picks and public votes.

Two questions, each asked within a span of time, so that neither can be answered by the fashion of another time: among
the papers that readers voted for, which did the editors pick; and among all papers of a month, which did readers list.
Each is answered by a linear model on the vector and one on words, and all four are added. (Asked at once, picks of 2024
against all papers of 2026, a model learns the year: it puts old papers first that nobody picked.) Picks that the corpus
does not hold teach by the words of their titles alone, beside the titles of what was passed over.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from benchmarks import corpus, embedded
from benchmarks.heads import choose_terms
from ranking.editors import TASTE_FILE, Taste
from ranking.embedder import PACKAGED, SentenceTransformerEmbedder
from ranking.words import Rows, Texts, Vocabulary

Array = NDArray[np.float32]
TERMS = 8_000  # the most frequent ones
RIDGE = 0.3  # inverse strength of the ridge on vectors
PICKED_WORDS, LISTED_WORDS = 1.0, 0.1  # the same on words, by question
LISTED = 0.6  # weight of the second question beside the first
BY_VECTOR = 0.6  # weight of the models on vectors beside those on words
DENSE = (
    "2506",
    "2602",
    "2604",
    "2606",
)  # months of which the corpus holds nearly all, embedded for the second question
TURN = "2407"  # picks are set against what was passed over in the same span: before this month, or from it on
SHARES = (1, 0.9, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.025, 0.01, 5e-3, 2.5e-3, 1e-3, 5e-4, 2e-4, 1e-4)
# The newsletter shortens titles: its habits of writing are not to be learned.
_LONG = re.compile(r"large language model", re.IGNORECASE)
_TOLD = re.compile(r"\s+-\s.*|\s+(?:Provides|Introduces|Proposes|Shows that|Claims that|This work|Aims to)\s.*")


@dataclass(frozen=True, slots=True)
class Question:
    """Papers that were chosen, papers that were not, and chosen ones of which only the title is known."""

    chosen: tuple[str, ...]
    passed: tuple[str, ...]
    named: tuple[str, ...] = ()

    def asked(self) -> tuple[list[str], NDArray[np.bool_]]:
        """Give all papers with a text, and which of them were chosen."""
        return [*self.chosen, *self.passed], np.array([True] * len(self.chosen) + [False] * len(self.passed))

    def by_title(self) -> tuple[list[str], NDArray[np.bool_]]:
        """Give those of which the title is compared: nothing where none is known by title alone."""
        passed = self.passed if self.named else ()
        return [*self.named, *passed], np.array([True] * len(self.named) + [False] * len(passed), bool)


@dataclass(frozen=True)
class Shelf:
    """What models read: unit vectors and words of papers, words of titles."""

    vectors: Mapping[str, Array]
    texts: Mapping[str, Texts]
    titles: Mapping[str, str]  # of picks that have no text

    @cached_property
    def terms(self) -> tuple[tuple[str, ...], Array]:
        """Choose the vocabulary by how often terms stand in texts, whoever chose them, and say how rare each is."""
        return choose_terms([f"{text.title} {text.abstract}" for text in self.texts.values()], TERMS)

    @cached_property
    def _words(self) -> tuple[dict[str, int], Rows]:
        return {p: n for n, p in enumerate(self.texts)}, Vocabulary(*self.terms).rows(list(self.texts.values()))

    def words(self, papers: Sequence[str]) -> Rows:
        """Give the rows of some papers' words."""
        place, rows = self._words
        return rows[[place[p] for p in papers]]

    def title_words(self, papers: Sequence[str]) -> Rows:
        """Give the rows of some papers' titles, written in one way."""
        titles = [self.titles[p] if p in self.titles else self.texts[p].title for p in papers]
        return Vocabulary(*self.terms).rows([Texts(plain(title), None) for title in titles])

    def rows(self, papers: Sequence[str]) -> Array:
        """Give the vectors of some papers, one a row."""
        return np.array([self.vectors[p] for p in papers], np.float32)


@dataclass(frozen=True, slots=True)
class Direction:
    """A linear model: one weight for each dimension of a vector, one for each term."""

    vector: Array
    terms: Array

    def plus(self, other: "Direction", share: float) -> "Direction":
        """Add a share of another model."""
        return Direction(self.vector + np.float32(share) * other.vector, self.terms + np.float32(share) * other.terms)


def plain(title: str) -> str:
    """Write a title in one way, whoever wrote it: without what a newsletter tells after it, one name for LLMs."""
    return _LONG.sub("llm", _TOLD.sub("", title))


def picked(
    papers: Iterable[str], picks: Iterable[str], votes: Mapping[str, int], named: Iterable[str] = ()
) -> Question:
    """Among the voted papers of months with picks: what the editors chose, and what not."""
    chosen = set(picks)
    months = {p[:4] for p in chosen & set(votes)}
    held = sorted(papers)
    passed = (p for p in held if p in votes and p[:4] in months and p not in chosen)
    return Question(tuple(p for p in held if p in chosen), tuple(passed), tuple(sorted(named)))


def listed(papers: Iterable[str], votes: Mapping[str, int], months: Sequence[str]) -> Question:
    """Among all papers of dense months: what readers listed, and what not."""
    dense = sorted(p for p in papers if p[:4] in months)
    return Question(tuple(p for p in dense if p in votes), tuple(p for p in dense if p not in votes))


def direction(question: Question, shelf: Shelf, on_words: float) -> Direction:
    """Fit linear models that tell chosen from passed, every span counting by what was chosen in it.

    `on_words` is the inverse strength of the ridge on words.
    """
    ids, y = question.asked()
    share = even(ids, y)
    by_vector = LogisticRegression(C=RIDGE, max_iter=500).fit(shelf.rows(ids), y, sample_weight=share)
    some, z = question.by_title()
    words = sparse.vstack([shelf.words(ids), shelf.title_words(some)]) if some else shelf.words(ids)
    shares = np.r_[share, even(some, z)] if some else share
    by_words = LogisticRegression(C=on_words, max_iter=300, solver="liblinear")
    by_words.fit(_narrow(words), np.r_[y, z], sample_weight=shares)
    return Direction(*(np.asarray(model.coef_[0], np.float32) for model in (by_vector, by_words)))


def _narrow(rows: Rows) -> Any:
    """Write a sparse matrix as liblinear reads it."""
    found = sparse.csr_matrix(rows)
    found.indices, found.indptr = found.indices.astype(np.int32), found.indptr.astype(np.int32)
    return found


def span(paper: str) -> str:
    """Name the span in which a paper stands beside others: a dense month, or the time before or after the turn."""
    return paper[:4] if paper[:4] >= min(DENSE) else str(paper[:4] >= TURN)


def even(ids: Sequence[str], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weigh papers so that in each span chosen and passed count the same: then time itself teaches nothing."""
    groups: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    for n, paper in enumerate(ids):
        groups[span(paper), bool(chosen[n])].append(n)
    weights = np.zeros(len(ids))
    for (when, side), members in groups.items():
        least = len(groups.get((when, True), ()))
        weights[members] = least / len(members) if (when, not side) in groups else 0.0
    return np.asarray(weights * len(ids) / max(weights.sum(), 1e-9), dtype=np.float64)


def taste(first: Direction, second: Direction, shelf: Shelf, usual: Sequence[str]) -> Taste:
    """Join the models of both questions; the scale is that of `usual`, a usual month's papers."""
    joined = first.plus(second, LISTED)
    terms, rarity = shelf.terms
    weights = np.float32(BY_VECTOR) * joined.vector
    found = shelf.rows(usual) @ weights + shelf.words(usual) @ joined.terms
    scores = np.quantile(found, [1 - share for share in SHARES])
    shares = np.array(SHARES, np.float32)
    return Taste(PACKAGED, weights, terms, rarity, joined.terms, scores.astype(np.float32), shares)


def save(found: Taste, file: Path) -> None:
    """Write the weights, those of terms at one byte each: a hundred kilobytes."""
    scale = float(np.abs(found.term_weights).max()) / 127
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        file,
        model=np.array(found.model),
        weights=found.weights.astype(np.float16),
        terms=np.frombuffer("\n".join(found.terms).encode(), np.uint8),
        rarity=found.rarity.astype(np.float16),
        term_weights=np.round(found.term_weights / scale).astype(np.int8),
        term_scale=np.array(scale, np.float32),
        scores=found.scores,
        shares=found.shares,
    )


def wanted() -> set[str]:
    """Name the papers whose vectors are needed: picks, what was voted for beside them, the dense months."""
    votes, picks = corpus.votes(), corpus.picks()
    months = {p[:4] for p in picks if p in votes}
    return set(picks) | {p for p in votes if p[:4] in months} | set().union(*(corpus.month(m) for m in DENSE))


def shelf_of(papers: Mapping[str, corpus.Paper], vectors: Mapping[str, Array]) -> Shelf:
    """Make the shelf of papers with an abstract, and the titles of picks beyond it."""
    texts = {p: Texts(paper.title, paper.abstract) for p, paper in papers.items() if paper.abstract}
    return Shelf(vectors, texts, {p: title for p, title in corpus.pick_titles().items() if p not in texts})


def main() -> None:
    """Read picks and votes, embed what they name (kept in a cache), train, write."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, default=TASTE_FILE)
    options = args.parse_args()
    papers = {p: paper for p, paper in corpus.papers(wanted()).items() if paper.abstract}
    shelf, votes = shelf_of(papers, embedded.vectors(papers, SentenceTransformerEmbedder())), corpus.votes()
    first = picked(papers, corpus.picks(), votes, shelf.titles)
    second = listed(papers, votes, DENSE)
    both = direction(first, shelf, PICKED_WORDS), direction(second, shelf, LISTED_WORDS)
    save(taste(*both, shelf, [p for p in sorted(papers) if p[:4] in DENSE]), options.out)
    picks = f"{len(first.chosen):,} picks, {len(first.named):,} more by title"
    print(f"{picks}, {len(second.chosen):,} listed papers -> {options.out.name}")


if __name__ == "__main__":
    main()
