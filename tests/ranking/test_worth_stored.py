"""From stored rows to reasons: what twelve months hold decides whether a paper is new, and the day of votes counts."""

from datetime import date
from typing import Any

import pytest

from db.engine import Sessions
from db.models import Rating
from ranking import novelty
from ranking.editors import shipped
from ranking.embedder import PACKAGED
from ranking.guide import Guide, make_guide
from ranking.service import embed_new, rank_new
from tests.db.shelf import THEN
from tests.fakes import HashEmbedder
from tests.ranking.test_service import HERONS, change, month, paper, ranker, rating, shelve
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


def kinds(found: Rating) -> list[str]:
    return [reason["kind"] for reason in found.reasons]


def others(of: str, count: int = 20) -> list[dict[str, Any]]:
    return [paper(f"{of}.2{n:04d}", (f"Bridge{n} over water{n}", f"Mason{n} lays stone{n}.")) for n in range(count)]


def test_nothing_close_in_twelve_months_is_said_and_a_copy_takes_it_back(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    alone = ranked(sessions, guide, *month(), *others("2605"))
    assert "new" in kinds(alone)
    shelve(sessions, COPY)
    embed_new(sessions, HashEmbedder(), lambda: THEN)
    change(sessions, "2606.00001", 1, comment="12 pages")
    rank_new(sessions, ranker(guide), lambda: THEN)
    after = rating(sessions, "2606.00001")
    assert "new" not in kinds(after)
    assert (after.worth or 0) < (alone.worth or 0)


def test_nothing_speaks_for_a_new_paper_that_was_withdrawn(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", 10)
    first, *rest = month()
    gone = ranked(sessions, guide, first | {"withdrawn": True}, *rest, *others("2605"))
    assert (gone.worth, gone.reasons) == (0, [])


@pytest.mark.parametrize(("of", "least"), [("2605", 1_000), ("2506", 10), ("2505", 10), ("2606", 10), ("2607", 10)])
def test_of_too_little_and_of_other_months_nothing_is_said(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch, of: str, least: int
) -> None:
    monkeypatch.setattr(novelty, "LEAST_KNOWN", least)
    found = ranked(sessions, guide, *month(), *others(of))
    assert ("new" in kinds(found)) == (of == "2506")


def test_another_model_knows_no_editors(guide: Guide) -> None:
    assert ranker(guide, embedder=HashEmbedder("another-model")).taste is None
    assert ranker(guide).taste is shipped()
    assert shipped().model == PACKAGED


def test_the_days_of_votes_belong_to_what_a_rating_reads(sessions: Sessions, guide: Guide) -> None:
    voted = {"votes": 9, "votes_at": THEN, "daily_date": date(2026, 6, 3)}
    rows = [paper("2606.00001", HERONS) | voted, *month()[1:]]
    early = ranked(sessions, guide, *rows)
    change(sessions, "2606.00001", 1, daily_date=THEN.date())
    rank_new(sessions, ranker(guide), lambda: THEN)
    fresh = rating(sessions, "2606.00001")
    assert (fresh.worth or 0) > (early.worth or 0)
