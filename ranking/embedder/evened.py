"""What is large in every token goes into the weights before linear layers are rounded to bytes: both round better then.

G. Xiao et al., SmoothQuant, https://arxiv.org/abs/2211.10438. Which channels are large, and by how much rounding shifts
the whole, a few invented papers tell.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ranking.embedder.calibration import LONGEST, calibration_texts
from ranking.embedder.catalogue import EmbeddingModel
from ranking.embedder.tokens import tokeniser

SAMPLES = 8  # invented papers: 2 to 100 of them gave the same agreement
TINY = 1e-12  # keeps what is nought everywhere from being divided by nought
Sample = Callable[[Any], Tensor]  # runs a network over some texts: the last layer of all tokens (tokens x dimensions)


def samples(model: EmbeddingModel) -> list[list[int]]:
    """Give the token ids of the papers that are read to see what is large."""
    return tokeniser(model)(calibration_texts()[LONGEST :: LONGEST + 1][:SAMPLES])


def last_layer(papers: Sequence[Sequence[int]], net: Any) -> Tensor:
    """Run a BERT over papers, one by one; gives the last layer of all their tokens (tokens x dimensions)."""
    return torch.cat([net(input_ids=torch.tensor([ids])).last_hidden_state[0] for ids in papers])


def watched(net: Any, linears: Sequence[nn.Linear], sample: Sample) -> tuple[Tensor, dict[Any, Tensor]]:
    """Run a network; gives what it gave, and the largest value (inputs) that came to each of some linear layers."""
    largest: dict[Any, Tensor] = {}
    hooks = [linear.register_forward_hook(partial(_note, largest)) for linear in linears]
    given = sample(net)
    for hook in hooks:
        hook.remove()
    return given, largest


def _note(largest: dict[Any, Tensor], linear: nn.Module, read: tuple[Tensor], _: Tensor) -> None:
    found = read[0].abs().flatten(0, -2).amax(0)
    largest[linear] = torch.maximum(largest.get(linear, found), found)


def divisors(largest: Tensor, weight: Tensor) -> Tensor:
    """Say by what each input is divided and its weights multiplied, so that both are about as hard to round."""
    found = (largest.clamp_min(1e-5) / weight.abs().amax(0).clamp_min(1e-5)).sqrt()
    return found / found.mean()


def rounded(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Round weights (outputs x inputs) to whole numbers of -127 to 127; gives these and what one is worth (outputs)."""
    worth = weight.abs().amax(1).clamp_min(TINY) / 127
    return (weight / worth[:, None]).round(), worth


def shift_back(net: Any, sample: Sample, exact: Tensor) -> None:
    """Take from a BERT's last layer by how much it now differs from the exact one in the mean of all tokens."""
    net.encoder.layer[-1].output.LayerNorm.bias.sub_((sample(net) - exact).mean(0))
