"""Items as lines on other items' pages; and what a page tells beside the item: its versions, where it was printed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from db.models import IssueItem, Item, TopicScore, Version
from db.papers import SHOWN


@dataclass(frozen=True, slots=True)
class Card:
    """An item in a line; `printed` is the month of the final issue that printed it, `shown` that it fits some topic."""

    id: str
    kind: str
    title: str
    arxiv_id: str | None
    submitted: datetime | None
    month: str
    withdrawn: bool
    printed: str | None
    shown: bool


def cards(session: Session, ids: Collection[str]) -> dict[str, Card]:
    """Read items as lines by id, a few hundred at most; those not stored are absent."""
    columns = (Item.id, Item.kind, Item.title, Item.arxiv_id, Item.submitted, Item.month, Item.withdrawn)
    printed = and_(IssueItem.item_id == Item.id, IssueItem.printed)
    shown = exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= SHOWN)
    query = select(*columns, IssueItem.month, shown).outerjoin(IssueItem, printed).where(Item.id.in_(sorted(ids)))
    return {row[0]: Card(*row) for row in session.execute(query)}


def printed_in(session: Session, item_id: str) -> str | None:
    """Name the month of the final issue that printed an item."""
    return session.scalar(select(IssueItem.month).where(IssueItem.item_id == item_id, IssueItem.printed))


def versions(session: Session, item_id: str) -> list[tuple[int, datetime]]:
    """List the versions of a paper as far as their dates are known, oldest first."""
    query = select(Version.number, Version.created).where(Version.item_id == item_id).order_by(Version.number)
    return [(number, created) for number, created in session.execute(query)]
