"""What a query says in words: no text breaks its reading, and phrases are made of its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.querywords import PHRASES, phrases, telling, terms_of


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text to speech", ["text to speech"]),
        ("zero-shot text-to-speech in the wild", ["text to speech", "speech in the wild"]),
        ("llm as a judge", ["llm as a judge"]),
        ("on policy distillation", ["on policy"]),
        ("what is in context learning", ["in context"]),
        ("how to tame herons", []),
        ("the taming of the herons", ["taming of the herons"]),
        ("herons and geese", []),
        ("brass herons", []),
        ("to be or", []),
        ('"brass herons" of "tin"', ["brass herons"]),
        ("“brass herons” on ice", ["brass herons", "on ice"]),
        ('5" herons', []),
    ],
)
def test_a_phrase_is_what_small_words_join_or_quotes_hold(query: str, found: list[str]) -> None:
    assert [" ".join(phrase.words) for phrase in phrases(query)] == found


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("how do herons work", ["herons"]),
        ("why does it work", ["why", "does", "work"]),
        ("work of herons", ["work", "herons"]),
        ("what are herons", ["herons"]),
    ],
)
def test_words_that_only_ask_are_left_out(query: str, told: list[str]) -> None:
    assert telling(terms_of(query)) == told


@given(st.text(alphabet=st.sampled_from('ab to of in the "“” ?'), max_size=40))
def test_the_words_of_every_phrase_stand_in_the_query_one_behind_the_other(query: str) -> None:
    said = phrases(query)
    assert len(said) <= PHRASES
    plain = " ".join("".join(letter if letter.isalnum() else " " for letter in query).split())
    assert all(f" {' '.join(phrase.words)} " in f" {plain} " for phrase in said)
