"""A reader's own order: one answer is enough, it is bounded, it can be named, and hiding takes twins along."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.personal import CLOSE, LEAST, MOST_NAMED, Adjusted, Answer, Vectors, adjust
from ranking.shortlist import TWIN

WIDTH = 24


def unit(values: np.ndarray) -> Vectors:
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


@pytest.fixture
def near() -> Callable[[Vectors, float], Vectors]:
    """Make vectors at a given cosine to another."""
    random = np.random.default_rng(7)

    def made(other: Vectors, cosine: float) -> Vectors:
        aside = random.normal(size=WIDTH)
        aside -= aside @ other * other
        return unit(cosine * other + np.sqrt(1 - cosine**2) * unit(aside))

    return made


def crowd(count: int = 60, seed: int = 1) -> dict[str, Vectors]:
    """Candidates that have something in common, as all papers of a field have."""
    random = np.random.default_rng(seed)
    shared = unit(random.normal(size=WIDTH))
    return {f"c{n:03}": unit(0.5 * shared + 0.85 * unit(random.normal(size=WIDTH))) for n in range(count)}


def by_id(found: list[Adjusted]) -> dict[str, Adjusted]:
    return {one.id: one for one in found}


def test_one_answer_moves_what_is_close_and_nothing_else(near: Callable[[Vectors, float], Vectors]) -> None:
    liked = unit(np.random.default_rng(3).normal(size=WIDTH))
    candidates = crowd() | {"close": near(liked, 0.6), "closer": near(liked, 0.75), "far": near(liked, 0.1)}
    more = by_id(adjust([Answer("liked", "more", "Liked")], {"liked": liked}, candidates))
    less = by_id(adjust([Answer("liked", "less", "Liked")], {"liked": liked}, candidates))
    assert 0 < more["close"].adjustment < more["closer"].adjustment <= 1
    assert {id_: -one.adjustment for id_, one in more.items()} == {id_: one.adjustment for id_, one in less.items()}
    assert more["close"].earned == (Answer("liked", "more", "Liked"),)
    assert "far" not in more
    assert all(candidates[id_] @ liked >= CLOSE - 1e-6 for id_ in more)


def test_a_second_answer_of_the_same_kind_never_weakens_the_first(near: Callable[[Vectors, float], Vectors]) -> None:
    liked = unit(np.random.default_rng(3).normal(size=WIDTH))
    known = {"a": liked, "b": near(liked, 0.75)}
    candidates = crowd() | {"close": near(liked, 0.7)}
    one = by_id(adjust([Answer("a", "more")], known, candidates))["close"]
    two = by_id(adjust([Answer("a", "more"), Answer("b", "more")], known, candidates))["close"]
    mixed = by_id(adjust([Answer("a", "more"), Answer("b", "less")], known, candidates)).get("close")
    assert two.adjustment >= one.adjustment
    assert mixed is None or mixed.adjustment < one.adjustment


def test_a_paper_that_was_answered_itself_is_named_first(near: Callable[[Vectors, float], Vectors]) -> None:
    liked = unit(np.random.default_rng(3).normal(size=WIDTH))
    candidates = crowd() | {"self": liked, "other": near(liked, 0.55)}
    answers = [Answer("x", "more"), Answer("self", "more")]
    found = by_id(adjust(answers, {"self": liked, "x": near(liked, 0.9)}, candidates))
    assert found["self"].earned[0].id == "self"
    assert found["self"].adjustment > found["other"].adjustment


def test_hiding_takes_the_paper_and_its_twins_away_and_teaches_nothing(
    near: Callable[[Vectors, float], Vectors],
) -> None:
    hidden = unit(np.random.default_rng(3).normal(size=WIDTH))
    candidates = crowd() | {"gone": hidden, "twin": near(hidden, TWIN + 0.02), "like": near(hidden, TWIN - 0.1)}
    found = adjust([Answer("gone", "hide", "Gone")], {"gone": hidden}, candidates)
    assert [(one.id, one.hidden) for one in found] == [("gone", True), ("twin", True)]
    liked = by_id(adjust([Answer("gone", "hide"), Answer("gone", "more")], {"gone": hidden}, candidates))
    assert liked["gone"].hidden
    assert not liked["like"].hidden
    assert liked["like"].adjustment > 0


def test_nothing_is_said_where_nothing_is_known() -> None:
    candidates = crowd()
    assert adjust([], {}, candidates) == []
    assert adjust([Answer("unknown", "more")], {}, candidates) == []
    assert adjust([Answer("a", "more")], {"a": next(iter(candidates.values()))}, {}) == []
    assert adjust([Answer("a", "seen")], {"a": next(iter(candidates.values()))}, candidates) == []


def test_one_candidate_alone_is_adjusted_too() -> None:
    alone = unit(np.ones(WIDTH))
    (found,) = adjust([Answer("a", "more")], {"a": alone}, {"only": alone})
    assert found.adjustment == 1


@settings(max_examples=40, deadline=None)
@given(
    verbs=st.lists(st.sampled_from(["more", "less", "hide"]), min_size=1, max_size=12),
    seed=st.integers(0, 10_000),
    copies=st.integers(1, 3),
)
def test_adjustments_are_bounded_named_and_the_same_in_any_order(verbs: list[str], seed: int, copies: int) -> None:
    candidates, known = crowd(30, seed), crowd(12, seed + 1)
    answers = [Answer(id_, verb) for id_, verb in zip(known, verbs, strict=False)] * copies
    found = adjust(answers, known, candidates)
    again = adjust(answers, known, dict(reversed(candidates.items())))
    assert found == again
    for one in found:
        assert -1 <= one.adjustment <= 1
        assert 1 <= len(one.earned) <= MOST_NAMED
        if not one.hidden:
            assert abs(one.adjustment) >= LEAST
            assert {a.verb for a in one.earned} == {"more" if one.adjustment > 0 else "less"}
            assert all(float(known[a.id] @ candidates[one.id]) >= CLOSE - 1e-6 for a in one.earned)
