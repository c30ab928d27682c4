"""Turns the parameters of a list into a query and its rows into one part of the list."""

from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api import cursor as cursors
from api.schemas import ItemsJson, item_json
from core.errors import UsageError
from db import papers
from db.papers import SHOWN, Cursor, PaperFilter
from roadmap.model import Roadmap

MAX_LIMIT = 100
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9000, 1, 1)  # beyond them dates cannot be computed with


class PaperQuery(BaseModel):
    """The parameters of a list of items; one that is not known here is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str | None, Field(description="Key of a topic")] = None
    lab: Annotated[str | None, Field(description="Key of a lab")] = None
    stage: Annotated[int | None, Field(description="Number of a stage")] = None
    since: Annotated[date | None, Field(ge=FIRST_DAY, le=LAST_DAY, description="First day of submission, included")] = (
        None
    )
    until: Annotated[date | None, Field(ge=FIRST_DAY, le=LAST_DAY, description="Last day of submission, included")] = (
        None
    )
    kind: Annotated[Literal["paper", "post"] | None, Field(description="Papers or posts only")] = None
    has_code: Annotated[bool | None, Field(description="With or without a repository")] = None
    min_fit: Annotated[
        float | None, Field(ge=0, le=1, description="Least fit of a topic; items are shown from 0.5, 0 lists all")
    ] = None
    sort: Annotated[Literal["fit", "worth", "newest"], Field(description="Order, best or newest first")] = "newest"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items in one answer")] = 20
    cursor: Annotated[str | None, Field(max_length=cursors.MAX_LENGTH, description="`next` of the answer before")] = (
        None
    )


def read_part(session: Session, roadmap: Roadmap, query: PaperQuery) -> ItemsJson:
    """Read one part of a list; raises UsageError for a key the roadmap does not have or a foreign cursor."""
    wanted = to_filter(query, roadmap)
    stage_topics = {stage.number: stage.topics for stage in roadmap.stages}
    # One more than asked for tells whether there is a next part, without a count that grows with the store.
    found = papers.listed(session, wanted, stage_topics)
    items, more = found[: query.limit], len(found) > query.limit
    following = cursors.encode(query.sort, papers.cursor(wanted, items[-1], stage_topics)) if more else None
    floor = SHOWN if wanted.min_fit is None else wanted.min_fit
    return {"items": [item_json(item, roadmap, floor) for item in items], "next": following}


def to_filter(query: PaperQuery, roadmap: Roadmap) -> PaperFilter:
    """Check the parameters against the roadmap and make the filter; lists show items from fit 0.5 unless told."""
    _known("topic", query.topic, roadmap.topics)
    _known("lab", query.lab, roadmap.labs)
    _known("stage", query.stage, [stage.number for stage in roadmap.stages])
    return PaperFilter(
        topic=query.topic,
        lab=query.lab,
        stage=query.stage,
        since=query.since,
        until=query.until,
        kind=query.kind,
        has_code=query.has_code,
        min_fit=SHOWN if query.min_fit is None else query.min_fit,
        sort=query.sort,
        limit=query.limit + 1,
        after=_place(query),
    )


def _known(name: str, value: str | int | None, keys: object) -> None:
    names = [str(key) for key in keys] if isinstance(keys, (dict, list)) else []
    if value is None or str(value) in names:
        return
    close = get_close_matches(str(value), names, n=3) or names
    raise UsageError(f"There is no {name} {value!r}", f"Known are, for example, {', '.join(close[:8])}")


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
