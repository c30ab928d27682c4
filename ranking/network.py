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
        return self.add_up(self.heard(words), vectors)

    def heard(self, words: Rows) -> Array:
        """Give what words alone bring to the units, which can be made ready beforehand: items x units."""
        return np.asarray(words @ self.terms, np.float32)

    def add_up(self, heard: Array, vectors: Array) -> Array:
        """Turn what words and vectors bring to the units into logits: items x topics."""
        brought = vectors @ self.vector.T
        brought += heard
        brought += self.bias
        return np.asarray(np.maximum(brought, 0, out=brought) @ self.out, np.float32)
