"""The matrix of all vectors, kept in step with the rows: what came or changed is read, the rest is copied."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from db import scores
from db.engine import Sessions, reading
from ranking import matrix
from ranking.matrix import Matrix, Rows

OVERLAP = timedelta(hours=1)  # a batch is dated when it is read and saved a little later; others may save between


def vector_matrix(sessions: Sessions, model: str, folder: Path, held: Matrix | None = None) -> Matrix:
    """Open the matrix of a model's vectors (a name without arithmetic), made anew where the rows are others.

    It is a cache: damaged or absent, it is made from the rows. A process that holds an older one keeps it whole; one
    that looks again and again gives the one it has (`held`), and gets it back unread while the rows are the same.
    """
    with reading(sessions) as session:
        count, newest = scores.vector_state(session, model)
        now = newest.isoformat() if newest else ""
        if held is not None and _made_of(held, count, now):
            return held
        known = matrix.read(folder, model)
        if known is not None and _made_of(known, count, now):
            return known
        fresh = _since(known)
        ids, rows = scores.vectors_since(session, model, fresh)
        if known is not None and fresh is not None:
            ids, rows = _joined(known, ids, rows)
        if len(ids) != count:  # something was deleted, or saved long after it was dated
            ids, rows = scores.vectors_since(session, model, None)
    return matrix.write(folder, model, now, ids, rows)


def _made_of(known: Matrix, count: int, newest: str) -> bool:
    return (known.state.count, known.state.newest) == (count, newest)


def _since(known: Matrix | None) -> datetime | None:
    return datetime.fromisoformat(known.state.newest) - OVERLAP if known is not None and known.state.newest else None


def _joined(known: Matrix, ids: list[str], rows: Rows) -> tuple[list[str], Rows]:
    """Put new rows among the known ones, in place of those of the same id."""
    fresh = set(ids)
    kept = [i for i, item_id in enumerate(known.ids) if item_id not in fresh]
    if not ids:
        return list(known.ids), known.rows
    names = np.array([*(known.ids[i] for i in kept), *ids], dtype=object)
    order = np.argsort(names)
    return list(names[order]), np.vstack([known.rows[kept], rows])[order]
