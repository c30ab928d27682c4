"""Two numbers, each where it belongs: what a month was read through, and what of it is filed somewhere."""

from dataclasses import replace
from typing import Any

import pytest

from db.engine import Sessions
from db.models import Code
from digest.formats import formats, html, markdown, text
from digest.formats.json import from_json, to_json
from digest.model import Digest, Filed
from digest.press import message_parts
from digest.service import digest_of
from digest.views import view
from digest.words import NBSP
from locales.load import LANGUAGES
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import add_paper, at, build, ready, shortlist
from tests.shirube import golden

WRITTEN = (html.render, text.render, markdown.render)
WORDS = {
    "en": "fit here best|fits here best|this stage best|best fit",
    "ja": "最も近い論文|最も合|最も近い段階ごとの論文数",
}


def squeezed(page: str) -> str:
    return "".join(page.replace(NBSP, " ").replace("&nbsp;", " ").split())


def may(sessions: Sessions, roadmap: Roadmap) -> Digest:
    """Make a month of seven papers: two of stage 5 and one of stage 3 are filed, the others fit nothing well."""
    with sessions.begin() as session:
        for number, (stage, fit) in enumerate([(5, 0.8), (5, 0.5), (5, 0.49), (5, 0.1), (3, 0.9), (8, 0.3), (8, 0.2)]):
            add_paper(session, roadmap, f"2605.0000{number}", "2026-05", stage=stage, fit=fit)
        add_paper(session, roadmap, "qwen:near", "2026-05", kind="post", fit=0.7)
        add_paper(session, roadmap, "qwen:far", "2026-05", kind="post", fit=0.2)
        for item in ("2605.00001", "2605.00003"):
            url, seen = f"https://example.org/{item}", at("2026-05-30")
            session.add(Code(item_id=item, url=url, source="pwc", first_seen=seen, checked_at=seen))
        shortlist(session, "2026-05")
        return digest_of(build(session, "2026-05", roadmap, at("2026-06-06")))


def test_a_stage_counts_what_is_filed_there_beside_what_was_read(sessions: Sessions, roadmap: Roadmap) -> None:
    made = may(sessions, roadmap)
    assert {s.number: (s.considered, s.posts, s.coded) for s in made.stages if s.considered} == {
        3: (1, 0, 0), 5: (4, 2, 2), 8: (2, 0, 0),
    }  # fmt: skip
    assert {s.number: s.filed for s in made.stages if s.considered} == {
        3: Filed(1, 0, 0), 5: Filed(2, 1, 1), 8: Filed(0, 0, 0),
    }  # fmt: skip
    assert (made.considered, made.filed) == (7, 3)


def test_each_number_is_said_where_it_belongs(sessions: Sessions, roadmap: Roadmap) -> None:
    made = may(sessions, roadmap)
    for write in WRITTEN:
        page = squeezed(write(made, "en"))
        assert squeezed("7 papers of May and 2 posts of the labs were read against the 8 stages") in page
        assert squeezed("3 papers are filed under one of its topics. 4 chosen") in page
        assert squeezed("1 post of the labs is filed here as well. Code is known for 1.") in page
        assert squeezed("2 filed here, 3 chosen, 36 min to read.") in page
        assert squeezed("0 filed here, none chosen.") in page
    assert "3 filed under" not in html.fragment(view(made, {5}), "en")
    assert squeezed("2 papers of May are filed here.") in squeezed(text.render(view(made, {5}), "en"))


@pytest.mark.parametrize("write", WRITTEN)
def test_nobody_is_said_to_have_chosen_where_all_that_is_filed_passed(write: Any) -> None:
    made = sample.digest()
    first = made.stages[0]
    for filed, said in [
        (Filed(3), "3 filed here, all of which passed the bar;"),
        (Filed(3, 1), "3 filed here, 3 chosen,"),
        (Filed(4), "4 filed here, 3 chosen,"),
    ]:
        page = write(replace(made, stages=(sample.replaced(first, filed=filed), *made.stages[1:])), "en")
        assert squeezed(said) in squeezed(page)
    one = sample.replaced(first, filed=Filed(1), entries=first.entries[:1])
    page = write(replace(made, stages=(one, *made.stages[1:])), "en")
    assert squeezed("1 filed here, which passed the bar;") in squeezed(page)


def test_months_are_compared_by_what_is_filed(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for month in ("2026-02", "2026-03", "2026-04", "2026-05"):
            ready(session, roadmap, month, papers=2)
            add_paper(session, roadmap, f"{month[2:4]}{month[5:]}.09999", month, fit=0.3)
            made = digest_of(build(session, month, roadmap, at("2026-06-06")))
    stage = next(s for s in made.stages if s.change and s.considered)
    assert stage.change is not None
    assert stage.filed is not None
    assert {count for _, count in stage.change.before} == {stage.filed.papers} == {stage.considered - 1}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_issue_from_before_reads_as_it_was_published(lang: str) -> None:
    stored = to_json(sample.digest(published=None))
    for stage in stored["stages"]:
        del stage["filed"]
    old = from_json(stored)
    assert old.filed is None
    mail = message_parts(old, lang, golden.reader())
    pages = [*(formats()[name].render(old, lang) for name in ("html", "text", "markdown")), mail.html, mail.text]
    for page in pages:
        assert "1,544" in page
        assert "386" not in page
        assert not [word for word in ("filed here", "Filed", "に分類した論文") if word in page]
    assert all(any(squeezed(w) in squeezed(p) for w in WORDS[lang].split("|")) for p in (pages[0], pages[1], mail.text))
