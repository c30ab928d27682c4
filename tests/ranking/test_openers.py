"""Openers of a summary: what points at what is left out is left off, what says something stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.openers import CUT, without
from ranking.summary import MAX_CHARS, extract


@pytest.mark.parametrize(
    "opener",
    [
        "To address this challenge, ",
        "To bridge these critical gaps, ",
        "To carefully study and overcome the aforementioned limitations, ",
        "To this end, ",
        "To this end ",
        "To fill in this gap, ",
        "To do so, ",
        "Motivated by this observation, ",
        "Building upon these two insights, ",
        "Based on the insight, ",
        "Leveraging this, ",
        "In response, ",
        "In response to these challenges, ",
        "In light of this, ",
        "Towards this goal, ",
        "As a first step towards this goal, ",
        "With this in mind, ",
        "In this context, ",
        "For this reason, ",
        "As a result, ",
        "Therefore, ",
        "To bridge this performance gap, ",
        "To break this deadlock, ",
        "To study this systematically, ",
        "Building on this formulation, ",
        "Built upon this mould, ",
        "Lastly, to address this issue, ",
    ],
)
def test_an_opener_that_points_at_what_is_left_out_is_left_off(opener: str) -> None:
    says = "we propose a heron of brass."
    assert without(opener + says) == f"{CUT} {says}"
    found = "Results show that it stands."
    assert extract(f"Herons of iron rust. {opener}{says} {found}") == f"{CUT} {says} {found}"


@pytest.mark.parametrize("opener", ["First, ", "Specifically, ", "Moreover, ", "In addition, ", "Next, to do so, "])
def test_which_step_it_is_says_nothing_where_the_others_are_left_out(opener: str) -> None:
    says = "we propose a heron of brass that wades in quiet ponds."
    assert extract(f"{opener}{says}") == without(opener + says) == f"{CUT} {says}"


@pytest.mark.parametrize(
    "opener",
    [
        "To reduce the weight of herons, ",
        "To address this shortage of brass, ",
        "To address these challenges of casting, ",
        "Motivated by the observation that iron rusts, ",
        "Based on this brass of the mill, ",
        "To cast such herons, ",
        "First and foremost, ",
        "To address this data scarcity, ",
        "By connecting these old moulds, ",
        "In this work, ",
        "Here, ",
        "However, ",
        "To this end, and with brass, ",
    ],
)
def test_an_opener_that_says_something_stays(opener: str) -> None:
    says = f"{opener}we propose a heron of brass."
    assert without(says) == says


@pytest.mark.parametrize(
    "about",
    [
        "We study this question with four hundred herons of brass.",
        "To steadfastly do so, we address this question by casting herons.",
        "In this paper, we first address and settle this question.",
        "We propose a heron of brass for the mill that resolves this question.",
        "We introduce a heron designed to address these issues.",
    ],
)
def test_what_is_about_the_sentence_before_is_told_with_it(about: str) -> None:
    asked, found = "Does brass outlive iron in a pond?", "Results show that it does."
    assert extract(f"Herons are old. {asked} {about} {found}") == f"{asked} {about} {found}"


@pytest.mark.parametrize(
    "before", ["It rusts.", "However, their legs rust.", "Moreover, iron rusts.", f"Iron {'very ' * 80}rusts."]
)
def test_what_leans_on_others_itself_or_leaves_no_room_is_not_told_before(before: str) -> None:
    about, found = "We address this problem by casting herons of brass.", "Results show that they stand."
    assert extract(f"Herons are cast of iron. {before} {about} {found}") == f"{about} {found}"


def test_what_points_at_itself_needs_nothing_before() -> None:
    says = "In this work, we propose a heron of brass, and show that this heron stands in ponds."
    assert extract(f"Herons of iron rust. {says}") == says


def test_a_finding_keeps_what_it_points_with_where_it_follows() -> None:
    does = "We propose a heron of brass for the quiet ponds of the mill."
    found = "Based on this, we show that it outlives iron by 12%."
    assert extract(f"{does} {found}") == f"{does} {found}"


def test_the_room_that_an_opener_leaves_is_used() -> None:
    opener, found = "To steadfastly address this challenge, ", "Results show that it stands."
    says = f"we propose a heron of brass with {'very ' * 80}long legs."
    whole = f"{CUT} {says} {found}"
    assert len(whole) <= MAX_CHARS < len(f"{opener}{says} {found}")
    assert extract(f"Herons rust. {opener}{says} {found}") == whole


@given(st.text(max_size=40), st.text(max_size=40))
def test_leaving_off_an_opener_changes_no_word(opener: str, rest: str) -> None:
    sentence = f"{opener}, {rest}"
    assert sentence.endswith(without(sentence).removeprefix(f"{CUT} "))
