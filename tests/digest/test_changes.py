"""What changed in a stage: the interval is honest, a month half read is compared with nothing."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.months import shift
from db.engine import Sessions
from digest.changes import change, expected, verdict
from digest.model import Change
from digest.news import changed, not_compared
from digest.service import digest_of
from digest.words import NBSP, voice
from roadmap.model import Roadmap
from tests.digest import sample
from tests.digest.store import add_paper, add_window, at, build, ready


def draws(mean: float, spread: float, turns: int) -> list[list[int]]:
    """Draw seven counts each turn, from a gamma-mixed Poisson (spread 0: Poisson); the same every time."""
    chance = np.random.default_rng(7)
    rates = chance.gamma(1 / spread, mean * spread, (turns, 7)) if spread else np.full((turns, 7), mean)
    return [[int(count) for count in row] for row in chance.poisson(rates)]


@pytest.mark.parametrize(("mean", "spread"), [(3, 0.0), (40, 0.0), (40, 0.02), (200, 0.05)])
def test_the_interval_holds_what_it_promises(mean: float, spread: float) -> None:
    held = [low <= row[6] <= high for row in draws(mean, spread, 4000) for low, high in [expected(row[:6])]]
    assert sum(held) / len(held) >= 0.93


@given(st.lists(st.integers(0, 5000), min_size=3, max_size=6))
def test_the_interval_holds_the_mean_and_is_never_narrower_than_chance(counts: list[int]) -> None:
    low, high = expected(counts)
    middle = sum(counts) / len(counts)
    assert 0 <= low <= middle <= high
    assert high - middle >= 1.96 * middle**0.5


def test_too_few_months_are_compared_with_nothing() -> None:
    months = {"2026-03": {5: 40}, "2026-04": {5: 50}}
    assert change(5, months) is None
    assert change(5, None) is None
    found = change(5, {**months, "2026-05": {5: 45, 6: 1}})
    assert found is not None
    assert found.before == (("2026-03", 40), ("2026-04", 50), ("2026-05", 45))
    assert [verdict(found, count) for count in (0, 45, 500)] == ["fewer", "expected", "more"]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            "386 papers, against 210 to 250 a month in the 3 months before. More than those months would suggest: "
            "200 to 300 (95% prediction interval).",
        ),
        (
            "ja",
            "今月386本、直前の3か月は月210〜250本。そこから見込まれる数（95%予測区間で200〜300本）より多い月です。",
        ),
    ],
)
def test_it_is_said_with_its_figures(lang: str, said: str) -> None:
    stage = sample.digest().stages[4]
    before = (("2026-07", 210), ("2026-08", 230), ("2026-09", 250))
    words = changed(voice(lang), sample.replaced(stage, change=Change(before, 200, 300), coded=310))
    assert changed(voice(lang), stage) == []
    assert str(voice(lang).text(words)).replace(NBSP, " ") == said


def test_only_full_months_are_compared(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for back in range(1, 6):
            month = shift("2026-06", -back)
            ready(session, roadmap, month, papers=back)
            build(session, month, roadmap, at(f"{shift(month, 1)}-06"))
        add_paper(session, roadmap, "2605.77777", "2026-05", ranked=False)  # May is not ranked in full
        ready(session, roadmap, "2026-06")
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-06")))
    assert digest.compared == ("2026-01", "2026-02", "2026-03", "2026-04")
    found = digest.stages[4].change
    assert found is not None
    assert [count for _, count in found.before] == [5, 4, 3, 2]
    assert not not_compared(voice("en"), digest)


def test_a_month_that_is_not_over_is_not_compared(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for back in range(1, 5):
            ready(session, roadmap, shift("2026-06", -back))
        add_paper(session, roadmap, "2606.10000", "2026-06")
        add_window(session, "arxiv", "2026-06", checked_at=at("2026-06-20"), closed_at=at("2026-06-20"))
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-06-20") + timedelta(hours=1), offline=True))
    assert digest.compared is None
    assert [stage.change for stage in digest.stages] == [None] * 8
    assert not not_compared(voice("en"), digest)


def test_a_store_without_earlier_months_says_so(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, "2026-06")
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-06")))
    assert digest.compared == ()
    said = str(not_compared(voice("en"), digest)).replace(NBSP, " ")
    assert said == "Counts are not set beside earlier months: none of the 6 before is stored in full."
