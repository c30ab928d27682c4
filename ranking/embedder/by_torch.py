"""A catalogue model's network run by torch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.embedder.batches import Hidden, Tokens
from ranking.embedder.catalogue import EmbeddingModel, local_folder, unavailable


def network(load: Callable[[], Any], threads: int | None) -> Hidden:
    """Take a module that is loaded now for a network; `threads` None leaves their number to the library."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    loaded = load()

    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        with torch.inference_mode():
            last = loaded(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state
            return np.asarray(last.float().numpy(), dtype=np.float32)

    return hidden


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread, and in as many as before afterwards: networks set the number for the process."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def single(model: EmbeddingModel) -> Any:
    """Load a model's torch module in single precision."""
    import torch

    return module(model, torch.float32)


def brain_float(model: EmbeddingModel) -> Any:
    """Load a model's torch module in brain float."""
    import torch

    return module(model, torch.bfloat16)


def module(model: EmbeddingModel, dtype: Any) -> Any:
    """Load a model's torch module; raises ModelError where its weights cannot be had."""
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


def native_bfloat16() -> bool:
    """Tell whether the processor itself knows brain float: emulated, it is many times slower than single precision.

    https://github.com/pytorch/pytorch/issues/86270
    """
    import torch

    cpu: Any = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())


def native_bytes() -> bool:
    """Tell whether the processor adds up products of bytes in one step (AVX-512 VNNI): without, sums are cut off.

    https://uxlfoundation.github.io/oneDNN/dev_guide_int8_computations.html
    """
    import torch

    cpu: Any = torch.cpu
    return bool(cpu._is_vnni_supported()) and hasattr(torch.ops.onednn, "qlinear_pointwise")
