"""Strangers' fields made fit to store: the quick ways give what the thorough ways give."""

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from core.record import Author
from core.text import clean, fold
from ingest import claims, direct

UNSAFE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff"
texts = st.text(st.one_of(st.characters(), st.sampled_from(" \n\t\r\x1c\x85\xa0\u2028\u202e\ud800Äé")))


@given(texts)
@example("a\x1cb \x0b\x85c\u2028d")
def test_cleaning_drops_the_unsafe_and_joins_by_single_spaces(text: str) -> None:
    assert clean(text) == re.sub(r"\s+", " ", re.sub(f"[{UNSAFE}]", "", text)).strip()


@given(st.text(st.characters(max_codepoint=127)))
def test_folding_plain_letters_is_folding(text: str) -> None:
    plain = unicodedata.normalize("NFKD", text).casefold()
    assert fold(text) == " ".join(re.findall(r"\w+", plain))


NAMES = st.lists(st.one_of(st.sampled_from([":", "", " ", "-", "Millpond Team", "3M", "毛利"]), texts), max_size=5)


@given(NAMES)
@example(["Millpond Team", ":", "A. Moorhen"])
def test_authors_are_what_has_a_letter_or_a_digit(names: list[str]) -> None:
    """arXiv gives the colon behind a group's name as an author."""
    kept = [row["name"] for row in direct._authors(tuple(map(Author, names)))]
    assert kept == [clean(name)[:300].rstrip() for name in names if claims.is_name(name)]
    assert ":" not in kept
