"""Texts as sparse rows: which terms, how much each weighs, and what becomes of texts without any."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.words import TITLE_SHARE, Texts, Vocabulary, terms_of

WORDS = Vocabulary(("brass", "heron", "brass heron", "kite"), np.array([1, 2, 3, 1], np.float32))


def test_terms_are_words_and_each_two_in_a_row() -> None:
    assert terms_of("Brass-Heron, A") == ["brass", "heron", "a", "brass heron", "heron a"]
    assert terms_of("") == []


def test_a_row_is_damped_counts_by_rarity_and_the_title_once_more() -> None:
    row = WORDS.rows([Texts("Kite", "Brass heron; heron")]).toarray()[0]
    whole = np.array([1, 2 * (1 + math.log(2)), 3, 1])
    expected = whole / np.linalg.norm(whole) + TITLE_SHARE * np.array([0, 0, 0, 1])
    assert row == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)


def test_texts_without_a_known_term_have_empty_rows() -> None:
    found = WORDS.rows([Texts("Moss", None), Texts("", ""), Texts("Heron", None)])
    assert found.shape == (3, 4)
    assert found.toarray().tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]


def test_no_texts_and_no_terms_are_no_fault() -> None:
    assert WORDS.rows([]).shape == (0, 4)
    assert Vocabulary((), np.zeros(0, np.float32)).rows([Texts("Heron", None)]).shape == (1, 0)


@given(st.lists(st.builds(Texts, st.text(max_size=40), st.none() | st.text("brash eonkit ", max_size=60)), max_size=6))
def test_rows_have_length_one_or_nothing_in_any_company(texts: list[Texts]) -> None:
    rows = WORDS.rows(texts).toarray()
    lengths = np.linalg.norm(rows, axis=1)
    assert all(length == pytest.approx(1, abs=1e-5) or length == 0 for length in lengths)
    for n, text in enumerate(texts):
        assert WORDS.rows([text]).toarray()[0] == pytest.approx(rows[n], abs=1e-6)
