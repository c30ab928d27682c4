"""Novelty: it falls with the nearest earlier paper, and of too small a past nothing is said."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ranking.novelty import ALIKE, APART, nearer, novelty, past

cosines = st.floats(-1, 1)


@given(st.lists(cosines, min_size=2).map(sorted))
def test_novelty_falls_with_the_cosine_and_stays_within_bounds(values: list[float]) -> None:
    assert all(0 <= novelty(value) <= 1 for value in values)
    for far, near in pairwise(values):
        assert novelty(far) >= novelty(near)


def test_a_paper_alike_is_not_new_and_one_apart_is() -> None:
    assert (novelty(ALIKE), novelty(1.0), novelty(APART), novelty(-1.0)) == (0, 0, 1, 1)


def test_the_past_is_the_twelve_months_before() -> None:
    assert past("2026-03") == [*(f"2025-{n:02d}" for n in range(3, 13)), "2026-01", "2026-02"]


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_months_read_one_by_one_find_what_all_at_once_find(one: int, other: int, asked: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    first, second, queries = (draw.standard_normal((n, 4)).astype(np.float32) for n in (one, other, asked))
    start = np.full(asked, -9.0, dtype=np.float32)
    apart = nearer(nearer(start, queries, first), queries, second)
    together = nearer(start, queries, np.vstack([first, second]))
    np.testing.assert_allclose(apart, together, rtol=1e-5, atol=1e-5)
    assert (apart >= start).all()


def test_no_earlier_paper_changes_nothing() -> None:
    start, queries = np.zeros(3, dtype=np.float32), np.ones((3, 4), dtype=np.float32)
    assert (nearer(start, queries, np.zeros((0, 0), dtype=np.float32)) == start).all()
