"""What is one slip from a word: all of it, from either side, and nothing else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.spelling import LONGEST, SHORTEST, near, spelled

words = st.text(alphabet=string.ascii_lowercase, min_size=SHORTEST, max_size=10)


@pytest.mark.parametrize("meant", ["transformer", "attention"])
def test_each_kind_of_slip_is_one_away(meant: str) -> None:
    for at in range(len(meant)):
        before, after = meant[:at], meant[at:]
        slips = {before + after[1:], before + "q" + after, before + "q" + after[1:], before + after[1::-1] + after[2:]}
        assert all(slip == meant or meant in near(slip) for slip in slips), at


@given(words)
def test_nearness_goes_both_ways_and_no_word_is_near_itself(word: str) -> None:
    found = near(word)
    assert word not in found
    assert found == sorted(set(found))
    assert all(abs(len(one) - len(word)) <= 1 for one in found)
    assert all(word in near(one) for one in found[:: max(1, len(found) // 20)])


@pytest.mark.parametrize("word", ["gan", "gpt4", "強化学習", "", "a" * (LONGEST + 1), "½½½½"])
def test_what_is_short_or_not_of_plain_letters_is_no_word_to_be_misspelt(word: str) -> None:
    assert spelled(word) is None


def test_a_word_is_compared_in_lower_case_and_without_accents() -> None:
    assert spelled("Fréchet") == "frechet"
