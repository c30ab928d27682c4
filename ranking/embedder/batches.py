"""Texts through a transformer with little padding: sorted by length, cut by tokens, mean of the tokens, length one.

`hidden` stands for the network itself: token ids and mask (texts x tokens, int64) to its last layer
(texts x tokens x dimensions, float32).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from ranking.embedder.catalogue import Vectors

BUDGET = 1_024
SHORT = (
    16  # tokens; over fewer, what is rounded to bytes does not even out, and they take little time in any arithmetic
)
Tokens = NDArray[np.int64]
Hidden = Callable[[Tokens, Tokens], NDArray[np.float32]]


def encode(tokens: Sequence[Sequence[int]], hidden: Hidden, dimensions: int) -> Vectors:
    """Give one unit row for each text, given as token ids, in order; raises ModelError on NaN."""
    rows = np.zeros((len(tokens), dimensions), dtype=np.float32)
    for batch in cut([len(ids) for ids in tokens]):
        ids, mask = padded([tokens[i] for i in batch])
        rows[batch] = mean(hidden(ids, mask), mask)
    return unit(rows)


def cut(lengths: Sequence[int], budget: int = BUDGET) -> Iterator[list[int]]:
    """Group places by length, longest first, so that rows x longest row stays within the budget of tokens.

    Longest first: should memory not suffice, that is known at once. A text beyond the budget stands alone.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        rows = max(1, budget // max(lengths[order[start]], 1))
        yield order[start : start + rows]
        start += rows


def padded(tokens: Sequence[Sequence[int]]) -> tuple[Tokens, Tokens]:
    """Lay token ids side by side; the mask is 1 where a token stands."""
    lengths = np.array([len(ids) for ids in tokens])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    ids = np.zeros(mask.shape, dtype=np.int64)
    ids[mask.astype(bool)] = np.concatenate([np.asarray(row, dtype=np.int64) for row in tokens])
    return ids, mask


def mean(hidden: NDArray[np.float32], mask: Tokens) -> Vectors:
    """Average the tokens of each text in single precision; padding does not count."""
    weights = mask.astype(np.float32)
    total = np.einsum("tnd,tn->td", hidden, weights)
    return np.asarray(total / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def unit(rows: Vectors) -> Vectors:
    """Bring rows to length one; raises ModelError where a number is none."""
    if not np.isfinite(rows).all():
        raise ModelError("The embedding model gave numbers that are no vector (NaN)", "Run shirube doctor")
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def by_length(exact: Callable[[], Hidden], quick: Hidden) -> Hidden:
    """Let an exact network, loaded when one comes, read texts of fewer than 16 tokens, and a quick one all others.

    What a text gets does not depend on what stands beside it.
    """
    loaded = cache(exact)

    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        short = mask.sum(axis=1) < SHORT
        if short.all():
            return loaded()(ids, mask)
        found = quick(ids, mask)
        if short.any():
            found = found.copy()
            found[short] = loaded()(ids[short], mask[short])
        return found

    return hidden
