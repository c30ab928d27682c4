"""What became of items that final issues considered: code that came since, and upvotes then and now."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.months import first_day, shift
from db.issues import not_recorded
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


def new_code(session: Session, month: str, fit: float) -> dict[int, int]:
    """Count by stage the papers of earlier months, filed at this fit, whose code was first seen in a month.

    The paper must have been known before, and code of other papers of its month as well: what a catalogue tells when
    it is first read is no news. Nor is what a dump tells, which ended in 2025.
    """
    begins, ends = _bounds(month)
    before, other = aliased(Code), aliased(Item)
    known = select(other.month).join(before, before.item_id == other.id).where(other.month < month)
    news = exists().where(Code.item_id == Item.id, Code.first_seen >= begins, Code.first_seen < ends, _told_now())
    had = exists().where(before.item_id == Item.id, before.first_seen < begins)
    filed = exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= fit)
    query = (
        select(Item.month, Rating.best_stage, func.count())
        .join(Rating, Rating.item_id == Item.id)
        .where(Item.month < month, Item.kind == "paper", Item.first_seen < begins, Item.withdrawn.is_(False))
        .where(Rating.best_stage.is_not(None), not_recorded(), news, ~had, filed)
        .group_by(Item.month, Rating.best_stage)
    )
    read = frozenset(session.scalars(known.where(before.first_seen < begins).distinct()))
    found: Counter[int] = Counter()
    for of, stage, count in session.execute(query):
        if stage is not None and of in read:
            found[stage] += count
    return dict(sorted(found.items()))


def _told_now() -> ColumnElement[bool]:
    return Code.source != "pwc-archive"


def _bounds(month: str) -> tuple[datetime, datetime]:
    """Give the moments (UTC) at which a month begins and ends."""
    days = first_day(month), first_day(shift(month, 1))
    begins, ends = (datetime.combine(day, time(), UTC) for day in days)
    return begins, ends


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
