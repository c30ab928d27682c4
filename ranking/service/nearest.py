"""The matrix of all vectors, kept in step with the rows: what came or changed is read, the rest is copied.

Where the folder may not be written, as on a replica whose cache is mounted read-only, the matrix found there is used as
it is: another machine keeps it in step.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from core.errors import ModelError
from db import scores
from db.engine import Sessions, reading
from ranking import folders, matrix
from ranking.matrix import Halves, Matrix, Part

OVERLAP = timedelta(hours=1)  # a batch is dated when it is read and saved a little later; others may save between


def vector_matrix(sessions: Sessions, model: str, folder: Path, held: Matrix | None = None) -> Matrix:
    """Open the matrix of a model's vectors (a name without arithmetic), made anew where the rows are others.

    It is a cache: damaged or absent, it is made from the rows. A process that holds an older one keeps it whole; one
    that looks again and again gives the one it has (`held`), and gets it back unread while the rows are the same.
    Raises ModelError where there is none and none can be written.
    """
    if not folders.writable(folder):
        return _shipped(model, folder, held)
    with reading(sessions) as session:
        count, newest, recent = scores.vector_state(session, model, OVERLAP)
        now = newest.isoformat() if newest else ""
        if held is not None and _made_of(held, count, now, recent):
            return held
        known = matrix.read(folder, model)
        if known is not None and _made_of(known, count, now, recent):
            return known
        fresh = _since(known)
        if known is not None and fresh is not None:
            ids, rows = scores.vectors_since(session, model, fresh)
            names = sorted({*known.ids, *ids})
            if len(names) == count:  # else something was deleted, or saved long after it was dated
                return matrix.write_parts(folder, model, now, count, _joined(known, names, ids, rows), recent)
        return matrix.write_parts(folder, model, now, count, scores.all_vectors(session, model), recent)


def _shipped(model: str, folder: Path, held: Matrix | None) -> Matrix:
    """Open the matrix that another machine has put here, whichever rows it was made of."""
    if held is not None and matrix.peek(folder, model) == held.state:
        return held
    found = matrix.read(folder, model)
    if found is None:
        raise ModelError(
            f"No matrix of vectors of {model} is in {folder}, and none may be written there",
            "Copy cache/vectors-* from a machine that may write, or let this one: docs/scaling.md",
        )
    return found


def _made_of(known: Matrix, count: int, newest: str, recent: int) -> bool:
    return (known.state.count, known.state.newest, known.state.recent) == (count, newest, recent)


def _since(known: Matrix | None) -> datetime | None:
    return datetime.fromisoformat(known.state.newest) - OVERLAP if known is not None and known.state.newest else None


def _joined(known: Matrix, names: list[str], ids: Sequence[str], rows: Halves) -> Iterator[Part]:
    """Put new rows among the known ones, in place of those of the same id, block by block."""
    fresh = {item_id: place for place, item_id in enumerate(ids)}
    former = np.searchsorted(np.array(known.ids, dtype=object), np.array(names, dtype=object))
    for start in range(0, len(names), matrix.BLOCK):
        part = names[start : start + matrix.BLOCK]
        taken = np.array([fresh.get(name, -1) for name in part], dtype=np.int64)
        block = np.empty((len(part), rows.shape[1] or known.state.dimensions), dtype=known.rows.dtype)
        old = taken < 0
        block[old] = known.rows[former[start : start + matrix.BLOCK][old]]
        block[~old] = rows[taken[~old]]
        yield part, block
