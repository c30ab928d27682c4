"""What a mail prints of an issue: every choice adds, minutes bind, what was seen or hidden is gone, the rest moves."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model import Digest, Entry, TopicRef
from digest.own import NO_BENCH, Bench, Moved, Own, Wishes
from digest.selection import PLACES, TOPIC_PICKS, ids_of, select
from roadmap.model import Text
from tests.digest import sample

DIGEST = sample.digest()
ROAD = [stage.number for stage in DIGEST.stages]
BENCH: Bench = {
    number: tuple(replace(sample.entry(number, place), number=f"{number}+") for place in range(20, 26))
    for number in ROAD
    if number != 2
}
NOBODY = Own()


def ids(entries: Any) -> list[str]:
    return [entry.id for entry in entries]


def stage(digest: Digest, number: int) -> tuple[Entry, ...]:
    return next(stage.entries for stage in digest.stages if stage.number == number)


def test_without_a_choice_the_issue_comes_as_it_is() -> None:
    chosen = select(DIGEST, BENCH, Wishes(), NOBODY)
    assert [section.entries for section in chosen.sections] == [stage.entries for stage in DIGEST.stages]
    assert chosen.digest == DIGEST
    assert (chosen.others, chosen.labs, chosen.silent, chosen.read, chosen.beyond, chosen.moved) == (
        (),
        (),
        (),
        (),
        0,
        0,
    )


def test_chosen_stages_come_whole_and_the_others_in_a_line() -> None:
    chosen = select(DIGEST, BENCH, Wishes(stages=(3, 5)), NOBODY)
    assert [section.stage.number for section in chosen.sections] == [3, 5]
    assert all(section.whole and section.more == 0 for section in chosen.sections)
    assert [one.stage.number for one in chosen.others] == [n for n in ROAD if n not in (3, 5)]


def test_a_topic_brings_its_papers_of_any_stage_and_a_few_of_the_shortlists() -> None:
    chosen = select(DIGEST, BENCH, Wishes(topics=("algebra",)), NOBODY)
    (section,) = chosen.sections
    assert not section.whole
    assert ids(section.entries[:3]) == ids(stage(DIGEST, 1))
    assert ids(section.entries[3:]) == ids(BENCH[1][: TOPIC_PICKS - 3])
    assert chosen.digest.hour == ()
    assert len(chosen.others) == len(ROAD) - 1


def test_a_topic_of_which_enough_was_printed_gets_no_more() -> None:
    chosen = select(DIGEST, BENCH, Wishes(topics=("moe",)), NOBODY)
    assert ids(chosen.entries) == ids(stage(DIGEST, 5))


def test_a_paper_filed_under_a_second_topic_comes_for_it() -> None:
    other = TopicRef("algebra", Text("Linear algebra", "線形代数"), 0.6)
    moved = tuple(
        replace(s, entries=(replace(s.entries[0], topics=(*s.entries[0].topics, other)), *s.entries[1:]))
        if s.number == 7
        else s
        for s in DIGEST.stages
    )
    chosen = select(replace(DIGEST, stages=moved), NO_BENCH, Wishes(topics=("algebra",)), NOBODY)
    assert [section.stage.number for section in chosen.sections] == [1, 7]
    assert ids(chosen.sections[1].entries) == ids(stage(DIGEST, 7)[:1])
    assert chosen.sections[1].more == len(stage(DIGEST, 7)) - 1


def test_a_lab_brings_what_it_signed_and_all_it_published() -> None:
    chosen = select(DIGEST, BENCH, Wishes(labs=("qwen",)), NOBODY)
    assert chosen.entries
    assert all(any(lab.key == "qwen" for lab in entry.labs) for entry in chosen.entries)
    assert [(lab.key, len(lab.lines)) for lab in chosen.labs] == [("qwen", 2)]


def test_choices_add_up() -> None:
    both = select(DIGEST, BENCH, Wishes(stages=(8,), topics=("algebra",), labs=("qwen",)), NOBODY)
    alone = [Wishes(stages=(8,)), Wishes(topics=("algebra",)), Wishes(labs=("qwen",))]
    one_by_one = {entry.id for wishes in alone for entry in select(DIGEST, BENCH, wishes, NOBODY).entries}
    assert {entry.id for entry in both.entries} == one_by_one


def test_a_topic_that_nothing_was_chosen_on_is_named() -> None:
    chosen = select(DIGEST, BENCH, Wishes(topics=("trees", "moe")), NOBODY)
    assert chosen.silent == ("trees",)
    assert chosen.entries


def test_minutes_bind_and_what_does_not_fit_is_counted() -> None:
    chosen = select(DIGEST, BENCH, Wishes(stages=(5,), minutes=30), NOBODY)
    assert 0 < chosen.minutes <= 30
    assert chosen.beyond == len(stage(DIGEST, 5)) - len(chosen.entries)
    assert chosen.sections[0].more == chosen.beyond
    assert chosen.digest.hour == ()
    assert select(DIGEST, BENCH, Wishes(stages=(5,), minutes=240), NOBODY).digest.hour == DIGEST.hour


def test_seen_and_hidden_papers_are_nowhere_and_the_next_takes_their_place() -> None:
    first, second = stage(DIGEST, 5)[:2]
    own = Own(hidden=frozenset({first.id}), seen=frozenset({second.id, DIGEST.late[0].id}))
    chosen = select(DIGEST, BENCH, Wishes(labs=("qwen",), stages=(5,)), own)
    printed = {e.id for e in (*chosen.entries, *chosen.digest.late)} | set(chosen.digest.hour)
    printed |= {line.id for lab in chosen.labs for line in lab.lines}
    assert not printed & {first.id, second.id, DIGEST.late[0].id}
    five = next(section for section in chosen.sections if section.stage.number == 5)
    assert ids(five.entries) == [*ids(stage(DIGEST, 5)[2:]), *ids(BENCH[5][:2])]
    assert five.more == 0


def test_the_first_of_a_folded_stage_is_one_the_reader_has_not_seen() -> None:
    own = Own(seen=frozenset({stage(DIGEST, 8)[0].id}))
    chosen = select(DIGEST, BENCH, Wishes(stages=(5,)), own)
    eight = next(one for one in chosen.others if one.stage.number == 8)
    assert eight.first == stage(DIGEST, 8)[1]
    gone = Own(seen=frozenset(ids(stage(DIGEST, 8))))
    assert [one.first for one in select(DIGEST, BENCH, Wishes(stages=(5,)), gone).others][-1] is None


def test_second_looks_may_tell_of_a_paper_that_was_seen_but_not_of_a_hidden_one() -> None:
    from digest.model import SecondLook, Stood

    look = SecondLook("2609.00001", "paper", "T", "https://x.org", "votes", Stood("2026-09", "5.1"), 5, None, 50, 3)
    digest = replace(DIGEST, second=(look,))
    assert select(digest, BENCH, Wishes(), Own(seen=frozenset({look.id}))).digest.second == (look,)
    assert select(digest, BENCH, Wishes(), Own(hidden=frozenset({look.id}))).digest.second == ()


def test_what_the_reader_said_moves_a_paper_by_at_most_a_stages_budget() -> None:
    raised, lowered = BENCH[5][2], stage(DIGEST, 5)[0]
    said = (("2609.1", "An Older Paper", "more"),)
    own = Own(moved={raised.id: Moved(1.0, said), lowered.id: Moved(-0.3, (("2608.1", "Another", "less"),))})
    (section,) = select(DIGEST, BENCH, Wishes(stages=(5,)), own).sections
    order = ids(section.entries)
    assert order.index(raised.id) == 10 - PLACES
    assert order.index(lowered.id) == 3
    assert len(order) == 8
    why = section.entries[order.index(raised.id)].reasons[0]
    assert (why.kind, why.facts["title"], why.facts["verb"]) == ("you", "An Older Paper", "more")
    assert section.more == 1, "the one pushed out is told of"


def test_near_twins_of_what_was_hidden_go_too() -> None:
    twin = stage(DIGEST, 5)[3]
    own = Own(moved={twin.id: Moved(-1.0, (("2609.1", "Hidden", "hide"),), hidden=True)})
    chosen = select(DIGEST, BENCH, Wishes(stages=(5,)), own)
    assert twin.id not in ids(chosen.entries)
    assert chosen.moved == 0


def test_what_was_said_of_other_months_does_not_matter() -> None:
    here = ids_of(DIGEST, BENCH)
    own = Own(hidden=frozenset({"1999.1"}), seen=frozenset({"1999.2"}), moved={"1999.3": Moved(1.0)})
    assert not own.among(here)
    assert Own(seen=frozenset({BENCH[5][0].id})).among(here)


WISHES = st.builds(
    Wishes,
    stages=st.sets(st.sampled_from(ROAD), max_size=3).map(lambda found: tuple(sorted(found))),
    topics=st.lists(st.sampled_from(["moe", "algebra", "trees", "video", "unknown"]), max_size=3, unique=True).map(
        tuple
    ),
    labs=st.lists(st.sampled_from(["qwen", "openai", "unknown"]), max_size=2, unique=True).map(tuple),
    minutes=st.sampled_from([None, 30, 90, 240]),
)
KNOWN = sorted(ids_of(DIGEST, BENCH))
OWNS = st.builds(
    Own,
    hidden=st.frozensets(st.sampled_from(KNOWN), max_size=6),
    seen=st.frozensets(st.sampled_from(KNOWN), max_size=6),
    moved=st.dictionaries(
        st.sampled_from(KNOWN), st.floats(-1, 1).map(lambda value: Moved(value, (("1", "One", "more"),))), max_size=12
    ),
)


@settings(max_examples=150, deadline=None)
@given(wishes=WISHES, own=OWNS)
def test_whatever_was_chosen_and_said(wishes: Wishes, own: Own) -> None:
    chosen = select(DIGEST, BENCH, wishes, own)
    printed = ids(chosen.entries)
    assert len(printed) == len(set(printed))
    assert not own.gone & {*printed, *chosen.digest.hour, *ids(chosen.digest.late)}
    assert wishes.minutes is None or chosen.minutes <= wishes.minutes
    assert {s.stage.number for s in chosen.sections}.isdisjoint(one.stage.number for one in chosen.others)
    assert len(chosen.sections) + len(chosen.others) == len(ROAD)
    for section in chosen.sections:
        own_stage = {*ids(section.stage.entries), *ids(BENCH.get(section.stage.number, ()))}
        assert set(ids(section.entries)) <= own_stage, "nothing changes its stage"
        if not section.whole:
            assert section.entries
            assert all(wishes.match(entry) for entry in section.entries)
    assert chosen == select(DIGEST, BENCH, wishes, own)


@pytest.mark.parametrize("wishes", [Wishes(), Wishes(stages=(5,)), Wishes(topics=("moe",))])
def test_nothing_said_is_the_same_as_nobody(wishes: Wishes) -> None:
    assert select(DIGEST, BENCH, wishes, NOBODY) == select(DIGEST, BENCH, wishes, Own(seen=frozenset({"1999.1"})))
