"""Papers are counted alone, as in the coverage box, and posts are told beside them; everywhere alike."""

import json
import re
from dataclasses import replace

import pytest

from db.engine import Sessions
from digest.delivery.webhook import notice_body
from digest.formats import formats
from digest.formats.html import fragment
from digest.formats.json import from_json, to_json
from digest.front import chart_label, description, facts
from digest.model import Digest
from digest.press import message_parts
from digest.service import digest_of
from digest.service.catching_up import catch_up
from digest.views import view
from digest.words import NBSP, voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import OPTIONS, add_paper, at, build, ready, shortlist
from tests.shirube import golden

WRITTEN = ("html", "text", "markdown")


def june(sessions: Sessions, roadmap: Roadmap, month: str = "2026-06") -> Digest:
    """Close a month of three papers and two posts of stage 5, and a post of stage 7."""
    with sessions.begin() as session:
        ready(session, roadmap, month)
        for number, stage in enumerate((5, 5, 7)):
            add_paper(session, roadmap, f"qwen:{month}-{number}", month, kind="post", stage=stage, worth=0.5)
        shortlist(session, month)
        return digest_of(build(session, month, roadmap, at("2026-08-09")))


def plain(text: str) -> str:
    """Give words without tags and marks, with single spaces."""
    flat = re.sub(r"<[^>]*>", " ", text) if "</" in text else text
    return " ".join(flat.replace("&nbsp;", " ").replace(NBSP, " ").replace("*", "").split())


def squeezed(text: str) -> str:
    return "".join(plain(text).split())


def test_the_front_counts_what_the_coverage_box_counts(sessions: Sessions, roadmap: Roadmap) -> None:
    digest = june(sessions, roadmap)
    assert (digest.considered, digest.posts) == (digest.coverage.ranked, 3) == (3, 3)
    assert digest.chosen == 6
    assert {s.number: (s.considered, s.posts) for s in digest.stages if s.considered or s.posts} == {
        5: (3, 2),
        7: (0, 1),
    }
    for name in WRITTEN:
        page = plain(formats()[name].render(digest, "en"))
        assert "3 papers of June and 3 posts of the labs were read against the 8 stages of this roadmap." in page
        assert "3 filed here, 5 chosen, 1 h to read. 2 posts of the labs are filed here as well." in page, name
        assert "0 filed here, 1 chosen, 12 min to read. 1 post of the labs is filed here as well." in page, name
        assert "6 papers" not in page.replace("6 papers and posts", ""), name
        japanese = squeezed(formats()[name].render(digest, "ja"))
        assert "6月の論文3本と研究所の記事3件を、このロードマップの全8段階に照らしました。" in japanese, name
        assert "研究所の記事2件もここに分類しています。" in japanese, name


def test_the_mail_says_the_same(sessions: Sessions, roadmap: Roadmap) -> None:
    digest = june(sessions, roadmap)
    reader = replace(golden.reader(), stages=(5, 7))
    for lang, read, fit in (
        ("en", "3 papers of June and 3 posts of the labs were read", "2 posts of the labs are filed here as well."),
        ("ja", "論文3本と研究所の記事3件を、", "研究所の記事2件もここに分類しています。"),
    ):
        mail = message_parts(digest, lang, reader)
        for part in (mail.text, mail.html):
            assert squeezed(read) in squeezed(part)
            assert squeezed(fit) in squeezed(part)


def test_descriptions_charts_notices_and_json_count_papers_alone(sessions: Sessions, roadmap: Roadmap) -> None:
    digest = june(sessions, roadmap)
    v = voice("en")
    assert [(f, plain(str(what))) for f, what in facts(v, digest)][:4] == [
        ("3", "papers considered"), ("3", "filed under a topic"),
        ("3", "posts of the labs considered"), ("6", "chosen"),
    ]  # fmt: skip
    assert plain(description(v, digest)).startswith(
        "3 papers of June 2026, and 3 posts of the labs, read against 8 study stages; 6 chosen"
    )
    assert "6月の論文3本と研究所の記事3件を8段階の学習の道に照らし、" in squeezed(description(voice("ja"), digest))
    assert plain(str(chart_label(v, digest))) == (
        "Papers filed, stage by stage: 0, 0, 0, 0, 3, 0, 0, 0. Chosen: 0, 0, 0, 0, 5, 0, 1, 0."
    )
    assert "Dots: papers and posts chosen." in fragment(digest, "en")
    counts = json.loads(notice_body(digest, None))["data"]["counts"]
    assert (counts["considered"], counts["posts"], counts["chosen"]) == (3, 3, 6)
    shown = to_json(digest)
    assert (shown["considered"], shown["posts"], shown["stages"][6]["posts"]) == (3, 3, 1)


def test_topics_are_counted_by_papers_and_views_count_both(sessions: Sessions, roadmap: Roadmap) -> None:
    digest = june(sessions, roadmap)
    assert digest.topmost is not None
    assert digest.topmost.count == 3
    part = view(digest, stages=[7])
    assert (part.considered, part.posts) == (0, 1)
    assert view(digest, minutes=30).posts == 3
    june(sessions, roadmap, "2026-07")
    with sessions() as session:
        both = digest_of(catch_up(session, "2026-06", "2026-07", roadmap, lambda: at("2026-08-10"), OPTIONS))
    assert (both.considered, both.posts) == (6, 6)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("filed here as well", "here best as well", "posts of the labs considered", "of the labs were read")),
        ("ja", ("もここに分類しています", "も、ここに最も合います", "検討した研究所の記事", "本と研究所の記事")),
    ],
)
def test_a_month_without_posts_and_an_older_issue_say_nothing_of_them(lang: str, words: tuple[str, ...]) -> None:
    shown = to_json(sample.digest())
    del shown["posts"]
    for stage in shown["stages"]:
        del stage["posts"]
    for digest in (sample.digest(), from_json(shown)):
        for name in WRITTEN:
            page = squeezed(formats()[name].render(digest, lang))
            assert not [word for word in words if squeezed(word) in page], name


def test_a_stage_with_posts_alone_is_not_said_to_be_empty(sessions: Sessions, roadmap: Roadmap) -> None:
    part = view(june(sessions, roadmap), stages=[7])
    page = plain(formats()["text"].render(part, "en"))
    assert "No paper is stored" not in page
    assert "0 papers of June are filed here. 1 post of the labs is filed here as well." in page
