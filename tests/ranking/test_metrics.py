"""How good an order is, against values computed by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.metrics import average_precision, ndcg, precision, recall

orders = st.lists(st.sampled_from("abcdefgh"), unique=True)
labels = st.sets(st.sampled_from("abcdefgh"))


def test_values_by_hand() -> None:
    order, relevant = ["a", "b", "c", "d"], {"a", "d", "z"}
    ideal = 1 + 1 / math.log2(3) + 1 / 2
    assert ndcg(order, relevant) == pytest.approx((1 + 1 / math.log2(5)) / ideal)
    assert ndcg(order, relevant, depth=2) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert average_precision(order, relevant) == pytest.approx((1 + 2 / 4) / 3)
    assert recall(order, relevant, 2) == 1 / 2
    assert recall(order, relevant, 4) == 2 / 3
    assert precision(order, relevant) == 2 / 4


def test_nothing_gives_nothing() -> None:
    for order, relevant in (([], {"a"}), (["a"], set()), ([], set())):
        assert ndcg(order, relevant) == average_precision(order, relevant) == 0
        assert recall(order, relevant, 5) == precision(order, relevant) == 0
    assert recall(["a"], {"a"}, 0) == 0


@given(orders, labels)
def test_every_measure_is_a_share_and_the_best_order_has_them_all(order: list[str], relevant: set[str]) -> None:
    for value in (ndcg(order, relevant), average_precision(order, relevant), recall(order, relevant, 3)):
        assert 0 <= value <= 1 + 1e-9
    if relevant:
        best = sorted(relevant)
        assert ndcg(best, relevant) == average_precision(best, relevant) == recall(best, relevant, 3) == 1


@given(orders, labels)
def test_a_relevant_item_one_place_up_never_hurts(order: list[str], relevant: set[str]) -> None:
    for place in range(1, len(order)):
        if order[place] in relevant and order[place - 1] not in relevant:
            better = order[:]
            better[place - 1], better[place] = better[place], better[place - 1]
            assert ndcg(better, relevant) >= ndcg(order, relevant)
            assert average_precision(better, relevant) >= average_precision(order, relevant)
