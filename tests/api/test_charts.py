"""The chart of a topic's months, and what is said of it in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.topic_page import FULL, GROUND, bars, counted
from core.months import shift
from digest.words import voice

MONTHS = st.integers(0, 30).map(lambda back: shift("2026-06", -back))


@given(st.dictionaries(MONTHS, st.integers(1, 10_000)))
def test_the_chart_holds_the_last_twelve_months_without_a_gap(counts: dict[str, int]) -> None:
    chart = bars(counts)
    months = [bar.month for bar in chart]
    assert months == [shift(months[0], place) for place in range(len(months))]
    assert len(chart) != 1
    assert len(chart) <= 12
    assert {bar.month: bar.count for bar in chart if bar.count}.items() <= counts.items()
    for bar in chart:
        assert 0 <= bar.height <= FULL
        assert bar.y == pytest.approx(GROUND - bar.height, abs=0.06)
        assert (bar.height > 0) == (bar.count > 0)
    if chart:
        assert months[-1] == max(counts)
        assert max(bar.height for bar in chart) == FULL


@given(st.dictionaries(MONTHS, st.integers(1, 10_000), min_size=1))
def test_the_counts_in_words_add_up(counts: dict[str, int]) -> None:
    said = str(counted(voice("en"), counts)).replace(",", "")
    assert said.startswith(str(sum(counts.values())))
    assert voice("en").month(max(counts)) in said
