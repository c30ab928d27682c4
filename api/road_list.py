"""The list on a page of the road: its order, its filters and its part, all in the address."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pydantic import ConfigDict, model_validator
from sqlalchemy.orm import Session

from api.entries import Listed, listed_entries
from api.filters import Filters, to_filter
from api.listing import CursorText, part_of, stage_topics_of
from api.site import Site
from core.errors import UsageError
from db import papers
from db.models import Item
from db.papers import PaperFilter, Sort
from digest.words import Line, Voice
from roadmap.model import Roadmap


class ListQuery(Filters):
    """The filters of every list, its order and its part; a field left empty in a form asks for nothing.

    What a page takes beside them is not its business: a language, a word of whoever linked it.
    """

    model_config = ConfigDict(extra="ignore")

    sort: Sort | None = None
    cursor: CursorText = None

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value != ""} if isinstance(given, dict) else given

    @property
    def filters(self) -> dict[str, Any]:
        """Give the filters that are set, by name."""
        return self.model_dump(exclude={"sort", "cursor"}, exclude_none=True)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the list at an address; the first of `sorts` is the order of a reader who asks for none.

    `wanted` says what the list holds before any filter, and how many items a part has.
    """

    address: str
    wanted: PaperFilter
    sorts: tuple[Sort, ...]
    query: ListQuery

    @property
    def sort(self) -> Sort:
        """Give the order asked for; raises UsageError for one that this list does not have."""
        sort = self.query.sort or self.sorts[0]
        if sort not in self.sorts:
            raise UsageError(f"This list is not sorted by {sort!r}", f"Choose one of {', '.join(self.sorts)}")
        return sort

    @property
    def plain(self) -> bool:
        """Tell whether nothing at all is asked: this is the page that search engines should know."""
        return not (self.query.filters or self.query.sort or self.query.cursor)

    def filter(self, without: Collection[str] = ()) -> PaperFilter:
        """Make the filter of the list in its order, some of the reader's filters dropped."""
        asked = {name: value for name, value in self.query.filters.items() if name not in without}
        return replace(self.wanted, sort=self.sort, **asked)

    def told(self, **changes: Any) -> str:
        """Write the query of an address that asks this with changes; what goes without saying is left out."""
        asked = self.query.model_dump(mode="json", exclude_none=True) | changes
        asked |= {"sort": None} if asked.get("sort") == self.sorts[0] else {}
        pairs = [(name, str(value).lower() if isinstance(value, bool) else value) for name, value in asked.items()]
        return urlencode([(name, value) for name, value in pairs if value is not None])

    def href(self, **changes: Any) -> str:
        """Give the address of the list with something changed; it begins anew unless a cursor is among it."""
        told = self.told(**{"cursor": None} | changes)
        return f"{self.address}?{told}" if told else self.address


@dataclass(frozen=True, slots=True)
class Offer:
    """The same list with a filter dropped: which, its address, how many items it has."""

    label: Line
    href: str
    count: int


@dataclass(frozen=True, slots=True)
class RoadList:
    """One part of a list as a page shows it; `count` is that of the whole list where filters narrow it."""

    question: Question
    narrowed: Line  # the filters that are set, by name
    items: tuple[Item, ...]
    entries: tuple[Listed, ...]
    next: str | None
    count: int | None
    offers: tuple[Offer, ...]


def read_list(session: Session, site: Site, v: Voice, question: Question) -> RoadList:
    """Read the part asked for; raises UsageError for an order or filter the list does not have or a foreign cursor."""
    asked = question.query.filters
    _check(question, site.roadmap)
    wanted, narrowed = question.filter(), bool(asked)
    part = part_of(session, site.roadmap, wanted, question.query.cursor)
    return RoadList(
        question=question,
        narrowed=v.join(filter_name(v, name, value, site.roadmap) for name, value in asked.items()),
        items=tuple(part.items),
        entries=listed_entries(part.items, site.roadmap, v, wanted),
        next=question.href(cursor=part.next) if part.next else None,
        count=papers.count(session, wanted, stage_topics_of(site.roadmap)) if narrowed else None,
        offers=_offers(session, site, v, question) if narrowed and not part.items else (),
    )


def _check(question: Question, roadmap: Roadmap) -> None:
    """Refuse a key that the road does not have, and another than that of which the list is."""
    asked, wanted = question.query.filters, question.wanted
    to_filter(Filters(**asked), roadmap)
    for name, own in (("topic", wanted.topic), ("lab", wanted.lab), ("stage", wanted.best_stage)):
        if own is not None and asked.get(name, own) != own:
            advice = f"Leave {name}= out, or open the page of the other {name}"
            raise UsageError(f"This list is of the {name} {own} alone", advice)


def _offers(session: Session, site: Site, v: Voice, question: Question) -> tuple[Offer, ...]:
    """Offer each filter dropped, and all of them where there are several, with what the list has then."""
    asked = question.query.filters
    choices: list[tuple[Line, Collection[str]]] = [
        (filter_name(v, n, value, site.roadmap), (n,)) for n, value in asked.items()
    ]
    choices += [(v.t("all filters"), tuple(asked))] if len(asked) > 1 else []
    topics = stage_topics_of(site.roadmap)
    return tuple(
        Offer(
            label,
            question.href(**dict.fromkeys(names)),
            papers.count(session, question.filter(without=names), topics),
        )
        for label, names in choices
    )


def filter_name(v: Voice, name: str, value: Any, roadmap: Roadmap) -> Line:
    """Say a filter that is set, as people read it."""
    if name == "stage":
        return v.t("Stage %(number)s", number=str(value))
    if name in ("topic", "lab"):
        place = roadmap.topics[value] if name == "topic" else roadmap.labs[value]
        return v.line(v.name(place.name))
    if name == "min_fit":
        return v.t("fit from %(fit)s", fit=f"{value:g}")
    if name == "since":
        return v.t("since %(date)s", date=v.date(value))
    if name == "until":
        return v.t("until %(date)s", date=v.date(value))
    if name == "kind":
        return v.t("posts only") if value == "post" else v.t("papers only")
    return v.t("with code") if value else v.t("without code")
