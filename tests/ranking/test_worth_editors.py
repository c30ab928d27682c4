"""Likeness to the editors' choice: what ships fits the shipped model, and more likeness is never worth less."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import train_picks
from ranking.editors import BEST, STRIKING, Taste, likeness, rank_share, shipped
from ranking.embedder import CATALOGUE, PACKAGED

SCALE = Taste(
    "toy",
    np.array([1, 0], dtype=np.float32),
    np.array([-0.5, 0.0, 0.5], dtype=np.float32),
    np.array([1.0, 0.5, 0.001], dtype=np.float32),
)
scores = st.lists(st.floats(-1, 1, width=32), min_size=2).map(sorted)


@given(scores)
def test_a_higher_score_is_among_fewer_and_worth_no_less(values: list[float]) -> None:
    shares = [rank_share(np.array([value, 0], dtype=np.float32), SCALE) for value in values]
    assert all(0 < share <= 1 and 0 <= likeness(share) <= 1 for share in shares)
    for lower, higher in pairwise(shares):
        assert higher <= lower
        assert likeness(higher) >= likeness(lower)


def test_likeness_has_a_cap() -> None:
    assert (likeness(1.0), likeness(BEST), likeness(BEST / 9), likeness(0.0)) == (0, 1, 1, 1)
    assert likeness(0.1) == pytest.approx(1 / 3)


def test_what_ships_holds_for_the_model_that_ships() -> None:
    taste = shipped()
    assert taste.model == PACKAGED
    assert taste.weights.shape == (CATALOGUE[PACKAGED].dimensions,)
    assert (np.diff(taste.scores) > 0).all()
    assert (np.diff(taste.shares) < 0).all()
    assert taste.shares[-1] < STRIKING < taste.shares[0]


def corpus(months: int = 3, size: int = 40) -> tuple[dict[str, np.ndarray], set[str], dict[str, int]]:
    """Invent months of papers: the first number tells what is picked, the second only the month."""
    draw = np.random.default_rng(7)
    vectors = {}
    for month in range(months):
        for n in range(size):
            picked = n < size // (month + 2)
            row = np.array([1.0 if picked else -1.0, month - 1.0, 0.0]) + 0.2 * draw.standard_normal(3)
            vectors[f"240{month + 1}.{n:05d}"] = (row / np.linalg.norm(row)).astype(np.float32)
    picks = {p for p in vectors if int(p[5:]) < size // (int(p[3]) + 1)}
    return vectors, picks, dict.fromkeys(vectors, 1)


def test_training_finds_what_is_picked_and_not_the_month() -> None:
    vectors, picks, votes = corpus()
    found = train_picks.direction(train_picks.picked(vectors, picks, votes), vectors)
    assert found[0] > 1
    assert abs(found[1]) < found[0] / 5


def test_a_month_without_picks_teaches_nothing() -> None:
    vectors, picks, votes = corpus()
    question = train_picks.picked(vectors, {p for p in picks if p.startswith("2401")}, votes)
    assert {p[:4] for p in question.passed} == {"2401"}


def test_listed_papers_are_set_against_the_rest_of_dense_months_alone() -> None:
    vectors, _, _ = corpus()
    question = train_picks.listed(vectors, {"2401.00001": 5, "2402.00001": 2}, ("2402",))
    assert question.chosen == ("2402.00001",)
    assert {p[:4] for p in question.passed} == {"2402"}
