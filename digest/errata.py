"""What a final issue printed that is no longer so: rows beside a content that never changes. Pure.

An issue's `erratum` is a list of rows in the order they were noted, each {"date": YYYY-MM-DD, "item_id", "kind",
"detail"}; kind is `withdrawn` or `restored` (a withdrawal taken back), detail is arXiv's own note on it or "". A third
kind, `statement`, is what an operator corrects: `detail` says it in English and `detail_ja` in Japanese.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from core.errors import NotFoundError, UsageError
from core.ids import parse_arxiv_id
from core.text import clean, says_withdrawn
from digest.model import Banner, Digest, Entry, LabSection, StageSection, WorkRef

Row = dict[str, str]
LONGEST_DETAIL = 300  # characters


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed today of an item that was printed; `comment` is what arXiv prints beside its abstract."""

    withdrawn: bool
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Where an issue names an item; section: stage | late | second | labs | left-out | read-first."""

    title: str
    section: str
    number: str = ""  # of an entry
    stage: int = 0  # 0: none
    lab: str = ""

    def facts(self) -> dict[str, str | int]:
        """Give what a banner needs to say it, without what is empty."""
        found: dict[str, str | int] = {"title": self.title, "section": self.section}
        more: dict[str, str | int] = {"number": self.number, "stage": self.stage, "lab": self.lab}
        return found | {name: value for name, value in more.items() if value}


def mentions(digest: Digest) -> dict[str, Mention]:
    """Find everything an issue names by id, at its foremost place: the entries, then the lists around them."""
    found: dict[str, Mention] = {}
    for item_id, mention in _mentions(digest):
        found.setdefault(item_id, mention)
    return found


def ids_in(stored: Mapping[str, Any]) -> frozenset[str]:
    """Give every id that an issue's JSON names, those of `mentions` among them, without reading it as a value."""
    works = [stage["read_first"] for stage in stored["stages"]]
    found: set[str] = {line["id"] for lab in stored["labs"] for line in lab["lines"]}
    found |= {row["id"] for stage in stored["stages"] for row in stage["left_out"]}
    found |= {row["id"] for row in stored.get("second", ())}
    for entries in (stored["late"], *(stage["entries"] for stage in stored["stages"])):
        found |= {entry["id"] for entry in entries}
        works += [entry["read_first"] for entry in entries]
    parsed = (parse_arxiv_id(url) for url in {work["url"] for work in works if work})
    return frozenset(found | {one[0] for one in parsed if one})


def corrections(
    digest: Digest, rows: Sequence[Mapping[str, Any]], standings: Mapping[str, Standing], day: date
) -> list[Row]:
    """Give the rows to add: one for each item of which the issue, its errata included, says something else than today.

    An item that `standings` does not know stays as it was said. The same again gives nothing.
    """
    said = withdrawn(digest, rows)
    return [
        _row(item_id, standings[item_id], day)
        for item_id in mentions(digest)
        if item_id in standings and standings[item_id].withdrawn != (item_id in said)
    ]


def statement(digest: Digest, item: str, texts: Mapping[str, str], day: date) -> Row:
    """Make the row by which an operator corrects what an issue says of an item: its id, or the number it is printed by.

    `texts` holds the correction in English (`en`) and Japanese (`ja`), a sentence or two each, at most 300 characters:
    plain words, escaped wherever they are shown. Raises UsageError for what cannot be printed, NotFoundError for an
    item the issue does not name.
    """
    said = {lang: _sentence(lang, texts.get(lang, "")) for lang in ("en", "ja")}
    row = {"date": day.isoformat(), "item_id": _named(digest, item), "kind": "statement"}
    return {**row, "detail": said["en"], "detail_ja": said["ja"]}


def same(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two rows say the same of the same item, whatever the day."""
    return {**row, "date": ""} == {**other, "date": ""}


def _sentence(lang: str, text: str) -> str:
    words = clean(text)
    if not any(char.isalnum() for char in words):
        raise UsageError(f"The correction in {lang} is empty", "Give both --text-en and --text-ja")
    if len(words) > LONGEST_DETAIL:
        long = f"The correction in {lang} has {len(words)} characters"
        raise UsageError(long, f"Say it in {LONGEST_DETAIL}: it stands above the issue")
    return words


def _named(digest: Digest, item: str) -> str:
    found = mentions(digest)
    numbers = {mention.number: id_ for id_, mention in found.items() if mention.number}
    id_ = item if item in found else numbers.get(item)
    if id_ is None:
        advice = "Give the id or the number of something it names, such as 2610.01234 or 5.2"
        raise NotFoundError(f"The issue of {digest.month} does not name {item[:80]}", advice)
    return id_


def withdrawn(digest: Digest, rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Give the ids that an issue and its errata, taken together, say are withdrawn."""
    said = {entry.id for entry in digest.entries.values() if entry.withdrawn}
    said |= {line.id for lab in digest.labs for line in lab.lines if line.withdrawn}
    said |= {row.id for stage in digest.stages for row in stage.left_out if row.reason == "withdrawn"}
    said |= {look.id for look in digest.second if look.withdrawn}
    for row in rows:
        if row["kind"] == "withdrawn":
            said.add(row["item_id"])
        elif row["kind"] == "restored":
            said.discard(row["item_id"])
    return frozenset(said)


def corrected(digest: Digest, rows: Sequence[Mapping[str, Any]]) -> Digest:
    """Give an issue as it is shown: each erratum a banner that names what it is about, withdrawn items marked."""
    if not rows:
        return digest
    named, said = mentions(digest), withdrawn(digest, rows)
    told = (Banner("erratum", {**_facts(named, row), **row}) for row in rows)
    return replace(
        digest,
        banners=(*digest.banners, *told),
        stages=tuple(replace(stage, entries=_marked(stage.entries, said)) for stage in digest.stages),
        labs=tuple(_marked_lab(lab, said) for lab in digest.labs),
        late=_marked(digest.late, said),
        second=tuple(replace(look, withdrawn=look.id in said) for look in digest.second),
    )


def _mentions(digest: Digest) -> Iterator[tuple[str, Mention]]:
    for stage in digest.stages:
        yield from ((e.id, Mention(e.title, "stage", e.number, stage.number)) for e in stage.entries)
    yield from ((e.id, Mention(e.title, "late", e.number)) for e in digest.late)
    yield from ((look.id, Mention(look.title, "second", stage=look.stage or 0)) for look in digest.second)
    for lab in digest.labs:
        yield from ((line.id, Mention(line.title, "labs", lab=lab.key)) for line in lab.lines)
    for stage in digest.stages:
        yield from ((row.id, Mention(row.title, "left-out", stage=stage.number)) for row in stage.left_out)
        yield from _works(stage)
    yield from _of_works([e.read_first for e in digest.late], 0)


def _works(stage: StageSection) -> Iterator[tuple[str, Mention]]:
    return _of_works([stage.read_first, *(entry.read_first for entry in stage.entries)], stage.number)


def _of_works(works: Sequence[WorkRef | None], stage: int) -> Iterator[tuple[str, Mention]]:
    """Find the works of the reading list that are on arXiv: they are items too."""
    for work in works:
        parsed = parse_arxiv_id(work.url) if work else None
        if work and parsed:
            yield parsed[0], Mention(work.title, "read-first", stage=stage)


def _row(item_id: str, standing: Standing, day: date) -> Row:
    note = clean(standing.comment or "")
    detail = textwrap.shorten(note, LONGEST_DETAIL, placeholder=" …") if says_withdrawn(None, note) else ""
    kind = "withdrawn" if standing.withdrawn else "restored"
    return {"date": day.isoformat(), "item_id": item_id, "kind": kind, "detail": detail if standing.withdrawn else ""}


def _facts(named: Mapping[str, Mention], row: Mapping[str, Any]) -> dict[str, str | int]:
    mention = named.get(str(row["item_id"]))
    return mention.facts() if mention else {}


def _marked(entries: tuple[Entry, ...], said: frozenset[str]) -> tuple[Entry, ...]:
    return tuple(replace(entry, withdrawn=entry.id in said) for entry in entries)


def _marked_lab(lab: LabSection, said: frozenset[str]) -> LabSection:
    return replace(lab, lines=tuple(replace(line, withdrawn=line.id in said) for line in lab.lines))
