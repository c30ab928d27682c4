"""The filters every list knows under the same names: the API, search, feeds and the pages, in the address."""

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from core.errors import UsageError
from db.papers import PaperFilter
from roadmap.model import Roadmap

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOST_NAMED = 8  # keys in the advice of an error


def _written(value: object) -> object:
    """Take a day only as YYYY-MM-DD: pydantic would take any number for seconds since 1970, and speaks of Python."""
    if not isinstance(value, str):
        return value
    if not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "A day is written YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as problem:
        raise PydanticCustomError("day", "There is no day {day} in the calendar", {"day": value}) from problem


Day = Annotated[date, BeforeValidator(_written)]


class Filters(BaseModel):
    """The parameters that narrow a list; one that is not known here is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str | None, Field(description="Key of a topic")] = None
    lab: Annotated[str | None, Field(description="Key of a lab")] = None
    stage: Annotated[int | None, Field(description="Number of a stage")] = None
    since: Annotated[Day | None, Field(description="First day of submission, included")] = None
    until: Annotated[Day | None, Field(description="Last day of submission, included")] = None
    kind: Annotated[Literal["paper", "post"] | None, Field(description="Papers or posts only")] = None
    has_code: Annotated[bool | None, Field(description="With or without a repository")] = None
    min_fit: Annotated[
        float | None, Field(ge=0, le=1, description="Least fit of a topic; items are shown from 0.5, 0 lists all")
    ] = None

    def query(self, **others: Any) -> str:
        """Write the parameters as the query of an address, with others beside them; None drops one."""
        asked = self.model_dump(mode="json", exclude_none=True) | others
        return urlencode([(name, _plain(value)) for name, value in asked.items() if value is not None])


def to_filter(filters: Filters, roadmap: Roadmap, **others: Any) -> PaperFilter:
    """Check the parameters against the roadmap and make the filter, `others` (sort, limit, after) beside them.

    Raises UsageError for a key the roadmap does not have.
    """
    known("topic", filters.topic, roadmap.topics)
    known("lab", filters.lab, roadmap.labs)
    known("stage", filters.stage, [stage.number for stage in roadmap.stages])
    names = Filters.model_fields
    return PaperFilter(**{name: getattr(filters, name) for name in names} | others)


def known(name: str, value: str | int | None, keys: Iterable[object]) -> None:
    """Check that a key is one of those there are; raises UsageError that names the closest."""
    names = [str(key) for key in keys]
    if value is None or str(value) in names:
        return
    raise UsageError(f"There is no {name} {value!r}", _named(str(value), names))


def _named(value: str, names: list[str]) -> str:
    """Name the keys that may be meant: all, where they are few."""
    if len(names) <= MOST_NAMED:
        return f"Known are {', '.join(names)}"
    return f"Known are, for example, {', '.join(get_close_matches(value, names, n=3) or names[:MOST_NAMED])}"


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
