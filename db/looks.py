"""What became of items that final issues considered: code that came since, and upvotes then and now."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.months import shift
from db.models import Code, History, Issue, IssueItem, Item, Rating, TopicScore

MONTHS = 6  # looked back


@dataclass(frozen=True, slots=True)
class Since:
    """An item as a final issue considered it, and as it stands today."""

    id: str
    kind: str
    title: str
    url: str
    month: str  # of the issue
    printed: bool
    closed: datetime  # when the issue became final
    stage: int | None
    worth: float | None
    votes: int | None
    votes_then: int | None  # as last read before the issue closed
    daily_date: date | None


def with_code_since(session: Session, month: str) -> list[tuple[Since, Code]]:
    """List what issues of the six months before printed without code and whose code was first seen after they closed.

    Of several repositories it is the official one, then the first by address.
    """
    after = and_(Code.item_id == Item.id, Code.first_seen > Issue.published_at)
    known = aliased(Code)
    before = exists().where(known.item_id == Item.id, known.first_seen <= Issue.published_at)
    order = (Item.id, Code.official.is_(True).desc(), Code.url)
    query = _considered(month).join(Code, after).add_columns(Code).where(IssueItem.printed, ~before).order_by(*order)
    found: dict[str, tuple[Since, Code]] = {}
    for row in session.execute(query):
        found.setdefault(row.id, (_since(row), row.Code))
    return list(found.values())


def noticed_since(session: Session, month: str, votes: int, floor: float, fit: float) -> list[Since]:
    """List what issues of the six months before considered and has at least `votes` today.

    What was not printed must be at or above floor and fit as well.
    """
    fits = exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= fit)
    worthy = or_(IssueItem.printed, and_(Rating.worth >= floor, fits))
    query = _considered(month).where(Item.votes >= votes, worthy).order_by(Item.id)
    return [_since(row) for row in session.execute(query)]


def _considered(month: str) -> Select[tuple[object, ...]]:
    """Join items with the final issue that considered them and the votes last read before it closed."""
    then = (
        select(func.max(History.value))
        .where(History.item_id == Item.id, History.what == "votes", History.first_at <= Issue.published_at)
        .scalar_subquery()
    )
    columns = (Item.id, Item.kind, Item.title, Item.url, Item.votes, Item.daily_date)
    return (
        select(*columns, IssueItem.month, IssueItem.printed, Issue.published_at, Rating.best_stage, Rating.worth)
        .add_columns(then.label("votes_then"))
        .join(IssueItem, IssueItem.item_id == Item.id)
        .join(Issue, Issue.month == IssueItem.month)
        .outerjoin(Rating, Rating.item_id == Item.id)
        .where(_before(month), Issue.published_at.is_not(None), Item.withdrawn.is_(False))
    )


def _before(month: str) -> ColumnElement[bool]:
    return and_(IssueItem.month >= shift(month, -MONTHS), IssueItem.month < month)


def _since(row: Row[tuple[object, ...]]) -> Since:
    return Since(
        id=row.id,
        kind=row.kind,
        title=row.title,
        url=row.url,
        month=row.month,
        printed=row.printed,
        closed=row.published_at,
        stage=row.best_stage,
        worth=row.worth,
        votes=row.votes,
        votes_then=row.votes_then,
        daily_date=row.daily_date,
    )


def finals_before(session: Session, month: str) -> list[Issue]:
    """List the final issues of the six months before, oldest first."""
    within = and_(Issue.month >= shift(month, -MONTHS), Issue.month < month, Issue.status == "final")
    return list(session.scalars(select(Issue).where(within).order_by(Issue.month)))
