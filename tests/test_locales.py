"""Every language says everything: no message is missing, no hole is lost, plurals have all their forms."""

import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from locales import LANGUAGES, translations
from locales.extract import DOMAINS, ROOT, all_of, messages, read
from locales.load import language

HOLES = re.compile(r"%\((\w+)\)s")
PAIRS = [(lang, domain) for lang in LANGUAGES for domain in DOMAINS]
# Counts that are names on their own may stand without their figure in a plural form.
IMPLIED = {"n", "votes", "stars"}

NAMES = {"API"}  # stays as it is in Japanese


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


@cache
def used_in(domain: str) -> Catalog:
    return messages(ROOT / DOMAINS[domain], domain)


def key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, forms(message.id)


@pytest.mark.parametrize(("lang", "domain"), PAIRS)
def test_every_message_is_written(lang: str, domain: str) -> None:
    written = {key(m): forms(m.string) for m in all_of(read(lang, domain))}
    used = [key(m) for m in all_of(used_in(domain))]
    assert used
    assert [one for one in used if not all(written.get(one, ("",)))] == []


@pytest.mark.parametrize(("lang", "domain"), PAIRS)
def test_no_message_is_left_over(lang: str, domain: str) -> None:
    used = {key(m) for m in all_of(used_in(domain))}
    assert [key(m) for m in all_of(read(lang, domain)) if key(m) not in used] == []


@pytest.mark.parametrize(("lang", "domain"), PAIRS)
def test_holes_are_the_same(lang: str, domain: str) -> None:
    for message in all_of(read(lang, domain)):
        wanted = {hole for one in forms(message.id) for hole in HOLES.findall(one)}
        for written in forms(message.string):
            assert wanted - IMPLIED <= set(HOLES.findall(written)) <= wanted, message.id


@pytest.mark.parametrize(("lang", "domain"), PAIRS)
def test_plurals_have_every_form(lang: str, domain: str) -> None:
    catalogue = read(lang, domain)
    for message in all_of(catalogue):
        if message.pluralizable:
            assert len(forms(message.string)) == catalogue.num_plurals, message.id


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_english_says_what_the_code_says(domain: str) -> None:
    assert [m.id for m in all_of(read("en", domain)) if forms(m.string) != forms(m.id)] == []


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_japanese_is_japanese(domain: str) -> None:
    kana = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff、。：（）　〜]")
    plain = [m for m in all_of(read("ja", domain)) if re.search(r"[A-Za-z]{2,}", HOLES.sub("", forms(m.id)[0]))]
    untold = [m.id for m in plain if m.id not in NAMES and not all(map(kana.search, forms(m.string)))]
    assert untold == []


def test_a_tag_finds_its_language() -> None:
    assert set(LANGUAGES) >= {"en", "ja"}
    assert [language(tag) for tag in ("ja-JP", "JA", "en-GB", "tlh", "", None)] == ["ja", "ja", "en", "en", "en", "en"]


def test_both_catalogues_of_a_language_speak_as_one() -> None:
    japanese = translations("ja")
    assert japanese.gettext("Also chosen") == "ほかに選んだ論文"
    assert japanese.ngettext("%(n)s upvote", "%(n)s upvotes", 2) == "%(n)s票"
    assert japanese.gettext("A message nobody wrote") == "A message nobody wrote"
    assert translations("en").ngettext("%(n)s upvote", "%(n)s upvotes", 1) == "%(n)s upvote"
