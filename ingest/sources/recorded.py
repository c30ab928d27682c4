"""The recorded month that ships with the program: what stands in public listings of June 2026, and vectors.

Facts only: ids, titles, names, dates, categories, Daily Papers votes and organisations, repositories; no abstracts.
So a first digest can be made and looked at where no source can be reached. How the files are made:
scripts/make_recorded.py; what they hold: recorded/README.md.
"""

import json
import lzma
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SourceError
from core.months import first_day, last_day
from core.record import Author, CodeLink, PaperRecord
from ingest.source import NOTHING, Earlier, Page, Window

MODEL = "all-MiniLM-L6-v2@int8"  # as stored with each vector: model and precision
MONTH = "2026-06"
FOLDER = Path(__file__).parent / "recorded"
PAGE = 500  # records a page


def half_floats(vector: bytes) -> bytes:
    """Turn a vector of int8 values into what the table holds: float16, little endian, length one."""
    values = np.frombuffer(vector, dtype=np.int8).astype(np.float32)
    length = float(np.linalg.norm(values))
    if not length:
        raise ValueError("a vector of zeros has no direction")
    return (values / length).astype("<f2").tobytes()


class Recorded:
    """June 2026 as it ships with the program: facts and vectors, no abstracts.

    One window, complete, the same whenever it is read.
    """

    name = "recorded"

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give the one window, if any of its days is asked for."""
        window = Window(self.name, MONTH, first_day(MONTH), last_day(MONTH))
        return [window] if start <= window.end and end >= window.start and today >= window.start else []

    def reread_days(self) -> int:
        """Never again: what is recorded does not change."""
        return 0

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read the recorded papers, some hundreds a page; raises SourceError where the files are missing or altered."""
        header, entries = self._entries
        vectors = self._vectors(len(entries), header["dimensions"])
        for start in range(0, len(entries), PAGE):
            part = entries[start : start + PAGE]
            records = (_record(entry, vectors[start + i].tobytes()) for i, entry in enumerate(part))
            yield Page(tuple(records), expected=header["count"])

    def vectors(self) -> tuple[str, list[str], NDArray[np.float32]]:
        """Give model, ids and unit vectors (papers x dimensions) as recorded."""
        header, entries = self._entries
        values = self._vectors(len(entries), header["dimensions"]).astype(np.float32)
        return MODEL, [entry["id"] for entry in entries], values / np.linalg.norm(values, axis=1, keepdims=True)

    @cached_property
    def _entries(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        path = self._folder / f"{MONTH}.jsonl.xz"
        try:
            with lzma.open(path, "rt", encoding="utf-8") as lines:
                header, *entries = map(json.loads, lines)
        except (OSError, EOFError, ValueError, lzma.LZMAError) as problem:
            raise SourceError(f"The recorded month cannot be read: {problem}", _ADVICE) from problem
        if header.get("count") != len(entries) or header.get("model") != MODEL:
            raise SourceError(f"{path.name} does not hold what its first line says", _ADVICE)
        return header, entries

    def _vectors(self, count: int, dimensions: int) -> NDArray[np.int8]:
        path = self._folder / f"{MONTH}.vectors.npy"
        try:
            vectors: NDArray[np.int8] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, EOFError, ValueError) as problem:
            raise SourceError(f"The recorded vectors cannot be read: {problem}", _ADVICE) from problem
        if vectors.dtype != np.int8 or vectors.shape != (count, dimensions):
            raise SourceError(f"{path.name} has the shape {vectors.shape}, not {(count, dimensions)}", _ADVICE)
        return vectors


_ADVICE = "The installation is damaged: install the program again"


def _record(entry: dict[str, Any], vector: bytes) -> PaperRecord:
    """Read one line; the claim is as old as the newest fact in it."""
    days = {name: _day(entry.get(name)) for name in ("submitted", "announced", "daily")}
    newest = max((day for day in days.values() if day is not None), default=last_day(MONTH))
    submitted = days["submitted"]
    return PaperRecord(
        source=Recorded.name,
        id=entry["id"],
        kind="paper",
        title=entry["title"],
        as_of=_midnight(newest),
        arxiv_id=entry["id"],
        authors=tuple(Author(name) for name in entry.get("authors", ())),
        categories=tuple(entry.get("categories", ())),
        submitted=None if submitted is None else _midnight(submitted),
        announced=days["announced"],
        votes=entry.get("votes"),
        daily_date=days["daily"],
        organization=entry.get("organization"),
        code=tuple(CodeLink(url) for url in entry.get("code", ())),
        vector=vector,
        vector_of=entry["text"],
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
