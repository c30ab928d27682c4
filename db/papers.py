"""Items as people and programs ask for them: filtered and sorted lists, single items, counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Float, Select, Subquery, and_, exists, func, literal, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.sql.functions import FunctionElement

from core.clock import iso
from core.months import first_day
from db.models import Code, Item, LabScore, Rating, TopicScore
from db.types import UTCDateTime
from db.upsert import chunks

SHOWN = 0.5  # a topic or a lab is shown from here on: "an expert would file it here"
RECORDED = ["recorded"]  # the sources of an item that only the recorded month knows

SHORTEST_START = 6  # signs of an id: fewer begin too many

Cursor = tuple[float | str, str]
Sort = Literal["fit", "worth", "newest"]


@dataclass(frozen=True, slots=True)
class PaperFilter:
    """What to list; everything not given is no condition.

    `since` and `until` (both included) are about `submitted`; where that is unknown, `since` compares with the first
    day of the item's month and `until` with its last day. `topic` and `stage` mean fit >= 0.5 unless `min_fit` says
    otherwise; with min_fit 0 every item is listed, and a fit that is not stored counts as 0.
    `after` is the `cursor` of the last item seen; `recorded` true or false keeps or drops items of the recorded month.
    `best_stage` keeps what is filed in that stage above all others, `min_worth` what is filed and worth that much;
    neither keeps the withdrawn.
    """

    topic: str | None = None
    lab: str | None = None
    stage: int | None = None
    since: date | None = None
    until: date | None = None
    kind: str | None = None
    has_code: bool | None = None
    min_fit: float | None = None
    month: str | None = None
    sort: Sort = "newest"
    limit: int = 50
    after: Cursor | None = None
    recorded: bool | None = None
    best_stage: int | None = None
    min_worth: float | None = None


def listed(session: Session, wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> list[Item]:
    """List items with code, topics, labs and rating loaded, best or newest first; ties by id, downwards.

    `stage_topics` names the topics of each stage; a stage it does not know has none and lists nothing by fit.
    """
    return list(session.scalars(query_of(wanted, stage_topics).options(*everything())))


def listed_ids(session: Session, wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> list[str]:
    """List the ids of the items that `listed` would load."""
    query = query_of(wanted, stage_topics).with_only_columns(Item.id, maintain_column_froms=True)
    return list(session.scalars(query))


def chosen(wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> Select[str] | None:
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


def query_of(wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> Select[Item]:
    """Make the query that `listed` asks, for those who ask something else of the same list."""
    fits = _fits(wanted, stage_topics)
    query = select(Item)
    floor = _floor(wanted)
    if fits is not None:
        query = query.join(fits, fits.c.item_id == Item.id, isouter=floor <= 0)
        if floor > 0:
            query = query.where(fits.c.fit >= floor)
    if wanted.sort == "worth":
        query = query.join(Rating, Rating.item_id == Item.id, isouter=True)
    key = _sort_key(wanted.sort, fits)
    query = _narrowed(query, wanted)
    if wanted.after is not None:
        query = query.where(_beyond(key, wanted))
    return query.order_by(key.desc(), Item.id.desc()).limit(wanted.limit)


def cursor(wanted: PaperFilter, item: Item, stage_topics: Mapping[int, tuple[str, ...]]) -> Cursor:
    """Give the place of an item in the list that `listed` makes, for the next page's `after`; fit for JSON."""
    if wanted.sort == "newest":
        return iso(item.submitted or datetime.combine(first_day(item.month), time(), UTC)), item.id
    if wanted.sort == "worth":
        worth = item.rating.worth if item.rating else None
        return -1.0 if worth is None else worth, item.id
    names = _topics(wanted, stage_topics)
    return max((s.fit for s in item.topics if names is None or s.topic in names), default=0.0), item.id


def by_id(session: Session, item_id: str) -> Item | None:
    """Find one item, everything loaded; None where it is not stored."""
    return session.scalar(select(Item).where(Item.id == item_id).options(*everything()))


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


def count(session: Session, wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> int:
    """Count the items of a whole list, whatever part of it `limit` and `after` ask for."""
    plain = replace(wanted, sort="newest", after=None)
    query = query_of(plain, stage_topics).order_by(None).limit(None)
    ids = query.with_only_columns(Item.id, maintain_column_froms=True).subquery()
    return session.scalar(select(func.count()).select_from(ids)) or 0


def monthly(session: Session, wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> dict[str, int]:
    """Count the items of a whole list by their month, oldest first; months without any are absent."""
    plain = replace(wanted, sort="newest", after=None)
    query = query_of(plain, stage_topics).order_by(None).limit(None)
    counts = query.with_only_columns(Item.month, func.count(), maintain_column_froms=True).group_by(Item.month)
    return {str(row[0]): int(row[1]) for row in session.execute(counts.order_by(Item.month))}


def count_month(session: Session, month: str) -> int:
    """Count the items of a month."""
    return session.scalar(select(func.count()).select_from(Item).where(Item.month == month)) or 0


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


def is_recorded() -> ColumnElement[bool]:
    """Make the condition that an item is known from the recorded month alone."""
    return Item.sources == RECORDED


class _MonthStart(FunctionElement[datetime]):
    """The first moment of an item's month, so that items without a date can be sorted among those with one."""

    type = UTCDateTime()
    inherit_cache = True
    name = "month_start"


@compiles(_MonthStart, "sqlite")
def _month_start_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} || '-01 00:00:00.000000')"


@compiles(_MonthStart, "postgresql")
def _month_start_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} || '-01 00:00:00+00' AS TIMESTAMP WITH TIME ZONE)"


def everything() -> tuple[Any, ...]:
    """Say what to load with an item that is shown whole: code, topics, labs and rating."""
    return tuple(selectinload(part) for part in (Item.code, Item.topics, Item.labs, Item.rating))


def _topics(wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Name the topics that the fit is about: the topic, else those of the stage, else all (None)."""
    if wanted.topic is not None:
        return (wanted.topic,)
    return stage_topics.get(wanted.stage, ()) if wanted.stage is not None else None


def _fits(wanted: PaperFilter, stage_topics: Mapping[int, tuple[str, ...]]) -> Subquery | None:
    """Give each item's best fit among the topics that count; None where the list asks nothing about fit."""
    names = _topics(wanted, stage_topics)
    if names is None and wanted.sort != "fit" and not wanted.min_fit:
        return None
    best = select(TopicScore.item_id, func.max(TopicScore.fit).label("fit")).group_by(TopicScore.item_id)
    floor = _floor(wanted)
    if floor > 0:  # lets the index on (topic, fit) do the work
        best = best.where(TopicScore.fit >= floor)
    return best.where(TopicScore.topic.in_(names) if names is not None else true()).subquery()


def _floor(wanted: PaperFilter) -> float:
    if wanted.min_fit is not None:
        return wanted.min_fit
    return 0.0 if wanted.topic is None and wanted.stage is None else SHOWN


def _sort_key(sort: Sort, fits: Subquery | None) -> ColumnElement[Any]:
    if sort == "newest":
        return func.coalesce(Item.submitted, _MonthStart(Item.month))
    if sort == "worth":
        return func.coalesce(Rating.worth, literal(-1.0, Float))
    if fits is None:
        raise ValueError("sorting by fit needs the fits")
    return func.coalesce(fits.c.fit, literal(0.0, Float))


def _beyond(key: ColumnElement[Any], wanted: PaperFilter) -> ColumnElement[bool]:
    """Make the condition for what follows the last item seen."""
    if wanted.after is None:
        return true()
    value, item_id = wanted.after
    place: datetime | float = datetime.fromisoformat(value) if isinstance(value, str) else value
    bound = literal(place, UTCDateTime() if isinstance(place, datetime) else Float)
    return or_(key < bound, and_(key == bound, Item.id < item_id))


def _narrowed(query: Select[Item], wanted: PaperFilter) -> Select[Item]:
    """Add the conditions that have nothing to do with fit."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(Item.kind == wanted.kind)
    if wanted.month is not None:
        conditions.append(Item.month == wanted.month)
    if wanted.has_code is not None:
        has = exists().where(Code.item_id == Item.id)
        conditions.append(has if wanted.has_code else ~has)
    if wanted.lab is not None:
        of_lab = select(LabScore.item_id).where(LabScore.lab == wanted.lab, LabScore.confidence >= SHOWN)
        conditions.append(Item.id.in_(of_lab))  # few of all items: the index on labs leads to them
    if wanted.best_stage is not None or wanted.min_worth is not None:
        conditions += [Item.id.in_(_rated(wanted)), Item.withdrawn.is_(False)]
    if wanted.recorded is not None:
        conditions.append(is_recorded() if wanted.recorded else ~is_recorded())
    return query.where(*conditions, *_days(wanted))


def _rated(wanted: PaperFilter) -> Select[str]:
    """Make the query for what is filed under its best topic and worth enough, of a stage where one is named."""
    best = and_(TopicScore.item_id == Rating.item_id, TopicScore.topic == Rating.best_topic)
    query = select(Rating.item_id).join(TopicScore, best).where(TopicScore.fit >= SHOWN)
    if wanted.best_stage is not None:
        query = query.where(Rating.best_stage == wanted.best_stage)
    return query if wanted.min_worth is None else query.where(Rating.worth >= wanted.min_worth)


def _days(wanted: PaperFilter) -> list[ColumnElement[bool]]:
    """Make the conditions on days: v1 date in UTC, else the month's first day (since) or last day (until)."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        start = datetime.combine(wanted.since, time(), UTC)
        conditions.append(func.coalesce(Item.submitted, _MonthStart(Item.month)) >= literal(start, UTCDateTime()))
    if wanted.until is not None:
        beyond = wanted.until + timedelta(days=1)
        dated = Item.submitted < datetime.combine(beyond, time(), UTC)
        # A month lies before `until` as a whole when the day after `until` belongs to a later month.
        undated = and_(Item.submitted.is_(None), Item.month < f"{beyond.year:04d}-{beyond.month:02d}")
        conditions.append(or_(dated, undated))
    return conditions
