"""The network of a catalogue model in one of several arithmetics: by torch, or by OpenVINO where that is installed."""

from functools import partial
from pathlib import Path

from core.errors import ModelError
from ranking.embedder import by_openvino, by_torch, quantised
from ranking.embedder.batches import Hidden, by_length
from ranking.embedder.catalogue import EmbeddingModel

FP32, BF16, VNNI = "fp32", "bf16", "vnni"
OPENVINO_BF16, OPENVINO_FP32, OPENVINO_VNNI = "openvino-bf16", "openvino-fp32", "openvino-vnni"
ARITHMETICS = (FP32, BF16, VNNI, OPENVINO_BF16, OPENVINO_VNNI)
OF_QUANTISED = (OPENVINO_BF16, OPENVINO_FP32)  # what is not eight-bit integers in a quantised model
_MODULES = {FP32: by_torch.single, BF16: by_torch.brain_float}
_HINTS = {OPENVINO_BF16: "bf16", OPENVINO_FP32: "f32"}


def arithmetics(model: EmbeddingModel | None) -> tuple[str, ...]:
    """List the arithmetics a model may run in anywhere; None is a model that is not of the catalogue."""
    if model is None:
        return (FP32, BF16)
    return OF_QUANTISED if model.quantised else ARITHMETICS


def candidates(model: EmbeddingModel | None) -> tuple[str, ...]:
    """List the arithmetics worth timing here, single precision first; raises ModelError where an extra is missing."""
    native = by_torch.native_bfloat16()
    if model is not None and model.quantised:
        if not quantised.installed():
            raise quantised.missing()
        return (OPENVINO_BF16,) if native else (OPENVINO_FP32,)
    if model is None:
        return (FP32, BF16) if native else (FP32,)
    by_extra = by_openvino.installed()
    if native:  # brain float agrees better than eight bits; where there is both, nothing is lost without these
        return (FP32, BF16, OPENVINO_BF16) if by_extra else (FP32, BF16)
    if not by_torch.native_bytes():
        return (FP32,)
    return (FP32, VNNI, OPENVINO_VNNI) if by_extra else (FP32, VNNI)


def network(model: EmbeddingModel, arithmetic: str, cache: Path | None, threads: int | None) -> Hidden:
    """Load a model's network in an arithmetic; `threads` None leaves their number to the library."""
    if arithmetic == OPENVINO_VNNI:
        return by_openvino.eight_bits(model, cache, threads)
    if arithmetic in _HINTS:
        return by_openvino.network(model, _HINTS[arithmetic], cache, threads)
    if arithmetic == VNNI:
        return _eight_bits_by_torch(model, threads)
    return by_torch.network(partial(_MODULES[arithmetic], model), threads)


def not_an_arithmetic(name: str, among: tuple[str, ...]) -> ModelError:
    """Say that an arithmetic is not known of a model."""
    return ModelError(f"{name!r} is no arithmetic of the embedding model", f"Choose one of {', '.join(among)}")


def _eight_bits_by_torch(model: EmbeddingModel, threads: int | None) -> Hidden:
    from ranking.embedder import eight_bits  # classes of torch, which only who embeds by it waits for

    exact = partial(by_torch.network, partial(by_torch.single, model), threads)
    return by_length(exact, by_torch.network(partial(eight_bits.module, model), threads))
