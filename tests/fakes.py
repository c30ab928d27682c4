"""An embedder made of words: unit vectors in an instant, alike for texts that share words."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.text import fold, text_hash
from ranking.embedder import PACKAGED, Vectors


@cache
def word_vector(word: str, dimensions: int) -> NDArray[np.float32]:
    """Give a word's own direction, drawn from its hash."""
    seed = int(text_hash(word)[:16], 16)
    return np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)


class HashEmbedder:
    """Adds up the directions of a text's words; counts what it was asked for.

    It goes by the packaged model's name, so that vectors stored under that name count as its own.
    """

    def __init__(self, name: str = PACKAGED, precision: str = "words", dimensions: int = 384) -> None:
        self.identity = f"{name}@{precision}"
        self.dimensions = dimensions
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give one unit row for each text, in order."""
        self.texts += texts
        rows = [sum(word_vector(word, self.dimensions) for word in fold(text).split() or [""]) for text in texts]
        found = np.array(rows, dtype=np.float32).reshape(len(texts), self.dimensions)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)
