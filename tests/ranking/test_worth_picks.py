"""The measure of editors' picks: what AUC and recall count, and how picks of one month are put into another."""

import numpy as np
import pytest

from benchmarks.picks import DEPTH, Known, _each, _moved, measure, moved_places, replace_votes
from benchmarks.train_picks import Shelf
from ranking.worth import Signals


def known(votes: dict[str, int]) -> Known:
    ids = [*votes, "2401.90000"]
    return Known(Shelf({}, {}, {}), votes, frozenset(), {p: Signals(0.6, votes.get(p)) for p in ids}, {})


def test_all_picks_first_is_one_and_none_of_the_first_hundred_is_nothing() -> None:
    scores = {f"p{n:03d}": float(n) for n in range(3 * DEPTH)}
    assert measure(scores, {"p298", "p299"}) == (1.0, 1.0)
    assert measure(scores, {"p000", "p299"}) == pytest.approx((0.5, 0.5))
    assert measure(scores, {"p000"}) == (0.0, 0.0)


def test_picks_put_into_a_month_do_not_crowd_each_other_out() -> None:
    scores = {f"p{n:03d}": float(n) for n in range(2 * DEPTH)} | {f"x{n:03d}": 150.5 for n in range(2 * DEPTH)}
    picks = {p for p in scores if p.startswith("x")}
    assert _each(scores, picks) == pytest.approx((151 / 200, 1.0))
    assert _each(dict.fromkeys(scores, 0.0), picks) == (0.5, 0.0)


def test_a_pick_keeps_its_place_among_the_voted_of_another_month() -> None:
    votes = {f"2401.{n:05d}": 10 * n for n in range(11)} | {f"2506.{n:05d}": n for n in range(101)}
    moved = _moved(known(votes), {"2401.00010", "2401.00005", "2401.00000"}, "2506")
    low, middle, high = (moved.votes[f"2401.{n:05d}"] for n in (0, 5, 10))
    assert low < middle < high
    assert middle == pytest.approx(50, abs=6)
    assert moved.signals["2401.00010"].votes == high
    assert moved.votes["2506.00007"] == 7


def test_votes_taken_away_are_unknown_and_not_none_at_all() -> None:
    left = replace_votes(known({"2401.00001": 5, "2401.00002": 6}), {"2401.00001": None})
    assert left.votes == {"2401.00002": 6}
    assert left.signals["2401.00001"].votes is None
    assert np.isclose(left.signals["2401.00002"].fit, 0.6)


def test_a_number_keeps_its_place_among_others() -> None:
    old, new = [10.0 * n for n in range(11)], [float(n) for n in range(101)]
    low, middle, high = moved_places(old, new, [-5, 50, 500])
    assert low < middle < high
    assert middle == pytest.approx(50, abs=6)
    assert new[0] <= low
    assert high <= new[-1]
