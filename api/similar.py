"""What is close to an item: for its page, as lines in one of two orders; for the API, as items with the cosine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Annotated, Literal

from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from api.filters import Filters, to_filter
from api.listing import MAX_LIMIT
from api.schemas import ItemJson, item_json
from api.site import Site
from core.months import first_day
from db import cards, papers
from db.cards import Card
from db.models import Item
from db.papers import SHOWN, PaperFilter
from digest import maths
from digest.words import Line, Voice
from ranking.service.searching import Neighbour
from roadmap.model import Roadmap

Order = Literal["closest", "newest"]
ORDERS: tuple[Order, ...] = ("closest", "newest")
LINES = 8  # on a page
LOOKED_AT = 24  # neighbours, of which those that fit no topic are left out


class NeighbourJson(ItemJson):
    """An item close to another: the cosine of their vectors, and the ids of its near-twins, which are not listed."""

    cosine: float
    twins: list[str]


class NeighboursJson(TypedDict):
    """The items closest to one; there is no next part."""

    items: list[NeighbourJson]
    next: None


class SimilarQuery(Filters):
    """The parameters of a list of similar items: the filters, the order, at most how many."""

    sort: Annotated[Order, Field(description="Of the closest, the closest or the newest first")] = "closest"
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items in the answer")] = 20

    def own(self) -> dict[str, str | int | None]:
        """Give the parameters that are no filters, for an address; None for what the list does unasked."""
        plain = SimilarQuery()
        given = {"sort": self.sort, "limit": self.limit}
        return {name: value if value != getattr(plain, name) else None for name, value in given.items()}


@dataclass(frozen=True, slots=True)
class Near:
    """A similar item as a line: its title, its page, when and where it was printed, near-twins folded under it."""

    id: str
    title: Markup
    href: str
    about: Line
    issue: str | None  # the address of its entry in a final issue
    twins: tuple[tuple[str, Markup], ...]  # (address, title)


def similar_items(site: Site, session: Session, item_id: str, query: SimilarQuery) -> list[NeighbourJson]:
    """List the items closest to one; empty where it has no vector yet. Raises UsageError for an unknown key."""
    floor = SHOWN if query.min_fit is None else query.min_fit
    near = site.finder.similar(session, item_id, to_filter(query, site.roadmap, limit=query.limit, min_fit=floor))
    by_id = {one.id: one for one in near}
    found = papers.by_ids(session, list(by_id))
    if query.sort == "newest":
        found.sort(key=_age, reverse=True)
    return [_json(item, by_id[item.id], site.roadmap, floor) for item in found]


def similar_lines(site: Site, session: Session, item_id: str, order: Order, v: Voice) -> tuple[Near, ...]:
    """List the closest items that are shown under a topic, in one of ORDERS; none where the item has no vector yet."""
    near = site.finder.similar(session, item_id, PaperFilter(limit=LOOKED_AT))
    ids = {each for one in near for each in (one.id, *one.twins)}
    known = cards.cards(session, ids) if ids else {}
    chosen = chosen_of(near, known, order)
    works = {work.arxiv_id: work.stage for work in site.roadmap.canon if work.arxiv_id}
    return tuple(_line(site, known[one.id], [known[i] for i in one.twins if i in known], works, v) for one in chosen)


def chosen_of(near: Sequence[Neighbour], known: Mapping[str, Card], order: Order) -> list[Neighbour]:
    """Choose, of neighbours in order of closeness, the LINES closest that are shown, and put them in an order."""
    kept = [one for one in near if one.id in known and known[one.id].shown][:LINES]
    return sorted(kept, key=lambda one: _age(known[one.id]), reverse=True) if order == "newest" else kept


def _age(item: Item | Card) -> tuple[datetime, str]:
    return item.submitted or datetime.combine(first_day(item.month), time(), UTC), item.id


def _line(site: Site, card: Card, twins: Sequence[Card], works: Mapping[str, int], v: Voice) -> Near:
    return Near(
        id=card.id,
        title=maths.to_html(card.title),
        href=site.links.paper(card.id),
        about=_about(card, works, v),
        issue=site.links.entry(card.printed, card.id) if card.printed else None,
        twins=tuple((site.links.paper(twin.id), maths.to_html(twin.title)) for twin in twins),
    )


def _about(card: Card, works: Mapping[str, int], v: Voice) -> Line:
    """Say what kind of neighbour it is: a work of the reading list, a printed one, or when it came out."""
    parts = []
    if stage := works.get(card.arxiv_id or ""):
        parts.append(v.t("Reading list, stage %(number)s", number=stage))
    if card.printed:
        parts.append(v.t("printed in %(month)s", month=v.month(card.printed)))
    else:
        parts.append(v.line(v.month(f"{card.submitted:%Y-%m}" if card.submitted else card.month)))
    if card.withdrawn:
        parts.append(v.t("withdrawn"))
    return v.join(parts)


def _json(item: Item, near: Neighbour, roadmap: Roadmap, floor: float) -> NeighbourJson:
    return {**item_json(item, roadmap, floor), "cosine": round(near.cosine, 4), "twins": list(near.twins)}
