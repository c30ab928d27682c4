"""Words as evidence: phrases found whatever their case, and quotes that stand verbatim in the text."""

import re
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.lexical import ABSTRACT_WEIGHT, TITLE_WEIGHT, PhraseIndex, best_match, quote
from ranking.words import Texts
from roadmap.model import Phrase, Roadmap

RAG = (Phrase("retrieval-augmented generation", 1.0), Phrase("retriever", 0.7), Phrase("chunking", 0.6))
KITES = (Phrase("paper kite", 0.5),)
WORD = r"\w+"
words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
texts = st.lists(words | st.sampled_from(["retriever", "Chunking", "$x$", "$y", "(e.g.)", "…"]), max_size=30).map(
    " ".join
)


def scores(index: PhraseIndex, title: str, abstract: str | None) -> list[float]:
    """Read one text and score it."""
    found: list[float] = index.scores(index.rows([Texts(title, abstract)]))[0].tolist()
    return found


@given(st.lists(texts, min_size=1, max_size=3).map(". ".join), st.data())
def test_a_quote_is_verbatim_holds_the_phrase_and_no_half_formula(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    end = data.draw(st.integers(start + 1, start + 12))
    if not text[start:end].strip() or end > len(text) or text[start].isspace() or text[end - 1].isspace():
        return
    found = quote(text, start, end)
    assert found in text
    if "$" not in text[start:end]:
        assert found.count("$") % 2 == 0


@given(st.lists(words | st.sampled_from(["(a", "b)", "(c)", "),", "(", ")"]), max_size=12).map(" ".join), st.data())
def test_a_quote_holds_its_phrase_and_ends_no_bracket_that_begins_before_it(text: str, data: st.DataObject) -> None:
    text = re.sub(r"[$.;:!?/]", "", text)
    place = data.draw(st.integers(0, len(text)))
    before, after = " ".join(text[:place].split()), " ".join(text[place:].split())
    whole = f"{before} retriever {after}"
    found = quote(whole, len(before) + 1, len(before) + len(" retriever"))
    assert found in whole
    assert "retriever" in found
    if balanced(whole):
        depths = [*accumulate((char == "(") - (char == ")") for char in found)]
        assert min(depths) >= 0


def balanced(text: str) -> bool:
    """Tell whether every bracket of a text that ends has begun."""
    return all(depth >= 0 for depth in accumulate((char == "(") - (char == ")") for char in text))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        (
            "Made of the tools (CALT), a new friendly retriever for one and all",
            "a new friendly retriever for one and all",
        ),
        ("Algebra tools (CALT), a retriever of their own", "Algebra tools (CALT), a retriever of their own"),
        (
            "One of the kites (all that such a retriever needs), a novel toy",
            "(all that such a retriever needs), a novel toy",
        ),
        (
            "Each retriever (with its index) serves one reader at a time",
            "Each retriever (with its index) serves one reader at",
        ),
        ("For a retriever (RAG) we ask", "For a retriever (RAG) we ask"),
        ("We train one retriever (RAG)", "We train one retriever (RAG)"),
        ("We ask 1) a retriever and 2) a reader of paper", "We ask 1) a retriever and 2) a reader"),
        ("The retriever (of which more is told on the next page) reads", "The retriever"),
    ],
)
def test_a_quote_begins_within_no_bracket_that_ends_in_it(text: str, quoted: str) -> None:
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.quote == quoted


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Read https://example.org/a, and our retriever too", "and our retriever too"),
        ("Code at https://example.org/a. Our retriever", "Our retriever"),
        ("See https://example.org/a for a retriever of paper", "for a retriever of paper"),
        ("See github.com/a/b and www.example.org with a retriever (example.org/c)", "with a retriever"),
        ("Read https://example.org/retriever or ask a retriever", "or ask a retriever"),
        ("An either/or retriever of Node.js and 1.5/2", "An either/or retriever of Node.js and 1.5/2"),
    ],
)
def test_a_quote_spans_no_address(text: str, quoted: str) -> None:
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.quote == quoted


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("The retriever is available at https://example.org/a, and so on", None),
        ("Code of the retriever: www.example.org", None),
        ("The retriever is at https://example.org. A retriever reads", "A retriever reads"),
        ("The retriever is at https://example.org. We try chunking", "We try chunking"),
        ("Our retriever (https://example.org) reads", "Our retriever"),
        ("Our retriever reads. All is at https://example.org", "Our retriever reads"),
    ],
)
def test_what_leads_to_an_address_is_not_quoted(text: str, quoted: str | None) -> None:
    found = best_match("No words", text, RAG)
    assert (found.quote if found else None) == quoted


def test_a_phrase_within_an_address_is_none() -> None:
    assert best_match("No words", "All is at https://example.org/retriever for you", RAG) is None


def test_a_quote_that_begins_and_ends_in_formulas_is_only_the_phrase() -> None:
    text = "so $1 + b + c + d$ a retriever $e + f + g + h$ ends"
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.quote == "retriever"


@given(texts, st.none() | texts)
def test_a_match_quotes_the_field_it_names(title: str, abstract: str | None) -> None:
    found = best_match(title, abstract, RAG)
    if found is None:
        assert "retriever" not in (abstract or "").split()
        return
    assert found.field == "abstract"  # no phrase here that is in many texts proves its topic by the title
    assert found.quote in {"title": title, "abstract": abstract or ""}[found.field]
    assert any(phrase.text.split("-")[0] in found.quote.lower() for phrase in RAG)
    assert 0 < found.weight <= 1


def test_the_quote_stays_within_its_clause_and_its_length() -> None:
    text = (
        "We begin elsewhere. Here a trained retriever picks passages for each of the many hard questions; then we rest."
    )
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.field == "abstract"
    assert found.quote == "Here a trained retriever picks passages for each of"
    assert len(found.quote.split()) == 9


def test_half_a_formula_is_never_quoted() -> None:
    text = "With cost $a + b + c + d + e$ a retriever finds $x + y + z + u + v + w$ at once"
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.quote == "retriever"


@given(
    st.lists(
        st.sampled_from(["(", ")", "a", "b. c", "(d", "e)", "(f)", "((g),", "h).", "retriever", "i;"]), max_size=25
    )
)
def test_brackets_that_are_closed_in_a_text_are_closed_in_a_quote(parts: list[str]) -> None:
    text = " ".join([*parts[:12], "retriever", *parts[12:]])
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.quote in text
    assert "retriever" in found.quote
    if not unclosed(text):
        assert not unclosed(found.quote)


def unclosed(text: str) -> bool:
    """Tell of brackets that nothing opens or closes."""
    depth = 0
    for sign in text:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return True
    return depth > 0


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("A retriever for Language Models (MLLMs). It is", "A retriever for Language Models (MLLMs)"),
     ("We take a retriever (RAG), and it works", "We take a retriever (RAG), and it works"),
     ("A retriever for one two three four (and five)", "A retriever for one two three four (and five)"),
     ("A retriever for one two three four five six (and seven)", "A retriever for one two three four five six"),
     ("They are (one two three and four five), an early retriever for six", "an early retriever for six"),
     ("Now (one two three four retriever five six seven eight)", "(one two three four retriever five six seven eight)"),
     ("Now (one two three four five six retriever seven) eight", "(one two three four five six retriever seven) eight"),
     ("Now (one two three four five six seven retriever eight) nine", "two three four five six seven retriever eight"),
     ("Now one (two three retriever four five six seven eight nine ten)", "two three retriever four five six seven"),
     ("1) a retriever, 2) a reader", "1) a retriever, 2) a reader"),
     ("A retriever (and nothing more", "A retriever (and nothing more")],
)  # fmt: skip
def test_a_quote_begins_and_ends_in_no_bracket(text: str, quoted: str) -> None:
    found = best_match("No words", text, RAG)
    assert found is not None
    assert found.quote == quoted


SIGNED = (Phrase("c++", 1.0), Phrase("f#", 1.0), Phrase(".net", 1.0), Phrase("c++ code", 1.0), Phrase("c", 1.0))


@pytest.mark.parametrize(
    ("text", "found"),
    [("Vitamin C in rats", "c"), ("Sonata in F minor", ""), ("A net of sensors", ""), ("From C to C++", "c c++"),
     ("Modern C++17 code", "c c++"), ("Reading C++ code", "c c++ c++code"), ("C code", "c"), ("F# and C#", "f# c"),
     ("Porting ASP.NET pages", ".net"), ("The .NET way", ".net"), ("A vector norm of C+", "c")],
)  # fmt: skip
def test_the_signs_of_a_phrase_must_be_there(text: str, found: str) -> None:
    index = PhraseIndex([(phrase,) for phrase in SIGNED])
    expected = [phrase.text.replace(" ", "") in found.split() for phrase in SIGNED]
    for rated in (scores(index, text, None), scores(index, "A title", text)):
        assert [score > 0 for score in rated] == expected
    for phrase, there in zip(SIGNED, expected, strict=True):
        match = best_match("No words", text, [phrase])
        assert (match is not None) is there
        assert match is None or phrase.text in match.quote.lower()


def test_a_sign_within_a_word_may_be_written_in_another_way() -> None:
    """As TeX does: $1.58$-bit."""
    index = PhraseIndex([(Phrase("1.58-bit", 1.0),)])
    assert scores(index, "Networks of $1.58$ bit", None)[0] > 0


def test_no_packaged_phrase_holds_signs_that_decide(roadmap: Roadmap) -> None:
    """The weights of the topics were learned from words alone."""
    index = PhraseIndex([*(topic.phrases for topic in roadmap.topics.values()), roadmap.applied])
    assert all(re.fullmatch(r"\w+( \w+)*", key) for key in index.known)


def test_words_that_nobody_has_read_yet_go_before_the_title_and_that_before_the_summary() -> None:
    title, own = "Retrieval-augmented generation for all", "We try retrieval-augmented generation. It reads."
    for printed, field in (("", "abstract"), (own, "title")):
        found = best_match(title, own, RAG, printed)
        assert found is not None
        assert found.field == field
    again = best_match(title, f"{own} Retrieval-augmented generation pays.", RAG, own)
    assert again is not None
    assert again.quote == "Retrieval-augmented generation pays"


def test_a_phrase_that_proves_little_is_no_quotation_of_a_title() -> None:
    assert best_match("A retriever for all", "We read.", RAG) is None
    assert best_match("A retriever for all", None, RAG) is None
    weak = best_match("Retrieval-augmented generation for all", "We try chunking.", RAG)
    assert weak is not None
    assert weak.field == "title"  # 0.6 of the abstract is less than 1 of the title, unread or not


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("RETRIEVAL AUGMENTED GENERATION", True),
        ("retrieval-augmented\ngeneration", True),
        ("retrieval  -  augmented generation", True),
        ("A retriever.", True),
        ("retrievers", False),
        ("preretriever", False),
        ("generation augmented retrieval", False),
        ("", False),
    ],
)
def test_phrases_are_whole_words_in_any_case(text: str, found: bool) -> None:
    assert (best_match("No words", text, RAG) is not None) is found
    assert (scores(PhraseIndex([RAG]), text, None)[0] > 0) is found


def test_each_topic_is_scored_by_its_own_phrases() -> None:
    index = PhraseIndex([RAG, KITES, ()])
    assert scores(index, "A paper kite", "with a retriever") == pytest.approx([0.6 * 0.7, 0.9 * 0.5, 0])
    assert scores(index, "Nothing", None) == [0, 0, 0]


def test_a_phrase_counts_once_and_more_in_the_title() -> None:
    index = PhraseIndex([RAG])
    title, both = scores(index, "A retriever", None), scores(index, "A retriever", "A retriever and a retriever")
    assert title == both == pytest.approx([0.9 * 0.7])
    assert scores(index, "Nothing", "A retriever") < title


@given(texts, texts)
def test_more_words_never_lower_a_score(title: str, more: str) -> None:
    index = PhraseIndex([RAG, KITES])
    before, after = scores(index, title, None), scores(index, title, more)
    assert all(0 <= a <= b <= 1 for a, b in zip(before, after, strict=True))


@given(st.lists(st.tuples(texts, st.none() | texts), max_size=5))
def test_doubts_multiply_phrase_by_phrase_in_any_company(found: list[tuple[str, str | None]]) -> None:
    index = PhraseIndex([RAG, KITES, (*KITES, Phrase("chunking", 1.0))])
    rows = index.rows([Texts(*text) for text in found])
    assert rows.shape == (len(found), 2 * len(index.known)) == (len(found), 8)
    for (title, abstract), row in zip(found, index.scores(rows), strict=True):
        for some, score in zip([RAG, KITES, (*KITES, Phrase("chunking", 1.0))], row, strict=True):
            doubt = 1.0
            for phrase in some:
                in_title, in_abstract = (
                    f" {' '.join(re.findall(WORD, phrase.text))} " in f" {' '.join(re.findall(WORD, text.lower()))} "
                    for text in (title, abstract or "")
                )
                doubt *= 1 - phrase.weight * (TITLE_WEIGHT if in_title else ABSTRACT_WEIGHT if in_abstract else 0)
            assert score == pytest.approx(1 - doubt, abs=1e-6)


def test_an_index_without_topics_answers_nothing() -> None:
    assert scores(PhraseIndex([]), "A title", "A text") == []
