"""Every form of an issue: whole, well formed, inert, the same in content, in both languages."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from core.ids import anchor
from digest.errata import corrected
from digest.formats import email, formats, html, markdown, text
from digest.formats.json import from_json, to_json
from digest.links import Links
from digest.model import Digest, Filed
from digest.press import message_parts
from digest.sheet import COLUMNS, columns, wrap
from digest.words import NBSP, voice
from locales import LANGUAGES
from tests.digest import sample

VOID = {"meta", "link", "br", "img", "input", "hr", "path", "circle", "rect"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order; keeps elements, ids, links and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def all(self, attribute: str) -> list[str]:
        return [str(attributes[attribute]) for _, attributes in self.elements if attributes.get(attribute)]

    def count(self, tag: str, class_: str = "") -> int:
        return sum(t == tag and class_ in (*str(a.get("class") or "").split(" "), "") for t, a in self.elements)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).replace(NBSP, " ").split())


def everything() -> Digest:
    return sample.digest(banners=sample.every_banner())


def reader(*stages: int, here: int | None = None) -> email.Reader:
    base = "https://shirube.example"
    return email.Reader(
        stages=stages,
        here=here,
        base_url=base,
        preferences_url=f"{base}/s/TOKEN/preferences?lang=en",
        unsubscribe_url=f"{base}/s/TOKEN/unsubscribe?lang=en",
        address="r•••@example.org",
        confirmed=date(2026, 3, 12),
        feedback_url=f"{base}/s/TOKEN/feedback",
        minutes=240,
    )


# -- the folder ------------------------------------------------------------------------------------------------------


def test_formats_are_found_by_themselves() -> None:
    found = formats()
    assert {"html", "json", "markdown", "text"} <= set(found)
    for module in found.values():
        assert module.MEDIA_TYPE
        assert re.fullmatch(r"[a-z]+", module.SUFFIX)
        assert isinstance(module.render(sample.digest(), "en"), str)


def test_rendering_is_deterministic() -> None:
    for module in formats().values():
        assert module.render(everything(), "ja") == module.render(everything(), "ja")


# -- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", [everything(), sample.sample(), sample.digest(topmost=None, stages=())])
def test_json_and_back(digest: Digest) -> None:
    plain = to_json(digest)
    assert from_json(plain) == digest
    assert plain["status"] == digest.status
    assert plain["coverage"]["failed"] == list(digest.coverage.failed)
    assert list(plain) == list(to_json(sample.digest()))


def test_json_writes_dates_as_iso() -> None:
    plain = to_json(sample.digest())
    assert plain["closes"] == "2026-11-05T06:00:00Z"
    assert plain["stages"][0]["entries"][0]["submitted"] == "2026-10-03"


# -- HTML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("digest", [everything(), sample.sample(), sample.digest(previous=None, hour=(), late=())])
def test_the_file_is_whole_and_needs_nothing_else(digest: Digest, lang: str) -> None:
    source = html.render(digest, lang)
    page = Page(source)
    assert page.count("section", "stage") == 8
    assert page.count("h1") == 1
    assert page.count("article", "paper") == sum(min(4, len(s.entries)) for s in digest.stages)
    assert "style=" not in source.replace("style-src", "")
    assert page.count("script") == page.count("img") == page.count("link") == page.count("form") == 0
    assert not re.search(r"@import|url\(", source)
    local = [link for link in page.all("href") if not link.startswith(("https://", "http://", "#"))]
    assert local == [html.file_name(digest.month, other) for other in LANGUAGES if other != lang]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_anchors_are_unique_and_lead_somewhere(lang: str) -> None:
    page = Page(html.render(everything(), lang))
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    missing = [link for link in page.all("href") if link.startswith("#") and link[1:] not in ids]
    assert missing == []
    assert {anchor(id_) for id_ in everything().entries} <= set(ids)
    named = [name for names in page.all("aria-labelledby") for name in names.split()]
    assert set(named) <= set(ids)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_of_strangers_are_inert(lang: str) -> None:
    source = html.render(everything(), lang)
    assert "<script" not in source
    assert "onerror=alert(1)&gt;" in source
    assert "javascript:" not in source
    assert not [1 for _, attributes in Page(source).elements if any(name.startswith("on") for name in attributes)]


def test_maths_is_drawn_or_shown_as_written_and_money_stays() -> None:
    page = Page(html.render(everything(), "en"))
    assert page.count("math") > 3
    assert page.count("msqrt") > 1
    assert r"\unknowncommand{\theta}\|f_\theta(x)-y\|_2^2" in page.text
    assert "costs $5 and $10" in page.text
    assert "$" not in page.text.replace("costs $5 and $10", "")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["Final, 5 Nov 2026", "6,812 papers of October", "8 h", "1 of 5", "and 1,204 more", "withdrawn",
                "about 12 min, a guess", "no code found", "Title only:",
                "Sentences under a title are from the paper’s abstract", "Also chosen",
                "Left out, and why", "1 upvote.", "Nothing passed the bar this month.", "40 more late papers",
                "Machine summary, tiny, 1 Nov 2026.", "19 Oct to 21 Oct", "Read at the lab"]),
        ("ja", ["2026年10月号", "確定 2026年11月5日", "6,812本", "8時間", "5件中1件", "ほか1,204名", "取り下げ",
                "約12分（推定）", "コードは見つかりません",
                "題名のみ。", "ほかに選んだ論文", "載せなかったものと理由", "1,032本中3位",
                "今月、基準を満たす論文はありませんでした。", "10月19日〜10月21日"]),
    ],
)  # fmt: skip
def test_every_state_is_said(lang: str, words: list[str]) -> None:
    shown = Page(html.render(everything(), lang)).text
    assert [one for one in words if one not in shown.replace("　", " ")] == []


@pytest.mark.parametrize(
    ("lang", "marks"),
    [("en", ["survey", "benchmark", "dataset"]), ("ja", ["サーベイ", "ベンチマーク", "データセット"])],
)
def test_surveys_benchmarks_and_datasets_are_marked_and_no_other_type(lang: str, marks: list[str]) -> None:
    written = sample.digest()
    page = html.fragment(written, lang)
    assert [page.count(f'<span class="tag">{mark}</span>') for mark in marks] == [1, 1, 1]
    assert '<span class="tag">method</span>' not in page
    for form in (text, markdown):
        body = form.render(written, lang)
        assert [mark for mark in marks if mark not in body] == []
    entries = {entry.number: entry.type for entry in written.entries.values() if entry.type}
    assert entries == {"5.1": "survey", "5.4": "benchmark", "6.1": "dataset", "7.1": "method"}


def test_an_issue_stored_before_types_were_told_is_read() -> None:
    plain = to_json(sample.digest())
    for stage in plain["stages"]:
        for entry in stage["entries"]:
            del entry["type"]
    assert {entry.type for entry in from_json(plain).entries.values()} == {None}


def test_banners_stand_in_order_and_unknown_ones_are_passed_over() -> None:
    source = html.render(everything(), "en")
    heads = re.findall(r'role="note"><b>(.*?)</b>', source)
    names = [re.sub("<.*?>", "", head).split(",")[0].rstrip(".") for head in heads]
    assert names == ["Draft", "Sample", "Stored papers only", "Partly done", "Closed with gaps", "Erratum"]


def test_the_sample_says_what_it_is_and_what_to_run() -> None:
    shown = Page(html.render(sample.sample(), "en")).text
    assert "This is a sample of June 2026 from public listings, not the whole month" in shown
    assert "No source could be reached." in shown
    assert "Run shirube digest 2026-06" in shown
    japanese = Page(html.render(sample.sample(), "ja")).text
    assert "2026年6月の見本" in japanese
    assert "どの情報源にも接続できませんでした。" in japanese


def test_an_erratum_names_its_entry() -> None:
    first = sample.digest().stages[4].entries[0]
    row = {"date": "2026-11-12", "item_id": first.id, "kind": "withdrawn", "detail": "This paper <was> withdrawn."}
    source = html.fragment(corrected(sample.digest(), [row]), "en")
    assert re.search(rf'5\.1 <a href="#{anchor(first.id)}">.*</a> \(Stage 5, .*\) was withdrawn after', source)
    assert "arXiv’s note: <q>This paper &lt;was&gt; withdrawn</q>." in source


def test_english_words_on_a_japanese_page_are_marked() -> None:
    source = html.fragment(sample.digest(), "ja")
    titles = re.findall(r"<h3 id=\"t-[^>]*>", source)
    assert titles
    assert all('lang="en"' in title for title in titles)
    assert 'lang="en"' not in html.fragment(sample.digest(), "en")


class _Site(Links):
    here = 5
    feedback = "/api/v1/feedback"
    status = "/status"

    def topic(self, key: str) -> str:
        return f"/topics/{key}"

    def paper(self, item_id: str) -> str:
        return f"/papers/{item_id}"

    def issue(self, month: str) -> str:
        return f"/digests/{month}"


def test_the_web_links_what_it_has_pages_for() -> None:
    source = html.fragment(sample.digest(), "en", _Site())
    page = Page(source)
    assert {"/topics/moe", "/papers/2610.50001", "/digests/2026-09", "/digests/2026-11", "/status"} <= set(
        page.all("href")
    )
    assert page.count("form") == 0
    assert source.count('class="stone here"') == 1
    assert "You are here" in html.signpost(sample.digest(), "en", _Site())


def test_an_empty_month_says_so() -> None:
    bare = tuple(replace(s, entries=(), considered=0, filed=Filed(), left_out=()) for s in sample.digest().stages)
    empty = sample.digest(stages=bare, considered=0, chosen=0, hour=(), topmost=None, late=(), late_more=0, minutes=0)
    shown = Page(html.render(empty, "en")).text
    assert "No paper is stored for this month yet." in shown
    assert shown.count("No paper of the month is filed here.") == 8
    assert text.render(empty, "ja")


# -- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_keeps_to_72_columns_and_addresses_to_lines_of_their_own(lang: str) -> None:
    lines = text.render(everything(), lang).splitlines()
    assert [line for line in lines if columns(line) > COLUMNS and "https://" not in line] == []
    assert [line for line in lines if "https://" in line and len(line.split("https://")[0].split()) > 1] == []
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_is_complete(lang: str) -> None:
    digest = everything()
    shown = text.render(digest, lang)
    assert [
        e.number for e in digest.entries.values() if not re.search(rf"^ *-? ?{e.number} ", shown, re.MULTILINE)
    ] == ["3.9"]
    assert [item.url for s in digest.stages for item in s.left_out if item.url not in shown] == []
    assert "<math" not in shown
    assert "&amp;" not in shown
    assert "50% of the cost & without regret" in " ".join(shown.split())


def test_wrapping_loses_nothing_and_follows_kinsoku() -> None:
    words = "今月、基準を満たす論文はありませんでした。代わりに（Attention）を読んでください。243票です。"
    for width in range(16, 60):
        lines = wrap(words, width)
        assert "".join(lines) == words
        assert max(columns(line) for line in lines) <= width + 2
        assert not [line for line in lines if line[0] in "、。）ーっ" or line[-1] in "（「"]
    assert wrap("x" * 100, 40) == ["x" * 40, "x" * 40, "x" * 20]


# -- Markdown -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_markdown_is_complete_and_inert(lang: str) -> None:
    digest = everything()
    shown = markdown.render(digest, lang)
    assert len(re.findall(r"^## \d\\\. ", shown, re.MULTILINE)) == 8
    assert [e.number for s in digest.stages for e in s.entries if f"\n### {e.number} " not in shown] == []
    outside = re.sub(r"\]\(<https://[^<>]*>\)|`[^`]*`", "", shown)
    assert re.findall(r"(?<!\\)[<$]", outside) == []
    assert "](<javascript" not in shown


def test_markdown_escapes_what_would_be_markup() -> None:
    assert markdown.written("*a* _b_ [c](d) `e` <f> 1|2") == r"\*a\* \_b\_ \[c\](d) \`e\` \<f\> 1\|2"
    assert [markdown.written(text) for text in ("# a", "- b", "1. c", "x - y")] == [r"\# a", r"\- b", r"1\. c", "x - y"]


# -- mail ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stages", [(5,), (3, 5), ()])
def test_mail_is_small_inert_and_loads_nothing(lang: str, stages: tuple[int, ...]) -> None:
    parts = message_parts(everything(), lang, reader(*stages, here=5))
    page = Page(parts.html)
    assert len(parts.html.encode()) < 90_000
    assert max(map(len, parts.html.splitlines())) < 998
    assert page.count("img") == page.count("script") == page.count("link") == page.count("math") == 0
    assert not re.search(r"@import|url\(|<script|javascript:", parts.html)
    assert page.count("style") == 1
    assert "prefers-color-scheme: dark" in parts.html
    allowed = ("https://shirube.example/", "https://arxiv.org/", "https://github.com/", "https://qwen.example/")
    assert [link for link in page.all("href") if not link.startswith(allowed)] == []
    assert "\n" not in parts.subject + parts.preheader


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_parts_of_a_mail_say_the_same(lang: str) -> None:
    digest = sample.digest()
    parts = message_parts(digest, lang, reader(5, here=5))
    shown = Page(parts.html)
    page, plain = shown.text.replace(" ", ""), "".join(parts.text.split())
    for number in (entry.number for entry in digest.stages[4].entries):
        assert number in page
        assert number in plain
    for link in {link for link in shown.all("href") if "lang=" in link and "#" not in link}:
        assert link in parts.text, link
    for word in (
        *("".join(voice(lang).number(count).split()) for count in (386, 6_824)),
        "r•••@example.org",
        "2610.50001",
    ):
        assert word in page
        assert word in plain


def test_a_mail_for_one_stage_folds_the_others() -> None:
    parts = message_parts(sample.digest(), "en", reader(5, here=5))
    assert parts.subject == "October 2026: 8 papers for stage 5, 1 h 36 min"
    shown = Page(parts.html).text
    assert "You are here: Stage 5 of 8, Modern NLP and foundation models" in shown
    assert "Stage 6, Multimodal and generative systems: 7 chosen, first" in shown
    assert "Folded, stages 1, 2, 3 and 4: 12 chosen" in shown
    assert "3.1" not in re.findall(r"\b\d\.\d\b", parts.text)
    assert "1 h 36 min of your 4 h" in shown


def test_a_long_mail_cuts_compact_entries_first() -> None:
    long = tuple(
        replace(s, entries=tuple(replace(e, title=e.title + " and More" * 30) for e in s.entries))
        for s in sample.digest().stages
    )
    parts = message_parts(sample.digest(stages=long), "en", reader())
    assert len(parts.html.encode()) < 90_000
    assert "more in the browser" in parts.html
    assert "more in the browser" in parts.text
