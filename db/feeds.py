"""What feeds ask: which items and issues they list, and whether anything changed, without reading them whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core.text import text_hash
from db import papers, search
from db.lists import part_query
from db.models import Issue, IssueItem, Item, Rating, Version
from db.papers import PaperFilter

StageTopics = Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """The state of a list: a tag that is another when a reader would see something else, and its last change."""

    tag: str
    moment: datetime | None  # None: the list is empty, or no date tells that it changed


@dataclass(frozen=True, slots=True)
class Printed:
    """The final issue an item was printed in."""

    month: str
    published: datetime


def newest(wanted: PaperFilter, stage_topics: StageTopics) -> Select[Item]:
    """Make the query for the items a filter leaves, in its order."""
    return part_query(wanted, stage_topics)


def found(
    session: Session, words: str, named: Sequence[str], wanted: PaperFilter, stage_topics: StageTopics
) -> Select[Item]:
    """Make the query for the items that hold every one of some words, or are `named`, in the order of the filter.

    Words that are none to look for, and no names, find nothing.
    """
    holding = search.holding(session, words)
    chosen = [Item.id.in_(named), *([Item.id.in_(holding)] if holding is not None else [])]
    return papers.query_of(wanted, stage_topics).where(or_(*chosen))


def printed(limit: int) -> Select[Item]:
    """Make the query for the items printed in final issues, those of the newest issue first, at most `limit`."""
    return (
        select(Item)
        .join(IssueItem, IssueItem.item_id == Item.id)
        .join(Issue, Issue.month == IssueItem.month)
        .where(IssueItem.printed, Issue.status == "final")
        .order_by(Issue.month.desc(), func.coalesce(Item.submitted, Item.first_seen).desc(), Item.id.desc())
        .limit(limit)
    )


def state(session: Session, query: Select[Item]) -> State:
    """Name the state of a list of items without reading them; it has no date, since an item leaves without a trace.

    The tag follows what is believed of an item and what its rating was made of: to rate it again by the same facts
    changes nothing that a reader sees, and not the tag.
    """
    return _state(session, query)


def state_of_printed(session: Session, query: Select[Item]) -> State:
    """Do the same for `printed`, which nothing leaves but for a newer issue: so the last change has a date."""
    ranked = select(Rating.ranked_at).where(Rating.item_id == Item.id).scalar_subquery()
    return _state(session, query, Item.updated, ranked, Issue.published_at)


def _state(session: Session, query: Select[Item], *dates: Any) -> State:
    rating = select(Rating.input_hash).where(Rating.item_id == Item.id).scalar_subquery()
    columns = (Item.id, Item.updated, rating, *dates)
    rows = session.execute(query.with_only_columns(*columns, maintain_column_froms=True)).all()
    moments = (moment for row in rows for moment in row[3:] if moment is not None)
    return State(text_hash(repr([tuple(row)[:3] for row in rows])), max(moments, default=None))


def items(session: Session, query: Select[Item]) -> list[Item]:
    """Read a list of items with code, topics, labs and rating."""
    return list(session.scalars(query.options(*papers.everything())))


def newest_versions(session: Session, ids: Iterable[str]) -> dict[str, datetime]:
    """Tell when the newest version of each paper was submitted; of which no version is known is absent."""
    query = select(Version.item_id, func.max(Version.created)).where(Version.item_id.in_(list(ids)))
    return {row[0]: row[1] for row in session.execute(query.group_by(Version.item_id))}


def printed_in(session: Session, ids: Iterable[str]) -> dict[str, Printed]:
    """Tell which final issue printed each item, of those that one has printed."""
    query = select(IssueItem.item_id, Issue.month, Issue.published_at).join(Issue, Issue.month == IssueItem.month)
    query = query.where(IssueItem.item_id.in_(list(ids)), IssueItem.printed, Issue.status == "final")
    return {row[0]: Printed(row[1], row[2]) for row in session.execute(query) if row[2] is not None}


@dataclass(frozen=True, slots=True)
class FinalIssue:
    """A final issue without its content; `errata` are its rows as stored (digest.errata)."""

    month: str
    published: datetime
    inputs_hash: str
    errata: list[Any]


def final_issues(session: Session, limit: int) -> list[FinalIssue]:
    """List the newest final issues, newest first, without reading what they hold."""
    columns = (Issue.month, Issue.published_at, Issue.inputs_hash, Issue.erratum)
    query = select(*columns).where(Issue.status == "final", Issue.published_at.is_not(None))
    return [FinalIssue(*row) for row in session.execute(query.order_by(Issue.month.desc()).limit(limit))]


def issues(session: Session, months: Sequence[str]) -> list[Issue]:
    """Read issues whole, newest first."""
    return list(session.scalars(select(Issue).where(Issue.month.in_(months)).order_by(Issue.month.desc())))
