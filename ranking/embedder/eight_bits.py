"""A network's linear layers in eight-bit integers by torch: for processors that know those, but no brain float.

Weights are rounded for each output, and what flows through for each token as it comes (Z. Yao et al., ZeroQuant,
https://arxiv.org/abs/2206.01861); one range for all tokens, as torch's own dynamic quantisation takes, comes to a
cosine of 0.92. Channels that are large in every token go into the weights first (`evened`). What comes out agrees with
single precision to 0.999 from 16 tokens on, and so is the same model (decision 0050).
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ranking.embedder import by_torch, evened
from ranking.embedder.catalogue import EmbeddingModel
from ranking.embedder.evened import TINY, Sample

GROUP = 192  # inputs of the widest layer that share a range: 384 give a cosine of 0.9991 at worst, but 5% more speed
LOWEST = 0.17  # GELU gives no less than -0.16997 (D. Hendrycks and K. Gimpel, https://arxiv.org/abs/1606.08415)
MIDDLE = 128  # the byte that stands for nought
Bytes = tuple[Tensor, Tensor]  # tokens x inputs (uint8), and what one step is worth for each token (tokens x 1)


def module(model: EmbeddingModel) -> Any:
    """Load a BERT of the catalogue, its linear layers in eight-bit integers; takes half a second more than else."""
    net = by_torch.module(model, torch.float32)
    with torch.inference_mode():
        return quantised(net, partial(evened.last_layer, evened.samples(model)))


def quantised(net: Any, sample: Sample) -> Any:
    """Replace the linear layers of a BERT in place."""
    exact, largest = evened.watched(
        net, [linear for layer in net.encoder.layer for linear in _entrances(layer)], sample
    )
    for layer in net.encoder.layer:
        _replace_all(layer, *(largest[linear] for linear in _entrances(layer)))
    evened.shift_back(net, sample, exact)
    return net


def _entrances(layer: Any) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
    """Give a linear layer for each place whose channels are evened out; query, key and value read the same."""
    return layer.attention.self.query, layer.attention.output.dense, layer.intermediate.dense


def _replace_all(layer: Any, attended: Tensor, attention: Tensor, between: Tensor) -> None:
    _replace(layer.attention.self, ("query", "key", "value"), attended)
    _replace(layer.attention.output, ("dense",), attention)
    _replace(layer.intermediate, ("dense",), between)
    layer.output.dense = _AfterGelu(layer.output.dense)


def _replace(owner: Any, names: tuple[str, ...], largest: Tensor) -> None:
    """Put layers that read the same into eight bits; the last weighs: it is the values that leave the attention."""
    linears = [getattr(owner, name) for name in names]
    by = evened.divisors(largest, linears[-1].weight)
    tokens = _Tokens(by)
    for name, linear in zip(names, linears, strict=True):
        setattr(owner, name, _Linear(linear, tokens, by))


class _Rounded:
    """Weights as bytes with one scale an output, laid out as oneDNN multiplies them fastest."""

    def __init__(self, weight: Tensor) -> None:
        whole, scales = evened.rounded(weight)
        self.sums = (whole * scales[:, None]).sum(1)  # what one more in every input comes to
        self._scales, self._zeros = scales, torch.zeros(len(scales), dtype=torch.int32)
        self._packed = torch.ops.onednn.qlinear_prepack(whole.to(torch.int8), None)

    def __call__(self, tokens: Tensor, nought: int) -> Tensor:
        """Multiply bytes, of which one stands for nought, by the weights; tokens x outputs in single precision."""
        weights = self._packed, self._scales, self._zeros
        rest: Any = None, 1.0, 0, torch.float32, "none", [], "none"  # no bias, and nothing rounded or done afterwards
        found: Tensor = torch.ops.onednn.qlinear_pointwise(tokens, 1.0, nought, *weights, *rest)
        return found


class _Tokens:
    """What layers read, as bytes with a range for each token; worked out once for those that read the same."""

    def __init__(self, by: Tensor) -> None:
        self._factors = 1 / by
        self._last: tuple[Tensor | None, Bytes | None] = None, None

    def __call__(self, read: Tensor) -> Bytes:
        """Round tokens; the answer and what it is of are kept as one value, since threads share a network."""
        of, known = self._last
        if of is not read or known is None:
            known = self._rounded(read.flatten(0, -2) * self._factors)
            self._last = read, known
        return known

    @staticmethod
    def _rounded(tokens: Tensor) -> Bytes:
        most = torch.maximum(tokens.amax(-1, keepdim=True), -tokens.amin(-1, keepdim=True))
        step = most.clamp_min_(TINY).div_(127)
        return (tokens / step).add_(MIDDLE + 0.5).to(torch.uint8), step


class _Linear(nn.Module):
    """A linear layer that reads tokens as bytes."""

    def __init__(self, linear: nn.Linear, tokens: _Tokens, by: Tensor) -> None:
        super().__init__()
        self._tokens, self._weights, self._bias = tokens, _Rounded(linear.weight * by), linear.bias

    def forward(self, read: Tensor) -> Tensor:
        """Give what the layer gives, nearly."""
        tokens, step = self._tokens(read)
        return self._weights(tokens, MIDDLE).mul_(step).add_(self._bias).reshape(*read.shape[:-1], -1)


class _AfterGelu(nn.Module):
    """A linear layer that reads what GELU gave: hardly below nought, so that all bytes serve what is above."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._weights = [_Rounded(part.contiguous()) for part in torch.split(linear.weight, GROUP, 1)]
        self._bias = linear.bias - LOWEST * torch.stack([part.sums for part in self._weights]).sum(0)

    def forward(self, read: Tensor) -> Tensor:
        """Give what the layer gives, nearly; each group of inputs has a range of its own."""
        found = self._bias
        for part, weights in zip(torch.split(read.flatten(0, -2), GROUP, 1), self._weights, strict=True):
            step = part.amax(-1, keepdim=True).add_(LOWEST).div_(255)
            found = torch.addcmul(found, weights((part + LOWEST).div_(step).add_(0.5).to(torch.uint8), 0), step)
        return found.reshape(*read.shape[:-1], -1)
