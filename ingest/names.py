"""What an item can be recognised by: its id, its DOI, or title, first author and year together.

Claims about one item differ in these, so each value that was ever claimed is kept (`Believed.aliases`); an item that
was always told by the same ones has no alias. Names only ever become more, so that whether two items are one does not
depend on which claim came last.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from core.ids import arxiv_month
from ingest.believed import Believed, Name
from ingest.claims import folded

_FIELDS = ("doi", "title", "authors", "submitted", "feed_date")


def names(believed: Believed) -> dict[str, frozenset[str]]:
    """Give all names of an item by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in ("id", "doi", "title", "author", "year")}
    for kind, value in (*_current(believed), *believed.aliases):
        found[kind].add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def told_apart(one: Believed, other: Believed) -> frozenset[Name]:
    """Give the names in which two beliefs about one item differ: both sides of each."""
    apart = {("id", one.id), ("id", other.id)} if one.id != other.id else set[Name]()
    for field in _FIELDS:
        mine, theirs = one.value(field), other.value(field)
        if mine is not None and theirs is not None and mine != theirs:
            pair = {_name(field, mine), _name(field, theirs)}
            apart |= {name for name in pair if name is not None} if len(pair) > 1 else set()
    return frozenset(apart)


def same(one: dict[str, frozenset[str]], other: dict[str, frozenset[str]]) -> bool:
    """Tell whether two items' names (`names`) speak for one work: an id or a DOI, or title, first author and year."""
    if one["id"] & other["id"] or one["doi"] & other["doi"]:
        return True
    return all(one[kind] & other[kind] for kind in ("title", "author", "year"))


def _current(believed: Believed) -> Iterator[Name]:
    yield "id", believed.id
    if believed.arxiv_id is not None:
        yield "year", arxiv_month(believed.arxiv_id)[:4]
    for field in _FIELDS:
        value = believed.value(field)
        if value is not None and (name := _name(field, value)) is not None:
            yield name


def _name(field: str, value: Any) -> Name | None:
    """Name one value of a field; None where it is too poor to tell anything by."""
    if field in ("submitted", "feed_date"):
        return "year", _year(value)
    kind, text = ("doi", str(value)) if field == "doi" else _folded(field, value)
    return (kind, text) if text else None


def _folded(field: str, value: Any) -> Name:
    return ("title", folded(value)) if field == "title" else ("author", folded(_first(value)))


def _first(authors: Iterable[tuple[str, str | None]]) -> str:
    return next(iter(authors), ("", None))[0]


def _year(day: date) -> str:
    return f"{day.year:04d}"
