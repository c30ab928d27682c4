"""The network of a catalogue model in one of several arithmetics: by torch, or by OpenVINO where that is installed.

OpenVINO runs a trace of the torch module (https://docs.openvino.ai/2026/openvino-workflow/model-preparation.html),
which is kept beside the other caches, so that a process that finds it needs no torch.
"""

import warnings
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from ranking.embedder.batches import Hidden, Tokens
from ranking.embedder.catalogue import EmbeddingModel, local_folder, unavailable

FP32, BF16, OPENVINO_BF16 = "fp32", "bf16", "openvino-bf16"
ARITHMETICS = (FP32, BF16, OPENVINO_BF16)
Tokenise = Callable[[Sequence[str]], list[list[int]]]


def candidates() -> tuple[str, ...]:
    """List the arithmetics worth timing here; emulated brain float is many times slower than none.

    https://github.com/pytorch/pytorch/issues/86270
    """
    if not _native_bfloat16():
        return (FP32,)
    return (FP32, BF16, OPENVINO_BF16) if has_openvino() else (FP32, BF16)


def has_openvino() -> bool:
    """Tell whether the extra `openvino` is installed."""
    return find_spec("openvino") is not None


def tokeniser(model: EmbeddingModel) -> Tokenise:
    """Load a model's tokenizer: texts to token ids, cut at the model's limit, not padded."""
    from tokenizers import Tokenizer

    loaded: Any = Tokenizer.from_file(str(local_folder(model) / "tokenizer.json"))
    loaded.enable_truncation(max_length=model.max_tokens)
    loaded.no_padding()
    return lambda texts: [found.ids for found in loaded.encode_batch_fast(list(texts))]


def network(model: EmbeddingModel, arithmetic: str, cache: Path | None, threads: int | None) -> Hidden:
    """Load a model's network in an arithmetic; `threads` None leaves their number to the library."""
    if arithmetic == OPENVINO_BF16:
        return _by_openvino(model, cache, threads)
    return _by_torch(model, arithmetic, threads)


def _by_torch(model: EmbeddingModel, arithmetic: str, threads: int | None) -> Hidden:
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    loaded = _torch_module(model, torch.bfloat16 if arithmetic == BF16 else torch.float32)

    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        with torch.inference_mode():
            last = loaded(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state
            return np.asarray(last.float().numpy(), dtype=np.float32)

    return hidden


def _torch_module(model: EmbeddingModel, dtype: Any) -> Any:
    from transformers import AutoModel
    from transformers.utils import logging

    noise: Any = logging
    noise.disable_progress_bar()  # bars for weights that load in a second are only noise
    noise.set_verbosity_error()
    loader: Any = AutoModel
    try:
        return loader.from_pretrained(local_folder(model), dtype=dtype).eval()
    except OSError as problem:
        raise unavailable(model.name) from problem


def _by_openvino(model: EmbeddingModel, cache: Path | None, threads: int | None) -> Hidden:
    import openvino

    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "bf16"}
    settings = hints | ({"INFERENCE_NUM_THREADS": str(threads)} if threads is not None else {})
    request: Any = openvino.Core().compile_model(_traced(model, cache), "CPU", settings).create_infer_request()

    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        return np.asarray(request.infer([ids, mask])[0], dtype=np.float32)

    return hidden


def _traced(model: EmbeddingModel, cache: Path | None) -> Any:
    """Read the trace from the cache, or make it; a trace of other weights or another release has another name."""
    import openvino

    if cache is None:
        return _trace(model)
    file = cache / f"openvino-{model.sha256[:12]}-{metadata.version('openvino')}.xml"
    try:
        if file.is_file():
            return openvino.Core().read_model(file)
    except RuntimeError:
        file.unlink(missing_ok=True)  # a damaged trace is made anew
    made = _trace(model)
    _keep(made, file)
    return made


def _trace(model: EmbeddingModel) -> Any:
    import openvino
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
        return openvino.convert_model(Last(_torch_module(model, torch.float32)), example_input=(example, example))


def _keep(made: Any, file: Path) -> None:
    """Write a trace whole or not at all: weights first, since the .xml is what is looked for."""
    import openvino

    file.parent.mkdir(parents=True, exist_ok=True)
    for old in file.parent.glob("openvino-*"):
        old.unlink(missing_ok=True)
    temporary = file.with_name(f".{file.stem}.xml")
    openvino.save_model(made, temporary, compress_to_fp16=False)
    temporary.with_suffix(".bin").replace(file.with_suffix(".bin"))
    temporary.replace(file)


def _native_bfloat16() -> bool:
    import torch

    cpu: Any = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())


def not_an_arithmetic(name: str) -> ModelError:
    """Say that an arithmetic is not known."""
    return ModelError(f"{name!r} is no arithmetic of the embedding model", f"Choose one of {', '.join(ARITHMETICS)}")
