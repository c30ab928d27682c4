"""Which works of the reading list a paper names, and that one filed nowhere names none and has no reasons."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ranking.guide import Guide, make_guide
from ranking.labs import LabFacts
from ranking.naming import Naming
from ranking.preparing import OWN_TOPIC, READ_FIRST, read_first
from ranking.rating import FILED, Facts, rate
from roadmap.model import Roadmap
from tests.fakes import HashEmbedder
from tests.ranking.toy import TOY, topic, work

KITES = "paper-kites"
ROAD = replace(
    TOY,
    topics={**TOY.topics, KITES: replace(topic(KITES, 2), prerequisites=("brass-herons",))},
    canon=(
        replace(work("herons", 1, "brass-herons"), names=("HeronNet",)),
        work("ponds", 1, "quiet-ponds"),
        work("kites", 2, KITES),
        replace(work("more-kites", 2, KITES), names=("Kitten", "box kite")),
        work("kites-of-later", 3, KITES),
    ),
)
NOTHING = Naming("On the making of things that fly", None)
KEYS = tuple(work.key for work in ROAD.canon)
LIKENESS = st.integers(0, 70).map(lambda hundredths: hundredths / 100 + 0.005)  # off the lines


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The roadmap as vectors; its works lie along one axis each."""
    made = make_guide(ROAD, HashEmbedder())
    return replace(made, canon=np.eye(len(ROAD.canon), made.canon.shape[1], dtype=np.float32))


def vector(guide: Guide, **likeness: float) -> NDArray[np.float32]:
    """Make a paper that is so like the works named, by their cosines."""
    made = np.zeros(guide.canon.shape[1], dtype=np.float32)
    for key, cosine in likeness.items():
        made[KEYS.index(key.replace("_", "-"))] = cosine
    return made


def named(guide: Guide, road: Roadmap = ROAD, text: Naming = NOTHING, **likeness: float) -> list[str]:
    return [near.key for near in read_first(vector(guide, **likeness), KITES, guide, road, text)]


def test_a_work_of_the_own_topic_comes_before_a_closer_one_of_a_topic_it_builds_on(guide: Guide) -> None:
    assert named(guide, herons=0.6, kites=0.4) == ["kites", "herons"]
    assert named(guide, herons=0.6, kites=0.4, more_kites=0.45) == ["more-kites", "kites", "herons"]


def test_the_nearest_work_of_the_own_topic_still_comes_first_where_only_others_are_close(guide: Guide) -> None:
    assert named(guide, herons=0.6, kites=0.31, more_kites=0.35) == ["more-kites", "herons"]
    assert named(guide, herons=0.6, kites=0.29) == ["herons"]


def test_where_no_work_is_close_none_is_named(guide: Guide) -> None:
    assert named(guide, herons=0.37, kites=0.37) == []


def test_other_topics_and_later_stages_prepare_for_nothing(guide: Guide) -> None:
    assert named(guide, ponds=0.6, kites_of_later=0.6) == []
    assert named(guide, ponds=0.6, kites_of_later=0.6, herons=0.4) == ["herons"]


def test_a_topic_without_works_names_those_it_builds_on(guide: Guide) -> None:
    only = replace(ROAD, canon=tuple(replace(work, topic="brass-herons", stage=1) for work in ROAD.canon))
    assert named(guide, only, herons=0.4, ponds=0.6) == ["ponds", "herons"]


def test_a_work_that_the_title_names_comes_before_a_closer_one(guide: Guide) -> None:
    """Of 99 papers on speculative decoding 51 were told to begin with another work, most with one that is like all."""
    assert named(guide, text=Naming("Kitten in a gale", None), kites=0.6, more_kites=0.4) == ["more-kites", "kites"]
    both = Naming("HeronNet and Kitten", None)
    assert named(guide, text=both, herons=0.6, kites=0.6, more_kites=0.4) == ["more-kites", "herons", "kites"]
    assert named(guide, text=Naming("HeronNet in a gale", None), herons=0.4, kites=0.6) == ["herons", "kites"]


def test_what_the_abstract_names_comes_before_others_of_its_topic_alone(guide: Guide) -> None:
    text = Naming("On the making of things that fly", "We compare HeronNet with box kites.")
    assert named(guide, text=text, herons=0.6, kites=0.5, more_kites=0.4) == ["more-kites", "kites", "herons"]


def test_what_the_title_names_may_come_from_a_neighbouring_topic(guide: Guide) -> None:
    """Papers on weight decay, filed under regularization, were all told to begin with Batch Normalization."""
    pond = tuple(replace(one, names=("PondNet",)) if one.key == "ponds" else one for one in ROAD.canon)
    topics = {**ROAD.topics, KITES: replace(ROAD.topics[KITES], neighbours=("quiet-ponds",))}
    near, apart = replace(ROAD, canon=pond, topics=topics), replace(ROAD, canon=pond)
    title, abstract = Naming("PondNet in a gale", None), Naming("A gale", "We use PondNet.")
    assert named(guide, near, title, ponds=0.4, kites=0.6) == ["ponds", "kites"]
    assert named(guide, near, abstract, ponds=0.6, kites=0.4) == ["kites"]
    assert named(guide, near, title, ponds=0.37, kites=0.4) == ["kites"]
    assert named(guide, apart, title, ponds=0.6, kites=0.4) == ["kites"]
    later = tuple(replace(one, stage=3) if one.key == "ponds" else one for one in pond)
    assert named(guide, replace(near, canon=later), title, ponds=0.6, kites=0.4) == ["kites"]


def test_a_name_makes_no_work_close(guide: Guide) -> None:
    text = Naming("Kitten and HeronNet", None)
    assert named(guide, text=text, more_kites=0.37) == []
    assert named(guide, text=text, kites=0.6, more_kites=0.29, herons=0.37) == ["kites"]
    assert named(guide, text=text, kites=0.6, more_kites=0.31) == ["more-kites", "kites"]


TEXTS = st.sampled_from([NOTHING, Naming("Kitten", None), Naming("HeronNet", "A box kite"), Naming("A gale", "Kitten")])


@given(likeness=st.tuples(*[LIKENESS] * len(KEYS)), text=TEXTS)
def test_names_only_order_what_likeness_lists(guide: Guide, likeness: tuple[float, ...], text: Naming) -> None:
    like = dict(zip(KEYS, likeness, strict=True))
    paper = vector(guide, **like)
    by_name, without = ([near.key for near in read_first(paper, KITES, guide, ROAD, one)] for one in (text, NOTHING))
    assert bool(by_name) == bool(without)
    assert {key for key in by_name if like[key] >= READ_FIRST} == {key for key in without if like[key] >= READ_FIRST}
    assert all(like[key] >= OWN_TOPIC for key in by_name)


@given(likeness=st.tuples(*[LIKENESS] * len(KEYS)))
def test_works_are_named_where_one_is_close_and_those_of_the_own_topic_first(
    guide: Guide, likeness: tuple[float, ...]
) -> None:
    found = read_first(vector(guide, **dict(zip(KEYS, likeness, strict=True))), KITES, guide, ROAD, NOTHING)
    own = [near.key in ("kites", "more-kites") for near in found]
    assert own == [near.own for near in found] == sorted(own, reverse=True)
    assert all(near.likeness >= (OWN_TOPIC if near.own else READ_FIRST) for near in found)
    assert bool(found) == any(likeness[KEYS.index(key)] >= READ_FIRST for key in ("herons", "kites", "more-kites"))


def facts() -> Facts:
    """A paper on Daily Papers, from a lab, with code."""
    return Facts(
        id="2606.00001",
        title="Paper kites in a storm",
        abstract="We show that a paper kite may fly by night.",
        comment=None,
        withdrawn=False,
        votes=40,
        votes_day="2026-06-03",
        place=1,
        voted=90,
        code=(("https://github.com/millpond/kites", True, 7, "2026-06-03"),),
        labs=LabFacts(repositories=("https://github.com/millpond/kites",)),
    )


def rated(
    guide: Guide, fit: float, title: str = "Paper kites in a storm", **likeness: float
) -> tuple[dict[str, object], list[str]]:
    """Rate the paper with this fit to the last topic: its columns, and the kinds of its reasons."""
    found = rate(
        replace(facts(), title=title), np.array([0.0, 0.0, fit], np.float32), vector(guide, **likeness), guide, ROAD
    ).rating
    return found, [reason["kind"] for reason in found["reasons"]]


def test_two_works_at_most_are_stored(guide: Guide) -> None:
    assert rated(guide, FILED, herons=0.6, kites=0.4, more_kites=0.45)[0]["read_first"] == ["more-kites", "kites"]


def test_a_paper_builds_on_its_first_work_where_no_other_is_closer(guide: Guide) -> None:
    assert "builds-on" in rated(guide, FILED, kites=0.51, herons=0.505)[1]
    assert "builds-on" not in rated(guide, FILED, kites=0.51, herons=0.515)[1]
    assert "builds-on" not in rated(guide, FILED, kites=0.49)[1]


def test_a_paper_builds_on_its_first_work_where_it_names_it_though_another_is_closer(guide: Guide) -> None:
    assert "builds-on" not in rated(guide, FILED, kites=0.51, herons=0.6)[1]
    found, kinds = rated(guide, FILED, "Kitten in a storm", more_kites=0.51, kites=0.6)
    assert (found["read_first"], "builds-on" in kinds) == (["more-kites", "kites"], True)
    assert "builds-on" not in rated(guide, FILED, "Kitten in a storm", more_kites=0.49, kites=0.6)[1]


def test_a_paper_filed_nowhere_has_a_worth_but_no_reasons_and_no_work_to_read_first(guide: Guide) -> None:
    filed, kinds = rated(guide, FILED, kites=0.6)
    assert (filed["read_first"], kinds) == (["kites"], ["topic", "lab", "readers", "code", "builds-on"])
    unfiled, kinds = rated(guide, 0.4999, kites=0.6)
    assert (unfiled["read_first"], kinds) == ([], [])
    assert unfiled["worth"]


def test_a_paper_is_told_neither_of_itself_nor_of_what_came_after_it(guide: Guide) -> None:
    """DeepSeekMoE's own page said to read DeepSeekMoE first."""
    ids = {"kites": "2401.06066", "more-kites": "2402.00001", "herons": None}
    canon = tuple(replace(one, arxiv_id=ids.get(one.key), year=2023) for one in ROAD.canon)
    road = replace(ROAD, canon=canon)
    like = vector(guide, kites=0.7, more_kites=0.6, herons=0.5)
    fits = np.array([float(key == KITES) for key in guide.topics], dtype=np.float32)
    said = {
        month: rate(
            replace(facts(), id=f"{month}.06066", labs=LabFacts(day=date(2000 + int(month[:2]), int(month[2:]), 9))),
            *(fits, like, guide, road),
        ).rating["read_first"]
        for month in ("2401", "2402", "2201")
    }
    assert said == {"2401": ["herons"], "2402": ["kites", "more-kites"], "2201": []}
