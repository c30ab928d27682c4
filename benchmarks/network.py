"""Trains the hidden layer of ranking/network.py beside the linear models: weighted cross entropy, AdamW, dropout.

One network for all topics, so that what tells them apart is learned once (multi-task learning: Caruana 1997). It has
lines from the vector of its own, which are added to those of the linear models afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.heads import Lines, train_lines
from ranking.network import Network
from ranking.words import Rows

Array = NDArray[np.float32]
UNITS = 64
DROPPED = 0.3  # share of the units left out at each step
EPOCHS = 8
BATCH = 512
RATE, DECAY = 4e-3, 0.1  # of AdamW (Loshchilov & Hutter 2019), the rate as one cycle (Smith 2018)
LOUD_WORDS, LOUD_VECTOR = 3.0, 5.0  # rows have length 1: too quiet for one rate
HEAVIEST = 30.0  # an example cannot weigh more: one alone would move everything
MIX = 0.5  # share of the network in a topic's logit


@dataclass(frozen=True, slots=True)
class Heads:
    """What says of every topic how far an item belongs: lines, and the network beside them."""

    lines: Lines
    network: Network

    def __call__(self, vectors: Array, words: Rows) -> Array:
        """Give the logits: items x topics."""
        return self.lines(vectors, words) + self.network(words, vectors)


class Layer(nn.Module):
    """The network while it is trained."""

    def __init__(self, terms: int, size: int, topics: int) -> None:
        """Start small at the words, so that rare ones begin as nothing."""
        super().__init__()
        self.words = nn.EmbeddingBag(terms, UNITS, mode="sum")
        nn.init.normal_(self.words.weight, 0, 0.02)
        self.vector, self.out = nn.Linear(size, UNITS), nn.Linear(UNITS, topics)
        self.lines, self.drop = nn.Linear(size, topics), nn.Dropout(DROPPED)

    def forward(self, words: tuple[Tensor, Tensor, Tensor], vectors: Tensor) -> Tensor:
        """Give logits: items x topics."""
        places, starts, weights = words
        heard = self.words(places, starts, per_sample_weights=weights * LOUD_WORDS)
        vectors = vectors * LOUD_VECTOR
        found: Tensor = self.out(self.drop(torch.relu(heard + self.vector(vectors)))) + self.lines(vectors)
        return found

    def beside(self, lines: Lines) -> Heads:
        """Mix the network into linear models."""
        network = Network(
            terms=LOUD_WORDS * _array(self.words.weight),
            vector=LOUD_VECTOR * _array(self.vector.weight),
            bias=_array(self.vector.bias),
            out=MIX * _array(self.out.weight).T,
        )
        bias = (1 - MIX) * lines.bias + MIX * (_array(self.out.bias) + _array(self.lines.bias))
        vector = (1 - MIX) * lines.vector + MIX * LOUD_VECTOR * _array(self.lines.weight).T
        return Heads(Lines(vector, (1 - MIX) * lines.term, bias), network)


def train_heads(vectors: Array, words: Rows, answers: NDArray[np.bool_], shares: Array) -> Heads:
    """Fit all topics' models, lines and network; `answers` and `shares` (weights of examples) are items x topics."""
    torch.manual_seed(0)
    layer = Layer(words.shape[1], vectors.shape[1], answers.shape[1])
    steps = EPOCHS * -(-len(vectors) // BATCH)
    optimizer = torch.optim.AdamW(layer.parameters(), RATE, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    share = np.minimum(shares / shares.sum(axis=0, keepdims=True) * len(shares), HEAVIEST)
    for some in _batches(len(vectors)):
        logits = layer(_bags(words[some]), torch.from_numpy(vectors[some]))
        wanted, much = torch.from_numpy(answers[some].astype(np.float32)), torch.from_numpy(share[some])
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted, much)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        pace.step()
    return layer.beside(train_lines(vectors, words, answers, shares))


def _batches(count: int) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng(0)
    for _ in range(EPOCHS):
        places = order.permutation(count)
        yield from (places[start : start + BATCH] for start in range(0, count, BATCH))


def _bags(rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """Write sparse rows as bags of terms: the terms, where each row begins, the terms' weights."""
    starts = rows.indptr[:-1].astype(np.int64)
    return torch.from_numpy(rows.indices.astype(np.int64)), torch.from_numpy(starts), torch.from_numpy(rows.data)


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().numpy(), np.float32)
