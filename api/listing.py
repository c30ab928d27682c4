"""Turns the parameters of a list into a query and its rows into one part of the list."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from api import cursor as cursors
from api.filters import Filters, to_filter
from api.schemas import ItemsJson, item_json
from db import papers
from db.papers import SHOWN, Cursor
from roadmap.model import Roadmap

MAX_LIMIT = 100


class PaperQuery(Filters):
    """The parameters of a list of items: the filters, the order, and which part."""

    sort: Annotated[Literal["fit", "worth", "newest"], Field(description="Order, best or newest first")] = "newest"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items in one answer")] = 20
    cursor: Annotated[str | None, Field(max_length=cursors.MAX_LENGTH, description="`next` of the answer before")] = (
        None
    )


def read_part(session: Session, roadmap: Roadmap, query: PaperQuery) -> ItemsJson:
    """Read one part of a list; raises UsageError for a key the roadmap does not have or a foreign cursor."""
    floor = SHOWN if query.min_fit is None else query.min_fit
    place = {"sort": query.sort, "limit": query.limit + 1, "after": _place(query), "min_fit": floor}
    wanted = to_filter(query, roadmap, **place)
    stage_topics = {stage.number: stage.topics for stage in roadmap.stages}
    # One more than asked for tells whether there is a next part, without a count that grows with the store.
    found = papers.listed(session, wanted, stage_topics)
    items, more = found[: query.limit], len(found) > query.limit
    following = cursors.encode(query.sort, papers.cursor(wanted, items[-1], stage_topics)) if more else None
    return {"items": [item_json(item, roadmap, floor) for item in items], "next": following}


def _place(query: PaperQuery) -> Cursor | None:
    """Read the cursor: a moment where the list is sorted by date, else a number; and the id reached."""
    if query.cursor is None:
        return None
    value, item_id = cursors.decode(query.cursor, query.sort)
    if (query.sort == "newest") != isinstance(value, str):
        raise cursors.refused()
    if isinstance(value, str):
        _moment(value)
    return value, item_id


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise cursors.refused() from problem
    if moment.tzinfo is None:
        raise cursors.refused()
    return moment
