"""Quoted words are those of the paper, marked where they were cut, and never the title once more."""

import re
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scores import Reason
from digest.formats import formats
from digest.model import Digest, Summary
from digest.press import message_parts
from digest.quotes import marked, placed, stood
from digest.reasons import brief, names_in, say_all
from digest.words import NBSP
from locales.load import LANGUAGES
from tests.digest import sample
from tests.digest.test_press import reader

ABSTRACT = (
    "We count how many requests a language model serves, and why. Chosen by hand (October 2026), they are read as."
)
NAMES = names_in(sample.digest())


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("how many requests a language", "… how many requests a language …"),
        ("they are read as", "they are read as"),
        ("are read as", "… are read as"),
        ("Chosen by", "Chosen by …"),
        ("by hand (October 2026", "… by hand (October 2026 …"),
        ("We count how many requests a language model serves", "We count how many requests a language model serves"),
        ("of another paper", "… of another paper …"),
        ("October 2026), they are read as", "… October 2026), they are read as"),
    ],
)
def test_a_phrase_cut_within_its_clause_is_marked(phrase: str, said: str) -> None:
    assert marked(phrase, "A Title", None, ABSTRACT).replace(NBSP, " ") == said


@given(st.text(max_size=40), st.text(max_size=40), st.text("ab (.,)", min_size=1, max_size=20))
def test_the_words_themselves_never_change(before: str, after: str, phrase: str) -> None:
    assert marked(phrase, before + phrase + after).replace("…" + NBSP, "").replace(NBSP + "…", "") == phrase


def titled(title: str, phrase: str, **facts: bool) -> Digest:
    """An issue whose papers have no reason but words of their titles, and one work they build on from the fifth on."""
    reasons = (Reason("topic", {"topic": "moe", "phrase": phrase, **facts}),)
    made = sample.digest()
    stage = made.stages[4]
    entries = tuple(replace(e, title=title, reasons=reasons, labs=(), code=(), kind="paper") for e in stage.entries)
    return replace(
        made, stages=(*made.stages[:4], replace(stage, entries=entries), *made.stages[5:]), hour=(entries[0].id,)
    )


def words(page: str) -> str:
    bare = re.sub(r"<style>.*?</style>|<[^>]*>|[\\*]", "", page, flags=re.S)
    return re.sub(r"\s+", "", unescape(bare).replace(NBSP, " "))


@pytest.mark.parametrize(("lang", "said"), [("en", "As its title says."), ("ja", "題名にトピックが表れている。")])
def test_no_page_quotes_the_title_above_and_lists_say_that_it_tells(lang: str, said: str) -> None:
    title = "Mirror Descent Beyond Euclidean Stability"
    digest = titled(f"{title}: A Study", title)
    mail = message_parts(digest, lang, reader(5))
    pages = {name: formats()[name].render(digest, lang) for name in ("html", "text", "markdown")}
    for name, page in (pages | {"mail.html": mail.html, "mail.txt": mail.text}).items():
        text = words(page)
        assert said.replace(" ", "") in text, name
        assert "“" + words(title) not in text, name
        assert f">{title}{NBSP}…</q>" not in page, name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_whole_title_is_quoted_nowhere(lang: str) -> None:
    title = "Mirror Descent Beyond Euclidean Stability."
    digest = titled(title, title.rstrip("."))
    (said,) = say_all(placed(digest.stages[4].entries[0].reasons, title), lang, NAMES)
    assert "Mirror" not in str(said)
    assert NAMES.topics["moe"].in_(lang) in str(said)
    assert "“Mirror" not in formats()["text"].render(digest, lang)


def test_where_no_line_names_the_topic_the_short_form_does() -> None:
    reasons = placed((Reason("topic", {"topic": "moe", "phrase": "Experts"}),), "Routing Experts")
    assert str(brief(reasons, "en", NAMES, beside=False)) == "Close to Mixture of experts"
    assert str(brief(reasons, "ja", NAMES, beside=False)) == "混合エキスパートに近い"
    other = (*reasons, Reason("builds-on", {"work": "specialists"}))
    assert str(brief(other, "en", NAMES)) == "Close to A Thousand Narrow Specialists of the reading list"
    assert str(brief(other, "ja", NAMES)) == "必読リストのA Thousand Narrow Specialistsに近い"


def test_a_line_that_names_the_topic_tells_another_reason_where_nothing_is_quoted() -> None:
    bare = Reason("topic", {"topic": "moe", "phrase": None, "field": None})
    works, liked = Reason("builds-on", {"work": "specialists"}), Reason("editors", {"share": 1})
    assert str(brief((bare, works), "en", NAMES)) == "Close to A Thousand Narrow Specialists of the reading list"
    assert "99%" in str(brief((bare, liked), "en", NAMES))
    assert str(brief((bare,), "en", NAMES)) == ""
    assert str(brief((bare,), "en", NAMES, beside=False)) == "Close to Mixture of experts"


def test_a_phrase_outside_the_summary_is_marked_as_it_stands_in_the_abstract() -> None:
    reasons = (Reason("topic", {"topic": "moe", "phrase": "Chosen by hand (October 2026)"}),)
    (marked_there,) = stood(reasons, "A Title", ABSTRACT)
    (said,) = placed((marked_there,), "A Title", "We count how many requests a language model serves.")
    assert said.facts["quote"] == "Chosen by hand (October 2026)"
    assert stood(reasons, "A Title", None) == reasons


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("phrase", "quoted"), [("how many requests a language", False), ("what none has read yet", True)]
)
def test_a_phrase_of_the_summary_above_is_quoted_in_no_format(lang: str, phrase: str, quoted: bool) -> None:
    made = titled("A Title of Its Own", phrase)
    stage = made.stages[4]
    told = tuple(replace(e, summary=Summary(ABSTRACT, "extractive")) for e in stage.entries)
    digest = replace(made, stages=(*made.stages[:4], replace(stage, entries=told), *made.stages[5:]))
    mail = message_parts(digest, lang, reader(5))
    for page in (*(formats()[n].render(digest, lang) for n in ("html", "text", "markdown")), mail.html, mail.text):
        assert (f"…{words(phrase)}…" in words(page)) is quoted
