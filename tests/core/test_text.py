"""Text from strangers made safe, and spellings of one title that fold to the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean, embedding_text, fold, says_withdrawn, text_hash

anything = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates too


@given(anything)
def test_cleaned_text_is_one_safe_line_and_stays_as_it_is(text: str) -> None:
    found = clean(text)
    assert clean(found) == found
    assert found == found.strip()
    assert "  " not in found
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in found)
    assert not set(found) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")
    found.encode("utf-8")


@given(st.text(st.sampled_from([*map(chr, range(128)), " ", " ", "\n", "é", "\xa0", "\u202e"]), max_size=20))
def test_cleaning_drops_what_is_unsafe_and_then_joins_what_blanks_part(text: str) -> None:
    unsafe = {c for c in text if (unicodedata.category(c) == "Cc" and c not in "\t\n\r") or c == "\u202e"}
    assert clean(text) == " ".join("".join(c for c in text if c not in unsafe).split())


@given(st.text(st.characters(categories=["L", "N"]), max_size=30))
def test_letters_and_digits_are_never_lost_in_cleaning(text: str) -> None:
    assert clean(text) == text


@given(anything)
def test_folding_forgets_case_space_and_twice_is_once(text: str) -> None:
    assert fold(f"  {text}\n") == fold(text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Über große Modelle", "uber  GROSSE modelle"),
        ("Attention Is All You Need", "attention is all you need!"),
        ("ﬁne-tuning", "Fine tuning"),
        ("Ｑｗｅｎ", "Qwen"),
    ],
)
def test_two_spellings_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_other_titles_fold_to_others() -> None:
    assert fold("C++ for learners") != fold("D for learners")
    assert fold("検索拡張生成") == "検索拡張生成"


@pytest.mark.parametrize(
    ("abstract", "comment", "withdrawn"),
    [
        ("This paper has been withdrawn by the authors", None, True),
        (None, "The submission was withdrawn due to an error in Lemma 2", True),
        ("We study how withdrawn papers are cited.", "12 pages", False),
        ("Nothing. " * 80 + "This paper has been withdrawn", None, False),  # a quotation deep in a text
        (None, None, False),
    ],
)
def test_a_withdrawal_is_read_where_arxiv_announces_it(
    abstract: str | None, comment: str | None, withdrawn: bool
) -> None:
    assert says_withdrawn(abstract, comment) is withdrawn


def test_an_item_is_embedded_by_title_and_abstract() -> None:
    assert embedding_text("A title", "A text.") == "A title. A text."
    assert embedding_text("A title", None) == embedding_text("A title", "") == "A title"


@given(anything)
def test_texts_are_named_by_their_content(text: str) -> None:
    assert len(text_hash(text)) == 32
    assert text_hash(text) == text_hash(text)
    assert text_hash(text) != text_hash(text + "x")
