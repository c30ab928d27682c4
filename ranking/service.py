"""The conductor of ranking: load, call the pure part, save. Nothing is computed twice."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.clock import Clock
from core.text import embedding_text, text_hash
from db import scores
from db.engine import Sessions, reading
from db.models import Item
from ranking import rating, topics, worth
from ranking.embedder import Embedder, Vectors
from ranking.guide import Guide
from ranking.labs import LabFacts
from ranking.shortlist import Contender, Place, shortlist
from ranking.topics import Blend, Texts
from roadmap.model import Roadmap

SCORER = "blend-4"  # named with every rating: a new scorer ranks everything anew
EMBED_BATCH = 256
LEFT_OUT_FROM = 50  # of the stage's most noticed papers
LEFT_OUT = 6
LEFT_OFFSET = 1000  # positions of what was left out, beyond any main list
Progress = Callable[[int, int], None]
Part = tuple[int, int]  # (i, n): the i-th of n parts by id hash, counted from 1


@dataclass(frozen=True)
class Ranker:
    """What ranking needs beside the database."""

    roadmap: Roadmap
    guide: Guide
    embedder: Embedder
    blend: Blend | None  # None: no trained weights for this model

    @property
    def model(self) -> str:
        """Name the embedding model without its precision."""
        return self.embedder.identity.partition("@")[0]

    @cached_property
    def engine(self) -> str:
        """Name all that a rating depends on beside the item: scorer, weights, model, roadmap."""
        roadmap = repr((self.roadmap.topics, self.roadmap.labs, self.roadmap.canon, self.roadmap.applied))
        weights = self.blend.fingerprint if self.blend else "no weights"
        return f"{SCORER}+{self.model}+{text_hash(roadmap + weights)[:8]}"


def embed_new(
    sessions: Sessions,
    embedder: Embedder,
    clock: Clock,
    *,
    part: Part | None = None,
    on_progress: Progress | None = None,
) -> int:
    """Embed every item whose text has no vector of this model yet; gives the number embedded.

    Works in small transactions, so that an interrupted run loses at most one batch.
    """
    model = embedder.identity.partition("@")[0]
    with reading(sessions) as session:
        total = scores.count_to_embed(session, model)
    made = seen = 0
    for batch in _batches(sessions, model):
        seen += len(batch)
        made += _embed_batch(sessions, embedder, [row for row in batch if _in_part(row.id, part)], clock())
        if on_progress:
            on_progress(seen, max(total, seen))
    return made


def rank_new(
    sessions: Sessions, ranker: Ranker, clock: Clock, *, rebuild: bool = False, on_progress: Progress | None = None
) -> int:
    """Rank every month that holds something new or changed; gives the number of items whose rating changed."""
    with reading(sessions) as session:
        months = scores.months_to_rank(session, "" if rebuild else ranker.engine)
    changed = 0
    for number, month in enumerate(months, 1):
        with sessions.begin() as session:
            changed += rank_month(session, month, ranker, clock())
        if on_progress:
            on_progress(number, len(months))
    return changed


def rank_month(session: Session, month: str, ranker: Ranker, now: datetime) -> int:
    """Rank a month's items and make its shortlists; the caller commits. Gives the number of changed ratings."""
    items = scores.month_items(session, month)
    vectors = scores.vectors(session, ranker.model, [item.id for item in items])
    items = [item for item in items if item.id in vectors]  # the rest waits for its vector
    changed = _rate_changed(session, items, vectors, ranker, now) if items else 0
    if not scores.is_final(session, month):
        session.expire_all()
        scores.replace_shortlists(session, month, _shortlists(session, month, vectors, ranker))
    return changed


def _batches(sessions: Sessions, model: str) -> Iterator[list[scores.ToEmbed]]:
    after = ""
    while True:
        with reading(sessions) as session:
            batch = scores.to_embed(session, model, EMBED_BATCH, after)
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _in_part(item_id: str, part: Part | None) -> bool:
    if part is None:
        return True
    index, count = part
    return int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:8], "big") % count == index - 1


def _embed_batch(sessions: Sessions, embedder: Embedder, batch: Sequence[scores.ToEmbed], now: datetime) -> int:
    """Embed what is new in a batch. A vector made from an abstract we may not ship outlives the title alone."""
    same: list[tuple[str, str]] = []
    new: list[tuple[str, str]] = []
    for row in batch:
        text = embedding_text(row.title, row.abstract)
        known = row.known_hash is not None and (row.abstract is None or row.known_hash == text_hash(text))
        (same if known else new).append((row.id, text))
    made = embedder.embed([text for _, text in new])
    rows = [
        _vector_row(item_id, text, vector, embedder.identity, now)
        for (item_id, text), vector in zip(new, made, strict=True)
    ]
    with sessions.begin() as session:
        scores.save_vectors(session, embedder.identity, rows)
        scores.mark_compared(session, embedder.identity.partition("@")[0], [item_id for item_id, _ in same], now)
    return len(new)


def _vector_row(item_id: str, text: str, vector: NDArray[np.float32], model: str, now: datetime) -> dict[str, Any]:
    stored = vector.astype("<f2").tobytes()
    return {"item_id": item_id, "model": model, "text_hash": text_hash(text), "vector": stored, "made_at": now}


def _rate_changed(
    session: Session, items: Sequence[Item], vectors: dict[str, NDArray[np.float32]], ranker: Ranker, now: datetime
) -> int:
    """Rate the items whose inputs changed; the others are only marked as looked at."""
    facts = _facts(session, items)
    hashes = [rating.input_hash(f, ranker.engine, _digest(vectors[f.id])) for f in facts]
    fresh = [i for i, item in enumerate(items) if item.rating is None or item.rating.input_hash != hashes[i]]
    stale = set(fresh)
    scores.mark_ranked(session, [item.id for i, item in enumerate(items) if i not in stale and _due(item)], now)
    if not fresh:
        return 0
    fits = _fits(items, vectors, fresh, ranker)
    rated = [
        rating.rate(facts[i], fits[n], vectors[items[i].id], ranker.guide, ranker.roadmap) for n, i in enumerate(fresh)
    ]
    ids = [items[i].id for i in fresh]
    scores.replace_scores(
        session, ids, [r for one in rated for r in one.topics], [r for one in rated for r in one.labs]
    )
    rows = [
        _rating_row(ids[n], one, ranker.engine, hashes[i], now)
        for n, (i, one) in enumerate(zip(fresh, rated, strict=True))
    ]
    return scores.save_ratings(session, rows)


def _fits(
    items: Sequence[Item], vectors: dict[str, NDArray[np.float32]], fresh: Sequence[int], ranker: Ranker
) -> topics.Fits:
    """Score the fresh items. A topic without trained weights is judged against its month: then all items are read."""
    trained = ranker.blend is not None and set(ranker.guide.topics) <= set(ranker.blend.topics)
    looked = fresh if trained else range(len(items))
    matrix: Vectors = np.stack([vectors[items[i].id] for i in looked])
    texts = [Texts(items[i].title, items[i].abstract) for i in looked]
    found = topics.fits(texts, matrix, ranker.guide, ranker.roadmap, ranker.blend)
    return found if trained else found[list(fresh)]


def _due(item: Item) -> bool:
    return item.rating is not None and item.rating.ranked_at < item.updated


def _digest(vector: NDArray[np.float32]) -> str:
    return hashlib.sha256(vector.tobytes()).hexdigest()[:16]


def _rating_row(item_id: str, one: rating.Rated, engine: str, inputs: str, now: datetime) -> dict[str, Any]:
    return {"item_id": item_id, "model": engine, "input_hash": inputs, "ranked_at": now, **one.rating}


def _facts(session: Session, items: Sequence[Item]) -> list[rating.Facts]:
    claims = scores.claims(session, [item.id for item in items])
    votes = [item.votes for item in items if item.votes]
    places = {value: worth.place(value, votes) for value in set(votes)}
    return [_item_facts(item, claims.get(item.id, []), places, len(votes)) for item in items]


def _item_facts(item: Item, claims: Sequence[tuple[str, str, str]], places: dict[int, int], voted: int) -> rating.Facts:
    return rating.Facts(
        id=item.id,
        title=item.title,
        abstract=item.abstract,
        comment=item.comment,
        withdrawn=item.withdrawn,
        votes=item.votes,
        votes_day=worth.reading_date(item.votes_at) if item.votes_at else None,
        place=places.get(item.votes or 0),
        voted=voted if item.votes else 0,  # else one more voted paper would rank the whole month anew
        code=tuple((c.url, c.official, c.stars, worth.reading_date(c.checked_at)) for c in item.code),
        labs=_lab_facts(item, claims),
    )


def _lab_facts(item: Item, claims: Sequence[tuple[str, str, str]]) -> LabFacts:
    return LabFacts(
        authors=tuple((author["name"], author.get("affiliation")) for author in item.authors),
        organization=item.organization,
        organizations=tuple(item.organizations),
        repositories=tuple(c.url for c in item.code),
        project_url=item.project_url,
        claims=tuple(claims),
        day=item.submitted.date() if item.submitted else item.feed_date,
    )


def _shortlists(
    session: Session, month: str, vectors: dict[str, NDArray[np.float32]], ranker: Ranker
) -> list[dict[str, Any]]:
    """Make the rows of a month's shortlists: the main order, and what was noticed but left out.

    What arrives after its month was closed needs no row: the digest takes late items by their ratings.
    """
    items = [item for item in scores.month_items(session, month) if item.rating is not None and item.id in vectors]
    rows: list[dict[str, Any]] = []
    for stage in ranker.roadmap.stages:
        own = [item for item in items if item.rating and item.rating.best_stage == stage.number]
        places = shortlist([c for item in own if (c := _contender(item, vectors))])
        rows += [_row(month, stage.number, n, place) for n, place in enumerate(places, 1)]
        rows += _left_out(month, stage.number, own, places)
    return sorted(rows, key=lambda row: (row["stage"], row["position"]))


def _contender(item: Item, vectors: dict[str, NDArray[np.float32]]) -> Contender | None:
    """Let an item compete when it is filed somewhere and not withdrawn."""
    found = item.rating
    if found is None or found.worth is None or found.best_topic is None or item.withdrawn:
        return None
    return Contender(item.id, found.best_topic, found.worth, vectors[item.id])


def _row(
    month: str, stage: int, position: int, place: Place, section: str = "main", reason: str | None = None
) -> dict[str, Any]:
    return {
        "month": month,
        "stage": stage,
        "position": position,
        "item_id": place.id,
        "section": section,
        "twins": list(place.twins),
        "reason": reason,
    }


def _left_out(month: str, stage: int, own: Sequence[Item], places: Sequence[Place]) -> list[dict[str, Any]]:
    """Name what readers noticed most and the list does not have, with the neutral reason."""
    listed = {place.id for place in places}
    twins = {twin: place.id for place in places for twin in place.twins}
    noticed = sorted((i for i in own if i.votes), key=lambda i: (-(i.votes or 0), i.id))[:LEFT_OUT_FROM]
    missing = [item for item in noticed if item.id not in listed][:LEFT_OUT]
    return [
        _row(
            month,
            stage,
            LEFT_OFFSET + n,
            Place(item.id, (twins[item.id],) if item.id in twins else ()),
            "left-out",
            reason,
        )
        for n, item in enumerate(missing, 1)
        if (reason := _why_not(item, item.id in twins))
    ]


def _why_not(item: Item, is_twin: bool) -> str:
    if is_twin:
        return "twin"
    if item.withdrawn:
        return "withdrawn"
    return "budget" if item.rating and item.rating.worth is not None else "fit"
