"""Decides what is believed about an item: for each field the best claim so far, whatever the order claims came in.

Every field is a register that keeps the claim with the greatest key; code links and lab claims are unions of such
registers; versions and the history of numbers that grow are maps to the earliest moment; the names an item was told by
are a set that only grows. None of these depends on order, grouping or repetition, so merging is commutative,
associative and idempotent by construction (a join semilattice, as in state-based CRDTs, Shapiro et al. 2011).
"""

import json
from collections.abc import Container, Mapping
from datetime import datetime, time
from typing import Any

from core.months import item_month
from core.record import PaperRecord
from core.text import clean
from ingest.believed import ARXIV, NEVER, Believed, Grown, Link, Register, Said
from ingest.claims import INTEGER, LONGEST_DETAIL, is_note, moment, names_post, repository, usable, version_dates
from ingest.links import alike
from ingest.names import told_apart

BIBLIOGRAPHY = {"arxiv": 6, "arxiv-snapshot": 6, "pwc": 5, "hf": 4, "recorded": 3, "pwc-archive": 2, "labs": 1}
READERS = {"hf": 2, "recorded": 1}
CATALOGUE = {"pwc": 3, "hf": 2, "pwc-archive": 1}
# Who is believed for what: a greater number wins, a source that is not named counts as 0.
BELIEF: dict[str, dict[str, int]] = {
    **dict.fromkeys(("title", "abstract", "authors", "categories", "version", "withdrawn", "deleted"), BIBLIOGRAPHY),
    **dict.fromkeys(("doi", "journal_ref", "comment", "url", "pdf_url"), BIBLIOGRAPHY),
    **dict.fromkeys(("votes", "discussion", "daily_date", "organization", "keywords"), READERS),
    **dict.fromkeys(("tasks", "organizations", "official", "stars", "link"), CATALOGUE),
    "project_url": {"hf": 3, "pwc": 2, "labs": 1},
    "announced": {"arxiv": 3, "recorded": 2},
    "submitted": {"arxiv": 3, "arxiv-snapshot": 3, "recorded": 2, "hf": 1},
    "feed_date": {"labs": 1},
}
ONLY = frozenset({"submitted", "feed_date", "announced"})  # from sources named above, from no other
GROWING = ("votes", "discussion")  # numbers whose every value is kept, with the first time it was read
LATEST = frozenset({*GROWING, "deleted"})  # the latest reading wins, whoever read it
EARLIEST = frozenset({"announced", "daily_date"})  # the first day is meant
CODE_FIELDS = ("official", "stars")
MOST_LINKS = 50  # of one record


def merge(believed: Believed | None, record: PaperRecord, now: datetime) -> Believed:
    """Add one source's record to what is believed; raises ingest.claims.RecordError where it names no item."""
    fresh = believe(record, now)
    return fresh if believed is None else join(believed, fresh)


def believe(record: PaperRecord, now: datetime) -> Believed:
    """Turn one record into a belief of its own; a claim from the future counts as made now.

    A note (ingest.claims.is_note) adds no source to an item: it speaks about one, it does not list it.
    """
    as_of, source = min(moment(record.as_of), moment(now)), record.source
    note = is_note(record)
    fields = {name: value for name, value in usable(record, now).items() if _counts(name, source, note)}
    edition, told_in = record.edition, record.told_in
    registers = {name: Register(value, source, as_of, edition, told_in=told_in) for name, value in fields.items()}
    _mark_withdrawn(registers, record, as_of)
    links, history = _links(registers, record, as_of, moment(now))
    history.update({(name, "", fields[name]): as_of for name in GROWING if name in fields})
    registers = _without_addresses(registers) if record.arxiv_id else registers
    links, registers, history = _one_spelling(links, registers, history)
    return Believed(
        id=record.id,
        kind="paper" if record.arxiv_id else record.kind,
        arxiv_id=record.arxiv_id,
        first_seen=NEVER if note else moment(now),
        sources=frozenset() if note else frozenset({source}),
        registers=registers,
        code=links,
        labs={
            (claim.lab, claim.kind, clean(claim.detail)[:LONGEST_DETAIL]): Said(as_of, source) for claim in record.labs
        },
        versions=_versions(record, fields, now) if record.arxiv_id else {},
        history=history,
        aliases=frozenset(("id", other) for other in record.aliases if names_post(other) and not note),
    )


def _mark_withdrawn(registers: dict[str, Register], record: PaperRecord, as_of: datetime) -> None:
    """File a withdrawal under the version it is about; one said of no version is a deletion."""
    known = registers.get("version")
    if record.withdrawn and known is None:
        registers["deleted"] = Register(True, record.source, as_of)
        del registers["withdrawn"]
    elif "withdrawn" in registers:
        registers["withdrawn"] = Register(record.withdrawn, record.source, as_of, known.value if known else 0)


def _links(
    registers: dict[str, Register], record: PaperRecord, as_of: datetime, now: datetime
) -> tuple[dict[str, Link], dict[Grown, datetime]]:
    links: dict[str, Link] = {}
    stars: dict[Grown, datetime] = {}
    for given in record.code[:MOST_LINKS]:
        if url := repository(given.url):
            links[url] = Link(record.source, now, as_of)
            for name, value in (("official", given.official), ("stars", given.stars)):
                if value is not None and 0 <= value < INTEGER:
                    claim = Register(value, record.source, as_of, record.edition)
                    key = f"{name} {url}"
                    registers[key] = _better(key, registers[key], claim) if key in registers else claim
            if given.stars is not None and 0 <= given.stars < INTEGER:
                stars["stars", url, given.stars] = as_of
    return links, stars


def _versions(record: PaperRecord, fields: Mapping[str, Any], now: datetime) -> dict[int, datetime]:
    """Give the versions a record knows; arXiv's date of submission is the first one's, where it names the hour."""
    versions = version_dates(record.versions, now)
    first: datetime | None = fields.get("submitted")
    if record.source in ARXIV and first is not None and first.time() != time():
        versions[1] = min(first, versions.get(1, first))
    return versions


def join(one: Believed, other: Believed) -> Believed:
    """Unite two beliefs about the same item: in every field the claim with the greatest key."""
    # A paper's id wins over a post's; of two posts' the one that was met first: ids once stored do not change.
    first = min(one, other, key=lambda b: (b.arxiv_id is None, b.first_seen, b.id))
    code, registers, history = _one_spelling(
        _united(one.code, other.code, _same_link),
        _united(one.registers, other.registers, _better),
        _united(one.history, other.history, _earlier),
    )
    return Believed(
        id=first.id,
        kind=first.kind,
        arxiv_id=first.arxiv_id,
        first_seen=min(one.first_seen, other.first_seen),
        sources=one.sources | other.sources,
        registers=_without_addresses(registers) if first.arxiv_id else registers,
        code=code,
        labs=_united(one.labs, other.labs, lambda _name, a, b: min(a, b, key=lambda said: (said.as_of, said.source))),
        versions=_united(one.versions, other.versions, _earlier),
        history=history,
        aliases=one.aliases | other.aliases | told_apart(one, other),
    )


def changed_fields(before: Believed | None, after: Believed) -> tuple[str, ...]:
    """Name what a reader would see differently; a claim that was only repeated later changes nothing."""
    if before is None:
        return ("id",)
    names = sorted(before.registers.keys() | after.registers.keys())
    changed = [name for name in names if before.value(name) != after.value(name)]
    parts = ("id", "kind", "sources", "withdrawn", "versions")
    changed += [part for part in parts if getattr(before, part) != getattr(after, part)]
    changed += [part for part in ("code", "labs") if getattr(before, part).keys() != getattr(after, part).keys()]
    return tuple(changed)


def month_for(believed: Believed, stored: str | None, final_months: Container[str]) -> str:
    """Decide an item's month; a date learned later moves it only while neither month is final."""
    submitted, feed_date = believed.value("submitted"), believed.value("feed_date")
    month = item_month(believed.kind, believed.arxiv_id, submitted, feed_date, believed.first_seen)
    if stored is None or stored == month:
        return month
    return stored if stored in final_months or month in final_months else month


def submitted_from(believed: Believed) -> str | None:
    """Tell where the v1 date comes from: arxiv or hf; `id` where only the arXiv id speaks; None for a post."""
    register = believed.registers.get("submitted")
    if register is None:
        return "id" if believed.arxiv_id else None
    return "hf" if register.source == "hf" else "arxiv"


def _counts(name: str, source: str, note: bool) -> bool:
    return name == "withdrawn" if note else name not in ONLY or source in BELIEF[name]


def _without_addresses(registers: dict[str, Register]) -> dict[str, Register]:
    """Drop claims about a paper's addresses: they follow from its arXiv id."""
    return {name: register for name, register in registers.items() if name not in ("url", "pdf_url")}


def _one_spelling(
    code: dict[str, Link], registers: dict[str, Register], history: dict[Grown, datetime]
) -> tuple[dict[str, Link], dict[str, Register], dict[Grown, datetime]]:
    """File what is said of one repository in several spellings under the first of them in order, whoever said it."""
    if len(code) < 2:
        return code, registers, history
    spelled: dict[str, str] = {}
    for url in sorted(code):
        spelled.setdefault(alike(url), url)
    if len(spelled) == len(code):
        return code, registers, history
    said = {url: spelled[alike(url)] for url in code}
    return (
        _filed(code, lambda url: said[url], _same_link),
        _filed(registers, lambda name: _about(name, said), _better),
        _filed(history, lambda told: (told[0], said.get(told[1], told[1]), told[2]), _earlier),
    )


def _about(name: str, said: Mapping[str, str]) -> str:
    kind, space, url = name.partition(" ")
    return f"{kind}{space}{said.get(url, url)}"


def _filed(claims: Mapping[Any, Any], place: Any, better: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name, claim in claims.items():
        under = place(name)
        found[under] = better(under, found[under], claim) if under in found else claim
    return found


def _united(one: Mapping[Any, Any], other: Mapping[Any, Any], better: Any) -> dict[Any, Any]:
    if not one or not other:
        return dict(one or other)
    united = {**one, **other}
    united.update({name: better(name, one[name], other[name]) for name in one.keys() & other.keys()})
    return united


def _better(name: str, one: Register, other: Register) -> Register:
    if one == other:
        return one
    kind = name.partition(" ")[0]
    return max(one, other, key=lambda register: _key(kind, register))


def _key(name: str, register: Register) -> tuple[Any, ...]:
    """Order claims about one field; the last parts only break ties, the same way on every machine."""
    rank, as_of = BELIEF[name].get(register.source, 0), register.as_of
    tie = (json.dumps(register.value, default=str, ensure_ascii=False), register.source)
    if name in LATEST:
        return as_of, rank, *tie
    if name in EARLIEST:
        return rank, -register.value.toordinal(), -as_of.timestamp(), *tie
    if name == "version":
        return register.value, rank, as_of, *tie
    if name == "withdrawn":
        return register.version, rank, as_of, register.value, *tie  # a newer word of one version takes it back
    return rank, register.version, register.told_in, as_of, *tie


def _earlier(_key: Any, one: datetime, other: datetime) -> datetime:
    return min(one, other)


def _same_link(_url: str, one: Link, other: Link) -> Link:
    best = max(one, other, key=lambda link: (BELIEF["link"].get(link.source, 0), link.source))
    first_seen = min(one.first_seen, other.first_seen)
    return Link(best.source, first_seen, max(one.checked_at, other.checked_at))
