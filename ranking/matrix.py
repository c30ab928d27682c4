"""The vectors of all items as one memory-mapped matrix: a disposable copy of the rows, searched by brute force.

A search is in two steps. The signs of the numbers, one bit each, are compared by counting the bits that differ
(Charikar, STOC 2002, https://doi.org/10.1145/509907.509965: the share of differing signs grows with the angle), which
reads 48 bytes a vector; the closest are then multiplied out. How many those are is chosen when the matrix is written,
on its own rows, and a search whose last hit lies near the edge looks again at four times as many.
Rows are single precision, though half is what is stored: turning halves into singles costs as much as the rest of a
search. Above LARGE vectors memory counts for more, and halves are kept (docs/decisions/0041). Whatever is written goes
from part to part, so that millions of rows are never in memory at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from ranking import folders
from ranking.folders import Said

Rows = NDArray[np.float32]  # vectors x dimensions, length one
Halves = NDArray[np.float16]
Part = tuple[Sequence[str], Rows | Halves]  # ids in order, and their rows
Signs = NDArray[np.uint64]  # words x vectors: a column each, since one word of all is read at a time
Mask = NDArray[np.bool_]
LARGE = 500_000  # from so many vectors on rows are kept in half precision: 768 bytes in place of 1,536
SMALL = 8_192  # below so many vectors everything is multiplied out
SHORTEST = 4_000
ROWS = "rows.bin"  # little-endian numbers, row after row
TRIALS = 64  # rows asked for their neighbours when the shortlist's length is chosen
TRIAL_HITS = 20
EDGE = 0.95  # a hit that lies beyond this share of the shortlist's distance asks for a longer one
BLOCK = 16_384  # vectors multiplied with many queries at once
SIGN_BLOCK = 65_536  # vectors whose differing signs are counted at once: what is in between stays in the cache


@dataclass(frozen=True, slots=True)
class State:
    """What a matrix was made of."""

    model: str  # a name without arithmetic
    count: int
    newest: str  # when the last of its texts was compared, ISO 8601
    dimensions: int
    shortlist: int
    number: str  # what rows are kept as: float32 or float16
    recent: int  # texts compared within an hour before: one more may be dated before the last and saved after it


@dataclass(frozen=True, slots=True)
class Matrix:
    """Vectors in order of id."""

    state: State
    ids: Sequence[str]
    rows: Rows | Halves = field(repr=False)
    signs: Signs = field(repr=False)

    def nearest(
        self, query: NDArray[np.float32], k: int = TRIAL_HITS, among: Mask | None = None
    ) -> list[tuple[str, float]]:
        """List the k vectors closest to a unit vector as (id, cosine), best first; ties go by id.

        `among` marks those that may be found (one truth value for each vector).
        """
        places, cosines = self._searched(np.asarray(query, dtype=np.float32), k, among)
        order = np.lexsort((places, -cosines))[:k]
        return [(self.ids[int(places[i])], float(cosines[i])) for i in order]

    def exact(self, queries: NDArray[np.float32], k: int = TRIAL_HITS) -> NDArray[np.int64]:
        """Find the places of the k closest vectors of many queries by multiplying out everything: queries x k."""
        return exact(self.rows, np.asarray(queries, dtype=np.float32), k)

    def _searched(
        self, query: NDArray[np.float32], k: int, among: Mask | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        allowed = len(self.ids) if among is None else int(among.sum())
        wanted = max(self.state.shortlist, 50 * k)
        differing = None if allowed <= max(SMALL, wanted) else differences(self.signs, pack(query[None, :])[:, 0])
        while differing is not None and wanted < allowed:
            places, edge = closest(differing, wanted, among)
            cosines = self._cosines(places, query)
            kth = places[np.argpartition(cosines, -k)[-k:]]
            if differing[kth].max() < EDGE * edge:
                return places, cosines
            wanted *= 4
        places = np.arange(len(self.ids)) if among is None else np.flatnonzero(among)
        return places, self._cosines(places, query)

    def _cosines(self, places: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        every = len(places) == len(self.rows)
        found = np.empty(len(places), dtype=np.float32)
        for start in range(0, len(places), BLOCK):
            end = start + BLOCK
            found[start:end] = _singles(self.rows[start:end] if every else self.rows[places[start:end]]) @ query
        return found


def pack(rows: Rows) -> Signs:
    """Keep the signs of vectors, one bit a number: words x vectors."""
    bits = np.packbits(np.asarray(rows) > 0, axis=1)
    padding = -bits.shape[1] % 8
    return np.ascontiguousarray(np.pad(bits, ((0, 0), (0, padding))).view(np.uint64).T)


def differences(signs: Signs, query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Count the signs in which each vector differs from a query."""
    found = np.zeros(signs.shape[1], dtype=np.uint16)
    for start in range(0, len(found), SIGN_BLOCK):
        here = found[start : start + SIGN_BLOCK]
        for word, wanted in zip(signs[:, start : start + SIGN_BLOCK], query, strict=True):
            here += np.bitwise_count(word ^ wanted)
    return found


def closest(differing: NDArray[np.uint16], wanted: int, among: Mask | None = None) -> tuple[NDArray[np.int64], int]:
    """List the places of the `wanted` vectors with fewest differing signs, ties included, and the largest number."""
    counted = differing if among is None else differing[among]
    edge = int(np.searchsorted(np.cumsum(np.bincount(counted)), wanted))
    near = differing <= edge
    return np.flatnonzero(near if among is None else near & among), edge


def exact(rows: Rows | Halves, queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Find the places of the k closest rows of each query, best first, ties by place; block by block."""
    best = np.zeros((len(queries), 0), dtype=np.float32)
    places = np.zeros((len(queries), 0), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        cosines = queries @ _singles(rows[start : start + BLOCK]).T
        here = np.broadcast_to(np.arange(start, start + cosines.shape[1]), cosines.shape)
        best, places = _kept(np.hstack([best, cosines]), np.hstack([places, here]), k)
    order = np.lexsort((places, -best), axis=1)
    return np.take_along_axis(places, order, axis=1)


def write(folder: Path, model: str, newest: str, ids: Sequence[str], rows: Rows, recent: int = 0) -> Matrix:
    """Write a matrix in place of the former, whole or not at all; `ids` must be in order, one for each row."""
    if len(ids) != len(rows):
        raise ModelError("A matrix of vectors needs one row for each id", "This is a fault of the program")
    return write_parts(folder, model, newest, len(ids), [(ids, rows)], recent)


def write_parts(folder: Path, model: str, newest: str, count: int, parts: Iterable[Part], recent: int = 0) -> Matrix:
    """Write a matrix, as `write` does, of parts one after the other; `count` says about how many rows will come."""
    number = "float16" if count >= LARGE else "float32"
    said: dict[str, Any] = {"model": model, "newest": newest, "recent": recent, "number": number}

    def fill(place: Path) -> Matrix:
        ids, said["dimensions"] = _append(place / ROWS, parts, said["number"])
        if ids != sorted(set(ids)):
            raise ModelError("A matrix of vectors needs ids in order, each once", "This is a fault of the program")
        (place / "ids.txt").write_text("\n".join(ids), encoding="utf-8")
        rows = _mapped(place / ROWS, len(ids), said["dimensions"], said["number"])
        signs = packed(rows)
        np.save(place / "signs.npy", signs)
        said.update(count=len(ids), shortlist=shortlist_length(rows, signs))
        return Matrix(State(**said), ids, rows, signs)  # what is mapped stays so, wherever its folder is put

    return folders.put(folder, _stem(model), f"{_stem(model)}*", said, fill)


def packed(rows: Rows | Halves) -> Signs:
    """Keep the signs of stored vectors, block by block: words x vectors."""
    signs = np.zeros((-(-rows.shape[1] // 64), len(rows)), dtype=np.uint64)
    for start in range(0, len(rows), BLOCK):
        signs[:, start : start + BLOCK] = pack(_singles(rows[start : start + BLOCK]))
    return signs


def read(folder: Path, model: str) -> Matrix | None:
    """Open a model's matrix; None where there is none, or a file is damaged: it is made anew from the rows."""
    return folders.opened(folder, _stem(model), _read)


def peek(folder: Path, model: str) -> State | None:
    """Tell what a model's matrix says of itself, without reading it; None where there is none."""
    said = folders.said(folder, _stem(model))
    return State(**said) if said is not None and said.keys() == State.__dataclass_fields__.keys() else None


def shortlist_length(rows: Rows | Halves, signs: Signs) -> int:
    """Choose how many rows to multiply out: what would have found all neighbours of each of some rows."""
    if len(rows) <= SMALL:
        return len(rows)
    asked = np.linspace(0, len(rows) - 1, TRIALS).astype(np.int64)
    neighbours = exact(rows, _singles(rows[asked]), TRIAL_HITS)
    needed = SHORTEST
    for place, hits in zip(asked, neighbours, strict=True):
        differing = differences(signs, signs[:, place])
        needed = max(needed, int((differing <= differing[hits].max()).sum()))
    return min(needed, len(rows))


def _read(place: Path, said: Said) -> Matrix:
    state = State(**said)
    ids = (place / "ids.txt").read_text(encoding="utf-8").split("\n") if state.count else []
    rows = _mapped(place / ROWS, state.count, state.dimensions, state.number)
    signs = np.load(place / "signs.npy")  # small, and read as a whole by each search
    return Matrix(state, ids, rows, signs)


def _append(file: Path, parts: Iterable[Part], number: str) -> tuple[list[str], int]:
    """Write rows one after the other; gives their ids and how many numbers each has."""
    ids: list[str] = []
    dimensions = 0
    with file.open("wb") as out:
        for names, rows in parts:
            ids += names
            dimensions = rows.shape[1]
            np.ascontiguousarray(rows, dtype=number).tofile(out)
    return ids, dimensions


def _mapped(file: Path, count: int, dimensions: int, number: str) -> Rows | Halves:
    if not count:
        return np.zeros((0, dimensions), dtype=number)
    return np.memmap(file, dtype=number, mode="r", shape=(count, dimensions))


def _singles(rows: Rows | Halves) -> Rows:
    return np.asarray(rows, dtype=np.float32)


def _kept(
    cosines: NDArray[np.float32], places: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    if cosines.shape[1] <= k:
        return cosines, places
    best = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    return np.take_along_axis(cosines, best, axis=1), np.take_along_axis(places, best, axis=1)


def _stem(model: str) -> str:
    return f"vectors-{folders.named(model)}-"
