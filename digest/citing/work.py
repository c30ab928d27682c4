"""What is cited: an item reduced to what a reference says, the same for every format."""

import re
from dataclasses import dataclass

from core.ids import arxiv_month
from core.months import first_day
from core.text import clean, fold
from db.models import Item
from digest import maths
from digest.citing.names import Name, name_of
from digest.words import web
from roadmap.model import Roadmap

_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9.:-]")  # what some program that reads keys stumbles over


@dataclass(frozen=True, slots=True)
class Work:
    """A work to cite: `year`, then `month` and `day` as far as they are known; `title` with its LaTeX, as stored."""

    key: str
    id: str
    kind: str
    title: str
    authors: tuple[Name, ...]
    year: int | None
    month: int | None
    day: int | None
    publisher: str  # arXiv, or the lab of a post
    arxiv_id: str | None
    category: str | None  # the primary one
    version: int | None
    doi: str | None
    journal: str | None
    url: str | None
    pdf_url: str | None
    abstract: str | None
    withdrawn: bool

    @property
    def plain_title(self) -> str:
        """Give the title in characters, without LaTeX."""
        return clean(maths.to_text(self.title))


def work_of(item: Item, roadmap: Roadmap) -> Work:
    """Reduce an item to what a reference says; it needs nothing loaded beside its own columns.

    A post without authors is its lab's. The date is that of the first version, else the month its arXiv id tells, else
    the day its feed tells; when it was first seen says nothing about it.
    """
    names = [name_of(name) for author in item.authors if (name := clean(str(author["name"])))]
    publisher = _publisher(item, roadmap)
    if not names and item.kind == "post":
        names = [Name(literal=publisher)]
    year, month, day = _date(item)
    return Work(
        key=key_of(item.id, names[0] if names else None),
        id=item.id,
        kind=item.kind,
        title=clean(item.title),
        authors=tuple(names),
        year=year,
        month=month,
        day=day,
        publisher=publisher,
        arxiv_id=item.arxiv_id,
        category=clean(str(item.categories[0])) if item.arxiv_id and item.categories else None,
        version=item.version,
        doi=clean(item.doi) if item.doi else None,
        journal=clean(item.journal_ref) if item.journal_ref else None,
        url=web(item.url),
        pdf_url=web(item.pdf_url),
        abstract=clean(item.abstract) if item.abstract else None,
        withdrawn=item.withdrawn,
    )


def key_of(item_id: str, first_author: Name | None) -> str:
    """Make the key an item is cited by: the first author's family name and the id, so that no two items share one.

    It never depends on the list it stands in, nor on title, version or date, which change. A post's id names its lab
    already. "moorhen-2606.00001", "moorhen-math-0309136", "qwen:a-post".
    """
    if ":" in item_id:
        return _safe(item_id)
    family = "".join(fold(first_author.sorted_by).split()) if first_author else ""
    return f"{_safe(family) or 'arxiv'}-{_safe(item_id)}"


def _safe(text: str) -> str:
    """Keep what every program takes in a key; anything else by its code, so that two keys never become one."""
    plain = text.replace("/", "-")
    return _NOT_IN_KEYS.sub(lambda found: f".{ord(found[0]):x}.", plain)


def _publisher(item: Item, roadmap: Roadmap) -> str:
    if item.kind == "paper":
        return "arXiv" if item.arxiv_id else ""
    key = item.id.partition(":")[0]
    return roadmap.labs[key].name.en if key in roadmap.labs else key


def _date(item: Item) -> tuple[int | None, int | None, int | None]:
    day = item.submitted.date() if item.submitted is not None else item.feed_date
    if day is not None:
        return day.year, day.month, day.day
    if item.arxiv_id is not None:
        first = first_day(arxiv_month(item.arxiv_id))
        return first.year, first.month, None
    return None, None, None
