"""What a shortened view says: the month's true counts, and never that nothing passed where time alone left it out."""

import re
from html import unescape

import pytest

from digest.formats import formats, html
from digest.formats.json import from_json, to_json
from digest.links import Links
from digest.model import Digest
from digest.views import view
from digest.words import NBSP
from tests.digest import sample

WORDS = {
    "en": {
        "front": "40 chosen, 2 of them shown here.",
        "none": "8 chosen, none shown here.",
        "why": "The 8 papers chosen here do not fit into the 25 min of this view. The whole issue has them.",
        "part": "chosen, 1 shown here, 12 min to read.",
        "time": "24 min to read what is shown of them",
        "chart": "Chosen: 3, 0, 5, 4, 8, 7, 7, 6.",
        "banner": "Shrunk to 25 min. 2 papers of 41, the worthiest of each stage that fit. "
        "The whole issue has the rest.",
        "empty": "Nothing passed the bar this month. 59 papers are filed here.",
        "all": "to read them all",
    },
    "ja": {
        "front": "選出は40本、ここに示すのはそのうち2本です。",
        "none": "選出8本、ここに示すものはありません。",
        "why": "ここで選ばれた8本は、この表示の25分には収まりません。号の全体に載っています。",
        "part": "ここに示すのは1本、読むのに12分。",
        "time": "24分 そのうちここに示すものを読む時間",
        "chart": "選んだ数：3、0、5、4、8、7、7、6。",
        "banner": "25分向けの短縮版。41本のうち2本。"
        "段階ごとに、時間に収まる最も価値の高い論文を選びました。残りは号の全体に載っています。",
        "empty": "今月、基準を満たす論文はありませんでした。ここに分類した論文は59本です。",
        "all": "すべて読む時間",
    },
}  # fmt: skip


class Linked(Links):
    """A site whose issues have pages."""

    minutes = 25

    def issue(self, month: str) -> str:
        """Link an issue."""
        return f"/digests/{month}/"

    def budgets(self) -> tuple[tuple[int | None, str], ...]:
        """List two budgets."""
        return ((25, "/digests/2026-10/25/"), (None, "/digests/2026-10/"))


def words(page: str) -> str:
    """Give a page's words: no marks, no spaces, so that lines may break anywhere."""
    return re.sub(r"\s+", "", unescape(re.sub(r"<style>.*?</style>|<[^>]*>|[\\*|]", "", page, flags=re.S)))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text.replace(NBSP, " "))


def written(digest: Digest, lang: str) -> dict[str, str]:
    """Write a digest in every format that people read, and as a page of a site."""
    made = {name: formats()[name].render(digest, lang) for name in ("html", "text", "markdown")}
    return {name: words(page) for name, page in (made | {"page": html.fragment(digest, lang, Linked())}).items()}


@pytest.mark.parametrize("lang", WORDS)
def test_a_stage_that_a_budget_empties_is_not_said_to_be_empty(lang: str) -> None:
    short = view(sample.digest(), minutes=25)
    said = {key: squeezed(text) for key, text in WORDS[lang].items()}
    assert sum(len(stage.entries) for stage in short.stages) == 2
    for name, text in written(short, lang).items():
        for key in ("front", "none", "part", "banner"):
            assert said[key] in text, (name, key)
        assert said["why"] in text, name
        assert said["all"] not in text, name
        if name != "markdown":
            assert text.count(said["empty"][:10]) == 1, (name, "the one stage that chose nothing")
    assert said["chart"] in words(html.fragment(short, lang).replace('aria-label="', '">'))


@pytest.mark.parametrize("lang", WORDS)
def test_a_stage_that_chose_nothing_says_so_without_a_reason_it_cannot_know(lang: str) -> None:
    for name, text in written(sample.digest(), lang).items():
        assert squeezed(WORDS[lang]["empty"]) in text, name
        assert squeezed(WORDS[lang]["all"]) in text, name
    assert "floor that every stage" not in " ".join(written(sample.digest(), "en").values())


@pytest.mark.parametrize("lang", WORDS)
def test_what_a_budget_leaves_out_is_linked_and_nothing_is_offered_instead(lang: str) -> None:
    page = html.fragment(view(sample.digest(), minutes=25), lang, Linked())
    stage = page.split('id="stage-5"')[1].split('id="stage-6"')[0]
    assert 'href="/digests/2026-10/"' in stage
    assert sample.WORK.title not in stage
    assert "budgets" in page, "other budgets stay within reach"
    assert 'id="hour"' not in page, "25 minutes are a list for an hour themselves"


def test_no_work_longer_than_half_of_the_budget_is_to_be_read_first() -> None:
    assert all(stage.read_first is None for stage in view(sample.digest(), minutes=60).stages)
    assert any(stage.read_first for stage in view(sample.digest(), minutes=90).stages)
    assert view(sample.digest(), minutes=90).hour


def test_a_shortened_view_survives_json_and_an_older_issue_is_read_without_the_word() -> None:
    short = view(sample.digest(), minutes=25)
    assert from_json(to_json(short)) == short
    old = to_json(sample.digest())
    for stage in old["stages"]:
        del stage["cut"]
    assert from_json(old) == sample.digest()
    assert written(from_json(old), "en") == written(sample.digest(), "en")


@pytest.mark.parametrize(("lang", "votes"), [("en", "288 upvotes."), ("ja", "288票。")])
def test_a_reason_of_an_older_issue_that_has_no_words_now_leaves_the_votes(lang: str, votes: str) -> None:
    old = to_json(sample.digest())
    for stage in old["stages"]:
        for row in stage["left_out"]:
            row["reason"] = "survey"
    for name, text in written(from_json(old), lang).items():
        assert squeezed(votes) in text, name
        assert "readinglistofthestagecovers" not in text
