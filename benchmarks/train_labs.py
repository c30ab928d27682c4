"""Trains what ships in ranking/weights of who publishes with which lab: `python -m benchmarks.train_labs`.

Papers whose lab is known (public labels, sure evidence, Hugging Face organisations, and those that a lab gives as its
own, `lab_papers.tsv`) give each author a history; a logistic regression with weights that are never negative learns how
far histories carry a paper, each paper weighed without itself. Then papers that the authors alone carry nearly for
certain join the histories at a lower weight, and the regression is learned once more. Of people only names, quarters of
a year and numbers of papers are kept.
"""

import argparse
import gzip
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from benchmarks import labelled_labs
from benchmarks.labelled_labs import COMPANY, ELSEWHERE, OPEN, Paper, labels, names
from ranking.affinity import (
    AFFINITY_FILE,
    FEATURES,
    Affinity,
    Histories,
    Signed,
    features,
    is_model,
    lab_shares,
    write,
    years,
)
from roadmap.load import load_roadmap

UNLABELLED = 0.05  # what a paper of unknown origin counts in a history
STILL_UNLABELLED = 0.1  # and what it counts once the papers that authors carry have joined: most are from elsewhere
BORROWED = 0.6  # what a paper counts that authors alone carry
BORROWED_FROM = 0.9  # probability from which they do: Affinity.SURE, the most it says
CROWD = 50  # signatures beyond which each says less
RIDGE = 1.0
NAMED_FROM = 0.45  # probability among papers of all origins that becomes 0.5: the figures are in docs/ranking.md

Known = Mapping[str, Mapping[str, float]]  # paper -> lab or other place -> how surely
Array = NDArray[np.float64]


def learn(papers: Mapping[str, Paper], known: Known, labs: Set[str]) -> Affinity:
    """Learn histories and weights from papers whose origin is known; every other paper of the corpus dilutes.

    What labs give as their own papers joins, up to the month of the last paper known: nothing is learned from later.
    What a model signs is no sign of where its other authors work, and stays out of the histories that are kept.
    """
    known = {**_own(papers, max(papers[number].day for number in known)), **known}
    first = _fit(histories(papers, known), papers, known, labs)
    more = {**known, **_borrowed(first, papers, known, labs)}
    last = _fit(histories(papers, more, STILL_UNLABELLED), papers, known, labs)
    kept = histories(papers, by_people(papers, more), STILL_UNLABELLED)
    return replace(last, histories=kept, offset=last.offset - math.log(NAMED_FROM / (1 - NAMED_FROM)))


def by_people(papers: Mapping[str, Paper], known: Known) -> Known:
    """Leave out the papers that a model signs: the only one in the corpus was a lab's by its submitter's word alone."""
    return {number: of for number, of in known.items() if not any(map(is_model, papers[number].authors))}


def _own(papers: Mapping[str, Paper], until: date) -> dict[str, dict[str, float]]:
    own = {number: lab for number, lab in labelled_labs.own_papers().items() if number in papers}
    return {number: {lab: 1.0} for number, lab in own.items() if papers[number].authors and papers[number].day <= until}


def histories(papers: Mapping[str, Paper], known: Known, unlabelled: float = UNLABELLED) -> Histories:
    """Give everyone who ever signed with a lab or its rival what they signed, paper by paper."""
    wanted = {name for number, of in known.items() if set(of) - {ELSEWHERE, COMPANY} for name in names(papers[number])}
    found: defaultdict[str, list[Signed]] = defaultdict(list)
    for number, paper in papers.items():
        everyone = names(paper)
        mine = [name for name in everyone if name in wanted]
        if mine:
            entry = _signed(paper, known.get(number), len(everyone), unlabelled)
            for name in mine:
                found[name].append(entry)
    return found


def _signed(paper: Paper, of: Mapping[str, float] | None, signatures: int, unlabelled: float) -> Signed:
    year = years(paper.day)
    if of is None or COMPANY in of:
        return Signed(year, unlabelled, (), paper.id)
    share = 1 / math.sqrt(max(1.0, signatures / CROWD))
    labs = tuple((lab, share * sure) for lab, sure in of.items() if lab != ELSEWHERE)
    return Signed(year, share, labs, paper.id)


def _fit(history: Histories, papers: Mapping[str, Paper], known: Known, labs: Set[str]) -> Affinity:
    rows, truth = [], []
    for number, of in known.items():
        for lab, values in candidates(history, papers[number], labs).items():
            if papers[number].said.get(lab, ("",))[0] != "C" and lab not in left_open(of):
                rows.append(values)
                truth.append(lab in of)
    weights, offset = _regress(np.array(rows), np.array(truth))
    return Affinity(history, tuple(weights.tolist()), offset)


def left_open(of: Iterable[str]) -> frozenset[str]:
    """Give the labs about which origins say neither yes nor no."""
    return frozenset().union(*(OPEN.get(place, frozenset()) for place in of))


def candidates(history: Histories, paper: Paper, labs: Set[str]) -> dict[str, tuple[float, ...]]:
    """Give the features of each lab that some author of the paper has signed with, the paper itself left out."""
    shares = [lab_shares(history.get(name, ()), years(paper.day), paper.id) for name in names(paper)]
    return {lab: features(shares, lab) for lab in {lab for share in shares for lab in share} & labs}


def _borrowed(
    model: Affinity, papers: Mapping[str, Paper], known: Known, labs: Set[str]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for number in papers.keys() - known.keys():
        paper = papers[number]
        said = model.of(paper.authors, years(paper.day), number)
        sure = {lab: BORROWED for lab, (p, _) in said.items() if p >= BORROWED_FROM and lab in labs}
        if sure:
            found[number] = sure
    return found


def _regress(rows: Array, truth: NDArray[np.bool_]) -> tuple[Array, float]:
    """Fit a logistic regression whose weights are never negative: more of a sign never speaks against a lab."""
    spread = rows.std(axis=0) + 1e-9
    scaled = rows / spread

    def loss(parameters: Array) -> tuple[float, Array]:
        weights, offset = parameters[:-1], parameters[-1]
        score = scaled @ weights + offset
        miss = 1 / (1 + np.exp(-np.clip(score, -35, 35))) - truth
        value = np.logaddexp(0, score).sum() - score[truth].sum() + 0.5 * RIDGE * (weights @ weights)
        return float(value), np.append(scaled.T @ miss + RIDGE * weights, miss.sum())

    bounds = [(0, None)] * len(FEATURES) + [(None, None)]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B")
    return found.x[:-1] / spread, float(found.x[-1])


def known_origins(papers: Iterable[Paper]) -> dict[str, dict[str, float]]:
    """Collect the papers with authors whose lab or other origin is known."""
    found = {paper.id: labels(paper) for paper in papers if paper.authors}
    return {number: of for number, of in found.items() if of}


def main() -> None:
    """Train on all labels and write the file that ships."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    papers, labs = labelled_labs.papers(), load_roadmap().labs.keys()
    model = learn(papers, known_origins(papers.values()), labs)
    AFFINITY_FILE.write_bytes(gzip.compress(write(model), mtime=0))
    print(f"{len(model.histories)} people, {AFFINITY_FILE.stat().st_size} bytes")
    print(dict(zip(FEATURES, np.round(model.weights, 2).tolist(), strict=True)), round(model.offset, 2))


if __name__ == "__main__":
    main()
