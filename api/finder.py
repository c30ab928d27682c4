"""Search and likeness for the web: the vectors and the model are got ready behind the requests, never by one."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from core.errors import ModelError, NotFoundError, ShirubeError
from db.papers import PaperFilter
from ranking import search as rules
from ranking.embedder import Embedder
from ranking.glossary import terms_of
from ranking.matrix import Matrix
from ranking.search import Asked
from ranking.service import searching
from ranking.service.searching import Found, Meaning, Neighbour
from roadmap.model import Roadmap

_log = logging.getLogger(__name__)
EVERY = 60.0  # seconds between two looks for new vectors
PATIENCE = 3.0  # seconds that closing waits for the model to be loaded or the vectors to be written
Vectors = Callable[[Matrix | None], Matrix]


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found, how the query was understood, and whether meaning was asked as well as words."""

    asked: Asked
    found: Found
    by_meaning: bool


class Finder:
    """Answers searches; by words alone until `refresh`, called in the background while it is entered, has ended once.

    `vectors` opens the matrix of the stored items' vectors, made by the same model as `embedder`; it is given the one
    held so far. Without them, and where the model fails, words alone decide. Matrix and readiness are each one
    reference that the background thread replaces whole, so a search that has begun goes on with what it took.
    """

    def __init__(self, roadmap: Roadmap, vectors: Vectors | None = None, embedder: Embedder | None = None) -> None:
        self._roadmap = roadmap
        self._terms = terms_of(roadmap)
        self._stages = {stage.number: stage.topics for stage in roadmap.stages}
        self._vectors, self._embedder = vectors, embedder
        self._matrix: Matrix | None = None
        self._model_ready = False
        self._model = threading.Lock()  # a model answers one text at a time
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""  # the last warning: one that comes every minute is logged once

    def __enter__(self) -> Self:
        if self._vectors is not None:
            self._thread = threading.Thread(target=self._run, name="finder", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)  # a thread cut off inside the model's libraries may bring the exit down

    @property
    def vectors(self) -> int:
        """Tell how many items can be found by meaning at present."""
        matrix = self._matrix
        return len(matrix.ids) if matrix is not None and self._model_ready else 0

    @property
    def coming(self) -> bool:
        """Tell whether search by meaning is set up but not ready yet."""
        return self._vectors is not None and self._embedder is not None and not self._model_ready

    def understand(self, query: str) -> Asked:
        """Read a query: a name, or words, the Japanese among them by the glossary."""
        return rules.understand(query, self._terms)

    def search(self, session: Session, asked: Asked, wanted: PaperFilter) -> Results:
        """Find items by name, words and, where that is ready, meaning; best first, at most `wanted.limit`."""
        meaning = self._meaning(asked.words)
        lab = rules.lab_asked(asked, self._roadmap)
        found = searching.search(session, asked, wanted, self._stages, meaning, lab)
        return Results(asked, found, meaning is not None and not (found.by_author or found.of_lab))

    def similar(self, session: Session, item_id: str, wanted: PaperFilter) -> list[Neighbour]:
        """List the nearest items, best first; none where the item has no vector yet."""
        matrix = self._matrix
        if matrix is None or not matrix.ids:
            return []
        try:
            return searching.similar(session, item_id, wanted, self._stages, matrix, None)
        except NotFoundError:
            return []

    def refresh(self) -> None:
        """Take in vectors that came, and load the model at the first time; raises what either raises."""
        if self._vectors is not None:
            self._matrix = self._vectors(self._matrix)
        if self._embedder is None or self._model_ready or self._matrix is None or not self._matrix.ids:
            return
        with self._model:
            self._embedder.embed(["ready"])
        self._model_ready = True

    def _meaning(self, words: str) -> Meaning | None:
        matrix, embedder = self._matrix, self._embedder
        if not words or not self._model_ready or matrix is None or embedder is None:
            return None
        try:
            with self._model:
                vector = embedder.embed([words])[0]
        except ModelError as problem:  # words still find something
            self._warn(problem)
            return None
        return Meaning(vector, matrix)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.refresh()
                self._told = ""
            except ShirubeError as problem:
                self._warn(problem)
            except Exception:
                _log.exception("vectors for search could not be read")
            self._stopped.wait(EVERY)

    def _warn(self, problem: ShirubeError) -> None:
        if str(problem) != self._told:
            self._told = str(problem)
            _log.warning("searching by words alone: %s", problem)
