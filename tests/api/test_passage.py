"""The passage shown for a query is part of the text, as written, with the query's words marked."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from api.passage import WIDTH, forms, hits, passage

TEXT = (
    "Herons wind clocks. " * 30
    + "A router forgets <i>springs</i> & marshes of brass; a model of models. "
    + "Reeds. " * 80
)


def plain(text: str) -> str:
    return unescape(re.sub(r"</?mark>", "", text)).removeprefix("… ").removesuffix(" …")


def test_the_passage_with_most_of_the_words_is_chosen_and_they_are_marked() -> None:
    found = str(passage(TEXT, forms("router spring reed")))
    assert "A <mark>router</mark> forgets &lt;i&gt;<mark>springs</mark>&lt;/i&gt; &amp; marshes" in found
    assert found.startswith("… ")
    assert found.endswith(" …")


def test_words_found_are_told_as_they_were_asked_for_once_each() -> None:
    assert hits(TEXT, forms("Models router zeppelin router")) == ("Models", "router")
    assert hits("nothing of it", forms("zeppelin")) == ()
    assert hits("What does my herons' modelling do", forms("what do my herons model, modeling")) == (
        "herons",
        "modeling",
    )
    assert hits("what of it", forms("What")) == ("What",)
    assert passage("nothing of it", forms("zeppelin")) is None


@given(st.text(max_size=900), st.text(max_size=60))
def test_a_passage_is_part_of_its_text_and_of_bounded_length(text: str, words: str) -> None:
    known = forms(words)
    found = passage(text, known)
    assert (found is None) == (not hits(text, known))
    if found is not None:
        said = plain(str(found))
        assert said in text
        assert len(said) <= WIDTH


@given(st.lists(st.sampled_from(["heron", "clock", "<b>", "&amp;", "検索", "x" * 70, "a"]), max_size=120))
def test_a_word_that_is_marked_is_whole(words: list[str]) -> None:
    found = passage(" ".join(words), forms("heron clocks"))
    marked = re.findall(r"<mark>(.*?)</mark>", str(found or ""))
    assert bool(marked) == bool({"heron", "clock"} & set(words))
    assert set(marked) <= {"heron", "clock"}
