"""Personal scores: how what a reader said moves the candidates of a month; each row is that reader's alone."""

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import Table, delete, exists, select
from sqlalchemy.orm import Session

from core.months import shift
from db.models import IssueItem, Item, Shortlist, Subscriber
from db.models_mail import Outbox
from db.models_readers import Feedback, PersonalScore
from db.upsert import chunks

TEACHING = ("more", "less", "hide")
KEPT_MONTHS = 3  # as long as a mail of theirs may still be looked into
_CHUNK = 500  # ids looked up at once


def readers(session: Session, month: str) -> list[int]:
    """List the active people who have taught something and have no mail of this issue in the outbox yet.

    So too whoever took it all back after a run that wrote their scores and was stopped before it filled the outbox.
    """
    taught = exists().where(Feedback.subscriber_id == Subscriber.id, Feedback.verb.in_(TEACHING))
    scored = exists().where(PersonalScore.subscriber_id == Subscriber.id, PersonalScore.month == month)
    mailed = exists().where(Outbox.month == month, Outbox.subscriber_id == Subscriber.id)
    query = select(Subscriber.id).where(Subscriber.state == "active", taught | scored, ~mailed)
    return list(session.scalars(query.order_by(Subscriber.id)))


def taught(session: Session, subscriber_ids: Collection[int]) -> dict[int, list[tuple[str, str, str]]]:
    """Give what people taught, oldest first: subscriber id -> (item id, verb, title)."""
    found: dict[int, list[tuple[str, str, str]]] = {}
    query = select(Feedback.subscriber_id, Feedback.item_id, Feedback.verb, Item.title).join(Item)
    for part in chunks(subscriber_ids, _CHUNK):
        mine = query.where(Feedback.subscriber_id.in_(part), Feedback.verb.in_(TEACHING))
        for person, item, verb, title in session.execute(mine.order_by(Feedback.created, Feedback.id)):
            found.setdefault(person, []).append((item, verb, title))
    return found


def candidates(session: Session, month: str) -> list[str]:
    """List what a mail of this issue may print: its shortlists and what was printed, late arrivals included."""
    listed = select(Shortlist.item_id).where(Shortlist.month == month, Shortlist.section == "main")
    printed = select(IssueItem.item_id).where(IssueItem.month == month, IssueItem.printed)
    return sorted({*session.scalars(listed), *session.scalars(printed)})


def replace(session: Session, month: str, subscriber_ids: Collection[int], rows: Sequence[dict[str, Any]]) -> None:
    """Store the scores of some people for a month in place of what was there; those of long ago go."""
    for part in chunks(subscriber_ids, _CHUNK):
        mine = PersonalScore.subscriber_id.in_(part)
        old = (PersonalScore.month == month) | (PersonalScore.month < shift(month, -KEPT_MONTHS))
        session.execute(delete(PersonalScore).where(mine, old))
    for batch in chunks(rows, 2_000):
        session.execute(cast(Table, PersonalScore.__table__).insert(), batch)


def scores(session: Session, month: str, subscriber_id: int) -> list[PersonalScore]:
    """List the scores of one person for a month, in order of id."""
    mine = (PersonalScore.subscriber_id == subscriber_id, PersonalScore.month == month)
    return list(session.scalars(select(PersonalScore).where(*mine).order_by(PersonalScore.item_id)))


def of(session: Session, subscriber_id: int) -> list[PersonalScore]:
    """List all scores of one person, oldest month first."""
    query = select(PersonalScore).where(PersonalScore.subscriber_id == subscriber_id)
    return list(session.scalars(query.order_by(PersonalScore.month, PersonalScore.item_id)))
