"""Items as people and programs ask for them: filtered and sorted lists, single items, counts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import iso
from core.months import first_day
from db.lists import (
    RECORDED,
    SHOWN,
    Cursor,
    PaperFilter,
    Sort,
    StageTopics,
    filed_months,
    is_recorded,
    part_query,
    places_query,
    query_of,
    topics_of,
)
from db.models import Alias, Item
from db.upsert import chunks

__all__ = ["RECORDED", "SHOWN", "Cursor", "PaperFilter", "Sort", "StageTopics", "is_recorded", "query_of"]

SHORTEST_START = 6  # signs of an id: fewer begin too many


def listed(session: Session, wanted: PaperFilter, stage_topics: StageTopics) -> list[Item]:
    """List items with code, topics, labs and rating loaded, best or newest first; ties by id, downwards.

    `stage_topics` names the topics of each stage; a stage it does not know has none and lists nothing by fit.
    """
    return list(session.scalars(part_query(wanted, stage_topics).options(*everything())))


def listed_ids(session: Session, wanted: PaperFilter, stage_topics: StageTopics) -> list[str]:
    """List the ids of the items that `listed` would load."""
    return [item_id for _, item_id in places(session, wanted, stage_topics)]


def places(session: Session, wanted: PaperFilter, stage_topics: StageTopics) -> list[Cursor]:
    """List where the items that `listed` would load stand, each as its `cursor`."""
    rows = session.execute(places_query(wanted, stage_topics))
    return [(iso(place) if isinstance(place, datetime) else place, item_id) for item_id, place in rows]


def chosen(wanted: PaperFilter, stage_topics: StageTopics) -> Select[str] | None:
    """Make the query for the ids of all items that a list may hold, in no order; None where it asks for nothing."""
    plain = replace(wanted, sort="newest", limit=0, after=None)
    if plain == PaperFilter(sort="newest", limit=0):
        return None
    query = query_of(plain, stage_topics).order_by(None).limit(None)
    return query.with_only_columns(Item.id, maintain_column_froms=True)


def headings(session: Session, ids: Iterable[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Read title and authors' names of items; those not stored are absent."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for part in chunks(ids, 5_000):
        for item_id, title, authors in session.execute(
            select(Item.id, Item.title, Item.authors).where(Item.id.in_(part))
        ):
            found[item_id] = (title, tuple(author["name"] for author in authors))
    return found


def cursor(wanted: PaperFilter, item: Item, stage_topics: StageTopics) -> Cursor:
    """Give the place of an item in the list that `listed` makes, for the next page's `after`; fit for JSON."""
    if wanted.sort == "newest":
        return iso(item.submitted or datetime.combine(first_day(item.month), time(), UTC)), item.id
    if wanted.sort == "worth":
        worth = item.rating.worth if item.rating else None
        return -1.0 if worth is None else worth, item.id
    names = topics_of(wanted, stage_topics)
    return max((s.fit for s in item.topics if names is None or s.topic in names), default=0.0), item.id


def by_id(session: Session, item_id: str) -> Item | None:
    """Find one item, everything loaded; None where it is not stored."""
    return session.scalar(select(Item).where(Item.id == item_id).options(*everything()))


def by_former_id(session: Session, item_id: str) -> Item | None:
    """Find the item that an id names which is no item's own (any more), everything loaded; None where there is none."""
    known = select(Alias.item_id).where(Alias.kind == "id", Alias.value == item_id)
    query = select(Item).where(Item.id.in_(known)).order_by(Item.updated.desc(), Item.id).limit(1)
    return session.scalar(query.options(*everything()))


def by_ids(session: Session, ids: Sequence[str]) -> list[Item]:
    """Find items, everything loaded, in the order asked for; those not stored are left out."""
    found: dict[str, Item] = {}
    for part in chunks(dict.fromkeys(ids), 5_000):
        query = select(Item).where(Item.id.in_(part)).options(*everything())
        found.update((item.id, item) for item in session.scalars(query))
    return [found[item_id] for item_id in dict.fromkeys(ids) if item_id in found]


def absent(session: Session, ids: Iterable[str]) -> set[str]:
    """Give those of the ids that no item has."""
    wanted = set(ids)
    for part in chunks(sorted(wanted), 5_000):
        wanted -= set(session.scalars(select(Item.id).where(Item.id.in_(part))))
    return wanted


def count(session: Session, wanted: PaperFilter, stage_topics: StageTopics) -> int:
    """Count the items of a whole list, whatever part of it `limit` and `after` ask for."""
    plain = replace(wanted, sort="newest", after=None)
    query = query_of(plain, stage_topics).order_by(None).limit(None)
    ids = query.with_only_columns(Item.id, maintain_column_froms=True).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def monthly(session: Session, wanted: PaperFilter, stage_topics: StageTopics) -> dict[str, int]:
    """Count the items of a whole list by their month, oldest first; months without any are absent."""
    if (months := filed_months(wanted, stage_topics)) is not None:
        return {str(row[0]): int(row[1]) for row in session.execute(months)}
    plain = replace(wanted, sort="newest", after=None)
    query = query_of(plain, stage_topics).order_by(None).limit(None)
    counts = query.with_only_columns(Item.month, func.count(), maintain_column_froms=True).group_by(Item.month)
    return {str(row[0]): int(row[1]) for row in session.execute(counts.order_by(Item.month))}


def count_all(session: Session) -> int:
    """Count all stored items."""
    return session.scalar(select(func.count()).select_from(Item)) or 0


def newest(session: Session) -> datetime | None:
    """Tell when the newest item was submitted; None where none is stored, or of none it is known."""
    return session.scalar(select(func.max(Item.submitted)))


def oldest_month(session: Session) -> str | None:
    """Tell the first month of which anything is stored."""
    return session.scalar(select(func.min(Item.month)))


def ids_like(session: Session, item_id: str, limit: int) -> list[str]:
    """List ids that begin like one that is not stored: with all of it, else with all but its last sign; in order."""
    for start in (item_id, item_id[:-1]):
        query = select(Item.id).where(Item.id.startswith(start, autoescape=True)).order_by(Item.id).limit(limit)
        if len(start) >= SHORTEST_START and (found := list(session.scalars(query))):
            return found
    return []


def only_recorded(session: Session) -> bool:
    """Tell whether the store holds items, and all of them of the recorded month."""
    found = session.scalar(select(exists().where(is_recorded())))
    other = session.scalar(select(exists().where(~is_recorded())))
    return bool(found) and not other


def is_empty(session: Session) -> bool:
    """Tell whether the store holds no item at all."""
    return not session.scalar(select(exists(select(Item.id))))


def everything() -> tuple[Any, ...]:
    """Say what to load with an item that is shown whole: code, topics, labs and rating."""
    return joinedload(Item.rating), *(selectinload(part) for part in (Item.code, Item.topics, Item.labs))
