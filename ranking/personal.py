"""What one reader would move up or down: a linear model on the papers they said `more` or `less` of (pure, arrays).

Ridge regression in its dual form (Hoerl and Kennard, 1970; Saunders, Gammerman and Vovk, ICML 1998): as many equations
as papers answered, so that one answer is enough and a hundred cost nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.shortlist import TWIN

Vectors = NDArray[np.float32]

RIDGE = 1.0  # added to each answer's own likeness, which is 1: a single answer is believed by half
GAIN = 2.5  # from the model's value to an adjustment: one paper just `CLOSE` moves by 0.4, one twice as near by 0.75
CLOSE = 0.5  # cosine from which a paper is called close to another; also that of "builds on"
LEAST = 0.1  # a smaller adjustment moves nothing and is not kept
MOST_NAMED = 3  # answered papers named for an adjustment
MOST_ANSWERS = 300  # the newest; the equations grow with their square


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader said of one paper: `more`, `less` or `hide`."""

    id: str
    verb: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """How one candidate moves for a reader, from -1 to 1, and the answers that earned it, strongest first.

    `hidden`: it says what a paper says that the reader hid, and is not shown to them.
    """

    id: str
    adjustment: float
    earned: tuple[Answer, ...]
    hidden: bool = False


def adjust(
    answers: Sequence[Answer], known: Mapping[str, Vectors], candidates: Mapping[str, Vectors]
) -> list[Adjusted]:
    """Adjust a month's candidates for one reader, in order of id; those that nothing moves are left out.

    `known` and `candidates` are unit vectors by id; an answer or a candidate without one takes no part. A candidate
    moves only where an answered paper can be named that it is close to, and at most by 1: the order of the issue stays
    the base. `hide` moves nothing; it takes away near-twins.
    """
    said = [answer for answer in answers if answer.id in known]
    ids = sorted(candidates)
    if not said or not ids:
        return []
    matrix = np.stack([candidates[id_] for id_ in ids])
    cosines = np.asarray(np.stack([known[answer.id] for answer in said]) @ matrix.T, dtype=np.float64)
    gone = _twins(said, ids, cosines)
    taught = [n for n, answer in enumerate(said) if answer.verb in ("more", "less")][-MOST_ANSWERS:]
    moved = _moved([said[n] for n in taught], known, ids, matrix, cosines[taught]) if taught else {}
    return [found for id_ in ids if (found := gone.get(id_) or moved.get(id_))]


def _twins(said: Sequence[Answer], ids: Sequence[str], cosines: NDArray[np.float64]) -> dict[str, Adjusted]:
    found: dict[str, Adjusted] = {}
    for answer, row in zip(said, cosines, strict=True):
        if answer.verb == "hide":
            found |= {
                ids[n]: Adjusted(ids[n], -1.0, (answer,), hidden=True) for n in map(int, np.flatnonzero(row >= TWIN))
            }
    return found


def _moved(
    said: Sequence[Answer],
    known: Mapping[str, Vectors],
    ids: Sequence[str],
    matrix: Vectors,
    cosines: NDArray[np.float64],
) -> dict[str, Adjusted]:
    parts = _parts(said, known, matrix)
    values = np.clip(GAIN * parts.sum(axis=0), -1.0, 1.0)
    found = {}
    for n, id_ in enumerate(ids):
        value = float(values[n])
        earned = _earned(said, id_, value, parts[:, n], cosines[:, n])
        if abs(value) >= LEAST and earned:
            found[id_] = Adjusted(id_, round(value, 4), earned)
    return found


def _parts(said: Sequence[Answer], known: Mapping[str, Vectors], matrix: Vectors) -> NDArray[np.float64]:
    """Give what each answer adds to the model's value for each candidate: (answers, candidates).

    What all candidates have in common says nothing of a reader and is taken out of every vector first.
    """
    middle = matrix.mean(axis=0, dtype=np.float64) if len(matrix) > 1 else np.zeros(matrix.shape[1])
    own, others = _unit(np.stack([known[a.id] for a in said]) - middle), _unit(matrix - middle)
    wanted = np.array([1.0 if answer.verb == "more" else -1.0 for answer in said])
    weights = np.linalg.solve(own @ own.T + RIDGE * np.eye(len(said)), wanted)
    parts: NDArray[np.float64] = weights[:, None] * (own @ others.T)
    return parts


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)


def _earned(
    said: Sequence[Answer], id_: str, value: float, parts: NDArray[np.float64], cosines: NDArray[np.float64]
) -> tuple[Answer, ...]:
    """Name the answers that pull a candidate the way it moves and that it is close to; itself goes first."""
    order = map(int, np.argsort(-np.sign(value) * parts, kind="stable"))
    pulling = [n for n in order if parts[n] * value > 0]
    near = [said[n] for n in pulling if cosines[n] >= CLOSE]
    return tuple(sorted(near, key=lambda answer: answer.id != id_)[:MOST_NAMED])
