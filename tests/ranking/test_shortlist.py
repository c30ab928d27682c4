"""A stage's order: the same whatever comes in first, twins folded, nothing twice, variety before sameness."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ranking.shortlist import LENGTH, POOL, TWIN, Contender, Heading, Place, same_work, shortlist


def unit(*values: float) -> NDArray[np.float32]:
    """Give a vector of length one in a few dimensions."""
    row = np.array(values, dtype=np.float32)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


def contender(id_: str, worth: float, *values: float, topic: str = "rag") -> Contender:
    return Contender(id_, topic, worth, unit(*values))


def order(contenders: Sequence[Contender], length: int = LENGTH) -> list[str]:
    return [place.id for place in shortlist(contenders, length)]


directions = st.sampled_from([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0.05, 0), (1, 1, 0), (0.2, 1, 1)])
many = st.lists(
    st.tuples(st.integers(0, 10), directions, st.sampled_from(["rag", "tools", "agents"])), max_size=25
).map(lambda rows: [contender(f"p{n:02d}", w / 10, *d, topic=t) for n, (w, d, t) in enumerate(rows)])


@given(many, st.randoms(use_true_random=False), st.integers(1, 30))
def test_the_order_is_one_whatever_comes_in_first(found: list[Contender], random: Random, length: int) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert shortlist(found, length) == shortlist(shuffled, length)


@given(many, st.integers(1, 30))
def test_no_id_stands_twice_and_twins_are_twins(found: list[Contender], length: int) -> None:
    places = shortlist(found, length)
    by_id = {c.id: c for c in found}
    listed = [id_ for place in places for id_ in (place.id, *place.twins)]
    assert len(listed) == len(set(listed))
    assert len(places) <= length
    for place in places:
        for twin in place.twins:
            assert float(by_id[place.id].vector @ by_id[twin].vector) >= TWIN - 1e-6
            assert by_id[twin].worth <= by_id[place.id].worth


@given(many)
def test_nothing_is_lost_while_there_is_room(found: list[Contender]) -> None:
    places = shortlist(found)
    assert {id_ for place in places for id_ in (place.id, *place.twins)} == {c.id for c in found}


@given(many)
def test_the_worthiest_comes_first(found: list[Contender]) -> None:
    places = shortlist(found)
    if found:
        assert places[0].id == min(found, key=lambda c: (-c.worth, c.id)).id


def test_ties_go_by_id() -> None:
    assert order([contender("b", 0.5, 0, 1), contender("a", 0.5, 1, 0)]) == ["a", "b"]


def test_a_twin_is_folded_under_the_worthier_one() -> None:
    places = shortlist([contender("a", 0.4, 1, 0.01), contender("b", 0.9, 1, 0), contender("c", 0.5, 0, 1)])
    assert [(p.id, p.twins) for p in places] == [("b", ("a",)), ("c", ())]


def test_something_else_goes_before_more_of_the_same() -> None:
    like = [contender("a", 0.9, 1, 0), contender("b", 0.85, 1, 0.6), contender("c", 0.8, 0, 1)]
    assert order(like) == ["a", "c", "b"]
    topics = [
        contender("a", 0.9, 1, 0, 0),
        contender("b", 0.85, 0, 1, 0),
        contender("c", 0.84, 0, 0, 1, topic="tools"),
    ]
    assert order(topics) == ["a", "c", "b"]


def test_far_worthier_papers_are_not_pushed_aside_by_variety() -> None:
    assert order([contender("a", 0.9, 1, 0), contender("b", 0.85, 1, 0.6), contender("c", 0.3, 0, 1)])[:2] == ["a", "b"]


def test_a_list_is_no_longer_than_asked_and_looks_at_a_bounded_pool() -> None:
    rows = np.eye(2 * POOL + 5, dtype=np.float32)
    found = [Contender(f"p{n:03d}", "rag", 1 - n / 100, row) for n, row in enumerate(rows)]
    assert order(found, 2) == ["p000", "p001"]
    assert shortlist([]) == []


# One work told twice

HERON = Heading.of("Brass herons cast slowly in wet sand", ["Ada Brown", "Bo Chen", "Cy Dorn"])


@pytest.mark.parametrize(
    ("title", "authors", "same"),
    [
        ("Brass Herons, Cast Slowly in Wet Sand!", ["ada brown", "Bo Chen"], True),
        ("Brass herons cast in wet sand", ["Bo Chen", "Cy Dorn", "New Hand"], True),
        ("Brass herons cast slowly in wet sand 2", ["Ada Brown", "Bo Chen", "Cy Dorn"], False),
        ("Brass herons cast slowly in wet sand", ["Someone Else"], False),
        ("Brass herons cast slowly in wet sand", [], False),
        ("Paper kites that hold in a storm", ["Ada Brown", "Bo Chen", "Cy Dorn"], False),
    ],
)
def test_one_work_has_nearly_one_title_and_mostly_the_same_authors(title: str, authors: list[str], same: bool) -> None:
    assert same_work(HERON, Heading.of(title, authors)) is same


headings = st.builds(
    Heading.of,
    st.lists(st.sampled_from(["brass", "heron", "kite", "v2", "3"]), max_size=5).map(" ".join),
    st.lists(st.sampled_from(["Ada Brown", "Bo Chen", "Cy Dorn"]), max_size=3),
)


@given(headings, headings)
def test_being_one_work_is_mutual_and_a_paper_is_itself(one: Heading, other: Heading) -> None:
    assert same_work(one, other) == same_work(other, one)
    assert same_work(one, one) == bool(one.words and one.authors)


def test_a_follow_up_is_folded_though_its_vector_is_less_alike() -> None:
    near = unit(1, 0.6)  # cosine 0.86
    follow_up = Contender("b", "rag", 0.4, near, Heading.of("Brass herons cast in wet sand", ["Bo Chen"]))
    assert shortlist([Contender("a", "rag", 0.9, unit(1, 0), HERON), follow_up]) == [Place("a", ("b",))]
    stranger = Contender("b", "rag", 0.4, near, Heading.of("Tin herons", ["Bo Chen"]))
    assert len(shortlist([Contender("a", "rag", 0.9, unit(1, 0), HERON), stranger])) == 2
