"""What readers say of items: `more`, `less`, `seen`, `hide`, `wrong-topic`, `wrong-lab`; each their own alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from db.models import Item
from db.models_readers import Feedback
from db.upsert import upsert

OPPOSITE = {"more": "less", "less": "more"}


def verbs_of(session: Session, subscriber_ids: Collection[int]) -> dict[int, dict[str, frozenset[str]]]:
    """Give what people said: subscriber id -> item id -> verbs; for ranking and for a digest of their own.

    An item that was `seen` or hidden is never shown as new; `more` and `less` train a person's own scores.
    """
    query = select(Feedback.subscriber_id, Feedback.item_id, Feedback.verb)
    found: dict[int, dict[str, set[str]]] = {}
    for person, item, verb in session.execute(query.where(Feedback.subscriber_id.in_(subscriber_ids))):
        found.setdefault(person, {}).setdefault(item, set()).add(verb)
    return {person: {item: frozenset(verbs) for item, verbs in items.items()} for person, items in found.items()}


def of(session: Session, subscriber_id: int) -> Sequence[Feedback]:
    """List all that one person said, oldest first."""
    return session.scalars(select(Feedback).where(Feedback.subscriber_id == subscriber_id).order_by(Feedback.id)).all()


def add(session: Session, subscriber_id: int, item_id: str, verb: str, detail: str, now: datetime) -> None:
    """Write down what a person says; the second time changes nothing, and `more` takes the place of `less`."""
    if verb in OPPOSITE:
        remove(session, subscriber_id, item_id, OPPOSITE[verb], "")
    row = {"subscriber_id": subscriber_id, "item_id": item_id, "verb": verb, "detail": detail, "created": now}
    unique = ("subscriber_id", "item_id", "verb", "detail")
    upsert(session, Feedback.__table__, [row], keep=["created"], keys=unique)


def remove(session: Session, subscriber_id: int, item_id: str, verb: str, detail: str) -> bool:
    """Take back what a person said; False when they had not said it."""
    one = and_(Feedback.subscriber_id == subscriber_id, Feedback.item_id == item_id)
    result = session.execute(delete(Feedback).where(one, Feedback.verb == verb, Feedback.detail == detail))
    return isinstance(result, CursorResult) and result.rowcount > 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A topic or lab that readers say is wrong for an item; nobody's name. `visitors` have no account."""

    verb: str
    detail: str
    item_id: str
    title: str
    readers: int
    newest: datetime
    visitors: int = 0


def doubts(session: Session) -> list[Doubt]:
    """List what subscribers say is filed wrongly, most often said first."""
    query = (
        select(Feedback.verb, Feedback.detail, Item.id, Item.title, func.count(), func.max(Feedback.created))
        .join(Item, Item.id == Feedback.item_id)
        .where(Feedback.verb.in_(("wrong-topic", "wrong-lab")))
        .group_by(Feedback.verb, Feedback.detail, Item.id, Item.title)
        .order_by(func.count().desc(), func.max(Feedback.created).desc(), Item.id, Feedback.detail)
    )
    return [Doubt(*row) for row in session.execute(query)]
