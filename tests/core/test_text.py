"""Text from strangers made safe, and spellings of one title that fold to the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean, embedding_text, fold, said, says_withdrawn, text_hash

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
    "note",
    [
        "This paper has been withdrawn by the authors",
        "The submission was withdrawn due to an error in Lemma 2",
        "This article has been temporarily withdrawn",
        "This paper has been withdrawn by the first author from arXiv",
        "This work is withdrawn in favour of a longer one",
        "Withdrawn",
        "WITHDRAWN by arXiv administrators",
        "Withdrawn by the authors",
        "[Withdrawn]",
        "Paper withdrawn due to an error",
        "Manuscript withdrawn at the request of its authors",
        "12 pages, 3 figures. Withdrawn because the data were mislabelled",
        "14 pages; this preprint has been withdrawn, see the journal",
        "arXiv admin note: withdrawn by arXiv due to a disputed authorship",
        "The authors have withdrawn this manuscript because of an error in Table 2",
        "We have voluntarily withdrawn our paper",
        "This paper has been withdrawn by the author after a crucial error was found in Lemma 3",
        "This paper was withdrawn after an error was found",
        "This paper was withdrawn by the author in March 2012 due to an error in Theorem 1",
        "This paper was withdrawn in 2012",
        "This paper has been withdrawn by the submitter during its revision",
        "10 pages, this paper has been withdrawn by the author due to an error",
        "Superseded by arXiv:2301.00001, this paper has been withdrawn",
        "Due to an error in Lemma 3, this paper has been withdrawn by the author",
        "Withdrawn, error in Theorem 1",
        "This paper has now been withdrawn",
    ],
)
def test_a_withdrawal_is_read_where_a_sentence_announces_it(note: str) -> None:
    assert says_withdrawn(None, note)
    assert says_withdrawn(note, "12 pages")


@pytest.mark.parametrize(
    "note",
    [
        None,
        "",
        "12 pages",
        "We study how withdrawn papers are cited.",
        "Withdrawn papers are cited for years.",
        "Withdrawn, rejected and accepted papers are told apart.",
        "We collect 40,000 threads and learn whether the paper was withdrawn, rejected or accepted.",
        "10 pages. This paper was withdrawn from ICLR 2026 and is now accepted at TMLR",
        "The submission was withdrawn from NeurIPS 2026; extended version",
        "This paper was withdrawn by the authors from ICLR 2026",
        "This paper was withdrawn at ICLR 2026",
        "This paper was withdrawn by the authors at ICLR 2026",
        "12 pages, this paper was withdrawn from ICLR 2026",
        "This paper was withdrawn in Marseille, where nobody could travel",
        "This paper has not been withdrawn",
        "The paper was withdrawn after the reviews came",
        "The paper was withdrawn during the discussion with its reviewers",
        "The paper was withdrawn or rejected in one case of three.",
        "Withdrawn from the proceedings, for nobody could travel",
        "ICLR 2026 withdrawn submission",
        "A replacement for the previously withdrawn paper",
        "A previous version of this manuscript was withdrawn due to an error",
        "v3: the central claims of v2 are withdrawn",
        "Nothing. " * 80 + "This paper has been withdrawn",  # a quotation deep in a text
    ],
)
def test_what_only_mentions_a_withdrawal_is_not_withdrawn(note: str | None) -> None:
    assert not says_withdrawn(note, None)
    assert not says_withdrawn("We study herons.", note)


def test_an_item_is_embedded_by_title_and_abstract() -> None:
    assert embedding_text("A title", "A text.") == "A title. A text."
    assert embedding_text("A title", None) == embedding_text("A title", "") == "A title"


@given(anything)
def test_texts_are_named_by_their_content(text: str) -> None:
    assert len(text_hash(text)) == 32
    assert text_hash(text) == text_hash(text)
    assert text_hash(text) != text_hash(text + "x")


@pytest.mark.parametrize(
    ("left", "read"),
    [
        ("Herons&#39; &#34;brass&#34;", 'Herons\' "brass"'),
        ("Tin &amp; brass &gt; 3", "Tin & brass > 3"),
        ("Zo&euml; &#x2014; heron", "Zoë — heron"),
        ("a&nbsp;b&#9;c&#8238;d", "a b cd"),
        ("AT&T; R&D; x &b;", "AT&T; R&D; x &b;"),
        ("&notit; &copy &#; &#xg;", "&notit; &copy &#; &#xg;"),
        ("&amp;#39;", "&#39;"),  # once: who wrote that may mean it
    ],
)
def test_entities_left_in_a_text_are_read_once_and_nothing_else_is_taken_for_one(left: str, read: str) -> None:
    assert said(left) == read


@given(st.text())
def test_a_text_without_entities_is_only_cleaned(text: str) -> None:
    assert said(text.replace("&", "+")) == clean(text.replace("&", "+"))
