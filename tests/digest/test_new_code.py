"""Code that appeared in a month for papers of earlier ones: counted from rows, stage by stage, and said in words."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from db.engine import Sessions
from db.models import Code
from digest.formats import formats
from digest.formats.json import from_json, to_json
from digest.model import Digest
from digest.news import changed
from digest.press import message_parts
from digest.service import digest_of
from digest.service.catching_up import catch_up
from digest.views import view
from digest.words import NBSP, voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import OPTIONS, add_paper, at, build, close_windows, shortlist
from tests.shirube import golden

JULY = at("2026-08-06")


def code(session: Session, id_: str, seen: datetime, name: str = "heron", source: str = "pwc") -> None:
    url = f"https://github.com/example/{name}"
    session.add(Code(item_id=id_, url=url, official=None, stars=1, source=source, first_seen=seen, checked_at=seen))
    session.flush()


def spring(session: Session, roadmap: Roadmap) -> None:
    """Store papers of April and May, some with code; one of them shows that the catalogue of each month was read."""
    for month in ("2026-04", "2026-05"):
        short = month[2:4] + month[5:]
        for number in range(4):
            add_paper(session, roadmap, f"{short}.1000{number}", month, stage=5 + number % 2)
        code(session, f"{short}.10000", at(f"{month}-20"))


def july(session: Session, roadmap: Roadmap, now: datetime = JULY) -> Digest:
    add_paper(session, roadmap, "2607.10000", "2026-07")
    shortlist(session, "2026-07")
    close_windows(session, "2026-07")
    return digest_of(build(session, "2026-07", roadmap, now))


def counted(digest: Digest) -> dict[int, int]:
    return {stage.number: stage.new_code for stage in digest.stages if stage.new_code}


def test_it_is_counted_by_stage_and_said_under_what_changed(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        spring(session, roadmap)
        code(session, "2604.10002", at("2026-07-01", 0))
        code(session, "2605.10002", at("2026-07-31", 23))
        code(session, "2605.10002", at("2026-07-09"), "second")  # one paper, two repositories
        code(session, "2605.10001", at("2026-07-31", 23))
        code(session, "2605.10003", at("2026-08-01", 0))  # a month later
        digest = july(session, roadmap)
        again = digest_of(build(session, "2026-07", roadmap, JULY))
    assert counted(digest) == {5: 2, 6: 1}
    assert digest == again
    for lang, two, one in (
        ("en", "What changed: Code appeared for 2 earlier papers.", "What changed: Code appeared for 1 earlier paper."),
        (
            "ja",
            "今月の変化：以前の論文2本のコードが公開されました。",
            "今月の変化：以前の論文1本のコードが公開されました。",
        ),
    ):
        mail = message_parts(digest, lang, replace(golden.reader(), stages=(5, 6)))
        written = {name: formats()[name].render(digest, lang) for name in ("html", "text", "markdown")}
        for name, text in {**written, "mail.html": mail.html, "mail.txt": mail.text}.items():
            plain = squeezed(text)
            assert squeezed(two) in plain, name
            assert squeezed(one) in plain, name


def squeezed(text: str) -> str:
    """Give the words without tags, marks and spaces."""
    plain = "".join(part.rpartition(">")[2] for part in text.split("<")) if "</" in text else text
    return "".join(plain.replace(NBSP, "").replace("&nbsp;", "").replace("*", "").split())


@pytest.mark.parametrize(
    "other",
    [
        {"seen": at("2026-07-02")},  # the paper itself came in July: its code may be as old as it is
        {"fit": 0.4},  # filed nowhere
        {"withdrawn": True},
        {"kind": "post"},
        {"sources": ["recorded"]},
    ],
)
def test_what_is_no_news_of_an_earlier_paper_is_not_counted(
    sessions: Sessions, roadmap: Roadmap, other: dict[str, Any]
) -> None:
    with sessions.begin() as session:
        spring(session, roadmap)
        add_paper(session, roadmap, "2605.20000", "2026-05", **other)
        code(session, "2605.20000", at("2026-07-09"))
        code(session, "2604.10000", at("2026-07-09"), "second")  # it had code before
        digest = july(session, roadmap)
    assert counted(digest) == {}
    assert "What changed" not in formats()["text"].render(digest, "en")


def test_a_catalogue_that_was_read_for_the_first_time_tells_no_news(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        spring(session, roadmap)
        for number in range(4):  # no code of March was known before July
            add_paper(session, roadmap, f"2603.1000{number}", "2026-03")
            code(session, f"2603.1000{number}", at("2026-07-09"))
        code(session, "2604.10002", at("2026-07-09"), source="pwc-archive")  # a dump of what was long known
        digest = july(session, roadmap)
    assert counted(digest) == {}


def test_a_view_of_several_months_and_an_older_issue_say_nothing_of_it(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        spring(session, roadmap)
        code(session, "2605.10002", at("2026-07-09"))
        digest = july(session, roadmap)
        together = digest_of(catch_up(session, "2026-05", "2026-07", roadmap, lambda: JULY, OPTIONS))
    assert counted(digest) == {5: 1}
    assert counted(together) == {}
    assert counted(view(digest, stages=[5])) == counted(view(digest, minutes=30)) == {5: 1}
    plain = to_json(digest)
    for stage in plain["stages"]:
        del stage["new_code"]
    old = from_json(plain)
    assert counted(old) == {}
    assert "Code appeared" not in formats()["text"].render(old, "en")


def test_a_draft_of_a_month_that_was_never_asked_for_tells_none(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        spring(session, roadmap)
        code(session, "2605.10002", at("2026-07-09"))
        add_paper(session, roadmap, "2607.10000", "2026-07")
        shortlist(session, "2026-07")
        assert counted(digest_of(build(session, "2026-07", roadmap, JULY))) == {}


def test_it_follows_the_counts() -> None:
    stage = sample.replaced(sample.digest().stages[4], new_code=1_234)
    assert [str(line).replace(NBSP, " ") for line in changed(voice("en"), stage)] == [
        "Code appeared for 1,234 earlier papers."
    ]
