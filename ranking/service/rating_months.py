"""Ratings for what is new or changed, month by month, in batches: a new day costs a day, not its month."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.clock import Clock
from db import scores
from db.engine import Sessions, reading
from db.models import Item
from db.upsert import chunks
from ranking import rating, topics
from ranking.kept import Kept
from ranking.service import shortlists
from ranking.service.embedding import Progress
from ranking.service.facts import Crowd, crowd, facts
from ranking.service.past import novelties
from ranking.service.ranker import Ranker
from ranking.shards import ALL, Part
from ranking.topics import Fits, Texts

BATCH = 2_000  # items rated at once and saved in one transaction
Found = dict[str, NDArray[np.float32]]  # vectors, or rows of fits, by id


@dataclass(frozen=True, slots=True)
class _Month:
    """A month to be ranked: what of it is due, and what all its ratings read; `looked_at` is before all reading."""

    month: str
    looked_at: datetime
    due: list[str]
    readers: Crowd
    kept: Kept
    fits: Found | None  # where a fit depends on the whole month


@dataclass(frozen=True, slots=True)
class _Made:
    """A batch rated: what to write of it, and when each item of it had changed last."""

    read: dict[str, datetime]
    ratings: list[dict[str, Any]]
    topics: list[dict[str, Any]]
    labs: list[dict[str, Any]]
    unchanged: list[str]


def rank_new(
    sessions: Sessions,
    ranker: Ranker,
    clock: Clock,
    *,
    rebuild: bool = False,
    part: Part = ALL,
    on_progress: Progress | None = None,
) -> int:
    """Rank every month that holds something of the part that is new or changed; gives the number of changed ratings.

    `rebuild` looks at every item again, but writes only what differs.
    """
    engine = "" if rebuild else ranker.engine
    with reading(sessions) as session:
        months = scores.months_to_rank(session, engine)
    changed = 0
    for number, month in enumerate(months, 1):
        changed += _rank_month(sessions, ranker, _month(sessions, ranker, month, engine, part, clock()))
        if on_progress:
            on_progress(number, len(months))
    return changed


def _month(sessions: Sessions, ranker: Ranker, month: str, engine: str, part: Part, now: datetime) -> _Month:
    """Look at what of a month is due.

    Where a fit depends on the whole month, what is new there makes all of it due, and a part waits until all has
    vectors: the last one rates it all.
    """
    with reading(sessions) as session:
        due = scores.due(session, month, engine, ranker.model)
        readers, kept = crowd(session, month), ranker.readings(month)
        if ranker.trained:
            return _Month(month, now, [item_id for item_id in due if part.holds(item_id)], readers, kept, None)
        waits = part.count > 1 and scores.lacks_vectors(session, month, ranker.model)
        due = scores.due(session, month, "", ranker.model) if due and not waits else []
        return _Month(month, now, due, readers, kept, _fits_of_month(session, month, ranker, kept) if due else None)


def _rank_month(sessions: Sessions, ranker: Ranker, month: _Month) -> int:
    """Rate what is due, batch by batch. The last batch and the shortlists are one transaction.

    So a run that is killed leaves either the batch due, or nothing; and of several parts the last one that ends sees
    the ratings of all (the lock is taken before anything of a transaction is read).
    """
    *batches, last = list(chunks(month.due, BATCH)) or [[]]
    changed = 0
    for ids in batches:
        made = _rate(sessions, ranker, month, ids)
        with sessions.begin() as session:
            scores.hold_ratings(session)
            changed += _save(session, made, month.looked_at)
    made = _rate(sessions, ranker, month, last)
    with sessions.begin() as session:
        scores.hold_ratings(session)
        changed += _save(session, made, month.looked_at)
        shortlists.renew(session, month.month, ranker.model, ranker.roadmap)
    month.kept.save()
    return changed


def _rate(sessions: Sessions, ranker: Ranker, month: _Month, ids: Sequence[str]) -> _Made:
    """Rate the items of a batch that differ from what their rating has read."""
    with reading(sessions) as session:
        vectors = scores.vectors(session, ranker.model, ids)
        items = [item for item in scores.items(session, ids) if item.id in vectors]
        known = facts(session, items, month.readers, novelties(session, ranker.model, month.month, vectors))
    hashes = [
        rating.input_hash(fact, ranker.engine, _digest(vectors[item.id]), _row_of_month(month, item.id))
        for item, fact in zip(items, known, strict=True)
    ]
    stale = [i for i, item in enumerate(items) if item.rating is None or item.rating.input_hash != hashes[i]]
    old = [items[i] for i in stale]
    fits, shares = _fits(ranker, month, old, vectors), _shares(ranker, old, vectors)
    rated = {
        i: rating.rate(known[i], fits[n], vectors[items[i].id], ranker.guide, ranker.roadmap, shares[n])
        for n, i in enumerate(stale)
    }
    return _Made(
        read={item.id: item.updated for item in items},
        ratings=[_row(items[i], one, ranker.engine, hashes[i], month.looked_at) for i, one in rated.items()],
        topics=[row for one in rated.values() for row in one.topics],
        labs=[row for one in rated.values() for row in one.labs],
        unchanged=[item.id for i, item in enumerate(items) if i not in rated],
    )


def _save(session: Session, made: _Made, now: datetime) -> int:
    """Write what was rated. What has changed since it was read, or is gone, stays as it is, and due."""
    there = scores.hold_items(session, made.read)
    same = {item_id for item_id, changed in there.items() if changed == made.read[item_id]}
    ratings, topics_, labs = (
        [row for row in rows if row["item_id"] in same] for rows in (made.ratings, made.topics, made.labs)
    )
    scores.mark_ranked(session, {item_id: made.read[item_id] for item_id in made.unchanged if item_id in same}, now)
    scores.replace_scores(session, [row["item_id"] for row in ratings], topics_, labs)
    return scores.save_ratings(session, ratings)


def _row_of_month(month: _Month, item_id: str) -> list[float]:
    """Give an item's fits as they are stored, where they depend on the whole month."""
    return [] if month.fits is None else np.round(month.fits[item_id].astype(float), 4).tolist()


def _fits(ranker: Ranker, month: _Month, items: Sequence[Item], vectors: Found) -> Fits:
    if month.fits is not None:
        found = [month.fits[item.id] for item in items]
        return np.array(found, dtype=np.float32).reshape(len(items), len(ranker.guide.topics))
    texts = [Texts(i.title, i.abstract) for i in items]
    return _scored(ranker, month.month, month.kept, texts, [vectors[i.id] for i in items])


def _shares(ranker: Ranker, items: Sequence[Item], vectors: Found) -> Sequence[float | None]:
    """Say for each item how many papers are as alike to what editors choose; None without a model of that."""
    if ranker.taste is None or not items:
        return [None] * len(items)
    return ranker.taste.rank_shares(
        [Texts(i.title, i.abstract) for i in items], np.stack([vectors[i.id] for i in items])
    )


def _fits_of_month(session: Session, month: str, ranker: Ranker, kept: Kept) -> Found:
    """Score a whole month: a topic without trained weights is judged against all its papers."""
    texts = scores.month_texts(session, month)
    vectors = scores.vectors(session, ranker.model, [row.id for row in texts])
    texts = [row for row in texts if row.id in vectors]  # the rest waits for its vector
    words = [Texts(row.title, row.abstract) for row in texts]
    fits = _scored(ranker, month, kept, words, [vectors[row.id] for row in texts])
    return {row.id: fits[n] for n, row in enumerate(texts)}


def _scored(
    ranker: Ranker, month: str, kept: Kept, texts: Sequence[Texts], vectors: Sequence[NDArray[np.float32]]
) -> Fits:
    if not texts:
        return np.zeros((0, len(ranker.guide.topics)), dtype=np.float32)
    years = [int(month[:4])] * len(texts)
    return topics.score(kept.read(texts), years, np.stack(vectors), ranker.guide, ranker.reader, ranker.blend)


def _digest(vector: NDArray[np.float32]) -> str:
    return hashlib.sha256(vector.tobytes()).hexdigest()[:16]


def _row(item: Item, one: rating.Rated, engine: str, inputs: str, now: datetime) -> dict[str, Any]:
    seen = {"item_id": item.id, "item_updated": item.updated, "input_hash": inputs}
    return {**seen, "model": engine, "ranked_at": now, **one.rating}
