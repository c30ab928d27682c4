"""A network in eight-bit integers, found on each machine by NNCF from the same invented papers.

Post-training quantisation as for transformers: activations smoothed into weights first (G. Xiao et al., SmoothQuant,
https://arxiv.org/abs/2211.10438), then ranges taken from samples
(https://docs.openvino.ai/2026/openvino-workflow/model-optimization.html). Another release of NNCF, or a processor that
adds eight-bit products otherwise, could give other vectors under the same name; so some known ones are compared first.
"""

import hashlib
import logging
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from ranking.embedder import graphs
from ranking.embedder.calibration import COUNT, calibration_texts
from ranking.embedder.catalogue import EmbeddingModel, Vectors
from ranking.embedder.tokens import tokeniser
from ranking.embedder.verdict import SAME_ENOUGH

KNOWN_FILE = "int8.npy"  # made by scripts/make_int8.py
KNOWN = 8  # of the texts, from short to long
_log = logging.getLogger(__name__)


def installed() -> bool:
    """Tell whether the extra `int8` is installed."""
    return find_spec("openvino") is not None and find_spec("nncf") is not None


def missing() -> ModelError:
    """Say what a quantised model needs."""
    advice = 'Install it with pip install "shirube[int8]", or take SHIRUBE_EMBEDDING_MODEL away'
    return ModelError("The embedding model in eight-bit integers needs OpenVINO and NNCF", advice)


def release() -> str:
    """Name what quantising depends on beside weights and OpenVINO: the release of NNCF, and the texts."""
    if not installed():
        raise missing()
    return f"{metadata.version('nncf')}-{_texts_hash()}"


def make(model: EmbeddingModel, file: Path) -> None:
    """Quantise a model into a file, in a process of its own: it takes a minute or more, and twice the memory."""
    _log.info("quantising the embedding model, once: some minutes model=%s", model.name)
    fresh = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=fresh, initializer=_hush) as alone:
            alone.submit(_make, model, file).result()
    except BrokenProcessPool as problem:
        raise ModelError("The embedding model could not be quantised", "See that 2 GB of memory are free") from problem


def verify(model: EmbeddingModel, embed: Callable[[list[str]], Vectors]) -> None:
    """Compare vectors of this machine with the known ones; raises ModelError where they are another model's."""
    with resources.files("ranking").joinpath("weights", KNOWN_FILE).open("rb") as file:
        known = np.load(file).astype(np.float32)
    least = float((embed(known_texts()) * known).sum(axis=1).min())
    if not least >= SAME_ENOUGH:
        raise ModelError(
            f"{model.name} gives other vectors on this machine than it should (cosine {least:.4f})",
            "Take SHIRUBE_EMBEDDING_MODEL away: the model in brain float or single precision works everywhere",
        )


def known_texts() -> list[str]:
    """Give the texts whose vectors are known."""
    return calibration_texts()[:: COUNT // KNOWN][:KNOWN]


def _make(model: EmbeddingModel, file: Path) -> None:
    graphs.keep(_quantise(graphs.trace(model), tokeniser(model)(calibration_texts())), file)


def _quantise(graph: Any, tokens: list[list[int]]) -> Any:
    import nncf

    samples = [(np.array([ids], np.int64), np.ones((1, len(ids)), np.int64)) for ids in tokens]
    transformer = nncf.ModelType.TRANSFORMER
    return nncf.quantize(graph, nncf.Dataset(samples), subset_size=len(samples), model_type=transformer)


def _hush() -> None:
    """Send what NNCF prints nowhere: standard output belongs to the command that runs."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@cache
def _texts_hash() -> str:
    return hashlib.sha256("\n".join(calibration_texts()).encode()).hexdigest()[:8]
