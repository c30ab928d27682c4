"""Reasons are said as look.md words them, in both languages, and hold nothing that strangers can break."""

import pytest

from core.scores import REASON_ORDER, JsonValue, Reason
from digest.reasons import MOST, Names, brief, names_in, say, say_all
from digest.words import NBSP
from roadmap.model import Text
from tests.digest import sample

NAMES = Names(
    {"moe": Text("Mixture of experts", "混合エキスパート")},
    {"qwen": Text("Qwen", "Qwen")},
    {"specialists": ("A Thousand Narrow Specialists", "https://arxiv.org/abs/1701.00001")},
)
WORK: dict[str, JsonValue] = {"work": "specialists"}
READERS: dict[str, JsonValue] = {"votes": 243, "place": 3, "of": 1032, "date": "2026-11-04"}


def spoken(kind: str, facts: dict[str, JsonValue], lang: str = "en") -> str:
    return str(say(Reason(kind, facts), lang, NAMES)).replace(NBSP, " ")


@pytest.mark.parametrize(
    ("kind", "facts", "en", "ja"),
    [
        (
            "topic",
            {"topic": "moe", "phrase": "lost at a second expert", "title_only": False},
            "Topic: Close to Mixture of experts: “lost at a second expert”",
            "トピック: 混合エキスパートに近い：“lost at a second expert”",
        ),
        (
            "topic",
            {"topic": "moe", "phrase": None, "title_only": True},
            "Topic: Close to Mixture of experts, by the title alone",
            "トピック: 題名だけから見て混合エキスパートに近い",
        ),
        (
            "lab",
            {"lab": "qwen", "evidence": "repository", "detail": "https://github.com/QwenLM/x"},
            "Lab: Qwen: published in the lab’s account on GitHub",
            "研究所: Qwen（GitHubの同研究所アカウントで公開）",
        ),
        (
            "lab",
            {"lab": "qwen", "evidence": "author", "detail": "Qwen Team"},
            "Lab: Qwen: collective author name “Qwen Team”",
            "研究所: Qwen（団体著者名「Qwen Team」）",
        ),
        (
            "readers",
            READERS,
            "Readers: 243 upvotes on Daily Papers by 4 Nov, 3rd of 1,032",
            "読者: Daily Papersで243票（11月4日時点、1,032本中3位）",
        ),
        ("readers", {"votes": 1}, "Readers: 1 upvote on Daily Papers", "読者: Daily Papersで1票"),
        (
            "code",
            {"official": True, "stars": 1870, "date": "2026-11-04"},
            "Code: Official, 1,870 stars on 4 Nov",
            "コード: 公式、スター1,870（11月4日）",
        ),
        (
            "builds-on",
            {"work": "specialists"},
            "Close to: A Thousand Narrow Specialists, of the reading list",
            "近い文献: A Thousand Narrow Specialists（必読リスト）",
        ),
        ("new", {}, "New: Nothing close to it in the past 12 months", "新しさ: 過去12か月の論文に、近いものがない"),
        (
            "editors",
            {"date": "2026-10-12"},
            "Editors: Listed on Daily Papers on 12 Oct",
            "編集者: 10月12日のDaily Papersに掲載",
        ),
        (
            "editors",
            {"share": 3},
            "Editors: More like a newsletter’s picks than 97% of papers",
            "編集者: 97%の論文よりも、ニュースレターの掲載論文に近い",
        ),
    ],
)
def test_a_reason_in_words(kind: str, facts: dict[str, JsonValue], en: str, ja: str) -> None:
    assert spoken(kind, facts) == en
    assert spoken(kind, facts, "ja") == ja


@pytest.mark.parametrize(
    ("place", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (112, "112th")]
)
def test_places_are_ordinals(place: int, word: str) -> None:
    assert word in spoken("readers", {**READERS, "place": place})


def test_at_most_four_in_the_order_of_the_page() -> None:
    kinds = [r.kind for r in sample.reasons("moe", "qwen")]
    assert kinds != sorted(kinds, key=REASON_ORDER.index)
    said = say_all(sample.reasons("moe", "qwen"), "en", NAMES)
    assert [one.label for one in said] == ["Topic", "Lab", "Readers", "Code"]
    assert len(said) == MOST


def test_the_short_form_names_facts_first_and_begins_with_a_capital() -> None:
    assert str(brief(sample.reasons("moe", "qwen"), "en", NAMES)).replace(NBSP, " ") == (
        "Qwen: published in the lab’s account on GitHub; 243 upvotes, 3rd of the month"
    )
    code = (Reason("code", {"official": True, "stars": 77}),)
    assert str(brief(code, "en", NAMES)).replace(NBSP, " ") == "Official code, 77 stars"
    assert not brief((), "en", NAMES)


def test_what_is_known_goes_before_a_piece_of_the_abstract_in_lists() -> None:
    quoted = Reason("topic", {"topic": "moe", "phrase": "lost at a second expert"})
    works, liked = Reason("builds-on", {"work": "specialists"}), Reason("editors", {"share": 4})
    assert "Specialists" in str(brief((quoted, liked, works), "en", NAMES))
    assert "96%" in str(brief((quoted, liked), "en", NAMES))
    assert "second expert" in str(brief((quoted,), "en", NAMES))


def test_likeness_beyond_the_best_is_told_where_nothing_else_is_new_to_a_reader() -> None:
    liked, best = Reason("editors", {"share": 12}), Reason("editors", {"share": 5})
    bare = Reason("topic", {"topic": "moe", "phrase": None})
    others = (Reason("topic", {"topic": "moe", "phrase": "x"}), Reason("code", {}), Reason("builds-on", WORK))
    assert [one.label for one in say_all((bare, liked), "en", NAMES)] == ["Topic", "Editors"]
    for other in others:
        assert "Editors" not in [one.label for one in say_all((bare, liked, other), "en", NAMES)]
        assert "Editors" in [one.label for one in say_all((bare, best, other), "en", NAMES)]


def test_words_of_strangers_are_escaped() -> None:
    facts: dict[str, JsonValue] = {"topic": "<b>", "phrase": sample.HOSTILE, "title_only": False}
    page = say(Reason("topic", facts), "en", Names()).line.__html__()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;b&gt;" in page
    hostile = Names(works={"w": ("Work", "javascript:alert(1)")})
    assert "javascript" not in say(Reason("builds-on", {"work": "w"}), "en", hostile).line.__html__()


def test_a_reason_of_a_newer_version_is_passed_over() -> None:
    assert say_all((Reason("of-tomorrow", {}),), "en", NAMES) == []


def test_a_digest_names_what_its_reasons_mean() -> None:
    digest = sample.digest()
    names = names_in(digest)
    assert names.topics["moe"].en == "Mixture of experts"
    assert names.works["specialists"][0] == "A Thousand Narrow Specialists"
    assert all(str(r.facts["lab"]) in names.labs for e in digest.entries.values() for r in e.reasons if r.kind == "lab")


def test_a_long_affiliation_is_shortened() -> None:
    facts: dict[str, JsonValue] = {"lab": "qwen", "evidence": "affiliation", "detail": "Institute of Long Names " * 20}
    assert len(spoken("lab", facts)) < 120
    assert spoken("lab", {**facts, "detail": "Qwen Lab"}) == "Lab: Qwen: affiliation “Qwen Lab”"


def test_a_labs_account_is_told_by_its_site() -> None:
    facts: dict[str, JsonValue] = {
        "lab": "qwen", "evidence": "repository", "detail": "https://huggingface.co/datasets/Qwen/herons"
    }  # fmt: skip
    assert spoken("lab", facts) == "Lab: Qwen: published in the lab’s account on Hugging Face"
