"""What sort of paper it is: told by its own words, never by a word that only looks like it; invented papers."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.types import AT_RANDOM, BY_TYPE, DEVELOP, LABELS, NONE, TEST, half
from ranking import kinds

SURVEY = (
    "Herons in Machine Learning: A Survey",
    "Herons are everywhere. This survey reviews 120 papers on brass herons, proposes a taxonomy of their wings and "
    "outlines open problems and future directions for practitioners.",
)
BENCHMARK = (
    "HeronBench: A Benchmark for Wading Agents",
    "Existing benchmarks ignore herons. We introduce HeronBench, a benchmark of 900 wading tasks, and evaluate twelve "
    "agents. All of them fail on questions about reeds.",
)
DATASET = (
    "Reeds-1M: A Large-Scale Dataset of Wading Birds",
    "We introduce Reeds-1M, a large-scale dataset of one million images of wading birds, annotated by hand. The "
    "dataset is publicly available and the largest of its kind.",
)
METHOD = (
    "Wading with Two Legs",
    "Existing methods stand on one leg. We propose a novel framework for wading that alternates legs. Extensive "
    "experiments show that our method outperforms state-of-the-art waders.",
)


@pytest.mark.parametrize(
    ("paper", "told"), [(SURVEY, "survey"), (BENCHMARK, "benchmark"), (DATASET, "dataset"), (METHOD, "method")]
)
def test_a_paper_that_says_what_it_is_is_told(paper: tuple[str, str], told: str) -> None:
    assert kinds.kind(*paper) == told


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        (
            "Letting Herons Write",
            "We propose a framework for survey generation that outperforms automated survey writers.",
        ),
        ("Answers of Herons", "We propose a model of survey responses. It outperforms peer review."),
        ("Dataset Distillation for Herons", "We propose a dataset distillation method. It outperforms four baselines."),
        ("Herons at Work: A Survey of Waders", "This survey reviews open problems: 300 respondents named their own."),
        ("Overview of the Reed 2026 Shared Task: A Survey", "This overview reviews 40 systems and open challenges."),
        ("Wading Faster", "We propose an algorithm for wading that sets a new state of the art on the reed benchmark."),
    ],
)
def test_a_word_that_looks_like_it_marks_nothing(title: str, abstract: str) -> None:
    assert kinds.kind(title, abstract) not in kinds.MARKED


def test_a_title_alone_is_not_enough() -> None:
    assert kinds.kind(SURVEY[0], None) is None
    assert kinds.kind(SURVEY[0], "") is None


def test_a_paper_that_does_not_say_has_no_type() -> None:
    assert kinds.kind("Do Herons Dream?", "Herons sleep on one leg. We watched forty of them for a year.") is None


def test_what_is_brought_is_the_thing_and_not_its_modifier() -> None:
    brought = kinds.lexicon().brought
    assert brought("we introduce reeds, a benchmark for waders. we then propose a method that wades.") == [
        "benchmark",
        "method",
    ]
    assert brought("this paper presents a dataset distillation algorithm for birds") == ["method"]
    assert brought("earlier benchmarks are small.") == []


@pytest.mark.parametrize(
    ("title", "abstract", "told"),
    [
        (
            "Long-Wade: Can Herons Cross a Marsh Alone?",
            "We introduce Long-Wade, a benchmark of 20 marshes. Present herons cross fewer than a third of them.",
            "benchmark",
        ),
        (
            "Long-Wade 2: Crossing Marshes With a Heron as a Judge",
            "In this paper, we introduce Long-Wade 2 (LW2), a live benchmark of 130 tasks. We propose a novel "
            "framework that judges them. Our method achieves more.",
            "benchmark",
        ),
        (
            "Reedline: Where Herons Stand",
            "We present Reedline, a collection of 900 hours of videos, publicly available and annotated.",
            "dataset",
        ),
        (
            "Between Reed and Heron",
            "In this paper, we systematically review reeds for herons, give a taxonomy and outline open problems.",
            "survey",
        ),
    ],
)
def test_what_a_paper_is_named_for_is_what_it_is(title: str, abstract: str, told: str) -> None:
    assert kinds.kind(title, abstract) == told


def test_a_benchmark_beside_what_a_paper_is_named_for_does_not_make_it_one() -> None:
    abstract = METHOD[1].replace("a novel framework", "Stilts, a novel framework")
    beside = f"{abstract} We introduce Stilts-Bench, a benchmark of marshes."
    assert kinds.kind("Stilts: Wading with Two Legs", beside) not in kinds.MARKED


def test_a_title_that_says_what_it_is_has_the_last_word() -> None:
    assert kinds.kind(BENCHMARK[0], BENCHMARK[1].replace("a benchmark of", "a dataset of")) == "benchmark"


@given(
    st.text(string.ascii_letters + " .:,", max_size=60),
    st.text(string.ascii_letters + " .:,\n", min_size=1, max_size=400),
)
def test_any_text_has_a_type_that_was_measured_or_none(title: str, abstract: str) -> None:
    told = kinds.kind(title, abstract)
    assert told is None or kinds.points()[told].least <= 1
    assert kinds.kind(title.upper(), f" {abstract} ".upper()) == told  # neither case nor spaces say anything


def test_the_points_are_those_of_the_words() -> None:
    assert set(kinds.points()) == set(kinds.lexicon().kinds)
    assert all(kinds.points()[name].least <= 1 for name in kinds.MARKED)


def test_the_labels_are_whole() -> None:
    lines = LABELS.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    types = {*kinds.lexicon().kinds, "theory", "system", NONE}
    assert lines[0].split("\t") == ["drawn", "arxiv_id", "type", "title"]
    assert all(len(row) == 4 and all(row) and row[2] in types for row in rows)
    assert len({row[1] for row in rows}) == len(rows)
    assert {row[0] for row in rows} == {*AT_RANDOM, BY_TYPE, "survey-words", "data-words"}
    assert {half(row[1]) for row in rows} == {DEVELOP, TEST}
