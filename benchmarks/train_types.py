"""Learns how much each sign of a paper's type counts, and writes ranking/weights/kinds.json.

Learned on the develop half of `benchmarks/types.tsv` alone, a logistic regression a type; the probability from which a
type is named is the least of THRESHOLDS that reaches its goal of precision there, each paper judged by a model that
did not see it. The other half is for `python -m benchmarks types`.
"""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedKFold, cross_val_predict  # type: ignore[import-untyped]

from benchmarks.types import DEVELOP, Labelled, labelled
from ranking import kinds

MARKED_GOAL = 0.93  # a little more than the 0.9 wanted of what is printed
GOAL = 0.85  # and than the 0.8 wanted of all others
FEWEST = 10  # papers a threshold must name to be measured at all
THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
NEVER = 2.0  # of a type that reaches the goal nowhere
FOLDS = 10


def main() -> None:
    """Learn and write."""
    papers = labelled(DEVELOP)
    names = tuple(kinds.lexicon().kinds)
    values = {name: _values(papers, name) for name in names}
    chances = np.array([_held_out(values[name], _is(papers, name)) for name in names])
    learned = {name: _learned(values[name], _is(papers, name)) for name in names}
    for row, name in enumerate(names):
        best = chances.argmax(axis=0) == row
        goal = MARKED_GOAL if name in kinds.MARKED else GOAL
        learned[name]["least"] = _least(chances[row], best, _is(papers, name), goal)
    kinds.POINTS_FILE.write_text(json.dumps(learned, indent=1) + "\n", encoding="utf-8")
    print(f"{len(papers)} papers -> {kinds.POINTS_FILE.name}: {[(name, learned[name]['least']) for name in names]}")


def _values(papers: Sequence[Labelled], name: str) -> NDArray[np.float64]:
    return np.array([kinds.lexicon().signs(paper.title, paper.abstract)[name] for paper in papers])


def _is(papers: Sequence[Labelled], name: str) -> NDArray[np.bool_]:
    return np.array([paper.type == name for paper in papers])


def _held_out(values: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    found = cross_val_predict(_model(), values, right, cv=folds, method="predict_proba")
    return np.asarray(found[:, 1])


def _learned(values: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, object]:
    model = _model().fit(values, right)
    signs = {sign: round(float(much), 2) for sign, much in zip(kinds.SIGNS, model.coef_[0], strict=True)}
    return {"start": round(float(model.intercept_[0]), 2), "signs": signs}


def _least(chances: NDArray[np.float64], best: NDArray[np.bool_], right: NDArray[np.bool_], goal: float) -> float:
    for threshold in THRESHOLDS:
        named = best & (chances >= threshold)
        if named.sum() >= FEWEST and right[named].mean() >= goal:
            return threshold
    return NEVER


def _model() -> LogisticRegression:
    return LogisticRegression(C=1.0, max_iter=1_000)


if __name__ == "__main__":
    main()
