"""The catch-up view: several months as one, each paper with the issue it stood in; nothing of it is stored."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select

from core.errors import NotFoundError, UsageError
from core.months import shift
from db.engine import Sessions
from db.models import Base, Rating
from digest.catchup import covered
from digest.formats import formats
from digest.model import Coverage, Digest, Stood
from digest.news import stood
from digest.service import digest_of
from digest.service.catching_up import catch_up, months_between
from digest.views import view
from digest.words import NBSP, voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.sample import source
from tests.digest.store import OPTIONS, add_paper, at, build, close_windows, shortlist


def spring(sessions: Sessions, roadmap: Roadmap) -> None:
    """Store March (final) with five papers, April without anything, May (draft) with six."""
    with sessions.begin() as session:
        for number in range(5):
            add_paper(session, roadmap, f"2603.1000{number}", "2026-03", worth=0.9 - number / 10)
        shortlist(session, "2026-03")
        close_windows(session, "2026-03")
        build(session, "2026-03", roadmap, at("2026-04-06"))
        for number in range(6):
            add_paper(session, roadmap, f"2605.1000{number}", "2026-05", worth=0.85 - number / 100)
        shortlist(session, "2026-05")
        close_windows(session, "2026-05")
        build(session, "2026-05", roadmap, at("2026-05-30"))


def seen(sessions: Sessions, roadmap: Roadmap, since: str = "2026-03", month: str = "2026-05") -> Digest:
    with sessions() as session:
        return digest_of(catch_up(session, since, month, roadmap, lambda: at("2026-05-31"), OPTIONS))


def test_months_compete_for_the_same_places_and_name_their_issue(sessions: Sessions, roadmap: Roadmap) -> None:
    spring(sessions, roadmap)
    digest = seen(sessions, roadmap)
    entries = digest.stages[4].entries
    assert [entry.id for entry in entries] == [
        "2603.10000", "2605.10000", "2605.10001", "2605.10002", "2605.10003", "2605.10004", "2603.10001", "2605.10005",
    ]  # fmt: skip
    assert [entry.number for entry in entries] == [f"5.{place}" for place in range(1, 9)]
    assert entries[0].stood == Stood("2026-03", "5.1", "final")
    assert entries[1].stood == Stood("2026-05", "5.1", "draft")
    assert (digest.since, digest.month, digest.status, digest.published) == ("2026-03", "2026-05", "draft", None)
    assert (digest.considered, digest.coverage.stored, digest.late, digest.second) == (11, 11, (), ())
    assert digest.banners[0].facts == {"months": 2, "empty": "2026-04"}
    assert digest.compared is None
    assert {s.source: s.state for s in digest.coverage.sources}["arxiv"] == "partial"


def test_it_is_ranked_with_the_signals_of_today(sessions: Sessions, roadmap: Roadmap) -> None:
    spring(sessions, roadmap)
    with sessions.begin() as session:
        rating = session.get(Rating, "2603.10003")
        assert rating is not None
        rating.worth = 0.95  # its votes settled late
    entries = seen(sessions, roadmap).stages[4].entries
    assert entries[0].id == "2603.10003"
    assert entries[0].stood == Stood("2026-03", "5.4", "final")


def test_nothing_is_stored_and_the_same_rows_give_the_same_bytes(sessions: Sessions, roadmap: Roadmap) -> None:
    spring(sessions, roadmap)

    def counts() -> dict[str, int]:
        with sessions() as session:
            tables = Base.metadata.sorted_tables
            return {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables}

    before = counts()
    once, again = seen(sessions, roadmap), seen(sessions, roadmap)
    assert counts() == before
    for module in formats().values():
        assert module.render(once, "ja") == module.render(again, "ja")


def test_a_late_paper_names_the_issue_that_printed_it(sessions: Sessions, roadmap: Roadmap) -> None:
    spring(sessions, roadmap)
    with sessions.begin() as session:
        add_paper(session, roadmap, "2603.20000", "2026-03", worth=0.99, stage=7)
        shortlist(session, "2026-03")
        build(session, "2026-05", roadmap, at("2026-06-06"))
    assert seen(sessions, roadmap).stages[6].entries[0].stood == Stood("2026-05", "L1", "final")


def test_months_of_a_view() -> None:
    assert months_between("2025-12", "2026-02") == ["2025-12", "2026-01", "2026-02"]
    assert months_between("2026-02", "2026-02") == ["2026-02"]
    assert len(months_between(shift("2026-12", -11), "2026-12")) == 12
    with pytest.raises(UsageError):
        months_between("2026-03", "2026-02")
    with pytest.raises(UsageError):
        months_between("2025-02", "2026-02")


def test_a_span_that_holds_nothing_says_what_to_do(sessions: Sessions, roadmap: Roadmap) -> None:
    with pytest.raises(NotFoundError, match="2024-01 to 2024-02"):
        seen(sessions, roadmap, "2024-01", "2024-02")


def test_coverage_tells_the_worst_of_the_months() -> None:
    whole = sample.coverage()
    other = covered([whole, whole])
    assert (other.expected, other.stored, other.unreadable) == (2 * 6824, 2 * 6812, 6)
    assert [row.state for row in other.sources] == [row.state for row in whole.sources]
    unknown = sample.sample().coverage
    both = covered([whole, unknown])
    assert both.expected is None
    states = {row.source: row.state for row in both.sources}
    assert (states["arxiv"], states["labs"], states["recorded"]) == ("partial", "unreachable", "complete")
    gaps = covered([_missing(day) for day in (1, 2)]).sources[0].missing_days
    assert gaps == (date(2026, 10, 1), date(2026, 10, 2))


def _missing(day: int) -> Coverage:
    return sample.replaced_coverage(source("arxiv", "partial", (date(2026, 10, day),)))


@pytest.mark.parametrize(
    ("place", "english", "japanese"),
    [
        (Stood("2026-05", "5.3"), "Issue of May 2026, 5.3.", "2026年5月号の5.3。"),
        (Stood("2026-05", "5.3", "draft"), "Draft of May 2026, 5.3.", "2026年5月号（下書き）の5.3。"),
        (
            Stood("2026-05", None, None),
            "Of May 2026, which has no issue.",
            "2026年5月の論文（この月の号はありません）。",
        ),
        (
            Stood("2026-05", None),
            "Considered in the issue of May 2026, not printed.",
            "2026年5月号で検討し、掲載は見送り。",
        ),
    ],
)
def test_where_a_paper_stood(place: Stood, english: str, japanese: str) -> None:
    assert str(stood(voice("en"), place)).replace(NBSP, " ") == english
    assert str(stood(voice("ja"), place)) == japanese


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["March – June 2026", "Catch-up view", "Issue of March 2026, 5.1", "each names its issue"]),
        ("ja", ["2026年3月～6月", "まとめ読み", "2026年3月号の5.1", "どの号に載ったか"]),
    ],
)
def test_every_format_says_what_it_is(lang: str, words: list[str]) -> None:
    digest = sample.catch_up()
    for module in formats().values():
        if module.MEDIA_TYPE != "application/json":
            shown = " ".join(module.render(digest, lang).replace(NBSP, " ").replace("\\", "").split())
            assert [one for one in words if one not in shown.replace("<b>", "").replace("</b>", "")] == []
    plain = json.loads(formats()["json"].render(digest, lang))
    assert (plain["since"], plain["stages"][4]["entries"][0]["stood"]["number"]) == ("2026-03", "5.1")
    assert view(digest, minutes=60).since == "2026-03"
