"""Summaries by a model endpoint: whose turn it is to get one, what was asked and answered before, what was spent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, exists, func, select, update
from sqlalchemy.orm import Session

from db.models import Issue, Item, MachineSummary, Rating, Shortlist
from db.upsert import chunks, upsert

_TABLE: Table = MachineSummary.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Shown:
    """An item near the head of a shortlist, with the summary it has."""

    id: str
    title: str
    abstract: str
    summary: dict[str, Any]


def shown(session: Session, places: int) -> list[Shown]:
    """List the items on the first places of the shortlists of months that are not final, newest month first.

    Within a month they go by place, over all stages: a budget that ends early has served every stage.
    """
    final = exists().where(Issue.month == Shortlist.month, Issue.status == "final")
    query = (
        select(Item.id, Item.title, Item.abstract, Rating.summary)
        .join(Shortlist, Shortlist.item_id == Item.id)
        .join(Rating, Rating.item_id == Item.id)
        .where(Shortlist.section == "main", Shortlist.position <= places, ~final)
        .where(Item.abstract.is_not(None), Item.withdrawn.is_(False))
        .order_by(Shortlist.month.desc(), Shortlist.position, Shortlist.stage)
    )
    return [Shown(*row) for row in session.execute(query) if row.summary]


def answers(session: Session, keys: Collection[str]) -> dict[str, MachineSummary]:
    """Read what was asked before, by key."""
    found: dict[str, MachineSummary] = {}
    for part in chunks(keys, 500):
        found.update((row.key, row) for row in session.scalars(select(MachineSummary).where(_TABLE.c.key.in_(part))))
    return found


def spent(session: Session, since: datetime) -> int:
    """Count the requests for texts that were last asked for since a moment: never fewer than were made since."""
    return session.scalar(select(func.sum(MachineSummary.requests)).where(MachineSummary.asked_at >= since)) or 0


def book(session: Session, key: str, item_id: str, model: str, now: datetime, *, tries: int, lease: timedelta) -> bool:
    """Book one request before it is made; False where it was answered, tried often enough, or is being made elsewhere.

    The caller commits before it asks: what a process that dies has spent stays counted.
    """
    new = {"key": key, "item_id": item_id, "model": model, "requests": 0, "asked_at": now - lease}
    upsert(session, _TABLE, [new], keep=("item_id", "model", "requests", "asked_at"))
    row = session.get_one(MachineSummary, key, with_for_update=True, populate_existing=True)
    under_way = now - lease < row.asked_at <= now
    if row.text is not None or row.refusal is not None or row.requests >= tries or under_way:
        return False
    row.requests, row.asked_at = row.requests + 1, now
    return True


def settle(session: Session, key: str, text: str | None, refusal: str | None) -> None:
    """Keep what a request was answered with."""
    row = session.get_one(MachineSummary, key)
    row.text, row.refusal = text, refusal


def give(session: Session, item_id: str, summary: dict[str, Any], now: datetime) -> int:
    """Store a summary in place of the one an item has; gives the number of rows changed.

    A rating that waits to be made anew is left alone: it would pass for one that looked at the item's last change.
    """
    current = exists().where(Item.id == Rating.item_id, Rating.item_updated == Item.updated)
    statement = update(Rating).where(Rating.item_id == item_id, current).values(summary=summary, ranked_at=now)
    return len(session.scalars(statement.returning(Rating.item_id)).all())
