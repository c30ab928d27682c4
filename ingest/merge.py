"""What is believed about an item: for each field the best claim so far, whatever the order claims came in.

Every field is a register that keeps the claim with the greatest key; code links and lab claims are unions of such
registers. The greatest of a set does not depend on order, grouping or repetition, so merging is commutative,
associative and idempotent by construction (a join semilattice, as in state-based CRDTs, Shapiro et al. 2011).
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from core.months import item_month
from core.record import Kind, PaperRecord
from core.text import clean, fold
from ingest.claims import moment, repository, usable

BIBLIOGRAPHY = {"arxiv": 5, "arxiv-snapshot": 5, "pwc": 4, "hf": 3, "recorded": 2, "labs": 1}
READERS = {"hf": 2, "recorded": 1}
CATALOGUE = {"pwc": 2, "hf": 1}
# Who is believed for what: a greater number wins, a source that is not named counts as 0.
BELIEF: dict[str, dict[str, int]] = {
    **dict.fromkeys(("title", "abstract", "authors", "categories", "version", "withdrawn"), BIBLIOGRAPHY),
    **dict.fromkeys(("doi", "journal_ref", "comment", "url", "pdf_url"), BIBLIOGRAPHY),
    **dict.fromkeys(("votes", "discussion", "daily_date", "organization", "keywords"), READERS),
    **dict.fromkeys(("tasks", "organizations", "official", "stars", "link"), CATALOGUE),
    "project_url": {"hf": 3, "pwc": 2, "labs": 1},
    "announced": {"arxiv": 3, "recorded": 2},
    "submitted": {"arxiv": 3, "arxiv-snapshot": 3, "recorded": 2, "hf": 1},
    "feed_date": {"labs": 1},
}
ONLY = frozenset({"submitted", "feed_date", "announced"})  # from sources named above, from no other
LATEST = frozenset({"votes", "discussion", "stars"})  # they grow: the latest reading wins, whoever read it
EARLIEST = frozenset({"announced", "daily_date"})  # the first day is meant
CODE_FIELDS = ("official", "stars")

LabKey = tuple[str, str, str]  # lab, kind, detail


@dataclass(frozen=True, slots=True)
class Register:
    """One claim about one field: the value, who says so, and when it was true. `version` only for `withdrawn`."""

    value: Any
    source: str
    as_of: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A repository known for an item: the best source that named it, when we first saw it, when last checked."""

    source: str
    first_seen: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """Who made a lab claim, and when first."""

    as_of: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Believed:
    """An item as believed: registers by field (for code: "official <url>", "stars <url>"), links, lab claims."""

    id: str
    kind: Kind
    arxiv_id: str | None
    first_seen: datetime
    sources: frozenset[str]
    registers: Mapping[str, Register]
    code: Mapping[str, Link] = field(default_factory=dict)
    labs: Mapping[LabKey, Said] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Give what is believed of a field; None where every source is silent."""
        register = self.registers.get(name)
        return None if register is None else register.value


def merge(believed: Believed | None, record: PaperRecord, now: datetime) -> Believed:
    """Add one source's record to what is believed; raises ingest.claims.RecordError where it names no item."""
    fresh = believe(record, now)
    return fresh if believed is None else join(believed, fresh)


def believe(record: PaperRecord, now: datetime) -> Believed:
    """Turn one record into a belief of its own; a claim from the future counts as made now."""
    as_of = min(moment(record.as_of), moment(now))
    source = record.source
    fields = {name: value for name, value in usable(record, now).items() if _counts(name, source)}
    registers = {name: Register(value, source, as_of) for name, value in fields.items()}
    if "withdrawn" in registers:
        registers["withdrawn"] = Register(record.withdrawn, source, as_of, fields.get("version", 0))
    links: dict[str, Link] = {}
    for given in record.code[:50]:
        if url := repository(given.url):
            links[url] = Link(source, moment(now), as_of)
            for name, value in (("official", given.official), ("stars", given.stars)):
                if value is not None and 0 <= value < 2**31:
                    registers[f"{name} {url}"] = Register(value, source, as_of)
    labs = {(claim.lab, claim.kind, clean(claim.detail)[:2_000]): Said(as_of, source) for claim in record.labs}
    kind: Kind = "paper" if record.arxiv_id else record.kind
    registers = _without_addresses(registers) if record.arxiv_id else registers
    return Believed(record.id, kind, record.arxiv_id, moment(now), frozenset({source}), registers, links, labs)


def join(one: Believed, other: Believed) -> Believed:
    """Unite two beliefs about the same item: in every field the claim with the greatest key."""
    first = min(one, other, key=lambda b: (b.arxiv_id is None, b.id))  # a paper's id wins over a post's
    registers = _united(one.registers, other.registers, _better)
    return Believed(
        id=first.id,
        kind=first.kind,
        arxiv_id=first.arxiv_id,
        first_seen=min(one.first_seen, other.first_seen),
        sources=one.sources | other.sources,
        registers=_without_addresses(registers) if first.arxiv_id else registers,
        code=_united(one.code, other.code, _same_link),
        labs=_united(one.labs, other.labs, lambda _name, a, b: min(a, b, key=lambda said: (said.as_of, said.source))),
    )


def changed_fields(before: Believed | None, after: Believed) -> tuple[str, ...]:
    """Name what a reader would see differently; a claim that was only repeated later changes nothing."""
    if before is None:
        return ("id",)
    names = sorted(before.registers.keys() | after.registers.keys())
    changed = [name for name in names if before.value(name) != after.value(name)]
    parts = ("id", "kind", "sources")
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


TitleKey = tuple[str, str, int]


def title_key(believed: Believed) -> TitleKey | None:
    """Give folded title, folded first author and year: together they tell a work; None where one is unknown."""
    authors: tuple[tuple[str, str | None], ...] = believed.value("authors") or ()
    day: date | None = believed.value("submitted") or believed.value("feed_date")
    title = fold(believed.value("title") or "")
    year = day.year if day else int(month_for(believed, None, ())[:4]) if believed.arxiv_id else None
    if not (title and authors and fold(authors[0][0]) and year):
        return None
    return title, fold(authors[0][0]), year


class Matcher:
    """Finds the item a belief is about among those known: by arXiv id or own id, else DOI, else title key."""

    def __init__(self, known: Iterable[Believed] = ()) -> None:
        self._by_id: dict[str, Believed] = {}
        self._posts = 0
        self._unread: list[Believed] = []  # not in the index of keys yet: folding titles is slow and mostly unneeded
        self._keys: dict[str | TitleKey, set[str]] = {}
        for believed in known:
            self.add(believed)

    def add(self, believed: Believed) -> None:
        """Make an item findable, or replace what was known of it."""
        self._by_id[believed.id] = believed
        self._posts += believed.arxiv_id is None
        self._unread.append(believed)

    def remove(self, item_id: str) -> None:
        """Forget an item."""
        self._by_id.pop(item_id, None)

    def find(self, fresh: Believed) -> Believed | None:
        """Find the item; two papers with different arXiv ids are never the same, whatever else agrees."""
        if fresh.id in self._by_id:
            return self._by_id[fresh.id]
        if fresh.arxiv_id is not None and not self._posts:
            return None
        for item_id in self._with_same_key(fresh):
            known = self._by_id.get(item_id)
            if known is not None and (fresh.arxiv_id is None or known.arxiv_id is None):
                return known
        return None

    def _with_same_key(self, fresh: Believed) -> Iterator[str]:
        for believed in self._unread:
            for key in _other_keys(believed):
                self._keys.setdefault(key, set()).add(believed.id)
        self._unread.clear()
        for key in _other_keys(fresh):
            yield from sorted(self._keys.get(key, ()))


def _other_keys(believed: Believed) -> list[str | TitleKey]:
    keys: tuple[str | TitleKey | None, ...] = (believed.value("doi"), title_key(believed))
    return [key for key in keys if key is not None]


def _counts(name: str, source: str) -> bool:
    return name not in ONLY or source in BELIEF[name]


def _without_addresses(registers: dict[str, Register]) -> dict[str, Register]:
    """Drop claims about a paper's addresses: they follow from its arXiv id."""
    return {name: register for name, register in registers.items() if name not in ("url", "pdf_url")}


def _united(one: Mapping[Any, Any], other: Mapping[Any, Any], better: Any) -> dict[Any, Any]:
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
        return register.version, rank, as_of, *tie
    return rank, as_of, *tie


def _same_link(_url: str, one: Link, other: Link) -> Link:
    best = max(one, other, key=lambda link: (BELIEF["link"].get(link.source, 0), link.source))
    first_seen = min(one.first_seen, other.first_seen)
    return Link(best.source, first_seen, max(one.checked_at, other.checked_at))
