"""Options that several commands share, and the checks of what a person names with them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import UsageError
from locales.load import FALLBACK, LANGUAGES
from shirube.names import SOURCES

if TYPE_CHECKING:
    from db.papers import PaperFilter
    from shirube.wiring import Wiring

FAILED, WRONG_USAGE, PARTLY = 1, 2, 3


class Lang(StrEnum):
    """A language of the program: one for each catalogue in locales."""

    _ignore_ = "code"
    for code in LANGUAGES:
        vars()[code] = code


ENGLISH = Lang(FALLBACK)


class Kind(StrEnum):
    """What an item is."""

    paper = "paper"
    post = "post"


class Sort(StrEnum):
    """An order of papers."""

    fit = "fit"
    worth = "worth"
    newest = "newest"


Month = Annotated[
    str | None,
    typer.Argument(
        metavar="[YYYY-MM]",
        help="The month; default: this one, in its first 7 days and until it is final the previous one.",
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help=f"One of {', '.join(SOURCES)}; may be repeated. Default: all but recorded."),
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]
Stages = Annotated[list[int] | None, typer.Option("--stage", min=1, help="Only this stage; may be repeated.")]


def known(wiring: Wiring, topic: str | None, lab: str | None, stage: int | None) -> None:
    """Refuse a topic, lab or stage that the roadmap does not have; raises UsageError that lists those there are."""
    if topic is not None and topic not in wiring.roadmap.topics:
        raise UsageError(f"There is no topic {topic!r}", f"Topics are {', '.join(wiring.roadmap.topics)}")
    if lab is not None and lab not in wiring.roadmap.labs:
        raise UsageError(f"There is no lab {lab!r}", f"Labs are {', '.join(wiring.roadmap.labs)}")
    known_stages(wiring, [stage] if stage is not None else None)


def known_stages(wiring: Wiring, stages: list[int] | None) -> list[int]:
    """Give the stages named, none as an empty list; raises UsageError for one that the roadmap does not have."""
    numbers = {stage.number for stage in wiring.roadmap.stages}
    for number in stages or []:
        if number not in numbers:
            raise UsageError(f"There is no stage {number}", f"Stages are {min(numbers)} to {max(numbers)}")
    return stages or []


def in_order(since: date | None, until: date | None) -> None:
    """Refuse days the wrong way round; raises UsageError."""
    if since and until and since > until:
        raise UsageError(f"{since} is after {until}", "Give --since a day before --until")


def paper_filter(
    wiring: Wiring,
    topic: str | None,
    lab: str | None,
    stage: int | None,
    since: datetime | None,
    until: datetime | None,
    kind: Kind | None,
    has_code: bool,
    min_fit: float | None,
    limit: int,
) -> PaperFilter:
    """Read the filters of a list, each None or False where it was not given; raises UsageError for what is unknown."""
    from db.papers import PaperFilter

    known(wiring, topic, lab, stage)
    first, last = since.date() if since else None, until.date() if until else None
    in_order(first, last)
    return PaperFilter(
        topic=topic,
        lab=lab,
        stage=stage,
        since=first,
        until=last,
        kind=kind.value if kind else None,
        has_code=True if has_code else None,
        min_fit=min_fit,
        limit=limit,
    )


def read_categories(text: str | None) -> tuple[str, ...] | None:
    """Read a list of arXiv categories, None where none is given; raises UsageError for a name that is none."""
    if text is None:
        return None
    from shirube.settings import check_categories, split_names

    try:
        return check_categories(split_names(text))
    except ValueError as problem:
        raise UsageError("--categories names what is none", str(problem)) from problem
