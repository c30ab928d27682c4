"""Worth: every signal within bounds and monotonic, what is unknown drops out, the shares add up."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose import WORTH_FLOOR
from ranking.worth import (
    MANY_STARS,
    MANY_VOTES,
    NEUTRAL,
    PRIOR,
    PRIOR_WEIGHT,
    SIGNALS,
    TOPIC_ALONE,
    Signals,
    announced_signal,
    code_signal,
    fit_signal,
    lab_signal,
    likeness_signal,
    novelty_signal,
    place,
    readers_signal,
    reading_date,
    reading_minutes,
    seasoned,
    worth,
)

unit = st.floats(0, 1)
signals = st.builds(
    Signals,
    fit=unit,
    votes=st.none() | st.integers(0, 5000),
    has_code=st.booleans(),
    official=st.none() | st.booleans(),
    stars=st.none() | st.integers(0, 200_000),
    lab_confidence=st.none() | unit,
    listed=st.none() | st.dates(date(2023, 1, 1), date(2027, 1, 1)),
    counted=st.none() | st.dates(date(2023, 1, 1), date(2027, 1, 1)),
    announced=st.booleans(),
    likeness=st.none() | unit,
    novelty=st.none() | unit,
    withdrawn=st.just(False),
)


@given(signals)
def test_shares_and_the_prior_add_up_to_the_score(found: Signals) -> None:
    result = worth(found)
    known = {name for name, (rule, _) in SIGNALS.items() if rule(found) is not None}
    weights = {name: weight for name, (_, weight) in SIGNALS.items()}
    weights |= {"topic": TOPIC_ALONE} if found.likeness is None else {}
    total = PRIOR_WEIGHT + sum(weights[name] for name in known)
    assert set(result.shares) == known
    assert result.score == pytest.approx(PRIOR * PRIOR_WEIGHT / total + sum(result.shares.values()), abs=1e-4)
    assert 0 <= result.score <= 1
    assert all(0 <= share <= 1 for share in result.shares.values())


@given(signals)
def test_every_signal_stays_within_zero_and_one(found: Signals) -> None:
    for rule, _ in SIGNALS.values():
        value = rule(found)
        assert value is None or 0 <= value <= 1


@given(st.lists(unit, min_size=2).map(sorted))
def test_fit_and_lab_grow_with_their_evidence(values: list[float]) -> None:
    for one, other in pairwise(values):
        assert (fit_signal(Signals(one)) or 0) <= (fit_signal(Signals(other)) or 0)
        assert (lab_signal(Signals(0, lab_confidence=one)) or 0) <= (lab_signal(Signals(0, lab_confidence=other)) or 0)


@given(st.lists(st.integers(0, 10_000), min_size=2).map(sorted))
def test_votes_and_stars_grow_up_to_their_caps(values: list[int]) -> None:
    for one, other in pairwise(values):
        assert (readers_signal(Signals(0, votes=one)) or 0) <= (readers_signal(Signals(0, votes=other)) or 0)
        few, many = (Signals(0, has_code=True, stars=stars) for stars in (one, other))
        assert (code_signal(few) or 0) <= (code_signal(many) or 0)
    assert readers_signal(Signals(0, votes=MANY_VOTES)) == readers_signal(Signals(0, votes=MANY_VOTES * 9)) == 1
    stars = [code_signal(Signals(0, has_code=True, stars=MANY_STARS * n)) for n in (1, 9)]
    assert stars[0] == stars[1]


def test_official_code_counts_more() -> None:
    theirs, mine = (code_signal(Signals(0, has_code=True, official=official)) for official in (False, True))
    assert theirs is not None
    assert mine is not None
    assert theirs < mine


@given(signals)
def test_what_is_unknown_drops_out_and_is_never_a_zero(found: Signals) -> None:
    bare = worth(Signals(found.fit))
    assert set(bare.shares) == {"topic"}
    silent, loud = replace(found, lab_confidence=None), replace(found, lab_confidence=0.0)
    assert worth(silent).score >= worth(loud).score


@given(st.lists(unit, min_size=2).map(sorted))
def test_likeness_and_novelty_grow_and_never_pull_below_the_floor(values: list[float]) -> None:
    for rule, field in ((likeness_signal, "likeness"), (novelty_signal, "novelty")):
        found = [rule(Signals(0, **{field: value})) or 0 for value in values]  # type: ignore[arg-type]
        assert found == sorted(found)
        assert found[0] >= NEUTRAL
    assert NEUTRAL == WORTH_FLOOR


@given(signals.map(lambda s: replace(s, likeness=None, novelty=None)), unit, unit)
def test_what_passes_the_floor_passes_it_whatever_likeness_and_novelty_say(
    found: Signals, alike: float, new: float
) -> None:
    known = worth(replace(found, likeness=alike, novelty=new))
    if worth(found).score >= WORTH_FLOOR + 0.001:
        assert known.score >= WORTH_FLOOR


@given(st.integers(0, 3000), st.integers(0, 60), st.integers(0, 60), st.integers(0, 6))
def test_the_same_votes_say_more_the_sooner_they_came(votes: int, one: int, other: int, weekday: int) -> None:
    listed = date(2026, 6, 1) + timedelta(days=weekday)
    sooner, later = (seasoned(votes, listed, listed + timedelta(days=age)) for age in sorted((one, other)))
    assert sooner >= later
    assert seasoned(votes + 1, listed, listed) > seasoned(votes, listed, listed)


def test_age_and_weekday_are_taken_out() -> None:
    monday, tuesday = date(2026, 6, 1), date(2026, 6, 2)
    assert seasoned(10, tuesday, date(2026, 9, 1)) == pytest.approx(9.75, abs=0.01)
    assert seasoned(10, tuesday, tuesday) == pytest.approx(19.5, abs=0.1)
    assert seasoned(10, monday, monday) > seasoned(10, tuesday, tuesday)
    assert seasoned(10, None, monday) == seasoned(10, monday, None) == 10


def test_a_link_from_a_labs_feed_speaks_for_a_paper_and_its_absence_says_nothing() -> None:
    assert announced_signal(Signals(0)) is None
    assert worth(Signals(0.7, announced=True)).score > worth(Signals(0.7)).score


@given(signals)
def test_a_withdrawn_paper_is_worth_nothing(found: Signals) -> None:
    result = worth(replace(found, withdrawn=True))
    assert (result.score, result.shares) == (0.0, {})


def test_standing_on_daily_papers_speaks_for_a_paper_and_absence_says_nothing() -> None:
    without, some = (readers_signal(Signals(0, votes=votes)) for votes in (0, 20))
    assert without is not None
    assert some is not None
    assert 0 < without < some < 1
    assert readers_signal(Signals(0)) is None


@pytest.mark.parametrize(
    ("pages", "minutes"), [(None, (15, True)), (1, (5, False)), (12, (12, False)), (300, (60, False))]
)
def test_a_first_pass_takes_a_minute_a_page(pages: int | None, minutes: tuple[int, bool]) -> None:
    assert reading_minutes(pages) == minutes


def test_ties_share_the_better_place() -> None:
    votes = [9, 7, 7, 3]
    assert [place(v, votes) for v in votes] == [1, 2, 2, 4]


def test_days_are_written_as_reasons_carry_them() -> None:
    assert reading_date(date(2026, 6, 3)) == "2026-06-03"


@given(unit, unit, unit, st.integers(30, 3000))
def test_votes_and_a_sure_lab_speak_for_a_paper_also_near_the_top(
    fit: float, alike: float, new: float, votes: int
) -> None:
    bare = Signals(fit, likeness=alike, novelty=new)
    assert worth(replace(bare, votes=votes)).score > worth(bare).score
    assert worth(replace(bare, lab_confidence=1.0)).score > worth(bare).score
