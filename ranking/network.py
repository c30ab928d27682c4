"""One hidden layer over words and vector, for all topics at once: what lines through them miss (pure).

The units are rectified (Nair & Hinton 2010); benchmarks/network.py trains them.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ranking.words import Rows

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """Weights of the layer; every topic adds up the same units with its own weights."""

    terms: Array = field(repr=False)  # terms x units
    vector: Array = field(repr=False)  # units x dimensions
    bias: Array = field(repr=False)  # one a unit
    out: Array = field(repr=False)  # units x topics, or answers where a topic has more than one

    @classmethod
    def silent(cls, terms: int, dimensions: int, topics: int) -> "Network":
        """Give a layer without units, which adds nothing."""
        shapes = (terms, 0), (0, dimensions), (0,), (0, topics)
        return cls(*(np.zeros(shape, np.float32) for shape in shapes))

    @property
    def arrays(self) -> tuple[Array, ...]:
        """List the weights."""
        return self.terms, self.vector, self.bias, self.out

    def of(self, topics: list[int]) -> "Network":
        """Keep only these topics, in this order."""
        return replace(self, out=self.out[:, topics])

    def __call__(self, words: Rows, vectors: Array) -> Array:
        """Give what the layer adds to the logits of `out`: items x topics."""
        brought = words @ self.terms + vectors @ self.vector.T + self.bias
        return np.asarray(np.maximum(brought, 0) @ self.out, np.float32)
