"""From stored rows to reasons: what twelve months hold decides whether a paper is new, and the day of votes counts."""

from datetime import date, timedelta
from typing import Any

import pytest

from core.months import first_day, last_day, shift
from core.scores import Reason
from db import dumps
from db.engine import Sessions
from db.models import Rating, Window
from digest.reasons import Names, say
from digest.words import NBSP
from ranking import novelty
from ranking.editors import shipped
from ranking.embedder import PACKAGED
from ranking.guide import Guide, make_guide
from ranking.service import embed_new, rank_new
from tests.db.shelf import THEN
from tests.fakes import HashEmbedder
from tests.ranking.test_service import HERONS, at, change, month, paper, ranker, rating, shelve
from tests.ranking.test_shards import trained
from tests.ranking.toy import TOY

COPY = paper("2605.00009", HERONS)


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def ranked(sessions: Sessions, guide: Guide, *rows: dict[str, Any]) -> Rating:
    """Store, embed and rank, and give the rating of the first paper about herons of June."""
    shelve(sessions, *rows)
    embed_new(sessions, HashEmbedder(), lambda: THEN)
    rank_new(sessions, ranker(guide), lambda: THEN)
    return rating(sessions, "2606.00001")


def again(sessions: Sessions, guide: Guide) -> None:
    """Embed and rank what changed, an hour after that."""
    embed_new(sessions, HashEmbedder(), at(2))
    rank_new(sessions, ranker(guide), at(2))


def kinds(found: Rating) -> list[str]:
    return [reason["kind"] for reason in found.reasons]


def read(sessions: Sessions, *months: str, **given: Any) -> None:
    """Close a window of arXiv over each month, two days after its end; `given` replaces columns."""
    with sessions.begin() as session:
        for month in months:
            over = THEN.replace(year=int(month[:4]), month=int(month[5:]), day=1) + timedelta(days=33)
            values = {"source": "arxiv", "channel": "api", "state": "closed", "expected": 9, "received": 9}
            values |= {"from_day": first_day(month), "to_day": last_day(month), "checked_at": over, "closed_at": over}
            session.add(Window(**{**values, **given}))


def said_of_new(found: Rating, lang: str = "en") -> list[str]:
    """Say in words why it is new, where that is said."""
    rows = [Reason(row["kind"], row["facts"]) for row in found.reasons if row["kind"] == "new"]
    return [str(say(row, lang, Names())).replace(NBSP, " ") for row in rows]


def others(of: str, count: int = 20) -> list[dict[str, Any]]:
    return [paper(f"{of}.2{n:04d}", (f"Bridge{n} over water{n}", f"Mason{n} lays stone{n}.")) for n in range(count)]


def test_nothing_close_in_twelve_months_is_said_and_a_copy_takes_it_back(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    read(sessions, *novelty.past("2026-06"))
    alone = ranked(sessions, guide, *month(), *others("2605"))
    assert said_of_new(alone) == ["New: Nothing close to it in the past 12 months"]
    shelve(sessions, COPY)
    embed_new(sessions, HashEmbedder(), lambda: THEN)
    change(sessions, "2606.00001", 1, comment="12 pages")
    again(sessions, guide)
    after = rating(sessions, "2606.00001")
    assert "new" not in kinds(after)
    assert (after.worth or 0) < (alone.worth or 0)


def test_nothing_speaks_for_a_new_paper_that_was_withdrawn(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    read(sessions, *novelty.past("2026-06"))
    first, *rest = month()
    gone = ranked(sessions, guide, first | {"withdrawn": True}, *rest, *others("2605"))
    assert (gone.worth, gone.reasons) == (0, [])


@pytest.mark.parametrize(("of", "least"), [("2605", 1_000), ("2506", 10), ("2505", 10), ("2606", 10), ("2607", 10)])
def test_of_too_little_and_of_other_months_nothing_is_said(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch, of: str, least: int
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", least)
    read(sessions, *novelty.past("2026-06"))
    found = ranked(sessions, guide, *month(), *others(of))
    assert ("new" in kinds(found)) == (of == "2506")


@pytest.mark.parametrize("months", [0, 1, 2, 5, 12, 14])
def test_a_new_paper_is_told_with_the_months_that_were_compared(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch, months: int
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    read(sessions, *(shift("2026-06", -back) for back in range(1, months + 1)))
    found = ranked(sessions, guide, *month(), *others("2605"))
    told = min(months, 12)
    assert said_of_new(found) == ([f"New: Nothing close to it in the past {told} months"] if told > 1 else [])
    assert said_of_new(found, "ja") == ([f"新しさ: 過去{told}か月の論文に、近いものがない"] if told > 1 else [])


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        ({"from_day": date(2026, 2, 2)}, 3),  # a day that nobody asked for
        ({"received": 8}, 3),
        ({"state": "stale"}, 3),
        ({"checked_at": THEN.replace(month=2, day=28)}, 3),  # while the month went on
        ({"channel": "oai:cs"}, 3),  # days of change
        ({"source": "hf"}, 3),
        ({"expected": None}, 6),
    ],
)
def test_months_before_a_gap_are_not_counted(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch, gap: dict[str, Any], told: int
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    read(sessions, "2026-05", "2026-04", "2026-03", "2026-01", "2025-12")
    read(sessions, "2026-02", **gap)
    found = ranked(sessions, guide, *month(), *others("2605"))
    assert said_of_new(found)[0].endswith(f"past {told} months")


def test_a_dump_that_holds_a_month_counts_as_reading_it(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which months one holds is told by tests/ingest/test_dumps.py."""
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    held = {"2026-04"}
    monkeypatch.setattr(dumps, "held_months", lambda _session, months: frozenset(held & set(months)))
    assert said_of_new(ranked(sessions, guide, *month(), *others("2605"))) == []
    held.add("2026-05")
    change(sessions, "2606.00001", 1, comment="12 pages")
    again(sessions, guide)
    assert said_of_new(rating(sessions, "2606.00001"))[0].endswith("past 2 months")


def test_a_month_with_a_paper_without_vector_is_not_whole(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    read(sessions, *novelty.past("2026-06"))
    shelve(sessions, *month(), *others("2605"))
    embed_new(sessions, HashEmbedder(), lambda: THEN)
    shelve(sessions, paper("2603.00001", ("A late arrival", "It has no vector.")))
    rank_new(sessions, ranker(guide), lambda: THEN)
    assert said_of_new(rating(sessions, "2606.00001"))[0].endswith("past 2 months")


def test_a_month_more_rates_a_new_paper_anew_and_the_next_run_nothing(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    read(sessions, "2026-05", "2026-04")
    ranked(sessions, guide, *month(), *others("2605"))
    read(sessions, "2026-03")
    assert rank_new(sessions, ranker(guide), lambda: THEN, rebuild=True) > 0
    assert said_of_new(rating(sessions, "2606.00001"))[0].endswith("past 3 months")
    assert rank_new(sessions, ranker(guide), lambda: THEN, rebuild=True) == 0


def test_another_model_and_a_road_of_its_own_know_no_editors(guide: Guide) -> None:
    """A road of federated learning began each stage with news of language models, and printed none of its own."""
    assert ranker(guide, embedder=HashEmbedder("another-model"), blend=trained(guide)).taste is None
    assert ranker(guide).taste is None
    assert ranker(guide, blend=trained(guide)).taste is shipped()
    assert shipped().model == PACKAGED


def test_the_days_of_votes_belong_to_what_a_rating_reads(sessions: Sessions, guide: Guide) -> None:
    voted = {"votes": 9, "votes_at": THEN, "daily_date": date(2026, 6, 3)}
    rows = [paper("2606.00001", HERONS) | voted, *month()[1:]]
    early = ranked(sessions, guide, *rows)
    change(sessions, "2606.00001", 1, daily_date=THEN.date())
    again(sessions, guide)
    fresh = rating(sessions, "2606.00001")
    assert (fresh.worth or 0) > (early.worth or 0)
