"""Issues and what they are made from: shortlists, the counts of a month, the ledger, late arrivals."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import Session, joinedload, selectinload

from core.months import first_day, last_day, shift
from db.models import Code, Issue, IssueItem, Item, LabScore, Rating, Shortlist, TopicScore, Window
from db.upsert import chunks
from db.windows import SKEW

_CLOSING_LOCK = 7_411_520_232  # any number that no other lock of this program uses
LATE_MONTHS = 3
_CHUNK = 500  # ids looked up at once


def hold_closing(session: Session) -> None:
    """Let one process at a time make issues until its transaction ends; SQLite's BEGIN IMMEDIATE does so already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLOSING_LOCK})


def hold_off_closing(session: Session) -> None:
    """Let no month become final until this transaction ends: what it stores depends on which are."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _CLOSING_LOCK})


def get(session: Session, month: str) -> Issue | None:
    """Find the issue of a month."""
    return session.get(Issue, month)


def statuses(session: Session) -> dict[str, str]:
    """Give the status of every issue by month, oldest first."""
    return {row.month: row.status for row in session.execute(select(Issue.month, Issue.status).order_by(Issue.month))}


def final_months(session: Session) -> frozenset[str]:
    """Name the months that have a final issue: no paper moves into or out of them."""
    return frozenset(session.scalars(select(Issue.month).where(Issue.status == "final")))


def latest_final(session: Session) -> Issue | None:
    """Find the newest final issue."""
    return session.scalars(select(Issue).where(Issue.status == "final").order_by(Issue.month.desc()).limit(1)).first()


def finals(session: Session) -> list[Issue]:
    """List the final issues as they are now, oldest first."""
    query = select(Issue).where(Issue.status == "final").order_by(Issue.month)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def since(session: Session, month: str) -> list[Issue]:
    """List the issues of a month and of all after it, oldest first."""
    return list(session.scalars(select(Issue).where(Issue.month >= month).order_by(Issue.month)))


def standings(session: Session, ids: Collection[str]) -> list[tuple[str, bool, str | None]]:
    """Tell which items are withdrawn, and arXiv's comment: (id, withdrawn, comment); unknown ids are left out.

    An item that a final issue printed keeps its id: a post that one considered becomes no paper.
    """
    found: list[tuple[str, bool, str | None]] = []
    for part in chunks(sorted(ids), _CHUNK):
        query = select(Item.id, Item.withdrawn, Item.comment).where(Item.id.in_(part))
        found += [(item_id, gone, comment) for item_id, gone, comment in session.execute(query)]
    return found


def months_with_items(session: Session, after: str, through: str) -> list[str]:
    """List the months in (after, through] for which anything real is stored, oldest first."""
    within = and_(Item.month > after, Item.month <= through)
    return list(session.scalars(select(Item.month).where(within, not_recorded()).distinct().order_by(Item.month)))


def real_among(session: Session, months: Collection[str]) -> frozenset[str]:
    """Give those of the months for which anything real is stored."""
    return frozenset(session.scalars(select(Item.month).where(Item.month.in_(months), not_recorded()).distinct()))


def not_recorded() -> ColumnElement[bool]:
    """Say that an item is known from more than the recorded month."""
    return Item.sources != ["recorded"]


def shortlist(session: Session, month: str) -> list[Shortlist]:
    """List the shortlisted rows of a month by stage and position."""
    return list(
        session.scalars(select(Shortlist).where(Shortlist.month == month).order_by(Shortlist.stage, Shortlist.position))
    )


def items(session: Session, ids: Collection[str]) -> dict[str, Item]:
    """Load items by id with their topics, labs, code and rating: five statements, however many ids."""
    whole = (selectinload(Item.topics), selectinload(Item.labs), selectinload(Item.code), joinedload(Item.rating))
    return {item.id: item for item in session.scalars(select(Item).where(Item.id.in_(ids)).options(*whole))}


@dataclass(frozen=True, slots=True)
class MonthCounts:
    """How many items a month holds; `papers` and `ranked_papers` leave posts out, the others count both kinds."""

    items: int
    recorded: int  # known from the recorded month alone
    unranked: int
    papers: int
    ranked_papers: int
    first_seen: datetime | None  # of the earliest real item
    last_submitted: datetime | None


def month_counts(session: Session, month: str) -> MonthCounts:
    """Count the items of a month in one statement."""
    paper, ranked = Item.kind == "paper", Rating.item_id.is_not(None)
    row = session.execute(
        select(
            func.count(),
            func.count().filter(~not_recorded()),
            func.count().filter(~ranked),
            func.count().filter(paper),
            func.count().filter(and_(paper, ranked)),
            func.min(Item.first_seen).filter(not_recorded()),
            func.max(Item.submitted),
        )
        .select_from(Item)
        .outerjoin(Rating)
        .where(Item.month == month)
    ).one()
    return MonthCounts(*row)


def papers_by_day(session: Session, month: str) -> dict[date, int]:
    """Count the papers of a month by the day (UTC) they were submitted; those of which no day is known are left out."""
    submitted = select(Item.submitted).where(Item.month == month, Item.kind == "paper", Item.submitted.is_not(None))
    return dict(Counter(moment.astimezone(UTC).date() for moment in session.scalars(submitted) if moment is not None))


def considered(session: Session, month: str, real: bool, kind: str = "paper") -> dict[int, int]:
    """Count the papers, or the posts, of a month by the stage that fits them best; `real` leaves out recorded ones."""
    query = (
        select(Rating.best_stage, func.count())
        .join(Item, Item.id == Rating.item_id)
        .where(_in_month(month, real), Item.kind == kind, Rating.best_stage.is_not(None))
        .group_by(Rating.best_stage)
    )
    return {stage: count for stage, count in session.execute(query) if stage is not None}


def coded(session: Session, month: str, real: bool) -> dict[int, int]:
    """Count the papers of a month whose code is known, by the stage that fits them best."""
    query = (
        select(Rating.best_stage, func.count())
        .join(Item, Item.id == Rating.item_id)
        .where(_in_month(month, real), Item.kind == "paper", Rating.best_stage.is_not(None))
        .where(exists().where(Code.item_id == Item.id))
        .group_by(Rating.best_stage)
    )
    return {stage: count for stage, count in session.execute(query) if stage is not None}


def filed(session: Session, month: str, real: bool, fit: float) -> dict[int, tuple[int, int, int]]:
    """Count by stage what of a month is filed there: papers, posts, and the papers whose code is known.

    Filed is what has at least this fit to a topic; each item counts once, where it fits best.
    """
    paper, with_code = Item.kind == "paper", exists().where(Code.item_id == Item.id)
    number = func.count().filter
    query = (
        select(Rating.best_stage, number(paper), number(Item.kind == "post"), number(and_(paper, with_code)))
        .join(Item, Item.id == Rating.item_id)
        .where(_in_month(month, real), Rating.best_stage.is_not(None))
        .where(exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= fit))
        .group_by(Rating.best_stage)
    )
    rows = session.execute(query)
    return {stage: (papers, posts, coded) for stage, papers, posts, coded in rows if stage is not None}


def unranked(session: Session, month: str) -> bool:
    """Tell whether anything real of a month still waits to be ranked."""
    query = select(Item.id).outerjoin(Rating).where(_in_month(month, real=True), Rating.item_id.is_(None))
    return session.scalars(query.limit(1)).first() is not None


def worthy_stages(session: Session, month: str, floor: float, fit: float) -> frozenset[int]:
    """Give the stages for which the month holds a real item at or above floor and fit."""
    fits = exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= fit)
    passes = and_(_in_month(month, real=True), Item.withdrawn.is_(False), Rating.worth >= floor, fits)
    stages = session.scalars(select(Rating.best_stage).join(Item, Item.id == Rating.item_id).where(passes).distinct())
    return frozenset(stage for stage in stages if stage is not None)


def filed_under(session: Session, month: str, real: bool, fit: float) -> dict[str, int]:
    """Count the papers of a month filed under each topic with at least this fit."""
    query = (
        select(TopicScore.topic, func.count())
        .join(Item, Item.id == TopicScore.item_id)
        .where(_in_month(month, real), Item.kind == "paper", TopicScore.fit >= fit)
        .group_by(TopicScore.topic)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def from_labs(
    session: Session, month: str, real: bool, confidence: float
) -> Sequence[tuple[Item, LabScore, float | None]]:
    """List everything of a month believed to be from a lab, as (item without relations, score, worth).

    What was withdrawn is left out.
    """
    query = (
        select(Item, LabScore, Rating.worth)
        .join(LabScore, LabScore.item_id == Item.id)
        .outerjoin(Rating, Rating.item_id == Item.id)
        .where(_in_month(month, real), Item.withdrawn.is_(False), LabScore.confidence >= confidence)
        .order_by(LabScore.lab, Item.id)
    )
    return [(item, score, worth) for item, score, worth in session.execute(query)]


def _in_month(month: str, real: bool) -> ColumnElement[bool]:
    return and_(Item.month == month, not_recorded()) if real else Item.month == month


def _touches(month: str) -> ColumnElement[bool]:
    return and_(Window.from_day <= last_day(month), Window.to_day >= first_day(month))


def was_asked(session: Session, month: str, source: str) -> bool:
    """Tell whether a source was ever asked about a day of this month."""
    return session.scalar(select(exists().where(_touches(month), Window.source == source))) or False


def windows(session: Session, month: str) -> list[Window]:
    """List the ledger's windows that touch a month, by source, channel and day."""
    order = (Window.source, Window.channel, Window.from_day, Window.to_day)
    return list(session.scalars(select(Window).where(_touches(month)).order_by(*order)))


def last_reads(session: Session, now: datetime) -> dict[str, datetime]:
    """Tell when each source last answered a window in full, whichever days it was about.

    What a clock ahead of `now` noted tells nothing.
    """
    query = (
        select(Window.source, func.max(Window.checked_at))
        .where(Window.state == "closed", Window.checked_at <= now + SKEW)
        .group_by(Window.source)
    )
    return {source: moment for source, moment in session.execute(query) if moment is not None}


def last_change(session: Session, month: str) -> datetime | None:
    """Tell when anything an issue of this month is made from last changed: an item, a rating, the ledger."""
    ranked = select(func.max(Rating.ranked_at)).join(Item, Item.id == Rating.item_id).where(Item.month == month)
    closed = select(func.max(Window.closed_at)).where(_touches(month))
    changed = select(func.max(Item.updated)).where(Item.month == month)
    moments = [session.scalar(query) for query in (changed, ranked, closed)]
    return max((moment for moment in moments if moment is not None), default=None)


def taken(session: Session, ids: Collection[str]) -> frozenset[str]:
    """Give those of the ids that a final issue has considered."""
    found: set[str] = set()
    for part in chunks(sorted(ids), _CHUNK):
        found.update(session.scalars(select(IssueItem.item_id).where(IssueItem.item_id.in_(part))))
    return frozenset(found)


def considered_elsewhere(session: Session, ids: Collection[str], month: str) -> frozenset[str]:
    """Give those of the ids that a final issue of another month has considered."""
    query = select(IssueItem.item_id).where(IssueItem.item_id.in_(ids), IssueItem.month != month)
    return frozenset(session.scalars(query))


def _late(month: str) -> ColumnElement[bool]:
    """Say that an item's month, at most three back, had its final issue without it (contract.md, late).

    An item that stood unranked when its month closed in default was not considered either: it competes as late.
    """
    closed = exists().where(Issue.month == Item.month, Issue.status == "final")
    taken = exists().where(IssueItem.item_id == Item.id)
    return and_(Item.month >= shift(month, -LATE_MONTHS), Item.month < month, closed, ~taken, not_recorded())


def late_count(session: Session, month: str) -> int:
    """Count the late items that would be considered in this month's issue."""
    return session.scalar(select(func.count()).select_from(Item).join(Rating).where(_late(month))) or 0


def _late_worthy(month: str, floor: float, fit: float) -> Select[str]:
    fits = exists().where(TopicScore.item_id == Item.id, TopicScore.fit >= fit)
    passes = and_(_late(month), Item.withdrawn.is_(False), Rating.best_stage.is_not(None), Rating.worth >= floor, fits)
    return select(Item.id).join(Rating).where(passes)


def late_worthy(session: Session, month: str, floor: float, fit: float, limit: int) -> tuple[list[str], int]:
    """Give the ids of the worthiest late items at or above floor and fit, at most `limit`, and the number of all."""
    query = _late_worthy(month, floor, fit)
    ids = session.scalars(query.order_by(Rating.worth.desc(), Item.id).limit(limit)).all()
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return list(ids), total


def record_considered(session: Session, month: str, printed: Collection[str], late: bool) -> None:
    """Write down every ranked, real item of the month, and the late ones, as considered in this issue."""
    taken = exists().where(IssueItem.item_id == Item.id)
    own = and_(Item.month == month, not_recorded(), ~taken)
    wanted = or_(own, _late(month)) if late else own
    rows = select(Item.id, literal(month), false()).join(Rating).where(wanted)
    session.execute(insert(IssueItem).from_select(["item_id", "month", "printed"], rows))
    session.execute(update(IssueItem).where(IssueItem.item_id.in_(printed)).values(printed=True))
