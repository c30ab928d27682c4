"""The vectors of all items as one memory-mapped matrix: a disposable copy of the rows, searched by brute force.

A search is in two steps. The signs of the numbers, one bit each, are compared by counting the bits that differ
(Charikar, STOC 2002, https://doi.org/10.1145/509907.509965: the share of differing signs grows with the angle), which
reads 48 bytes a vector; the closest are then multiplied out. How many those are is chosen when the matrix is written,
on its own rows, and a search whose last hit lies near the edge looks again at four times as many.
Rows are single precision, though half is what is stored: turning halves into singles costs ten times the product.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from ranking import folders
from ranking.folders import Said

Rows = NDArray[np.float32]  # vectors x dimensions, length one
Signs = NDArray[np.uint64]  # words x vectors: a column each, since one word of all is read at a time
Mask = NDArray[np.bool_]
SMALL = 8_192  # below so many vectors everything is multiplied out
SHORTEST = 4_000
TRIALS = 64  # rows asked for their neighbours when the shortlist's length is chosen
TRIAL_HITS = 20
EDGE = 0.95  # a hit that lies beyond this share of the shortlist's distance asks for a longer one
BLOCK = 16_384  # vectors multiplied with many queries at once


@dataclass(frozen=True, slots=True)
class State:
    """What a matrix was made of."""

    model: str  # a name without arithmetic
    count: int
    newest: str  # when the last of its texts was compared, ISO 8601
    dimensions: int
    shortlist: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Vectors in order of id."""

    state: State
    ids: Sequence[str]
    rows: Rows = field(repr=False)
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
        rows = self.rows if len(places) == len(self.rows) else self.rows[places]
        return np.asarray(rows @ query, dtype=np.float32)


def pack(rows: Rows) -> Signs:
    """Keep the signs of vectors, one bit a number: words x vectors."""
    bits = np.packbits(np.asarray(rows) > 0, axis=1)
    padding = -bits.shape[1] % 8
    return np.ascontiguousarray(np.pad(bits, ((0, 0), (0, padding))).view(np.uint64).T)


def differences(signs: Signs, query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Count the signs in which each vector differs from a query."""
    found = np.zeros(signs.shape[1], dtype=np.uint16)
    for word, wanted in zip(signs, query, strict=True):
        found += np.bitwise_count(word ^ wanted)
    return found


def closest(differing: NDArray[np.uint16], wanted: int, among: Mask | None = None) -> tuple[NDArray[np.int64], int]:
    """List the places of the `wanted` vectors with fewest differing signs, ties included, and the largest number."""
    counted = differing if among is None else differing[among]
    edge = int(np.searchsorted(np.cumsum(np.bincount(counted)), wanted))
    near = differing <= edge
    return np.flatnonzero(near if among is None else near & among), edge


def exact(rows: Rows, queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Find the places of the k closest rows of each query, best first, ties by place; block by block."""
    best = np.zeros((len(queries), 0), dtype=np.float32)
    places = np.zeros((len(queries), 0), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        cosines = queries @ rows[start : start + BLOCK].T
        here = np.broadcast_to(np.arange(start, start + cosines.shape[1]), cosines.shape)
        best, places = _kept(np.hstack([best, cosines]), np.hstack([places, here]), k)
    order = np.lexsort((places, -best), axis=1)
    return np.take_along_axis(places, order, axis=1)


def write(folder: Path, model: str, newest: str, ids: Sequence[str], rows: Rows) -> Matrix:
    """Write a matrix in place of the former, whole or not at all; `ids` must be in order, one for each row."""
    if list(ids) != sorted(set(ids)) or len(ids) != len(rows):
        raise ModelError("A matrix of vectors needs ids in order, each once", "This is a fault of the program")
    signs = pack(rows)
    state = State(model, len(ids), newest, rows.shape[1], shortlist_length(rows, signs))

    def fill(place: Path) -> None:
        np.save(place / "rows.npy", np.asarray(rows, dtype=np.float32))
        np.save(place / "signs.npy", signs)
        (place / "ids.txt").write_text("\n".join(ids), encoding="utf-8")

    folders.put(folder, _stem(model), f"{_stem(model)}*", asdict(state), fill)
    found = read(folder, model)
    if found is None:
        raise ModelError(f"The matrix of vectors in {folder} cannot be read back", "Check the disk")
    return found


def read(folder: Path, model: str) -> Matrix | None:
    """Open a model's matrix; None where there is none, or a file is damaged: it is made anew from the rows."""
    return folders.opened(folder, _stem(model), _read)


def shortlist_length(rows: Rows, signs: Signs) -> int:
    """Choose how many rows to multiply out: what would have found all neighbours of each of some rows."""
    if len(rows) <= SMALL:
        return len(rows)
    asked = np.linspace(0, len(rows) - 1, TRIALS).astype(np.int64)
    neighbours = exact(rows, rows[asked], TRIAL_HITS)
    needed = SHORTEST
    for place, hits in zip(asked, neighbours, strict=True):
        differing = differences(signs, signs[:, place])
        needed = max(needed, int((differing <= differing[hits].max()).sum()))
    return min(needed, len(rows))


def _read(place: Path, said: Said) -> Matrix:
    state = State(**said)
    ids = (place / "ids.txt").read_text(encoding="utf-8").split("\n") if state.count else []
    rows = np.load(place / "rows.npy", mmap_mode="r")
    signs = np.load(place / "signs.npy")  # small, and read as a whole by each search
    return Matrix(state, ids, rows, signs)


def _kept(
    cosines: NDArray[np.float32], places: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    if cosines.shape[1] <= k:
        return cosines, places
    best = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
    return np.take_along_axis(cosines, best, axis=1), np.take_along_axis(places, best, axis=1)


def _stem(model: str) -> str:
    return f"vectors-{folders.named(model)}-"
