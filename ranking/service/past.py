"""How new each of some papers is, against what is stored of the twelve months before theirs."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db import dumps, scores, windows
from ranking import novelty
from ranking.novelty import Novelty


def novelties(
    session: Session, model: str, month: str, vectors: Mapping[str, NDArray[np.float32]]
) -> dict[str, Novelty]:
    """Give the novelty of papers of a month; none where too little of the months before is stored to tell."""
    ids = list(vectors)
    if not ids or scores.count_vectors(session, model, novelty.past(month)) < novelty.LEAST_KNOWN:
        return {}
    queries = np.stack([vectors[item_id] for item_id in ids])
    nearest = np.full(len(ids), -1.0, dtype=np.float32)
    for earlier in novelty.past(month):
        nearest = novelty.nearer(nearest, queries, scores.month_vectors(session, model, earlier))
    months = _compared(session, model, month)
    near = zip(ids, nearest, strict=True)
    return {item_id: Novelty(novelty.novelty(float(cosine)), months) for item_id, cosine in near}


def _compared(session: Session, model: str, month: str) -> int:
    """Count the months before that are stored and embedded in full, without a gap."""
    months = novelty.past(month)
    whole = windows.whole_months(session, months)
    whole |= dumps.held_months(session, set(months) - whole)
    return novelty.unbroken(month, whole - scores.months_without_vectors(session, model, months))
