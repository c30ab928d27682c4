"""Texts of the length of real titles and abstracts, invented, for timing."""

import random

_WORDS = (
    "model network learning training data method sparse attention gradient layer token image video speech agent memory "
    "planning retrieval policy reward language vision diffusion expert routing scaling benchmark evaluation error "
    "matrix tensor kernel graph sample noise robust efficient large small deep linear convex stochastic adaptive"
)
LENGTH = 180  # words of a title and abstract, about 240 tokens


def invented_texts(count: int) -> list[str]:
    """Make texts without meaning, the same for the same count."""
    words = _WORDS.split()
    rng = random.Random(11)  # noqa: S311
    return [
        " ".join(rng.choices(words, k=rng.randint(LENGTH // 2, LENGTH * 3 // 2))).capitalize() + "."
        for _ in range(count)
    ]
