"""The large real corpus, where it is at hand, as a world of the stand-in: arXiv's API and OAI-PMH, and Daily Papers.

The lines lie in a file on the disk and are read a day at a time, so that a hundred thousand papers need little memory.
What the corpus lacks is filled in, the same every time: a hundredth has no date and counts as of its id's first day, a
twentieth has no categories and is filed under one, a fifth has no authors and gets invented ones, and the hour of each
submission is drawn from the id. Entries of Daily Papers are served as they came.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.upstream.answer import Answer, as_json
from tests.upstream.catalogue import Catalogue
from tests.upstream.chance import number
from tests.upstream.hugging_face import LARGEST_PAGE
from tests.upstream.model import Author, Paper
from tests.upstream.names import people

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "corpus"
PAPERS, DAILY = FOLDER / "papers.jsonl.xz", FOLDER / "hf_daily_papers.jsonl.xz"
FILED = "cs.LG"  # where papers without categories are filed
CATEGORY = re.compile(r"[a-z-]+(\.[A-Za-z-]+)?")  # all else among the categories is a class of ACM or MSC
WINDOW = re.compile(r"submittedDate:\[(\d{8})\d* TO (\d{8})\d*\]")
DAILY_ROUTE = "/api/daily_papers"


class Lines:
    """Lines of a compressed file, put by day into a plain one; a day's lines are read when they are asked for."""

    def __init__(self, file: BinaryIO) -> None:
        """Write into an open file, which is read from later."""
        self.places: dict[date, list[tuple[int, int]]] = {}
        self._file = file
        self._end = 0

    def add(self, day: date, line: bytes) -> None:
        """Keep a line under its day."""
        self._file.write(line)
        self.places.setdefault(day, []).append((self._end, len(line)))
        self._end += len(line)

    def of(self, day: date) -> Iterator[dict[str, Any]]:
        """Read the lines of a day, in the order they came in."""
        for start, length in self.places.get(day, ()):
            self._file.seek(start)
            yield json.loads(self._file.read(length))


@dataclass(frozen=True)
class Part:
    """Some days of some categories; no paper is looked at whose (new) id is `before` or greater."""

    first: date
    last: date
    categories: frozenset[str]
    before: str


class Corpus(Catalogue):
    """The papers of some days, or of all; to be closed."""

    def __init__(self, folder: Path, part: Part | None = None) -> None:
        """Unpack the corpus, or a part of it, into a folder; skips the test where there is no corpus.

        A part is held in memory as well, for OAI-PMH.
        """
        if not PAPERS.exists():
            pytest.skip(f"the real corpus is not at {FOLDER}")
        self._files = [(folder / name).open("w+b") for name in ("papers.jsonl", "daily.jsonl")]
        self._papers, self._daily = (Lines(file) for file in self._files)
        _unpack_papers(self._papers, part)
        _unpack_daily(self._daily, part)
        self._of_day = lru_cache(maxsize=8)(self._read_day)
        super().__init__(list(self.everything()) if part else [], [], max(self._days()))

    @property
    def runs(self) -> list[tuple[date, date]]:
        """The stretches of days that hold anything, newest first: years without a paper need not be asked for."""
        found: list[tuple[date, date]] = []
        for day in sorted(self._days(), reverse=True):
            if found and found[-1][0] - day <= timedelta(days=3):
                found[-1] = (day, found[-1][1])
            else:
                found.append((day, day))
        return found

    @property
    def categories(self) -> list[str]:
        """All categories there are."""
        return sorted({name for paper in self.everything() for name in paper.categories})

    def everything(self) -> Iterator[Paper]:
        """All papers, day by day."""
        for day in sorted(self._papers.places):
            yield from self._read_day(day)

    def daily_ids(self) -> set[str]:
        """The ids of the papers that stood on Daily Papers."""
        return {entry["paper"]["id"] for day in self._daily.places for entry in self._daily.of(day)}

    def asked(self, expression: str) -> Iterable[Paper]:
        """The papers of the days an expression names; one that names none is not asked of this world."""
        named = WINDOW.search(expression)
        if named is None:
            raise ValueError(f"no days in {expression[:200]!r}")
        first, last = (datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date() for day in named.groups())
        days = (first + timedelta(days=place) for place in range((last - first).days + 1))
        return [paper for day in days for paper in self._of_day(day)]

    def answer(self, path: str, query: Mapping[str, str]) -> Answer | None:
        """The raw entries of a day of Daily Papers, by pages."""
        if path != DAILY_ROUTE:
            return None
        limit, page = min(LARGEST_PAGE, int(query.get("limit", "50"))), int(query.get("p", "0"))
        return as_json(list(self._daily.of(date.fromisoformat(query["date"])))[page * limit : (page + 1) * limit])

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def _days(self) -> set[date]:
        return {*self._papers.places, *self._daily.places}

    def _read_day(self, day: date) -> list[Paper]:
        return [_paper(row) for row in self._papers.of(day)]


def submitted(row: Mapping[str, Any]) -> datetime:
    """The moment a paper of the corpus counts as submitted."""
    first = _first_day(row["id"])
    day = date.fromisoformat(row["published"]) if row["published"] else first
    # Where the corpus only knows the day of a list, it may be later than the month in which the paper got its id.
    day = min(day, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    seconds = number(row["id"] + "/second", 86_400)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)


def _first_day(arxiv_id: str) -> date:
    digits = arxiv_id.rpartition("/")[2]
    century = 1900 if digits > "91" else 2000
    return date(century + int(digits[:2]), int(digits[2:4]), 1)


def _paper(row: Mapping[str, Any]) -> Paper:
    authors = [Author(name) for name in row["authors"]] or people(row["id"], 1 + number(row["id"] + "/authors", 6))
    classes = [name for name in row["categories"] or () if not CATEGORY.fullmatch(name)]
    at = [submitted(row)]
    return Paper(row["id"], row["title"], row["abstract"], authors, _categories(row), at, classes=classes)


def _categories(row: Mapping[str, Any]) -> list[str]:
    return [name for name in row["categories"] or () if CATEGORY.fullmatch(name)] or [FILED]


def _unpack_papers(into: Lines, part: Part | None) -> None:
    with lzma.open(PAPERS) as lines:
        for line in lines:
            row = json.loads(line)
            if part and part.before <= row["id"] < "a":
                return
            day = submitted(row).date()
            if part is None or (part.first <= day <= part.last and part.categories.intersection(_categories(row))):
                into.add(day, line)


def _unpack_daily(into: Lines, part: Part | None) -> None:
    with lzma.open(DAILY) as lines:
        for line in lines:
            row = json.loads(line)
            day = date.fromisoformat(row.pop("file_day"))
            if part and day > part.last:
                return
            if part is None or day >= part.first:
                into.add(day, json.dumps(row).encode())
