"""Second looks: code that came since, upvotes that grew; each is told once and says what happened."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from db.engine import Sessions
from db.looks import Since
from db.models import Code, History, Item
from digest.errata import Standing, corrected, corrections
from digest.looks import BUDGET, grew, second_looks
from digest.model import CodeRef, Digest, SecondLook, Stood
from digest.news import second_line, second_note
from digest.service import digest_of
from digest.views import view
from digest.words import NBSP, voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import add_paper, at, build, close_windows, shortlist

JUNE, JULY = at("2026-07-06"), at("2026-08-06")
CODE = CodeRef("https://github.com/example/late", True, 12, date(2026, 7, 20))
SINCE = Since("2606.1", "paper", "Late Code", "https://x.org", "2026-06", True, JUNE, 5, 0.7, 100, 30, date(2026, 6, 4))


def issue(session: Session, roadmap: Roadmap, month: str, now: datetime) -> Digest:
    shortlist(session, month)
    close_windows(session, month)
    return digest_of(build(session, month, roadmap, now))


def code(session: Session, id_: str, seen: datetime, name: str = "late", official: bool = True) -> None:
    url = f"https://github.com/example/{name}"
    row = Code(item_id=id_, url=url, official=official, stars=12, source="pwc", first_seen=seen, checked_at=seen)
    session.add(row)
    session.flush()


def votes(session: Session, id_: str, value: int, read: datetime) -> None:
    item = session.get(Item, id_)
    assert item is not None
    item.votes = value
    session.add(History(item_id=id_, what="votes", subject="", value=value, first_at=read))
    session.flush()


def test_code_and_votes_since_are_told_once(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for number in range(4):
            add_paper(session, roadmap, f"2606.1000{number}", "2026-06", worth=0.9 - number / 100)
        code(session, "2606.10003", at("2026-06-05"))  # known when it was printed
        votes(session, "2606.10001", 30, at("2026-06-20"))
        june = issue(session, roadmap, "2026-06", JUNE)
        code(session, "2606.10000", at("2026-07-20"), "aside", official=False)
        code(session, "2606.10000", at("2026-07-21"))
        code(session, "2606.10003", at("2026-07-20"), "second")
        votes(session, "2606.10001", 95, at("2026-07-25"))
        add_paper(session, roadmap, "2607.10000", "2026-07")
        july = issue(session, roadmap, "2026-07", JULY)
        add_paper(session, roadmap, "2608.10000", "2026-08")
        august = issue(session, roadmap, "2026-08", at("2026-09-06"))
    assert june.second == ()
    told = [(look.id, look.what, look.stood, look.votes_then, look.votes) for look in july.second]
    assert told == [
        ("2606.10000", "code", Stood("2026-06", "5.1"), None, None),
        ("2606.10001", "votes", Stood("2026-06", "5.2"), 30, 95),
    ]
    assert july.second[0].code is not None
    assert july.second[0].code.url == "https://github.com/example/late"  # the official one
    assert august.second == ()
    assert not {look.id for look in july.second} & set(july.entries)


def test_what_was_not_printed_may_be_noticed_later(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for number in range(9):
            add_paper(session, roadmap, f"2606.1000{number}", "2026-06", worth=0.9 - number / 100)
        add_paper(session, roadmap, "2606.20000", "2026-06", worth=0.1)
        assert "2606.10008" not in issue(session, roadmap, "2026-06", JUNE).entries
        for id_ in ("2606.10008", "2606.20000"):
            votes(session, id_, 44, at("2026-07-25"))
            item = session.get(Item, id_)
            assert item is not None
            item.daily_date = date(2026, 7, 20)
        add_paper(session, roadmap, "2607.10000", "2026-07")
        july = issue(session, roadmap, "2026-07", JULY)
    assert [(look.id, look.stood.number, look.votes_then) for look in july.second] == [("2606.10008", None, None)]


@pytest.mark.parametrize(
    ("then", "now", "listed", "news"),
    [
        (30, 60, None, True),
        (30, 59, None, False),
        (2, 5, None, False),
        (0, 20, None, True),
        (None, 500, None, False),  # nobody knows how many it had
        (None, 500, date(2026, 7, 6), False),
        (None, 500, date(2026, 7, 7), True),
        (None, 19, date(2026, 7, 7), False),
        (3, None, None, False),
    ],
)
def test_growth(then: int | None, now: int | None, listed: date | None, news: bool) -> None:
    assert grew(replace(SINCE, votes_then=then, votes=now, daily_date=listed)) is news


def test_one_that_has_code_is_not_told_twice_and_what_was_said_is_not_said_again() -> None:
    before = {"month": "2026-06", "late": [], "stages": [], "second": []}
    assert [look.what for look in second_looks([(SINCE, CODE)], [SINCE], [before])] == ["code"]
    said = {**before, "second": [{"id": "2606.1", "what": "code"}]}
    assert [look.what for look in second_looks([(SINCE, CODE)], [SINCE], [said])] == ["votes"]


def looks(number: int = 3) -> tuple[SecondLook, ...]:
    return second_looks([(replace(SINCE, id=f"2606.{n}", stage=n + 1), CODE) for n in range(number)], [], ())


LINES: Sequence[tuple[SecondLook, str, str]] = (
    (
        looks()[0],
        "Considered in the issue of June 2026, not printed. Code since: official, example, 12 stars.",
        "2026年6月号で検討し、掲載は見送り。その後コードが公開：公式、example、スター12。",
    ),
    (
        replace(looks()[0], what="votes", code=None, stood=Stood("2026-06", "5.1")),
        "Issue of June 2026, 5.1. 100 upvotes; when that issue closed it had 30.",
        "2026年6月号の5.1。現在100票、その号の締め切り時は30票。",
    ),
    (
        replace(looks()[0], what="votes", code=None, votes_then=None, stood=Stood("2026-06", "L2")),
        "Issue of June 2026, L2. 100 upvotes since.",
        "2026年6月号のL2。その後100票。",
    ),
)


@pytest.mark.parametrize(("look", "english", "japanese"), LINES)
def test_they_say_where_they_stood_and_what_happened(look: SecondLook, english: str, japanese: str) -> None:
    assert str(second_line(voice("en"), look)).replace(NBSP, " ") == english
    assert str(second_line(voice("ja"), look)).replace(NBSP, " ") == japanese


def test_a_view_of_stages_keeps_its_own_and_an_erratum_marks_them() -> None:
    digest = sample.digest(second=looks(3), second_more=2)
    assert [look.stage for look in view(digest, stages=[2]).second] == [2]
    assert "2 more are counted" in str(second_note(voice("en"), digest)).replace(NBSP, " ")
    gone = digest.second[1].id
    rows = corrections(digest, [], {gone: Standing(True, "This paper is withdrawn")}, date(2026, 12, 1))
    assert [row["item_id"] for row in rows] == [gone]
    shown = corrected(digest, rows)
    assert [look.withdrawn for look in shown.second] == [False, True, False]
    assert corrections(digest, rows, {gone: Standing(True)}, date(2026, 12, 2)) == []
    assert BUDGET >= 3
