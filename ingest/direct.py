"""The short way from a record to a row, for papers met for the first time by the hundred thousand. Pure.

A record that is alone with its paper needs no merging: the row follows from it at once, and its versions with it. For
every record `row` answers it gives what `ingest.rows.to_row(ingest.merge.believe(record, now), ...)` gives, in a fifth
of the time; a property test compares them. All that is not ordinary (a withdrawal of no version, votes, stars) it
leaves to them.
"""

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from core.clock import iso
from core.ids import arxiv_month
from core.months import first_day, item_month, shift
from core.record import Author, CodeLink, PaperRecord, Version
from core.text import clean, said
from ingest.claims import AHEAD, BEGAN, INTEGER, LONGEST, MOST, folded, is_name, moment, normal_doi, repository
from ingest.links import alike
from ingest.merge import MOST_LINKS
from ingest.rows import Row

_PLAIN_ID = re.compile(r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z][a-z-]+/\d{2}(?:0[1-9]|1[0-2])\d{3}", re.ASCII)
_OTHER = attrgetter(
    *("feed_date", "announced", "url", "pdf_url", "votes", "discussion", "daily_date", "organization", "project_url"),
    *("vector", "organizations", "keywords", "tasks", "labs", "aliases"),
)
_NAME, _WHERE = attrgetter("name"), attrgetter("affiliation")
_SILENT = (*[None] * 10, *[()] * 5)
_SOURCES = frozenset({"arxiv", "arxiv-snapshot"})
_NONE: list[Any] = []  # one empty list for all rows, so that it is written once
_BEGAN = datetime.combine(BEGAN, time(), UTC)
# What arXiv's records never say of a paper.
_UNSAID: Row = {
    "kind": "paper",
    **dict.fromkeys(("feed_date", "announced", "votes", "votes_at", "discussion", "daily_date"), None),
    **dict.fromkeys(("organization", "project_url"), None),
    **dict.fromkeys(("organizations", "keywords", "tasks", "code", "evidence", "history", "aliases"), _NONE),
}


def row(record: PaperRecord, now: datetime) -> Row | None:
    """Give the row of a paper that nobody has told of before, met now (aware); None where merging must decide.

    Lists and dictionaries may be shared between rows: they are for writing, not for changing.
    """
    paper = record.arxiv_id
    if record.source not in _SOURCES or paper is None or paper != record.id or not _PLAIN_ID.fullmatch(paper):
        return None
    title = said(record.title)[: LONGEST["title"]].rstrip()
    version = record.version if record.version is not None and 0 <= record.version < INTEGER else None
    if not title or _OTHER(record) != _SILENT or (record.withdrawn and version is None) or not _plain(record.code):
        return None
    submitted = _submitted(record, paper, now)
    return _whole(record, paper, _claimed(record, title, version, submitted), now)


def _plain(code: tuple[CodeLink, ...]) -> bool:
    """Tell whether links are such as texts give: nothing is said of them, and each is spelled as it is stored."""
    if not code:
        return True
    silent = all(link.official is None and link.stars is None and repository(link.url) == link.url for link in code)
    return silent and len({alike(link.url) for link in code}) == len(code) <= MOST_LINKS


def _claimed(record: PaperRecord, title: str, version: int | None, submitted: datetime | None) -> Row:
    """Clean the fields that a record may speak of."""
    return {
        "abstract": (said(record.abstract)[: LONGEST["abstract"]].rstrip() or None) if record.abstract else None,
        "authors": _authors(record.authors),
        "categories": _categories(record.categories),
        "comment": _text(record.comment, LONGEST["comment"]),
        "doi": normal_doi(_text(record.doi, 500)) if record.doi else None,
        "journal_ref": _text(record.journal_ref, 500),
        "submitted": submitted,
        "title": title,
        "version": version,
        "withdrawn": record.withdrawn,
    }


def _whole(record: PaperRecord, paper: str, claimed: Row, now: datetime) -> Row:
    """Add to the claims what follows from them, and who made them."""
    met, submitted = moment(now), claimed["submitted"]
    names = tuple([name for name, value in claimed.items() if value is not None and value != _NONE])
    as_of = min(_utc(record.as_of), met)
    return {
        **_UNSAID,
        **claimed,
        "id": paper,
        "arxiv_id": paper,
        "folded_title": folded(claimed["title"]),
        "submitted_from": "arxiv" if submitted else "id",
        "first_seen": met,
        "updated": now,
        "month": item_month("paper", paper, submitted, None, met),
        "withdrawn": bool(record.withdrawn),
        "url": f"https://arxiv.org/abs/{paper}",
        "pdf_url": f"https://arxiv.org/pdf/{paper}",
        "sources": _sources(record.source),
        "provenance": _provenance(names, record.source, as_of, claimed["version"] or 0),
        "versions": _versions(record.versions, paper, submitted, now + AHEAD),
        "code": _code(record, paper, met, as_of) if record.code else _NONE,
    }


def _code(record: PaperRecord, paper: str, met: datetime, as_of: datetime) -> list[Row]:
    unsaid = {"item_id": paper, "official": None, "stars": None, "source": record.source}
    seen = {"first_seen": met, "checked_at": as_of}
    return [{**unsaid, **seen, "url": url} for url in sorted(link.url for link in record.code)]


def _text(value: str | None, longest: int) -> str | None:
    return (clean(value)[:longest].rstrip() or None) if value else None


def _authors(authors: tuple[Author, ...]) -> list[Row]:
    if not authors:
        return _NONE
    names = list(map(_NAME, authors))
    if set(map(_WHERE, authors)) == {None} and _clean_already(names):
        return [{"name": name, "affiliation": None} for name in names]
    return [
        {"name": clean(author.name)[:300].rstrip(), "affiliation": _text(author.affiliation, 500)}
        for author in authors[: MOST["authors"]]
        if is_name(author.name)
    ]


def _clean_already(names: list[str]) -> bool:
    """Tell of many names at once that cleaning would change none of them; False where it might."""
    whole = "|".join(["", *names, ""])
    untidy = "  " in whole or " |" in whole or "| " in whole or "||" in whole or not whole.isprintable()
    nobody = not all(name[:1].isalpha() or is_name(name) for name in names)
    return not untidy and not nobody and len(names) <= MOST["authors"] and max(map(len, names)) <= 300


def _versions(given: tuple[Version, ...], paper: str, submitted: datetime | None, newest: datetime) -> list[Row]:
    """List the versions that can be meant as written, as ingest.claims.version_dates and ingest.merge do."""
    found: dict[int, datetime] = {}
    for version in given:
        number, created = version.number, _utc(version.created)
        if 1 <= number < INTEGER and _BEGAN <= created < newest:
            found[number] = min(created, found.get(number, created))
    if submitted is not None and (submitted.hour or submitted.minute or submitted.second):
        found[1] = min(submitted, found.get(1, submitted))
    return [{"item_id": paper, "number": number, "created": found[number]} for number in sorted(found)]


@lru_cache(4_096)
def _categories(given: tuple[str, ...]) -> list[str]:
    texts = (_text(value, 500) for value in given[:200])
    return list(dict.fromkeys(text for text in texts if text))


@lru_cache(8)
def _sources(source: str) -> list[str]:
    return [source]


@lru_cache(4_096)
def _provenance(names: tuple[str, ...], source: str, as_of: datetime, version: int) -> dict[str, list[Any]]:
    """Say of every claimed field who said it and when, in the order of their names."""
    said: list[Any] = [source, iso(as_of)]
    found = dict.fromkeys(sorted(names), said)
    if "withdrawn" in found and version:
        found["withdrawn"] = [*said, version]
    return found


@lru_cache(1_024)
def _newest(month: str, now: datetime) -> datetime:
    """Give the moment before which a paper whose id carries a month was submitted (ingest.claims)."""
    return min(now + AHEAD, datetime.combine(first_day(shift(month, 1)) + timedelta(days=1), time(), UTC))


def _utc(given: datetime) -> datetime:
    return given if given.tzinfo is UTC and not given.microsecond else moment(given)


def _submitted(record: PaperRecord, paper: str, now: datetime) -> datetime | None:
    if record.submitted is None:
        return None
    when = _utc(record.submitted)
    return when if _BEGAN <= when < _newest(arxiv_month(paper), now) else None
