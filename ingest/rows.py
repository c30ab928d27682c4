"""Beliefs as rows and rows as beliefs: the two directions of one mapping, without loss."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from core.clock import iso
from core.text import fold
from ingest.merge import CODE_FIELDS, Believed, Link, Register, Said, submitted_from

Row = dict[str, Any]

# The fields of one claim share their moment: writing and reading it once is enough.
_written = lru_cache(4_096)(iso)
_read = lru_cache(4_096)(datetime.fromisoformat)

_PLAIN = (
    *("title", "abstract", "submitted", "feed_date", "announced", "version", "doi", "journal_ref", "comment"),
    *("votes", "discussion", "daily_date", "organization", "project_url"),
)
_LISTS = ("categories", "organizations", "keywords", "tasks")


def to_row(believed: Believed, month: str, updated: datetime) -> Row:
    """Write a belief as the columns of `item`, with `code` and `evidence` as lists of their rows."""
    votes = believed.registers.get("votes")
    row: Row = {name: believed.value(name) for name in _PLAIN}
    row |= {name: list(believed.value(name) or ()) for name in _LISTS}
    row |= {
        "id": believed.id,
        "kind": believed.kind,
        "arxiv_id": believed.arxiv_id,
        "folded_title": fold(row["title"]),
        "authors": [{"name": name, "affiliation": where} for name, where in believed.value("authors") or ()],
        "submitted_from": submitted_from(believed),
        "first_seen": believed.first_seen,
        "updated": updated,
        "month": month,
        "withdrawn": bool(believed.value("withdrawn")),
        "votes_at": votes.as_of if votes else None,
        "sources": sorted(believed.sources),
        "provenance": {name: _origin(believed.registers[name]) for name in sorted(believed.registers)},
    }
    return row | _addresses(believed) | {"code": _code(believed), "evidence": _evidence(believed)}


def from_row(row: Row) -> Believed:
    """Read a belief back from its columns; a value without provenance counts as said at first sight by nobody."""
    values = {name: row[name] for name in (*_PLAIN, "withdrawn", "url", "pdf_url")}
    values |= {name: tuple(row[name]) for name in _LISTS}
    values["authors"] = tuple((author["name"], author["affiliation"]) for author in row["authors"])
    for link in row["code"]:
        values |= {f"{name} {link['url']}": link[name] for name in CODE_FIELDS}
    origins = row["provenance"]
    # Columns that nobody claimed are made from others (a paper's address) or hold a default (not withdrawn).
    made = ("withdrawn", "url", "pdf_url")
    registers = {
        name: _register(value, origins.get(name), row["first_seen"])
        for name, value in values.items()
        if (name in origins) or (value not in (None, ()) and name not in made)
    }
    code = {link["url"]: Link(link["source"], link["first_seen"], link["checked_at"]) for link in row["code"]}
    labs = {
        (fact["lab"], fact["kind"], fact["detail"]): Said(fact["seen_at"], fact["source"]) for fact in row["evidence"]
    }
    identity = (row["id"], row["kind"], row["arxiv_id"], row["first_seen"])
    return Believed(*identity, frozenset(row["sources"]), registers, code, labs)


def _addresses(believed: Believed) -> Row:
    """Address an item: a paper by its arXiv id, whatever was claimed; a post where its lab published it."""
    if believed.arxiv_id is None:
        return {"url": believed.value("url"), "pdf_url": believed.value("pdf_url")}
    places = {"url": "abs", "pdf_url": "pdf"}
    return {name: f"https://arxiv.org/{place}/{believed.arxiv_id}" for name, place in places.items()}


def _code(believed: Believed) -> list[Row]:
    return [
        {
            "item_id": believed.id,
            "url": url,
            **{name: believed.value(f"{name} {url}") for name in CODE_FIELDS},
            "source": link.source,
            "first_seen": link.first_seen,
            "checked_at": link.checked_at,
        }
        for url, link in sorted(believed.code.items())
    ]


def _evidence(believed: Believed) -> list[Row]:
    return [
        {
            "item_id": believed.id,
            "lab": lab,
            "kind": kind,
            "detail": detail,
            "source": said.source,
            "seen_at": said.as_of,
        }
        for (lab, kind, detail), said in sorted(believed.labs.items())
    ]


def _origin(register: Register) -> list[Any]:
    origin: list[Any] = [register.source, _written(register.as_of)]
    return [*origin, register.version] if register.version else origin


def _register(value: Any, origin: list[Any] | None, first_seen: datetime) -> Register:
    if origin is None:
        return Register(value, "", first_seen)
    source, as_of, *version = origin
    return Register(value, source, _read(as_of), version[0] if version else 0)
