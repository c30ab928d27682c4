"""Items with all that is told of them, read as columns: lists need twenty at once, many times a second.

The same as `db.papers.by_ids` gives, for reading alone and at a third of its cost (docs/decisions/0039).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import BindParameter, Select, Table, bindparam, select
from sqlalchemy.orm import Session

from db.models import Base, Code, Item, LabScore, Rating, TopicScore
from db.upsert import chunks

Row = TypeVar("Row")


class Repository(NamedTuple):
    """What is told of one row of `code`."""

    url: str
    official: bool | None
    stars: int | None
    checked_at: datetime


class Fit(NamedTuple):
    """What is told of one row of `topic_score`."""

    topic: str
    stage: int
    fit: float
    why: dict[str, Any]


class Made(NamedTuple):
    """What is told of one row of `lab_score`."""

    lab: str
    confidence: float
    evidence: list[Any]


class Rated(NamedTuple):
    """What is told of a row of `rating`."""

    worth: float | None
    type: str | None
    reasons: list[Any]
    read_first: list[Any]
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Whole:
    """An item, its repositories by address, its topics and labs best first, and its rating."""

    id: str
    kind: str
    arxiv_id: str | None
    title: str
    abstract: str | None
    authors: list[Any]
    categories: list[Any]
    submitted: datetime | None
    submitted_from: str | None
    announced: date | None
    first_seen: datetime
    updated: datetime
    version: int | None
    withdrawn: bool
    url: str
    pdf_url: str | None
    sources: list[Any]
    rating: Rated | None
    code: Sequence[Repository]
    topics: Sequence[Fit]
    labs: Sequence[Made]


def by_ids(session: Session, ids: Sequence[str]) -> list[Whole]:
    """Read items in the order asked for, each once; those not stored are left out."""
    found: dict[str, Whole] = {}
    for part in chunks(dict.fromkeys(ids), 5_000):
        found.update((item.id, item) for item in _read(session, part))
    return [found[item_id] for item_id in dict.fromkeys(ids) if item_id in found]


def _read(session: Session, ids: Sequence[str]) -> Iterable[Whole]:
    connection = session.connection()
    asked = {"ids": ids}
    code = _grouped(ids, connection.execute(_CODE, asked), Repository)
    topics = _grouped(ids, connection.execute(_TOPICS, asked), Fit)
    labs = _grouped(ids, connection.execute(_LABS, asked), Made)
    for rated, *row in connection.execute(_ITEMS, asked):
        rating = None if rated is None else Rated(*row[:_RATED])
        item_id = row[_RATED]
        yield _whole(*row[_RATED:], rating, code[item_id], topics[item_id], labs[item_id])


def _grouped(ids: Collection[str], rows: Iterable[Any], shape: Callable[..., Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {item_id: [] for item_id in ids}
    for item_id, *rest in rows:
        found[item_id].append(shape(*rest))
    return found


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def _of_items(model: type[Base], names: Sequence[str]) -> Select[Any]:
    columns = _table(model).c
    return select(columns.item_id, *(columns[name] for name in names)).where(columns.item_id.in_(_IDS))


def _items() -> Select[Any]:
    item, rating = _table(Item), _table(Rating)
    own = [item.c[name] for name in Whole.__dataclass_fields__ if name in item.c]
    rated = [rating.c.item_id, *(rating.c[name] for name in Rated._fields)]
    together = item.outerjoin(rating, rating.c.item_id == item.c.id)
    return select(*rated, *own).select_from(together).where(item.c.id.in_(_IDS))


# Made once: making a statement costs as much as running it.
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CODE = _of_items(Code, Repository._fields).order_by(Code.url)
_TOPICS = _of_items(TopicScore, Fit._fields).order_by(TopicScore.fit.desc(), TopicScore.topic)
_LABS = _of_items(LabScore, Made._fields).order_by(LabScore.confidence.desc(), LabScore.lab)
_ITEMS, _RATED = _items(), len(Rated._fields)
_whole: Callable[..., Whole] = Whole  # in the order of the columns
