"""The embedder in use: a catalogue model on the fastest path of this machine, or any model of sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from core.errors import ModelError
from ranking.embedder import by_openvino, by_torch, hub, networks, quantised, verdict
from ranking.embedder.batches import encode, unit
from ranking.embedder.catalogue import CATALOGUE, PACKAGED, EmbeddingModel, Vectors, unavailable
from ranking.embedder.tokens import tokeniser

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Encode = Callable[[Sequence[str]], Vectors]
_NOT_HERE = "it is not on this machine, and the hub does not answer"


class Embedder(Protocol):
    """Something that turns texts into unit vectors; `identity` is stored with each, and models never mix."""

    @property
    def identity(self) -> str:
        """Name the model and its arithmetic: name@arithmetic. What changes a vector beyond 0.999 changes the name."""
        ...

    @property
    def dimensions(self) -> int:
        """Tell the length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give one L2-normalised float32 row for each text, in order; raises ModelError on NaN."""
        ...


class SentenceTransformerEmbedder:
    """A model loaded at the first text: of the catalogue by its own fast path, else as sentence-transformers does.

    `arithmetic` None: the fastest on this machine, by a timing whose verdict is kept in `verdict_file`. `threads` None
    leaves their number to the library. `cache` keeps what may be made anew.
    """

    def __init__(
        self,
        name: str = PACKAGED,
        *,
        arithmetic: str | None = None,
        verdict_file: Path | None = None,
        cache: Path | None = None,
        threads: int | None = None,
    ) -> None:
        self._known = CATALOGUE.get(name)
        self._ways = networks.arithmetics(self._known)
        if arithmetic not in (None, *self._ways):
            raise networks.not_an_arithmetic(str(arithmetic), self._ways)
        self.name = name
        self.cache = cache
        self._verdict_file = verdict_file
        self._threads = threads
        self._arithmetic = arithmetic
        self._encode: Encode | None = None
        self._dimensions = self._known.dimensions if self._known else None

    @property
    def identity(self) -> str:
        """Name the model and its arithmetic, as stored with every vector."""
        return f"{self.name}@{self.arithmetic}"

    @property
    def arithmetic(self) -> str:
        """Name the arithmetic in use; where none was asked for and no verdict is stored, it is judged now."""
        if self._arithmetic is None:
            self._arithmetic = verdict.stored(self._verdict_file, self.name, self._ways) or self._judge()
        return self._arithmetic

    @property
    def dimensions(self) -> int:
        """Tell the length of a vector."""
        if self._dimensions is None:
            self._dimensions = self._loaded()(["A trial sentence."]).shape[1]
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give one unit row for each text; an empty text is refused, since its vector would mean nothing."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        if not all(text.strip() for text in texts):
            raise ModelError("An empty text cannot be embedded", "Skip items without a title")
        return self._loaded()(texts)

    def recipe(self) -> Callable[[], SentenceTransformerEmbedder]:
        """Say how another process builds the same embedder, with one thread: many of them share the processors."""
        if self._known and self._known.quantised:
            by_openvino.prepare(self._known, self.cache)  # minutes of work, which each would do for itself
        return partial(SentenceTransformerEmbedder, self.name, arithmetic=self.arithmetic, cache=self.cache, threads=1)

    def _loaded(self) -> Encode:
        if self._encode is None:
            self._encode = self._load(self.arithmetic, self._threads)
        return self._encode

    def _load(self, arithmetic: str, threads: int | None) -> Encode:
        if self._known is None:
            return _as_shipped(self.name, arithmetic, threads)
        return _fast(self._known, arithmetic, self.cache, threads)

    def _judge(self) -> str:
        """Time the ways in one thread each, as bulk work runs: several wait for each other on a busy machine."""
        ways = networks.candidates(self._known)
        with by_torch.one_thread():
            chosen = verdict.fastest({way: self._load(way, 1) for way in ways}) if len(ways) > 1 else ways[0]
        verdict.store(self._verdict_file, self.name, chosen, self._ways)
        return chosen


def _fast(model: EmbeddingModel, arithmetic: str, cache: Path | None, threads: int | None) -> Encode:
    tokenise = tokeniser(model)
    hidden = networks.network(model, arithmetic, cache, threads)

    def embed(texts: Sequence[str]) -> Vectors:
        return encode(tokenise(texts), hidden, model.dimensions)

    if model.quantised:
        quantised.verify(model, embed)
    return embed


def _as_shipped(name: str, arithmetic: str, threads: int | None) -> Encode:
    """Load a model that is not of the catalogue: prompts and pooling are sentence-transformers' business."""
    import torch
    from sentence_transformers import SentenceTransformer

    if threads is not None:
        torch.set_num_threads(threads)
    kwargs: dict[str, Any] = {"dtype": torch.bfloat16} if arithmetic == networks.BF16 else {}
    folder = Path(name).exists() or name.count("/") > 1  # a name on the hub has one at most
    here = folder or not hub.answers(name)
    try:
        model = SentenceTransformer(name, device="cpu", model_kwargs=kwargs, local_files_only=here)
    except OSError as problem:
        raise unavailable(name, "" if folder or not here else _NOT_HERE) from problem
    except Exception as problem:  # what a stranger's files make the libraries raise has no common root
        raise unavailable(name, f"{type(problem).__name__}: {problem}") from problem
    return lambda texts: _shipped_rows(model, texts)


def _shipped_rows(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    import torch

    with torch.inference_mode():
        rows = model.encode(list(texts), batch_size=16, convert_to_tensor=True, show_progress_bar=False)
        return unit(np.asarray(rows.float().cpu().numpy(), dtype=np.float32))
