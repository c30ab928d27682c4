"""A catalogue model's network run by OpenVINO: a trace of the torch module, its weights as bytes where that is wanted.

Graphs are kept in the cache, so that a process that finds one needs no torch.
"""

import tempfile
from collections.abc import Mapping
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.embedder import quantised
from ranking.embedder.batches import Hidden, Tokens, by_length
from ranking.embedder.catalogue import EmbeddingModel
from ranking.embedder.graphs import keep, openvino, trace

PLAIN, BYTES, INT8 = "openvino", "vnni", "int8"  # kinds of graphs
GROUP = "128"  # inputs that share a range where weights are bytes: 64 agree as well, and take 5% longer


def installed() -> bool:
    """Tell whether the extra `openvino` is installed."""
    return find_spec("openvino") is not None


def network(model: EmbeddingModel, precision: str, cache: Path | None, threads: int | None) -> Hidden:
    """Load a model's network; `precision` is OpenVINO's hint for what is not quantised: bf16 or f32."""
    return _running(_graph(model, _kind(model), cache), threads, {"INFERENCE_PRECISION_HINT": precision})


def eight_bits(model: EmbeddingModel, cache: Path | None, threads: int | None) -> Hidden:
    """Load a model's network with its linear layers in eight-bit integers; short texts go in single precision."""
    hints = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP}
    return by_length(
        partial(network, model, "f32", cache, threads), _running(_graph(model, BYTES, cache), threads, hints)
    )


def prepare(model: EmbeddingModel, cache: Path | None) -> None:
    """Make what is kept in the cache if it is not there, before many processes each make it for themselves."""
    if cache is not None:
        _graph(model, _kind(model), cache)


def _running(graph: Any, threads: int | None, hints: Mapping[str, str]) -> Hidden:
    settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", **hints}
    settings["ENABLE_CPU_PINNING"] = False  # or each of many processes holds itself to the first processor
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = str(threads)
    request: Any = openvino().Core().compile_model(graph, "CPU", settings).create_infer_request()
    alone = Lock()  # a request that two threads share gives one the other's answer

    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        with alone:
            return np.asarray(request.infer([ids, mask])[0], dtype=np.float32)

    return hidden


def _graph(model: EmbeddingModel, kind: str, cache: Path | None) -> Any:
    """Read a graph from the cache, or make it; one of other weights or another release has another name."""
    core = openvino().Core()
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            core.set_property({"ENABLE_MMAP": False})  # the file does not outlive this
            return core.read_model(_made(model, kind, Path(folder)))
    file = cache / _name(model, kind)
    try:
        if file.is_file():
            return core.read_model(file)
    except RuntimeError:
        file.unlink(missing_ok=True)  # a damaged one is made anew
    return core.read_model(_made(model, kind, cache))


def _made(model: EmbeddingModel, kind: str, folder: Path) -> Path:
    file = folder / _name(model, kind)
    if kind == INT8:
        quantised.make(model, file)
    else:
        keep(_in_bytes(model) if kind == BYTES else trace(model), file)
    return file


def _in_bytes(model: EmbeddingModel) -> Any:
    from ranking.embedder import grouped  # classes of torch, which only who makes a graph waits for

    return grouped.graph(model)


def _kind(model: EmbeddingModel) -> str:
    return INT8 if model.quantised else PLAIN


def _name(model: EmbeddingModel, kind: str) -> str:
    of = f"{kind}-{quantised.release()}" if kind == INT8 else kind
    return f"{of}-{model.sha256[:12]}-{metadata.version('openvino')}.xml"
