"""What ranking reads and writes: items to embed, a month's items with vectors, scores, shortlists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, Update, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import Session, selectinload

from db.models import Embedding, Evidence, Issue, Item, LabScore, Rating, Shortlist, TopicScore
from db.upsert import chunks, upsert

_PART = 10_000  # vectors read at a time
_SCORED = (TopicScore, LabScore)
_LOCK = 7_411_520_234  # any number that no other lock of this program uses


@dataclass(frozen=True, slots=True)
class ToEmbed:
    """An item whose text may have no vector yet; `known_hash` is that of the vector it has, `updated` its change."""

    id: str
    title: str
    abstract: str | None
    known_hash: str | None
    updated: datetime


def to_embed(session: Session, model: str, limit: int, after: str = "") -> list[ToEmbed]:
    """List items in order of id whose text was not compared since their last change, at most `limit`.

    `model` is a name without precision: vectors of one model at different precisions count as one.
    """
    known = select(Embedding.text_hash).where(Embedding.item_id == Item.id, _of(model)).limit(1).scalar_subquery()
    columns = (Item.id, Item.title, Item.abstract, known, Item.updated)
    query = select(*columns).where(~_has_vector(model), Item.id > after)
    return [ToEmbed(*row) for row in session.execute(query.order_by(Item.id).limit(limit))]


def count_to_embed(session: Session, model: str) -> int:
    """Count the items that `to_embed` would list."""
    return session.scalar(select(func.count()).select_from(Item).where(~_has_vector(model))) or 0


def count_rated(session: Session) -> int:
    """Count the items that have a rating."""
    return session.scalar(select(func.count()).select_from(Rating)) or 0


def save_vectors(session: Session, model: str, rows: Sequence[dict[str, Any]]) -> None:
    """Store vectors (columns of `embedding`), in place of any other precision of the same model."""
    name = model.partition("@")[0]
    for part in chunks([row["item_id"] for row in rows], 5_000):
        session.execute(delete(Embedding).where(Embedding.item_id.in_(part), _of(name), Embedding.model != model))
    upsert(session, cast(Table, Embedding.__table__), rows)


def mark_compared(session: Session, model: str, seen: Mapping[str, datetime]) -> None:
    """Note that the texts of items still are what their vectors say, each as its last change (`seen`) left it."""
    _note_seen(session, update(Embedding).where(_of(model)), Embedding.item_id, seen)


def vectors(session: Session, model: str, ids: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """Read the vectors of items as float32 rows; items without one are absent."""
    found: dict[str, NDArray[np.float32]] = {}
    for part in chunks(ids, 5_000):
        query = select(Embedding.item_id, Embedding.vector).where(Embedding.item_id.in_(part), _of(model))
        for item_id, vector in session.execute(query):
            found[item_id] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
    return found


def month_vectors(session: Session, model: str, month: str) -> NDArray[np.float32]:
    """Read the vectors of a month's items as float32 rows, in no order that matters; 0 x 0 where there are none."""
    query = select(Embedding.vector).join(Item, Item.id == Embedding.item_id).where(Item.month == month, _of(model))
    found = list(session.scalars(query))
    rows = np.frombuffer(b"".join(found), dtype="<f2").astype(np.float32)
    return rows.reshape(len(found), -1) if found else np.zeros((0, 0), dtype=np.float32)


def count_vectors(session: Session, model: str, months: Sequence[str]) -> int:
    """Count the items of some months that have a vector of a model."""
    query = select(func.count()).select_from(Embedding).join(Item, Item.id == Embedding.item_id)
    return session.scalar(query.where(Item.month.in_(months), _of(model))) or 0


def months_without_vectors(session: Session, model: str, months: Sequence[str]) -> frozenset[str]:
    """Give those of the months that hold an item without a vector of a model."""
    has = exists().where(Embedding.item_id == Item.id, _of(model))
    return frozenset(session.scalars(select(Item.month).where(Item.month.in_(months), ~has).distinct()))


def vector_state(session: Session, model: str, span: timedelta) -> tuple[int, datetime | None, int]:
    """Count the items that have a vector of a model; tell when the last was made, and how many in a span before."""
    query = select(func.count(Embedding.item_id.distinct()), func.max(Embedding.made_at)).where(_of(model))
    count, newest = session.execute(query).one()
    if newest is None:
        return count, None, 0
    recent = select(func.count()).select_from(Embedding).where(_of(model), Embedding.made_at >= newest - span)
    return count, newest, session.scalar(recent) or 0


def vectors_since(session: Session, model: str, since: datetime) -> tuple[list[str], NDArray[np.float16]]:
    """Read vectors made at or after a moment, as ids and rows, in order of id."""
    query = select(Embedding.item_id, Embedding.vector).where(_of(model), Embedding.made_at >= since)
    found: dict[str, bytes] = dict(session.execute(query).all())
    return _as_rows(found)


def all_vectors(session: Session, model: str) -> Iterator[tuple[list[str], NDArray[np.float16]]]:
    """Read all vectors of a model in order of id, as Python orders texts, some thousands of ids and rows at a time."""
    order: Any = Embedding.item_id
    if session.get_bind().dialect.name == "postgresql":  # whose databases have orders of their own
        order = order.collate("C")
    query = select(Embedding.item_id, Embedding.vector).where(_of(model)).order_by(order)
    last = ""
    for part in session.execute(query.execution_options(yield_per=_PART)).partitions():
        found = {item_id: vector for item_id, vector in part if item_id != last}  # of two arithmetics, one
        last = part[-1][0]
        if found:
            yield _as_rows(found)


def _as_rows(found: dict[str, bytes]) -> tuple[list[str], NDArray[np.float16]]:
    ids = sorted(found)
    rows = np.frombuffer(b"".join(found[item_id] for item_id in ids), dtype="<f2")
    return ids, rows.reshape(len(ids), -1) if ids else np.zeros((0, 0), dtype="<f2")


def months_to_rank(session: Session, engine: str) -> list[str]:
    """List, oldest first, the months that hold an item to rank, or whose open shortlists hold one that moved away.

    To rank is what was not ranked since its last change, or ranked by another engine.
    """
    ranked = _is_ranked(engine)
    frozen = exists().where(Issue.month == Shortlist.month, Issue.status == "final")
    moved = select(Shortlist.month).join(Item, Item.id == Shortlist.item_id).where(Item.month != Shortlist.month)
    months = {*session.scalars(select(Item.month).where(~ranked).distinct()), *session.scalars(moved.where(~frozen))}
    return sorted(months)


def due(session: Session, month: str, engine: str, model: str) -> list[str]:
    """List a month's items to look at, in order of id: what is to be ranked and has its vector, and all with votes.

    A vote for one changes the places of the others. A vector of an older text is none.
    """
    query = select(Item.id).where(Item.month == month, or_(~_is_ranked(engine), Item.votes > 0), _has_vector(model))
    return list(session.scalars(query.order_by(Item.id)))


def lacks_vectors(session: Session, month: str, model: str) -> bool:
    """Tell whether an item of a month waits for its vector."""
    query = select(Item.id).where(Item.month == month, ~_has_vector(model)).limit(1)
    return session.execute(query).first() is not None


def items(session: Session, ids: Iterable[str]) -> list[Item]:
    """Load items with their code links and rating, in order of id."""
    loaded = (selectinload(Item.code), selectinload(Item.rating))
    found: list[Item] = []
    for part in chunks(sorted(ids), 5_000):
        found += session.scalars(select(Item).where(Item.id.in_(part)).order_by(Item.id).options(*loaded))
    return sorted(found, key=lambda item: item.id)


def month_texts(session: Session, month: str) -> list[Any]:
    """Read (id, title, abstract) of a month's items, in order of id."""
    query = select(Item.id, Item.title, Item.abstract).where(Item.month == month).order_by(Item.id)
    return list(session.execute(query))


def month_votes(session: Session, month: str) -> list[int]:
    """Read how often each item of a month was voted for, of those that were."""
    return [votes for votes in session.scalars(select(Item.votes).where(Item.month == month, Item.votes > 0)) if votes]


@dataclass(frozen=True, slots=True)
class Rated:
    """A rated item, as far as its place in a shortlist depends on it."""

    id: str
    topic: str | None
    stage: int | None
    worth: float | None
    votes: int | None
    withdrawn: bool
    filed: bool


def rated(session: Session, month: str, filed: float) -> list[Rated]:
    """Read a month's rated items, in order of id; `filed` is the fit from which an item belongs to a topic."""
    fits = exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= filed)
    columns = (Item.id, Rating.best_topic, Rating.best_stage, Rating.worth, Item.votes, Item.withdrawn, fits)
    query = select(*columns).join(Rating, Rating.item_id == Item.id).where(Item.month == month).order_by(Item.id)
    return [Rated(*row) for row in session.execute(query)]


def hold_ratings(session: Session) -> None:
    """Let one run at a time write ratings until its transaction ends; SQLite's BEGIN IMMEDIATE does so already.

    Two runs may rate the same items. Parts that are ranked side by side each make shortlists from what all have rated,
    and the last must see the others.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def hold_items(session: Session, ids: Iterable[str]) -> dict[str, datetime]:
    """Keep items from being deleted until the transaction ends; gives those still there, with their last change."""
    found: dict[str, datetime] = {}
    for part in chunks(ids, 5_000):
        query = select(Item.id, Item.updated).where(Item.id.in_(part))
        for item_id, changed in session.execute(query.with_for_update(read=True, key_share=True)):
            found[item_id] = changed
    return found


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


def mark_ranked(session: Session, seen: Mapping[str, datetime], now: datetime) -> None:
    """Note that items were looked at, each as its last change (`seen`) left it, and are rated as before."""
    _note_seen(session, update(Rating).values(ranked_at=now), Rating.item_id, seen)


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


def _note_seen(session: Session, statement: Update, key: Any, seen: Mapping[str, datetime]) -> None:
    """Write, beside what a statement writes, which state of its item each row has seen; many share one."""
    states: dict[datetime, list[str]] = {}
    for item_id, updated in seen.items():
        states.setdefault(updated, []).append(item_id)
    for updated, ids in states.items():
        for part in chunks(ids, 5_000):
            session.execute(statement.where(key.in_(part)).values(item_updated=updated))


def _has_vector(model: str) -> Any:
    return exists().where(Embedding.item_id == Item.id, _of(model), Embedding.item_updated == Item.updated)


def _is_ranked(engine: str) -> Any:
    """Tell whether an item was rated as it is. Not by the clock: another machine's may be ahead."""
    return exists().where(Rating.item_id == Item.id, Rating.item_updated == Item.updated, Rating.model == engine)


def _of(model: str) -> Any:
    return or_(Embedding.model == model, Embedding.model.startswith(f"{model}@", autoescape=True))
