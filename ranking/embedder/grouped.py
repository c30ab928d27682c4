"""A graph for OpenVINO whose linear layers have bytes for weights: for processors that know those, but no brain float.

OpenVINO rounds what flows through as it comes, each token in groups of inputs with a range each, where the weights are
bytes (https://docs.openvino.ai/2026/openvino-workflow/model-optimization-guide/weight-compression.html). What is large
in every token has gone into the weights before, here also behind GELU: without, groups of 128 agree with single
precision to 0.9985 at worst, with it to 0.9994 (decision 0051).
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ranking.embedder import by_torch, evened
from ranking.embedder.catalogue import EmbeddingModel
from ranking.embedder.evened import Sample
from ranking.embedder.graphs import openvino, traced


def graph(model: EmbeddingModel) -> Any:
    """Make a BERT of the catalogue into a graph with bytes for weights."""
    net = by_torch.module(model, torch.float32)
    with torch.no_grad():  # what is made under inference_mode cannot be traced
        return as_bytes(traced(quantised(net, partial(evened.last_layer, evened.samples(model)))))


def quantised(net: Any, sample: Sample) -> Any:
    """Round the weights of a BERT's linear layers in place, still in single precision, evened out first."""
    places = [place for layer in net.encoder.layer for place in _places(layer)]
    exact, largest = evened.watched(net, [getattr(owner, names[-1]) for owner, names in places], sample)
    for owner, names in places:
        last = getattr(owner, names[-1])
        by = evened.divisors(largest[last], last.weight)
        for name in names:
            setattr(owner, name, _Evened(getattr(owner, name), by))
    evened.shift_back(net, sample, exact)
    return net


def _places(layer: Any) -> list[tuple[Any, tuple[str, ...]]]:
    """Name the linear layers of a layer, together what reads the same."""
    attention = layer.attention
    alone = [(owner, ("dense",)) for owner in (attention.output, layer.intermediate, layer.output)]
    return [(attention.self, ("query", "key", "value")), *alone]


class _Evened(nn.Module):
    """A linear layer whose inputs are divided, and whose weights are multiplied by the same and rounded."""

    def __init__(self, linear: nn.Linear, by: Tensor) -> None:
        super().__init__()
        whole, worth = evened.rounded(linear.weight * by)
        self._factors, self._weight, self._bias = 1 / by, whole * worth[:, None], linear.bias

    def forward(self, read: Tensor) -> Tensor:
        """Give what the layer gives, nearly."""
        return nn.functional.linear(read * self._factors, self._weight, self._bias)


def as_bytes(graph: Any) -> Any:
    """Put weights of whole numbers times one worth an output into a graph as bytes and worths, in place."""
    for product in graph.get_ordered_ops():
        if product.get_type_name() == "MatMul" and (weight := _constant(product.input_value(1).get_node())) is not None:
            _replace(product, weight if product.get_attributes()["transpose_b"] else weight.T)
    return graph


def _constant(node: Any) -> Any:
    return node.get_data() if node.get_type_name() == "Constant" else None


def _replace(product: Any, weight: Any) -> None:
    openvino()
    from openvino import opset13 as ops

    whole, worth = evened.rounded(torch.tensor(weight))
    again = ops.multiply(ops.convert(ops.constant(whole.to(torch.int8).numpy()), "f32"), worth[:, None].numpy())
    made = ops.matmul(product.input_value(0), again, False, True)
    for reader in product.output(0).get_target_inputs():
        reader.replace_source_output(made.output(0))
