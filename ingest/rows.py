"""Beliefs as rows and rows as beliefs: the two directions of one mapping, without loss.

A belief that makes no item is a note: a row of its own kind, with all that it says as one value.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from core.clock import iso
from ingest.believed import ARXIV, NEVER, Believed, Link, Register, Said
from ingest.claims import folded
from ingest.merge import CODE_FIELDS, submitted_from

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
    """Write a belief as the columns of `item`, with all that hangs on it as lists of their rows"""
    votes = believed.registers.get("votes")
    row: Row = {name: believed.value(name) for name in _PLAIN}
    row |= {name: list(believed.value(name) or ()) for name in _LISTS}
    row |= {
        "id": believed.id,
        "kind": believed.kind,
        "arxiv_id": believed.arxiv_id,
        "folded_title": folded(row["title"]),
        "authors": [{"name": name, "affiliation": where} for name, where in believed.value("authors") or ()],
        "submitted_from": submitted_from(believed),
        "first_seen": believed.first_seen,
        "updated": updated,
        "month": month,
        "withdrawn": believed.withdrawn,
        "votes_at": votes.as_of if votes else None,
        "sources": sorted(believed.sources),
        "provenance": _provenance(believed),
    }
    return row | _addresses(believed) | _children(believed)


def from_row(row: Row) -> Believed:
    """Read a belief back from its columns; a value without provenance counts as said at first sight by nobody."""
    values = {name: row[name] for name in (*_PLAIN, "withdrawn", "url", "pdf_url")}
    values |= {name: tuple(row[name]) for name in _LISTS}
    values["authors"] = tuple((author["name"], author["affiliation"]) for author in row["authors"])
    values["deleted"] = True  # a fact without a column: the item is withdrawn where it is still true
    for link in row["code"]:
        values |= {f"{name} {link['url']}": link[name] for name in CODE_FIELDS}
    origins = row["provenance"]
    # Columns that nobody claimed are made from others (a paper's address) or hold a default (not withdrawn).
    made = ("withdrawn", "deleted", "url", "pdf_url")
    registers = {
        name: _register(value, origins.get(name), row["first_seen"])
        for name, value in values.items()
        if (name in origins) or (value not in (None, ()) and name not in made)
    }
    code = {link["url"]: Link(link["source"], link["first_seen"], link["checked_at"]) for link in row["code"]}
    labs = {
        (fact["lab"], fact["kind"], fact["detail"]): Said(fact["seen_at"], fact["source"]) for fact in row["evidence"]
    }
    return Believed(
        id=row["id"],
        kind=row["kind"],
        arxiv_id=row["arxiv_id"],
        first_seen=row["first_seen"],
        sources=frozenset(row["sources"]),
        registers=registers,
        code=code,
        labs=labs,
        versions={version["number"]: version["created"] for version in row["versions"]},
        history={(told["what"], told["subject"], told["value"]): told["first_at"] for told in row["history"]},
        aliases=frozenset((alias["kind"], alias["value"]) for alias in row["aliases"]),
    )


def said_by(row: Row, now: datetime) -> Row:
    """Read no word in a stored row as later than `now`: what a clock that was ahead dated gives way to the next one."""
    looked = _earlier(now)
    code = [{**link, "checked_at": looked if link["checked_at"] > now else link["checked_at"]} for link in row["code"]]
    return {**row, "provenance": _said_by(row["provenance"], now, place=1), "code": code}


def noted_by(note: Row, now: datetime) -> Row:
    """Read no word in a note as later than `now`."""
    claims, latest, looked = note["claims"], iso(now), iso(_earlier(now))
    code = {
        url: [source, seen, looked if checked > latest else checked]
        for url, (source, seen, checked) in claims["code"].items()
    }
    return {**note, "claims": {**claims, "registers": _said_by(claims["registers"], now, place=2), "code": code}}


def to_note(believed: Believed) -> Row:
    """Write what is said of a paper that nobody has named yet as the columns of `note`."""
    claims = {
        "registers": {name: [r.value, *_origin(r)] for name, r in sorted(believed.registers.items())},
        "code": {url: [c.source, iso(c.first_seen), iso(c.checked_at)] for url, c in sorted(believed.code.items())},
        "history": [[*key, iso(first_at)] for key, first_at in sorted(believed.history.items())],
    }
    return {"id": believed.id, "claims": claims}


def from_note(row: Row) -> Believed:
    """Read a note back."""
    claims = row["claims"]
    return Believed(
        id=row["id"],
        kind="paper",
        arxiv_id=row["id"],
        first_seen=NEVER,
        sources=frozenset(),
        registers={name: _register(value, said, NEVER) for name, (value, *said) in claims["registers"].items()},
        code={
            url: Link(source, _read(seen), _read(checked)) for url, (source, seen, checked) in claims["code"].items()
        },
        history={(what, subject, value): _read(at) for what, subject, value, at in claims["history"]},
    )


def _addresses(believed: Believed) -> Row:
    """Address an item: a paper by its arXiv id, whatever was claimed; a post where its lab published it."""
    if believed.arxiv_id is None:
        return {"url": believed.value("url"), "pdf_url": believed.value("pdf_url")}
    places = {"url": "abs", "pdf_url": "pdf"}
    return {name: f"https://arxiv.org/{place}/{believed.arxiv_id}" for name, place in places.items()}


def _children(believed: Believed) -> Row:
    item_id = believed.id
    history = sorted(believed.history.items())
    return {
        "code": _code(believed),
        "evidence": _evidence(believed),
        "versions": [
            {"item_id": item_id, "number": number, "created": created}
            for number, created in sorted(believed.versions.items())
        ],
        "history": [
            {"item_id": item_id, "what": what, "subject": subject, "value": value, "first_at": first_at}
            for (what, subject, value), first_at in history
        ],
        "aliases": [{"item_id": item_id, "kind": kind, "value": value} for kind, value in sorted(believed.aliases)],
    }


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


def _provenance(believed: Believed) -> Row:
    """Say of every field who said it and when; of a withdrawal also of which version, else of which edition or post.

    The column tells whether the item is withdrawn, by its latest version or as deleted; where that is not what was
    said of the version, this stands here too.
    """
    found = {name: _origin(believed.registers[name]) for name in sorted(believed.registers)}
    said = believed.registers.get("withdrawn")
    if said is not None and said.value != believed.withdrawn:
        found["withdrawn"] = [said.source, _written(said.as_of), said.version, said.value]
    return found


def _origin(register: Register) -> list[Any]:
    origin: list[Any] = [register.source, _written(register.as_of)]
    more = register.version or register.told_in  # a claim has one of them at most
    return [*origin, more] if more else origin


def _register(value: Any, origin: list[Any] | None, first_seen: datetime) -> Register:
    if origin is None:
        return Register(value, "", first_seen)
    source, as_of, *more = origin
    if more and isinstance(more[0], str):
        return Register(value, source, _read(as_of), told_in=more[0])
    return Register(more[1] if len(more) > 1 else value, source, _read(as_of), more[0] if more else 0)


def _said_by(said: Row, now: datetime, place: int) -> Row:
    """Date words from ahead of `now` before it.

    arXiv's words bear its own dates: if they are ahead, it is the present clock that is behind.
    """
    latest, before = _written(now), _written(_earlier(now))
    ahead = {name for name, word in said.items() if word[place] > latest and word[place - 1] not in ARXIV}
    return {name: [*word[:place], before, *word[place + 1 :]] if name in ahead else word for name, word in said.items()}


def _earlier(now: datetime) -> datetime:
    """Give a moment before which the next word surely is not: a reading dates its own by its beginning, hours ago."""
    return now - timedelta(days=1)
