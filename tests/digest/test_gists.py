"""Lists tell what a paper did; what holds for all of an issue is said once, and never on every line."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scores import Reason
from digest import front
from digest.formats import formats
from digest.model import Digest, Entry, Summary
from digest.press import message_parts
from digest.reasons import names_in
from digest.sentences import GIST, first_sentences, gist, hour_line, minutes, reason
from digest.words import NBSP, voice
from locales.load import LANGUAGES
from tests.digest import sample
from tests.digest.test_press import reader
from tests.digest.test_quotes import words

DID = "We count the herons of one river by night"
V = voice("en")


def told(digest: Digest, **values: object) -> Digest:
    """Let every entry of an issue have the same summary, and what else is given."""
    summary = Summary(f"{DID}. They are few.", "extractive")

    def changed(entry: Entry) -> Entry:
        return replace(entry, **{"summary": summary, "kind": "paper", **values})  # type: ignore[arg-type]

    stages = tuple(replace(stage, entries=tuple(map(changed, stage.entries))) for stage in digest.stages)
    return replace(digest, stages=stages, late=tuple(map(changed, digest.late)))


LONG = "They " + "rest and " * 30 + "rest."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("We rest. They do not.", "We rest. They do not."),
        (f"It is open who rests. We count them. {LONG}", "It is open who rests. We count them."),
        (f"Smith et al. Rest, i.e. Sleep, in Fig. 3. {LONG}", "Smith et al. Rest, i.e. Sleep, in Fig. 3."),
        (f"We release Heron1.5. {LONG}", "We release Heron1.5."),
        (f"We gain 4.5% in (all). {LONG}", "We gain 4.5% in (all)."),
        (f"… we rest at 3.2 herons a day! {LONG}", "… we rest at 3.2 herons a day!"),
        ("one " * 80, "one " * 54 + "one …"),
        ("word " * 42 + "$a + b + c + d$ ends", "word " * 42 + "…"),
        ("x" * 300, "x" * GIST + " …"),
        ("", ""),
    ],
)
def test_a_list_tells_the_sentences_that_fit_or_what_fits_of_the_first(text: str, said: str) -> None:
    assert first_sentences(text) == said


@given(
    st.lists(st.text(max_size=30) | st.sampled_from(["$x$", "$", "We rest. They", "word"]), max_size=60).map(" ".join)
)
def test_no_sentence_is_longer_than_a_list_bears_nor_ends_in_a_formula(text: str) -> None:
    said = first_sentences(text)
    assert len(said) <= GIST + 2
    if said.endswith(" …") and not text.endswith("…"):
        assert said.removesuffix("…").replace("\\$", "").count("$") % 2 == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hour_and_lists_tell_in_every_format_what_a_paper_did(lang: str) -> None:
    digest = told(sample.digest())
    mail = message_parts(digest, lang, reader(5))
    stage = digest.stages[4]
    for page in (formats()["html"].render(digest, lang), formats()["text"].render(digest, lang)):
        assert words(page).count(words(DID)) == len(digest.hour) + sum(len(s.entries) for s in digest.stages)
    markdown = formats()["markdown"].render(digest, lang)
    assert words(markdown).count(words(DID)) == len(digest.hour) + sum(len(s.entries) for s in digest.stages)
    for part in (mail.html, mail.text):
        assert words(part).count(words(DID)) >= len(stage.entries)


def test_no_line_is_without_a_sentence_or_a_reason() -> None:
    bare = (Reason("topic", {"topic": "moe", "phrase": None, "title_only": True}),)
    digest = told(sample.digest(), reasons=bare, labs=(), code=())
    entry = digest.stages[4].entries[0]
    names = names_in(digest)
    assert str(gist(V, entry)) == f"{DID}. They are few."
    assert not reason(V, entry, names)
    without = replace(entry, summary=None)
    assert not gist(V, without)
    assert str(reason(V, without, names)) == "Close to Mixture of experts, by the title alone"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_guesses_are_told_once_where_all_minutes_are(lang: str) -> None:
    v = voice(lang)
    once, each = str(v.t("All minutes are guesses: no page count is known.")), str(v.t("minutes guessed"))
    digest = told(sample.digest(), minutes_guessed=True, minutes=15)
    mail = message_parts(digest, lang, reader(5))
    for page in (
        *(formats()[name].render(digest, lang) for name in ("html", "text", "markdown")),
        mail.html,
        mail.text,
    ):
        assert words(page).count(words(once)) == 1
        assert words(each) not in words(page)
        assert not re.search(
            "a guess(?!$)|（推定）", words(page).replace(words(str(front.facts(v, digest)[-2][1])), "")
        )
    mixed = replace(digest, late=tuple(replace(entry, minutes_guessed=False) for entry in digest.late))
    assert once not in str(v.text(front.deck(v, mixed)))
    entry = mixed.stages[4].entries[0]
    assert minutes(v, entry, mixed) == str(v.t("about %(time)s, a guess", time=v.duration(15)))
    assert each in str(hour_line(v, mixed, entry, names_in(mixed))).replace(NBSP, " ")
    assert str(front.facts(v, mixed)[-2][1]) == str(v.t("to read them all"))
    first = message_parts(replace(mixed, hour=(entry.id,)), lang, reader()).html.partition(entry.title)[0]
    assert words(str(v.t("about %(time)s, a guess", time=v.duration(15)))) in words(first)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_abstract_is_named_once_for_all_sentences(lang: str) -> None:
    v = voice(lang)
    digest = told(sample.digest())
    mail = message_parts(digest, lang, reader(5))
    (once,) = front.abstracts(v, digest)
    for page in (
        *(formats()[name].render(digest, lang) for name in ("html", "text", "markdown")),
        mail.html,
        mail.text,
    ):
        assert words(page).count(words(str(once))) == 1
        assert words(str(v.t("From the abstract."))) not in words(page)
    assert front.abstracts(v, told(sample.digest(), summary=None)) == []


def test_a_line_says_where_words_are_from_that_are_no_abstracts() -> None:
    entry = told(sample.digest()).stages[4].entries[0]
    machine = replace(entry, summary=Summary(f"{DID}.", "machine", model="heron-7b"))
    assert str(gist(V, machine)) == f"{DID}. Machine summary, heron-7b."
    assert str(gist(V, replace(entry, kind="post"))) == f"{DID}. They are few. From the lab’s feed."
