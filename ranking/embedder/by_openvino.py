"""A catalogue model's network run by OpenVINO: a trace of the torch module, quantised where the model says so.

It is kept in the cache, so that a process that finds it needs no torch.
"""

import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.embedder import quantised
from ranking.embedder.batches import Hidden, Tokens
from ranking.embedder.catalogue import EmbeddingModel
from ranking.embedder.graphs import keep, openvino, trace


def installed() -> bool:
    """Tell whether the extra `openvino` is installed."""
    return find_spec("openvino") is not None


def network(model: EmbeddingModel, precision: str, cache: Path | None, threads: int | None) -> Hidden:
    """Load a model's network; `precision` is OpenVINO's hint for what is not quantised: bf16 or f32."""
    hints: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    hints["ENABLE_CPU_PINNING"] = False  # or each of many processes holds itself to the first processor
    settings = hints | ({"INFERENCE_NUM_THREADS": str(threads)} if threads is not None else {})
    request: Any = openvino().Core().compile_model(_graph(model, cache), "CPU", settings).create_infer_request()

    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        return np.asarray(request.infer([ids, mask])[0], dtype=np.float32)

    return hidden


def prepare(model: EmbeddingModel, cache: Path | None) -> None:
    """Make what is kept in the cache if it is not there, before many processes each make it for themselves."""
    if cache is not None:
        _graph(model, cache)


def _graph(model: EmbeddingModel, cache: Path | None) -> Any:
    """Read a graph from the cache, or make it; one of other weights or another release has another name."""
    core = openvino().Core()
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            core.set_property({"ENABLE_MMAP": False})  # the file does not outlive this
            return core.read_model(_made(model, Path(folder)))
    file = cache / _name(model)
    try:
        if file.is_file():
            return core.read_model(file)
    except RuntimeError:
        file.unlink(missing_ok=True)  # a damaged one is made anew
    return core.read_model(_made(model, cache))


def _made(model: EmbeddingModel, folder: Path) -> Path:
    file = folder / _name(model)
    if model.quantised:
        quantised.make(model, file)
    else:
        keep(trace(model), file)
    return file


def _name(model: EmbeddingModel) -> str:
    kind = f"int8-{quantised.release()}" if model.quantised else "openvino"
    return f"{kind}-{model.sha256[:12]}-{metadata.version('openvino')}.xml"
