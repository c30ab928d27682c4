"""What ranking reads and writes: items to embed, a month's items with vectors, scores, shortlists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, delete, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from db.models import Embedding, Evidence, Issue, Item, LabScore, Rating, Shortlist, TopicScore
from db.upsert import chunks, upsert

_SCORED = (TopicScore, LabScore)


@dataclass(frozen=True, slots=True)
class ToEmbed:
    """An item whose text may have no vector yet; `known_hash` is that of the vector it has."""

    id: str
    title: str
    abstract: str | None
    known_hash: str | None


def to_embed(session: Session, model: str, limit: int, after: str = "") -> list[ToEmbed]:
    """List items in order of id whose text was not compared since their last change, at most `limit`.

    `model` is a name without precision: vectors of one model at different precisions count as one.
    """
    compared = exists().where(Embedding.item_id == Item.id, _of(model), Embedding.made_at >= Item.updated)
    known = select(Embedding.text_hash).where(Embedding.item_id == Item.id, _of(model)).limit(1).scalar_subquery()
    query = select(Item.id, Item.title, Item.abstract, known).where(~compared, Item.id > after)
    return [ToEmbed(*row) for row in session.execute(query.order_by(Item.id).limit(limit))]


def count_to_embed(session: Session, model: str) -> int:
    """Count the items that `to_embed` would list."""
    compared = exists().where(Embedding.item_id == Item.id, _of(model), Embedding.made_at >= Item.updated)
    return session.scalar(select(func.count()).select_from(Item).where(~compared)) or 0


def save_vectors(session: Session, model: str, rows: Sequence[dict[str, Any]]) -> None:
    """Store vectors (columns of `embedding`), in place of any other precision of the same model."""
    name = model.partition("@")[0]
    for part in chunks([row["item_id"] for row in rows], 5_000):
        session.execute(delete(Embedding).where(Embedding.item_id.in_(part), _of(name), Embedding.model != model))
    upsert(session, cast(Table, Embedding.__table__), rows)


def mark_compared(session: Session, model: str, ids: Sequence[str], now: datetime) -> None:
    """Note that these items' texts still are what their vectors say."""
    for part in chunks(ids, 5_000):
        rows = session.scalars(select(Embedding).where(Embedding.item_id.in_(part), _of(model)))
        for row in rows:
            row.made_at = now


def vectors(session: Session, model: str, ids: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """Read the vectors of items as float32 rows; items without one are absent."""
    found: dict[str, NDArray[np.float32]] = {}
    for part in chunks(ids, 5_000):
        query = select(Embedding.item_id, Embedding.vector).where(Embedding.item_id.in_(part), _of(model))
        for item_id, vector in session.execute(query):
            found[item_id] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
    return found


def months_to_rank(session: Session, engine: str) -> list[str]:
    """List the months that hold an item not ranked since its last change, or ranked by another engine; oldest first."""
    ranked = exists().where(Rating.item_id == Item.id, Rating.ranked_at >= Item.updated, Rating.model == engine)
    return list(session.scalars(select(Item.month).where(~ranked).distinct().order_by(Item.month)))


def month_items(session: Session, month: str) -> list[Item]:
    """Load a month's items with their code links and rating, in order of id."""
    loaded = (selectinload(Item.code), selectinload(Item.rating))
    return list(session.scalars(select(Item).where(Item.month == month).order_by(Item.id).options(*loaded)))


def is_final(session: Session, month: str) -> bool:
    """Tell whether a month's issue is frozen."""
    return session.scalar(select(Issue.status).where(Issue.month == month)) == "final"


def claims(session: Session, ids: Iterable[str]) -> dict[str, list[tuple[str, str, str]]]:
    """Read what sources say for labs, per item: (lab, kind, detail)."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for part in chunks(ids, 5_000):
        query = (
            select(Evidence).where(Evidence.item_id.in_(part)).order_by(Evidence.lab, Evidence.kind, Evidence.detail)
        )
        for row in session.scalars(query):
            found.setdefault(row.item_id, []).append((row.lab, row.kind, row.detail))
    return found


def replace_scores(
    session: Session, ids: Sequence[str], topics: Sequence[dict[str, Any]], labs: Sequence[dict[str, Any]]
) -> None:
    """Store the topic and lab scores of items in place of what was there."""
    for part in chunks(ids, 5_000):
        for table in _SCORED:
            session.execute(delete(table).where(table.item_id.in_(part)))
    for table, rows in ((TopicScore, topics), (LabScore, labs)):
        for batch in chunks(rows, 2_000):
            session.execute(cast(Table, table.__table__).insert(), batch)


def save_ratings(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Store ratings (columns of `rating`); gives the rows that changed."""
    return upsert(session, cast(Table, Rating.__table__), rows)


def mark_ranked(session: Session, ids: Sequence[str], now: datetime) -> None:
    """Note that these items were looked at and are rated as before."""
    for part in chunks(ids, 5_000):
        for row in session.scalars(select(Rating).where(Rating.item_id.in_(part))):
            row.ranked_at = now


def shortlist_rows(session: Session, month: str) -> list[dict[str, Any]]:
    """Read a month's shortlists as plain columns, in order of stage and position."""
    table = cast(Table, Shortlist.__table__)
    query = select(table).where(table.c.month == month).order_by(table.c.stage, table.c.position)
    return [dict(row) for row in session.execute(query).mappings()]


def replace_shortlists(session: Session, month: str, rows: Sequence[dict[str, Any]]) -> bool:
    """Store a month's shortlists in place of the former; nothing is touched when they are the same (False)."""
    if shortlist_rows(session, month) == list(rows):
        return False
    session.execute(delete(Shortlist).where(Shortlist.month == month))
    for batch in chunks(rows, 2_000):
        session.execute(cast(Table, Shortlist.__table__).insert(), batch)
    return True


def _of(model: str) -> Any:
    return or_(Embedding.model == model, Embedding.model.startswith(f"{model}@", autoescape=True))
