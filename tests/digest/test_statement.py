"""What an operator corrects in a final issue: noted once, said first in both languages, escaped; the issue stays."""

from datetime import date
from xml.etree import ElementTree

import pytest

from core.errors import NotFoundError, RefusedError, UsageError
from db.engine import Sessions
from db.models import Issue
from digest.errata import LONGEST_DETAIL, corrected, statement
from digest.formats import formats
from digest.formats.json import from_json, to_json
from digest.press import message_parts
from digest.service import add_statement, note_errata, read_errata
from digest.words import voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import at, build, ready
from tests.digest.test_errata import PAPER, flat, frozen, printed, sample_reader, shown
from tests.digest.test_formats import Page

DAY = date(2026, 8, 7)
TEXTS = {"en": "It is by Teal University, not the lab named.", "ja": "記載の研究所ではなく、ティール大学のものです。"}
HOSTILE = {"en": "<script>alert(1)</script> & \u202e\x00[x](javascript:1)", "ja": "<b>“&lt;”</b>"}


def add(sessions: Sessions, item: str = PAPER, day: str = "2026-07-11", month: str = "2026-06") -> bool:
    with sessions.begin() as session:
        return add_statement(session, month, item, TEXTS, at(day))[1]


def test_a_correction_is_noted_once_and_the_issue_stays(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    before = frozen(sessions)
    number = shown(sessions).entries[PAPER].number
    assert [add(sessions), add(sessions, number, "2026-07-12"), add(sessions)] == [True, False, False]
    with sessions() as session:
        rows = read_errata(session, "2026-06")
    detail, japanese = TEXTS["en"], TEXTS["ja"]
    row = {"date": "2026-07-11", "item_id": PAPER, "kind": "statement", "detail": detail, "detail_ja": japanese}
    assert rows == [row]
    assert frozen(sessions) == before
    (banner,) = shown(sessions).banners
    assert (banner.kind, banner.facts["detail"], banner.facts["number"]) == ("erratum", detail, number)
    assert not shown(sessions).entries[PAPER].withdrawn


def test_withdrawals_are_still_noted_beside_it(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    add(sessions)
    with sessions.begin() as session:
        assert note_errata(session, at("2026-07-12")) == {}
        assert [row["kind"] for row in session.get_one(Issue, "2026-06").erratum] == ["statement"]


def test_a_draft_an_unknown_month_and_an_unnamed_item_are_refused(sessions: Sessions, roadmap: Roadmap) -> None:
    printed(sessions, roadmap)
    with sessions.begin() as session:
        ready(session, roadmap, "2026-07")
        assert build(session, "2026-07", roadmap, at("2026-07-20")).status == "draft"
    with pytest.raises(RefusedError, match="2026-07 is draft"):
        add(sessions, month="2026-07")
    with pytest.raises(NotFoundError, match="no issue of 2026-05"):
        add(sessions, month="2026-05")
    with pytest.raises(NotFoundError, match=r"does not name 2606\.99999"):
        add(sessions, "2606.99999")


@pytest.mark.parametrize(
    "texts", [{}, {"en": "Only English."}, {"en": "\u200b \n", "ja": "空"}, TEXTS | {"ja": "長" * (LONGEST_DETAIL + 1)}]
)
def test_both_languages_are_asked_for_and_nothing_is_cut_in_silence(texts: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        statement(sample.digest(), "5.2", texts, DAY)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("form", sorted(set(formats()) - {"json"}))
def test_every_format_says_it_in_its_language(form: str, lang: str) -> None:
    digest = sample.digest()
    written = formats()[form].render(corrected(digest, [statement(digest, "5.2", TEXTS, DAY)]), lang)
    words = flat(Page(written).text if form == "html" else written)
    other = next(text for code, text in TEXTS.items() if code != lang)
    assert flat(TEXTS[lang]) in words
    assert flat(other) not in words
    below = str(voice(lang).t("If you only have an hour"))
    assert words.index(flat(TEXTS[lang])) < words.index(flat(below))


def test_json_keeps_both_and_reads_back() -> None:
    digest = sample.digest()
    whole = corrected(digest, [statement(digest, "5.2", TEXTS, DAY)])
    assert whole.banners[-1].facts["detail_ja"] == TEXTS["ja"]
    assert from_json(to_json(whole)) == whole


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_words_are_words_and_no_markup(lang: str) -> None:
    digest = sample.digest()
    whole = corrected(digest, [statement(digest, "5.2", HOSTILE, DAY)])
    parts = message_parts(whole, lang, sample_reader())
    for html in (formats()["html"].render(whole, lang), parts.html):
        assert "<script>alert" not in html
        assert "<b>“&lt;" not in html
        assert "\u202e" not in html
        assert 'href="javascript' not in html
    shown_words = {"en": "<script>alert(1)</script> & [x](javascript:1)", "ja": "<b>“&lt;”</b>"}[lang]
    assert flat(shown_words) in flat(Page(parts.html).text)
    assert flat(shown_words) in flat(parts.text)


def test_the_note_of_a_statement_is_well_formed_where_it_stands() -> None:
    digest = sample.digest()
    html = formats()["html"].render(corrected(digest, [statement(digest, "5.2", HOSTILE, DAY)]), "en")
    place = html.index("&lt;script&gt;")
    start, end = html.rindex("<p", 0, place), html.index("</p>", place) + 4
    note = ElementTree.fromstring(html[start:end].replace("&nbsp;", " "))  # noqa: S314
    assert "<script>alert(1)</script>" in "".join(note.itertext())
