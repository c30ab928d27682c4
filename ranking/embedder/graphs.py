"""Graphs for OpenVINO: a catalogue model's torch module traced, and files of them.

https://docs.openvino.ai/2026/openvino-workflow/model-preparation.html
"""

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from core.errors import ModelError
from ranking.embedder import by_torch
from ranking.embedder.catalogue import EmbeddingModel


def openvino() -> Any:
    """Import OpenVINO without its telemetry, which comes with NNCF and tells Google Analytics unless told not to.

    Where that package cannot be imported nothing is sent (https://github.com/openvinotoolkit/telemetry).
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # to Python: there is no such module
    try:
        import openvino as found
    except ImportError as problem:
        raise ModelError("OpenVINO is not installed", 'Install it with pip install "shirube[openvino]"') from problem
    return found


def trace(model: EmbeddingModel) -> Any:
    """Trace a model's torch module in single precision."""
    return traced(by_torch.single(model))


def traced(module: Any) -> Any:
    """Trace a torch module of a BERT; the graph gives its last layer."""
    import torch

    class Last(torch.nn.Module):
        """The network's last layer alone."""

        def __init__(self, inner: Any) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, ids: Any, mask: Any) -> Any:
            """Give the last layer of some token ids."""
            return self.inner(input_ids=ids, attention_mask=mask).last_hidden_state

    example = torch.ones(2, 16, dtype=torch.long)
    with warnings.catch_warnings(action="ignore"):  # tracing warns of each value it holds for constant
        return openvino().convert_model(Last(module), example_input=(example, example))


def keep(graph: Any, file: Path) -> None:
    """Write a graph whole or not at all: weights first, since the .xml is what is looked for.

    Raises ModelError where the disk takes no more of it.
    """
    kind = file.name.partition("-")[0]
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".") as folder:
        made = Path(folder) / file.name
        _save(graph, made)
        for old in file.parent.glob(f"{kind}-*"):
            old.unlink(missing_ok=True)
        made.with_suffix(".bin").replace(file.with_suffix(".bin"))
        made.replace(file)


def _save(graph: Any, made: Path) -> None:
    try:
        openvino().save_model(graph, made, compress_to_fp16=False)
    except RuntimeError as problem:
        if "iostream" not in str(problem):
            raise
        # C++ says no more than that a stream failed, which is how a full disk looks from there.
        place = made.parent.parent
        raise ModelError(
            f"The disk is full, or fails: {place} takes no graph of the embedding model",
            "Make room there, or name another folder with SHIRUBE_DATA_DIR; then run it again",
        ) from problem
