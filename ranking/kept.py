"""What was read of texts, kept in files: a disposable cache, so that new weights or a new vote read no text again.

A text is known by its content; the files by what was looked for, so that other terms or phrases start anew. Rows are
memory-mapped: of a month only those asked for are brought into memory.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from core.text import text_hash
from ranking import folders
from ranking.folders import Said
from ranking.reading import Reader, Readings
from ranking.words import Rows, Texts

NAMES = "texts.txt"
PARTS = ("data", "indices", "indptr")  # of a sparse matrix by rows


class Kept:
    """The readings of some shelf of texts (a month of them); what is not on it is read and put there by `save`."""

    def __init__(self, reader: Reader, folder: Path | None, shelf: str) -> None:
        """Take what reads, and where to keep it; None keeps it as long as this object lives."""
        self._reader, self._folder, self._shelf = reader, folder, shelf
        self._places: dict[str, int] = {}
        self._held: Readings | None = None  # nothing is opened before something is asked for
        self._fresh = 0

    def read(self, texts: Sequence[Texts]) -> Readings:
        """Give the readings of texts, in their order; each text that is not kept is read once."""
        held = self._opened() if self._held is None else self._held
        names = [text_hash(f"{text.title}\0{text.abstract or ''}") for text in texts]
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._places}
        if missing:
            held = held.joined(self._reader.read(list(missing.values())))
            self._places |= {name: len(self._places) + n for n, name in enumerate(missing)}
            self._fresh += len(missing)
        self._held = held
        return held.take([self._places[name] for name in names])

    def save(self) -> None:
        """Write the shelf anew where something was read."""
        held = self._held
        if self._folder is None or held is None or not self._fresh:
            return

        def fill(place: Path) -> None:
            (place / NAMES).write_text("\n".join(self._places), encoding="utf-8")
            for name, rows in (("terms", held.terms), ("phrases", held.phrases)):
                for part in PARTS:
                    np.save(place / f"{name}.{part}.npy", getattr(rows, part))

        folders.put(self._folder, self._stem(), f"read-{self._shelf}-*", {"count": len(held)}, fill)
        self._fresh = 0

    def _opened(self) -> Readings:
        nothing = self._reader.read([])
        if self._folder is None:
            return nothing

        def load(place: Path, said: Said) -> tuple[list[str], Readings]:
            names = (place / NAMES).read_text(encoding="utf-8").split("\n") if said["count"] else []
            return names, Readings(_rows(place, "terms", nothing.terms), _rows(place, "phrases", nothing.phrases))

        names, found = folders.opened(self._folder, self._stem(), load) or ([], nothing)
        self._places = {name: place for place, name in enumerate(names)}
        return found

    def _stem(self) -> str:
        return f"read-{self._shelf}-{self._reader.fingerprint}-"


def _rows(place: Path, name: str, like: Rows) -> Rows:
    data, indices, ends = (np.asarray(np.load(place / f"{name}.{part}.npy", mmap_mode="r")) for part in PARTS)
    return sparse.csr_array((data, indices, ends), shape=(len(ends) - 1, like.shape[1]))
