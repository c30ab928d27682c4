"""A Japanese issue is Japanese: no English sentence is left in it but the words of papers, which are marked so."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html as markup

from core.ids import anchor
from digest.formats import html
from digest.model import Digest
from digest.press import message_parts
from digest.templating import TEMPLATES
from digest.words import Line, Part, voice
from locales.extract import ROOT
from tests.digest import sample
from tests.digest.test_press import reader
from tests.shirube import golden

DIGESTS: dict[str, Digest] = {
    "stand-in": golden.stored(golden.STAND_IN),
    "recorded": golden.stored(golden.RECORDED),
    "everything": sample.digest(banners=sample.every_banner()),
    "catch-up": sample.catch_up(),
}
ENGLISH = re.compile(r"[A-Za-z][A-Za-z’'-]+(?:[ \u00a0][A-Za-z][A-Za-z’'-]+)+")
NAMES = {
    "Hugging Face Daily Papers", "Hugging Face", "Papers with Code", "Daily Papers", "Google DeepMind", "Meta FAIR",
    "shirube digest", "Machine Translation",
}  # fmt: skip
WRITTEN_ALIKE = {"Shirube", "Daily", "Papers", "PDF", "arXiv", "API", "JSON", "Atom", "RSS", "UTC"}
LITERAL = re.compile(
    r"\{#.*?#\}|\{%-? *trans.*?endtrans *-?%\}|\{%.*?%\}|\{\{.*?\}\}|<style.*?</style>|<!--.*?-->|<[^>]*>"
    r"|\s[a-z-]+=\"[^\"]*\"",  # attributes that a macro writes
    re.S,
)


def spoken(element: markup.HtmlElement, lang: str) -> Iterator[str]:
    """Walk the words of a page that a reader of `lang` is told to read in that language."""
    own = element.get("lang") or lang
    preheader = "display:none" in (element.get("style") or "")  # shown in lists of mails, which know no markup
    if isinstance(element.tag, str) and element.tag not in ("style", "code") and not preheader:
        if own == "ja" and element.text:
            yield element.text
        for child in element:
            yield from spoken(child, own)
            if own == "ja" and child.tail:
                yield child.tail
        for name in ("aria-label", "title", "alt"):
            if own == "ja" and element.get(name):
                yield str(element.get(name))


@pytest.mark.parametrize("name", DIGESTS)
def test_no_english_sentence_is_left(name: str) -> None:
    digest = DIGESTS[name]
    for page in (html.render(digest, "ja"), message_parts(digest, "ja", golden.reader()).html):
        said = list(spoken(markup.fromstring(page), "ja"))
        assert len(said) > 100
        english = {one for text in said for one in ENGLISH.findall(text)} - NAMES
        assert english == set()


def test_such_a_sentence_would_be_found() -> None:
    page = '<p lang="ja">今月は<b>None passed</b>です。<span lang="en">A title in English</span></p>'
    assert [ENGLISH.findall(text) for text in spoken(markup.fromstring(page), "ja") if ENGLISH.search(text)] == [
        ["None passed"]
    ]


@pytest.mark.parametrize("folder", [TEMPLATES, ROOT / "api" / "templates"])
def test_templates_hold_no_words_of_their_own(folder: Path) -> None:
    found = {}
    for file in sorted(folder.iterdir()):
        if file.suffix not in (".j2", ".html") or file.name == "docs.html":  # the API's page is marked as English
            continue
        text = re.sub(r"<code>.*?</code>|/api/v1/\w+", "", file.read_text(encoding="utf-8"), flags=re.S)
        words = set(re.findall(r"[A-Za-z]{3,}", LITERAL.sub(" ", text))) - WRITTEN_ALIKE
        if words:
            found[file.name] = words
    assert found == {}


@pytest.mark.parametrize("name", DIGESTS)
def test_titles_summaries_and_authors_are_marked_as_english(name: str) -> None:
    digest = DIGESTS[name]
    tree: markup.HtmlElement = markup.document_fromstring(html.render(digest, "ja"))
    for entry in digest.entries.values():
        place = tree.get_element_by_id(anchor(entry.id))
        marked = ["".join(map(str, one.itertext())) for one in place.iter() if one.get("lang") == "en"]
        start = re.split(r"[$\\<]", entry.title)[0][:20]
        assert any(start in text for text in marked), entry.id
    assert tree.get("lang") == "ja"
    english: markup.HtmlElement = markup.document_fromstring(html.render(digest, "en"))
    assert english.get("lang") == "en"
    assert [one for one in english.get_element_by_id("main").iter() if one.get("lang") == "en"] == []


def test_a_figure_and_its_counter_stay_on_one_line_in_a_mail() -> None:
    v = voice("ja")
    line = v.n("%(n)s more in the browser", "%(n)s more in the browser", 59)
    assert "<nobr>59本</nobr>" in line.mail()
    assert "<" not in line.__html__(), "it may stand in an attribute"
    bold = Line((v.bold(1032), Part("本中<")))
    assert bold.mail() == "<nobr><b>1,032</b>本</nobr>中&lt;"
    named = v.line(v.title("GPT-4")) + Line((Part("本", href="https://example.org/"),))
    assert "nobr" not in named.mail()
    mail = message_parts(sample.digest(), "ja", reader(5))
    assert re.search(r"<nobr>(<b[^>]*>)?8(</b>)?本</nobr>", mail.html)
    loose = re.sub(r"<nobr>.*?</nobr>", "", mail.html.partition("<body")[2])
    assert not re.search(r"(?<!から)\d本", loose)
