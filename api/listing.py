"""Turns the parameters of a list into a query and its rows into one part of the list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Raw
from pydantic import Field
from sqlalchemy.orm import Session

from api import cursor as cursors
from api.filters import Filters, to_filter
from api.schemas import ItemsJson, item_json
from api.site import Site
from db import papers
from db.models import Item
from db.papers import SHOWN, Cursor, PaperFilter
from roadmap.model import Roadmap

MAX_LIMIT = 100
CursorText = Annotated[
    str | None, Field(max_length=cursors.MAX_LENGTH, description="`next` of the answer before, to read on after it")
]


class PaperQuery(Filters):
    """The parameters of a list of items: the filters, the order, and which part."""

    sort: Annotated[Literal["fit", "worth", "newest"], Field(description="Order, best or newest first")] = "newest"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items in one answer")] = 20
    cursor: CursorText = None


@dataclass(frozen=True, slots=True)
class Texts:
    """One part of a list (api.schemas.ItemsJson) with its items written already."""

    items: list[Raw]
    next: str | None


def read_part(session: Session, roadmap: Roadmap, query: PaperQuery) -> ItemsJson:
    """Read one part of a list; raises UsageError for a key the roadmap does not have or a foreign cursor."""
    wanted, floor = _wanted(query, roadmap)
    part = part_of(session, roadmap, wanted, query.cursor)
    return {"items": [item_json(item, roadmap, floor) for item in part.items], "next": part.next}


def read_texts(session: Session, site: Site, query: PaperQuery, state: str | None) -> Texts:
    """Do the same with items as they were written before; `state` is that of the database before the session began."""
    wanted, floor = _wanted(query, site.roadmap)
    asked = replace(wanted, limit=wanted.limit + 1, after=_place(query.cursor, wanted.sort))
    found = papers.places(session, asked, stage_topics_of(site.roadmap))
    ids = [item_id for _, item_id in found[: wanted.limit]]
    following = cursors.encode(wanted.sort, found[wanted.limit - 1]) if len(found) > wanted.limit else None
    return Texts(site.texts.of(session, ids, floor, state), following)


def _wanted(query: PaperQuery, roadmap: Roadmap) -> tuple[PaperFilter, float]:
    """Make the filter, and say from which fit topics are told."""
    floor = SHOWN if query.min_fit is None else query.min_fit
    return to_filter(query, roadmap, sort=query.sort, limit=query.limit, min_fit=floor), floor


@dataclass(frozen=True, slots=True)
class Part:
    """Some items of a list; `next` is the cursor of the part that follows, None at the end."""

    items: Sequence[Item]
    next: str | None


def part_of(session: Session, roadmap: Roadmap, wanted: PaperFilter, cursor: str | None) -> Part:
    """Read the `wanted.limit` items that follow a cursor; raises UsageError for one that is not of such a list."""
    stage_topics = stage_topics_of(roadmap)
    # One more than asked for tells whether there is a next part, without a count that grows with the store.
    asked = replace(wanted, limit=wanted.limit + 1, after=_place(cursor, wanted.sort))
    found = papers.listed(session, asked, stage_topics)
    items, more = found[: wanted.limit], len(found) > wanted.limit
    following = cursors.encode(wanted.sort, papers.cursor(wanted, items[-1], stage_topics)) if more else None
    return Part(items, following)


def stage_topics_of(roadmap: Roadmap) -> dict[int, tuple[str, ...]]:
    """Name the topics of each stage, as queries want them."""
    return {stage.number: stage.topics for stage in roadmap.stages}


def _place(cursor: str | None, sort: str) -> Cursor | None:
    """Read a cursor: a moment where the list is sorted by date, else a number; and the id reached."""
    if cursor is None:
        return None
    value, item_id = cursors.decode(cursor, sort)
    if (sort == "newest") != isinstance(value, str):
        raise cursors.refused()
    if isinstance(value, str):
        _check_moment(value)
    return value, item_id


def _check_moment(text: str) -> None:
    """Refuse what names no moment; one with a zone may still lie before the first year or after the last in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise cursors.refused() from problem
    if moment.tzinfo is None:
        raise cursors.refused()


def next_part(site: Site, address: str) -> dict[str, str]:
    """Make the header that leads to the next part of a list (RFC 8288)."""
    return {"Link": f'<{site.options.absolute(address)}>; rel="next"'}
