"""The queries of lists: which items, in which order, from which place on.

Lists of shown items are read from `filing`, which triggers keep in these orders (migration 0016, docs/decisions/0042);
what it does not hold is sorted anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    SQLColumnExpression,
    String,
    Subquery,
    Table,
    Text,
    and_,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.months import first_day
from db.models import Code, Item, LabScore, Rating, TopicScore
from db.types import UTCDateTime

SHOWN = 0.5  # a topic or a lab is shown from here on: "an expert would file it here"
RECORDED = ["recorded"]  # the sources of an item that only the recorded month knows

Cursor = tuple[float | str, str]
Sort = Literal["fit", "worth", "newest"]
StageTopics = Mapping[int, tuple[str, ...]]

FILING = table(
    "filing",
    column("item_id", Text()),
    column("topic", Text()),
    column("fit", Float()),
    column("placed", UTCDateTime()),  # when it was submitted, else the first moment of its month
    column("month", String()),
    column("worth", Float()),  # -1: not known
)
_ITEM: Table = Item.__table__  # type: ignore[assignment]
_KEYS = {"newest": FILING.c.placed, "worth": FILING.c.worth, "fit": FILING.c.fit}


@dataclass(frozen=True, slots=True)
class PaperFilter:
    """What to list; everything not given is no condition.

    `since` and `until` (both included) are about `submitted`; where that is unknown, `since` compares with the first
    day of the item's month and `until` with its last day. `topic` and `stage` mean fit >= 0.5 unless `min_fit` says
    otherwise; with min_fit 0 every item is listed, and a fit that is not stored counts as 0. Where both are given an
    item is under the topic and under one of the stage, and its fit is that of the topic.
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A list's query before its columns are chosen: its conditions, what it is sorted by, and the items' ids."""

    query: Select[Any]
    key: SQLColumnExpression[Any]
    item_id: SQLColumnExpression[str]

    def ordered(self, limit: int) -> Select[Any]:
        """Put it in order, best or newest first, ties by id, downwards."""
        return self.query.order_by(self.key.desc(), self.item_id.desc()).limit(limit)


def query_of(wanted: PaperFilter, stage_topics: StageTopics) -> Select[Item]:
    """Make the query for the items of a list; more conditions may be added to it."""
    names = topics_of(wanted, stage_topics)
    if _is_filed(wanted, names) and len(names or ()) == 1:
        return _filed(wanted, names or (), items=True).ordered(wanted.limit)
    return _sorted(wanted, names).ordered(wanted.limit)


def part_query(wanted: PaperFilter, stage_topics: StageTopics) -> Select[Item]:
    """Make the query for the items of one part of a list, as `query_of` does but sooner; no condition may be added."""
    listed = places_query(wanted, stage_topics).subquery("listed")
    query = select(Item).join(listed, listed.c.item_id == Item.id)
    return query.order_by(listed.c.place.desc(), Item.id.desc())


def places_query(wanted: PaperFilter, stage_topics: StageTopics) -> Select[Any]:
    """Make the query for (item_id, place) of one part of a list, in order; the place is the key it is sorted by."""
    names = topics_of(wanted, stage_topics)
    if _is_filed(wanted, names):
        return _merged([_filed(wanted, (name,)) for name in names or ()], wanted.limit)
    if names is None and (not wanted.min_fit or wanted.min_fit >= SHOWN):
        best = () if wanted.min_fit else _best_topics(wanted, stage_topics)
        if best:
            return _merged([_filed_best(wanted, name) for name in best], wanted.limit)
        if wanted.sort == "newest" and wanted.lab is None and wanted.min_worth is None:
            return _merged(_by_day(wanted), wanted.limit)
    return _placed(_sorted(wanted, names), wanted.limit)


def is_recorded() -> ColumnElement[bool]:
    """Make the condition that an item is known from the recorded month alone."""
    return Item.sources == RECORDED


def topics_of(wanted: PaperFilter, stage_topics: StageTopics) -> tuple[str, ...] | None:
    """Name the topics that the fit is about: the topic, else those of the stage, else all (None)."""
    if wanted.topic is not None:
        return (wanted.topic,)
    return stage_topics.get(wanted.stage, ()) if wanted.stage is not None else None


def filed_months(wanted: PaperFilter, stage_topics: StageTopics) -> Select[Any] | None:
    """Make the query for (month, number of items) of a whole list of one topic; None where it needs the items."""
    names = topics_of(wanted, stage_topics)
    if not _is_filed(wanted, names) or len(names or ()) != 1 or _of_items(wanted):
        return None
    query = _filed(replace(wanted, sort="newest", after=None), names or ()).query
    return query.with_only_columns(FILING.c.month, func.count()).group_by(FILING.c.month).order_by(FILING.c.month)


def _is_filed(wanted: PaperFilter, names: Sequence[str] | None) -> bool:
    """Tell whether all of a list is in `filing`, and the key of an item is the same under each of the names."""
    if not names or _floor(wanted) < SHOWN:
        return False
    return len(names) == 1 or wanted.sort != "fit"


def _filed(wanted: PaperFilter, names: Sequence[str], *, items: bool = False) -> Asked:
    """Ask `filing` for a list; items are joined where they are asked for, or a condition is about them alone."""
    key = _KEYS[wanted.sort]
    joined = items or bool(_of_items(wanted))
    with_items = select(Item).select_from(FILING.join(_ITEM, FILING.c.item_id == Item.id))
    query: Select[Any] = with_items if joined else select(FILING)
    query = query.where(FILING.c.topic.in_(names) if len(names) > 1 else FILING.c.topic == names[0])
    if _floor(wanted) > SHOWN:
        query = query.where(_unsought(FILING.c.fit) >= _floor(wanted))
    query = query.where(
        *_filed_days(wanted), *_linked(wanted, FILING.c.item_id), *_beyond(key, FILING.c.item_id, wanted)
    )
    if wanted.month is not None:
        query = query.where(FILING.c.month == wanted.month)
    return Asked(query.where(*_of_items(wanted)), key, FILING.c.item_id)


def _best_topics(wanted: PaperFilter, stage_topics: StageTopics) -> tuple[str, ...]:
    """Name the topics of the stage that a list asks what is filed there above all; none where it asks for more."""
    plain = wanted.best_stage is not None and wanted.sort != "fit" and wanted.recorded is None and wanted.kind is None
    return stage_topics.get(wanted.best_stage or 0, ()) if plain else ()


def _filed_best(wanted: PaperFilter, topic: str) -> Asked:
    """Ask `filing` for what is filed under a topic above all others, and not withdrawn."""
    asked = _filed(replace(wanted, best_stage=None, min_worth=None), (topic,))
    best = exists().where(
        Rating.item_id == FILING.c.item_id, Rating.best_topic == topic, Rating.best_stage == wanted.best_stage
    )
    kept = exists().where(Item.id == FILING.c.item_id, Item.withdrawn.is_(False)).correlate(FILING)
    worth = [] if wanted.min_worth is None else [_unsought(FILING.c.worth) >= wanted.min_worth]
    return Asked(asked.query.where(*worth, best, kept), asked.key, asked.item_id)


def _unsought(number: ColumnElement[float]) -> ColumnElement[float]:
    """Say a column so that no index on it is taken: the one that gives the order must be."""
    return number + 0.0


def _placed(asked: Asked, limit: int) -> Select[Any]:
    columns: Any = (asked.item_id.label("item_id"), asked.key.label("place"))
    return asked.ordered(limit).with_only_columns(*columns, maintain_column_froms=True)


def _merged(several: Sequence[Asked], limit: int) -> Select[Any]:
    """Merge lists that are each read in order and up to the limit; an item in several of them comes once."""
    parts = [_placed(asked, limit) for asked in several]
    if len(parts) == 1:
        return parts[0]
    every = union_all(*(select(part.subquery()) for part in parts)).subquery("every")
    query = select(every.c.item_id, every.c.place).distinct()
    return query.order_by(every.c.place.desc(), every.c.item_id.desc()).limit(limit)


def _by_day(wanted: PaperFilter) -> list[Asked]:
    """Ask for items by their day: for those that have one, and for those that only have a month."""
    start = _MonthStart(Item.month)
    dated, undated = Item.submitted.is_not(None), Item.submitted.is_(None)
    conditions = [*_linked(wanted, Item.id), *_of_items(wanted), *_days(wanted)]
    if wanted.month is not None:
        conditions.append(Item.month == wanted.month)
    if wanted.min_fit:
        shown = exists().where(FILING.c.item_id == Item.id, FILING.c.fit >= wanted.min_fit)
        conditions.append(shown)
    bounds = [*_bounds(Item.submitted, wanted), *_beyond(Item.submitted, Item.id, wanted)]
    return [
        Asked(select(Item).where(dated, *conditions, *bounds), Item.submitted, Item.id),
        Asked(select(Item).where(undated, *conditions, *_beyond(start, Item.id, wanted)), start, Item.id),
    ]


def _sorted(wanted: PaperFilter, names: Sequence[str] | None) -> Asked:
    """Ask for a list in any order, by going through all that it may hold."""
    fits = _fits(wanted, names)
    query = select(Item)
    floor = _floor(wanted)
    if fits is not None:
        query = query.join(fits, fits.c.item_id == Item.id, isouter=floor <= 0)
        if floor > 0:
            query = query.where(fits.c.fit >= floor)
    if wanted.sort == "worth":
        query = query.join(Rating, Rating.item_id == Item.id, isouter=True)
    key = _sort_key(wanted.sort, fits)
    query = query.where(*_linked(wanted, Item.id), *_of_items(wanted), *_days(wanted), *_beyond(key, Item.id, wanted))
    if wanted.month is not None:
        query = query.where(Item.month == wanted.month)
    return Asked(query, key, Item.id)


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


def _fits(wanted: PaperFilter, names: Sequence[str] | None) -> Subquery | None:
    """Give each item's best fit among the topics that count; None where the list asks nothing about fit."""
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


def _beyond(
    key: SQLColumnExpression[Any], own: SQLColumnExpression[str], wanted: PaperFilter
) -> list[ColumnElement[bool]]:
    """Make the conditions for what follows the last item seen; the first says nothing new, but leads into an index."""
    if wanted.after is None:
        return []
    value, item_id = wanted.after
    place: datetime | float = datetime.fromisoformat(value) if isinstance(value, str) else value
    bound = literal(place, UTCDateTime() if isinstance(place, datetime) else Float)
    return [key <= bound, or_(key < bound, and_(key == bound, own < item_id))]


def _linked(wanted: PaperFilter, own: SQLColumnExpression[str]) -> list[ColumnElement[bool]]:
    """Make the conditions on what hangs on an item."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.has_code is not None:
        has = exists().where(Code.item_id == own)
        conditions.append(has if wanted.has_code else ~has)
    if wanted.lab is not None:
        of_lab = select(LabScore.item_id).where(LabScore.lab == wanted.lab, LabScore.confidence >= SHOWN)
        conditions.append(own.in_(of_lab))  # few of all items: the index on labs leads to them
    if wanted.topic is not None and wanted.stage is not None and _floor(wanted) > 0:
        filed = (TopicScore.item_id == own, TopicScore.stage == wanted.stage, TopicScore.fit >= _floor(wanted))
        conditions.append(exists().where(*filed))
    if wanted.best_stage is not None or wanted.min_worth is not None:
        conditions.append(own.in_(_rated(wanted)))
    return conditions


def _of_items(wanted: PaperFilter) -> list[ColumnElement[bool]]:
    """Make the conditions on what only an item itself tells."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(Item.kind == wanted.kind)
    if wanted.best_stage is not None or wanted.min_worth is not None:
        conditions.append(Item.withdrawn.is_(False))
    if wanted.recorded is not None:
        conditions.append(is_recorded() if wanted.recorded else ~is_recorded())
    return conditions


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
        start = literal(_start_of(wanted.since), UTCDateTime())
        conditions.append(func.coalesce(Item.submitted, _MonthStart(Item.month)) >= start)
    if wanted.until is not None:
        beyond = _day_after(wanted.until)
        # A month lies before `until` as a whole when the day after `until` belongs to a later month.
        undated = and_(Item.submitted.is_(None), Item.month < f"{beyond.year:04d}-{beyond.month:02d}")
        conditions.append(or_(Item.submitted < _start_of(beyond), undated))
    return conditions


def _bounds(moment: SQLColumnExpression[Any], wanted: PaperFilter) -> list[ColumnElement[bool]]:
    """Make the conditions on days for items that have one, so that an index leads to them."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(moment >= literal(_start_of(wanted.since), UTCDateTime()))
    if wanted.until is not None:
        conditions.append(moment < literal(_start_of(_day_after(wanted.until)), UTCDateTime()))
    return conditions


def _filed_days(wanted: PaperFilter) -> list[ColumnElement[bool]]:
    """Make the conditions on days as `_days` does; items are looked up only at a month's first moment."""
    conditions = _bounds(FILING.c.placed, wanted)
    if wanted.until is not None and (beyond := _day_after(wanted.until)).day > 1:
        month = literal(_start_of(first_day(f"{beyond.year:04d}-{beyond.month:02d}")), UTCDateTime())
        dated = exists().where(Item.id == FILING.c.item_id, Item.submitted.is_not(None)).correlate(FILING)
        conditions.append(or_(FILING.c.placed != month, dated))  # a month alone may reach beyond `until`
    return conditions


def _day_after(day: date) -> date:
    """Give the day after a day; 9999-12-31, by which programs say that there is no end, is taken for the day before."""
    return min(day, date.max - timedelta(days=1)) + timedelta(days=1)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
