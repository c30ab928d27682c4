"""What every format must say: errata, withdrawn papers, front matter that note programs read, and lines that break."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from digest.errata import corrected
from digest.formats import formats, html
from digest.links import Links
from digest.model import Banner, Digest
from digest.press import message_parts
from digest.reasons import brief, names_in, say_all
from digest.sheet import COLUMNS, columns, wrap
from digest.words import NBSP
from locales import LANGUAGES, translations
from tests.digest import sample
from tests.shirube import golden


def plain(text: str) -> str:
    """Give the words of a page, a mail or a text: no marks, no escapes, single spaces."""
    return " ".join(re.sub(r"<[^>]*>|[\\*]", "", text).replace(NBSP, " ").split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_erratum_is_said_in_every_format(lang: str) -> None:
    first = sample.digest().stages[4].entries[0]
    row = {"date": "2026-11-12", "item_id": first.id, "kind": "withdrawn", "detail": "The proof of Theorem 2 fails."}
    digest = corrected(sample.digest(), [row])
    mail = message_parts(digest, lang, golden.reader())
    written = {name: module.render(digest, lang) for name, module in formats().items()}
    written |= {"mail.html": mail.html, "mail.txt": mail.text}
    words = translations(lang)
    erratum = words.gettext("Erratum, %(date)s.").replace(" ", "").split("%(date)s")
    shown = json.loads(written.pop("json"))
    assert shown["banners"][-1]["facts"]["item_id"] == first.id
    assert shown["stages"][4]["entries"][0]["withdrawn"] is True
    for name, text in written.items():
        said = plain(text).replace(" ", "")
        assert all(part in said for part in erratum), name
        assert "TheproofofTheorem2fails" in said, name
        assert words.gettext("withdrawn").replace(" ", "") in said, name
        assert "RoutingbyRegret" in said or first.title.replace(" ", "")[:12] in said, name


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("digest", [sample.digest(), sample.catch_up(), sample.sample()])
def test_markdown_begins_with_front_matter(digest: Digest, lang: str) -> None:
    text = formats()["markdown"].render(digest, lang)
    _, head, body = text.split("---\n", 2)
    read: dict[str, Any] = yaml.safe_load(head)
    assert (read["month"], read["lang"], read["chosen"]) == (digest.month, lang, digest.chosen)
    assert read["status"] == ("view" if digest.since else digest.status)
    assert read["inputs"] == digest.making.inputs_hash
    assert read.get("since") == digest.since
    assert body.startswith("\n# ")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("month", golden.MONTHS)
def test_markdown_read_by_a_parser_keeps_every_title_and_makes_no_markup(month: str, lang: str) -> None:
    digest = golden.stored(month)
    body = formats()["markdown"].render(digest, lang).split("---\n", 2)[2]
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    assert set(re.findall(r"<([a-z0-9]+)", page)) <= {
        "h1", "h2", "h3", "p", "ul", "li", "a", "strong", "blockquote", "table", "thead", "tbody", "tr", "th", "td",
        "code", "br", "em",
    }  # fmt: skip
    assert page.count("<h3>") >= len([e for s in digest.stages for e in s.entries])
    assert "<em>" not in page


def test_no_line_begins_with_a_space_and_a_date_stays_whole() -> None:
    words = f"データの最終変更2026年11月8日{NBSP}09:00（UTC）、入力ca85ea348ce4。モデルall-MiniLM-L6-v2"
    for width in range(24, COLUMNS):
        lines = wrap(words, width)
        assert "".join(lines) == words
        assert not [line for line in lines if line.startswith((" ", NBSP)) or line.endswith(NBSP)]
        assert max(columns(line) for line in lines) <= width + 2


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("month", golden.MONTHS)
def test_the_text_of_whole_months_is_72_columns_wide(month: str, lang: str) -> None:
    lines = formats()["text"].render(golden.stored(month), lang).splitlines()
    assert [line for line in lines if columns(line) > COLUMNS and "://" not in line] == []
    assert [line for line in lines if line.startswith(" ") and not line.strip()] == []
    begun = [line.strip()[:1] for line in lines if line.strip()]
    assert not [one for one in begun if one in "、。）」』】"]


def test_upvotes_in_the_lower_half_are_no_reason() -> None:
    entry = sample.entry(5, 1)
    few = tuple(
        replace(reason, facts={**reason.facts, "votes": 2, "place": 391, "of": 502})
        if reason.kind == "readers"
        else reason
        for reason in entry.reasons
    )
    names = names_in(sample.digest())
    assert "391" not in " ".join(map(str, say_all(few, "en", names)))
    assert "upvotes" not in str(brief(few, "en", names))
    assert "243 upvotes" in str(brief(entry.reasons, "en", names)).replace(NBSP, " ")


@pytest.mark.parametrize(
    ("lang", "alone", "linked"),
    [
        ("en", "4 more are counted but not printed.", "4 more on the page of the lab"),
        ("ja", "ほかに4本あります（数えるだけで載せません）。", "ほか4本は研究所のページにあります"),
    ],
)
def test_what_a_lab_published_beyond_its_lines_is_counted_and_linked_where_it_has_a_page(
    lang: str, alone: str, linked: str
) -> None:
    class Paged(Links):
        def lab(self, key: str) -> str:
            return f"/labs/{key}"

    for name in ("html", "markdown", "text"):
        assert "".join(plain(formats()[name].render(sample.digest(), lang)).split()).count("".join(alone.split())) == 1
    page = html.fragment(sample.digest(), lang, Paged())
    assert f'<p class="meta"><a href="/labs/qwen">{linked}</a></p>' in page.replace(NBSP, " ")
    assert alone not in plain(page)


@pytest.mark.parametrize("name", ["html", "markdown", "text"])
def test_of_a_lab_whose_lines_are_all_nothing_more_is_told(name: str) -> None:
    digest = sample.digest()
    digest = replace(digest, labs=tuple(replace(lab, count=len(lab.lines)) for lab in digest.labs), late_more=0)
    assert "counted but not printed" not in plain(formats()[name].render(digest, "en"))


@pytest.mark.parametrize(
    ("lang", "here", "said"),
    [
        ("en", "2026-06", "← June 2025 July →"),
        ("ja", "2026-06", "← 2025年6月号 7月号 →"),
        ("en", "2025-08", "← June July 2026 →"),
    ],
)
def test_a_neighbouring_issue_of_another_year_is_named_with_it(lang: str, here: str, said: str) -> None:
    class Paged(Links):
        def issue(self, month: str) -> str:
            return f"/digests/{month}"

    page = html.fragment(sample.digest(month=here, previous="2025-06", next="2026-07"), lang, Paged())
    assert plain(page[: page.index("</nav>")]).endswith(said)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            "It closes once its sources are read after 5 Nov 2026, 06:00 UTC; until it has, entries may come and go.",
        ),
        (
            "ja",
            "2026年11月5日 06:00（UTC）より後に情報源を読み終えると確定します。それまでは論文の出入りがあります。",
        ),
    ],
)
def test_a_draft_says_the_same_of_its_closing_before_and_after_that_day(lang: str, said: str) -> None:
    digest = sample.digest(status="draft", banners=(Banner("draft", {"papers": 4653}),))
    for name in ("html", "markdown", "text"):
        assert "".join(said.split()) in "".join(plain(formats()[name].render(digest, lang)).split())
