"""Other numbers and spellings of English words, and which words have none."""

import pytest

from core.wordforms import other_forms


@pytest.mark.parametrize(
    ("one", "other"), [("model", "models"), ("policy", "policies"), ("box", "boxes"), ("approach", "approaches")]
)
def test_numbers_of_words(one: str, other: str) -> None:
    assert other in other_forms(one) or len(one) < 4
    assert one in other_forms(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("quantisation", "quantization"), ("tokeniser", "tokenizers"), ("optimised", "optimized"),
        ("analyse", "analyze"),
        ("behaviour", "behavior"), ("behavioural", "behavioral"), ("neighbours", "neighbors"), ("centre", "center"),
        ("modelling", "modeling"), ("labelled", "labeled"), ("defence", "defense"), ("dialogues", "dialogs"),
    ],
)  # fmt: skip
def test_british_and_american_spellings_are_one_word(one: str, other: str) -> None:
    assert other in other_forms(one)
    assert {one, one.rstrip("s")} & set(other_forms(other))


@pytest.mark.parametrize("word", ["prize", "size", "wise", "noise", "precision", "tutor", "order", "filling", "meters"])
def test_words_that_are_only_spelt_alike_stay_apart(word: str) -> None:
    assert all(form.rstrip("s") == word.rstrip("s") for form in other_forms(word))


@pytest.mark.parametrize("word", ["loss", "rag", "état", "3d", "gpt4o", "学習"])
def test_what_has_no_other_number(word: str) -> None:
    assert other_forms(word) == []
