"""The short text under a title: whole sentences, verbatim, what was done and what was found, no more than fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.openers import without
from ranking.summary import LONGEST, MAX_CHARS, extract, own_part, page_count, sentences

pieces = st.sampled_from(
    [
        "Herons are old.",
        "We propose a brass heron, e.g. one of two.",
        "Results show that it wades 12.5% faster!",
        "Is it still water?",
        "With $x = 1. Y = 2$ it holds.",
        "Smith et al. Said so.",
        'He said "no." Then he left.',
        "\\emph{Nothing} more…",
        "To address these challenges, we propose two.",
        "Therefore, herons wade.",
        "We cast two to answer this question.",
        "In this work, we study these ponds.",
        "word " * 90 + "end.",
    ]
)
abstracts = st.lists(pieces | st.text(max_size=30), max_size=8).map(" ".join)


@given(abstracts)
def test_a_summary_is_one_to_three_whole_sentences_as_they_stand(abstract: str) -> None:
    found = extract(abstract)
    parts = sentences(abstract)
    whole = [without(sentence) for sentence in parts]
    if found is None:
        assert all(len(sentence) > LONGEST for sentence in whole)
        return
    assert len(found) <= MAX_CHARS or found in whole
    pairs = {f"{one} {other}" for n, one in enumerate(whole) for other in sentences(abstract)[n + 1 :]}
    before = {f"{parts[n - 1]} {parts[n]}{rest}" for n in range(1, len(parts)) for rest in _after(parts[n + 1 :])}
    assert found in whole or found in pairs or found in before


def _after(parts: list[str]) -> list[str]:
    return ["", *(f" {sentence}" for sentence in parts)]


@given(abstracts)
def test_the_own_part_begins_where_the_summary_does(abstract: str) -> None:
    own, told = own_part(abstract), extract(abstract)
    assert abstract.strip().endswith(own.strip())
    begun = sentences(told.removeprefix("… "))[:2] if told else [""]  # the first may tell what the next is about
    assert not told or any(sentences(own)[0].endswith(sentence) for sentence in begun)


@given(st.text())
def test_splitting_loses_no_word(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(abstracts)
def test_sentences_stand_in_the_text_as_they_are(text: str) -> None:
    assert all(sentence in text for sentence in sentences(text))


def test_what_was_done_and_what_was_found() -> None:
    abstract = (
        "Herons have long been cast. In this paper we introduce a heron of brass. It has two legs. "
        "Experiments say it stands. We show that it outlives iron, by 12.5%. We rest."
    )
    assert extract(abstract) == "In this paper we introduce a heron of brass. We show that it outlives iron, by 12.5%."


def test_a_numbered_step_and_a_name_in_small_letters_begin_a_sentence_of_their_own() -> None:
    steps = "We cast herons that wade in every pond. (i) We first melt brass. (ii) Beyond brass, we try tin."
    assert sentences(steps) == [
        "We cast herons that wade in every pond.", "(i) We first melt brass.", "(ii) Beyond brass, we try tin."
    ]  # fmt: skip
    assert extract(steps) == "We cast herons that wade in every pond."
    assert sentences("It needs no melting. rHeron parts casting from wading.")[1] == "rHeron parts casting from wading."
    assert len(sentences("Ponds are wet (see part (ii) Of brass) and cold.")) == 1


def test_that_others_fail_gives_way_to_what_is_the_papers_own() -> None:
    fails = "Experiments show that current tin herons struggle in these ponds."
    own = "Brass improves the share of ponds that herons cross."
    made = "We introduce a mould for herons."
    assert extract(f"{made} {fails} {own}") == f"{made} {own}"
    assert extract(f"{made} {fails} Ponds are wet.") == f"{made} {fails}"
    measure = "We introduce a benchmark of ponds for herons."
    assert extract(f"{measure} {fails} {own}") == f"{measure} {fails}"  # there it is what was found
    assert extract(f"{made} We prove two main results.") == made
    behind = "Iron still underperforms brass after casting."
    assert extract(f"{made} {behind} {own}") == f"{made} {own}"


def test_what_else_was_found_is_told_where_a_failing_says_no_gain() -> None:
    fails = "We find that tin still underperforms brass after casting."
    own = "Experiments show that this mould narrows the difference."
    made = "We introduce a mould for herons that wade in quiet ponds."
    assert extract(f"{made} {fails} {own}") == f"{made} {own}"
    bench = "We propose PondBench, which measures herons that wade in ponds."
    assert extract(f"{bench} {fails} {own}") == f"{bench} {fails}"
    gains = "Our heron improves ponds by 16%, where prior herons fail."
    assert extract(f"{made} {own} {gains}") == f"{made} {gains}"


def test_one_item_of_a_list_is_no_finding_by_itself() -> None:
    made, item = "We introduce a mould for herons that wade in quiet ponds.", "(2) Brass improves herons by 12%."
    assert extract(f"{made} {item}") == made
    assert extract(f"{made} {item} Results show that it stands.") == f"{made} Results show that it stands."


def test_what_needs_less_is_a_gain_and_what_is_needed_is_none() -> None:
    made, spared = (
        "We introduce a mould for herons that wade in quiet ponds.",
        "Brass improves ponds by 26% without the need for casting anew.",
    )
    assert extract(f"{made} {spared}") == f"{made} {spared}"
    assert extract(f"{made} It needs brass, and improved ponds suggest the need for more.") == made


def test_a_self_improving_heron_gained_nothing() -> None:
    made = "We introduce a mould for herons that wade in quiet ponds."
    assert extract(f"{made} It casts self-improving herons for constant self-improvement.") == made


@pytest.mark.parametrize("verb", ["discuss", "interpret", "reinterpret", "synthesize"])
def test_who_discusses_or_reads_anew_announces(verb: str) -> None:
    says = f"In this article, we {verb} herons of brass that wade in ponds."
    assert extract(f"Ponds have been quiet for a long time. {says}") == says


def test_what_is_named_in_passing_points_at_nothing() -> None:
    says = "We propose a heron that casts others, a process we refer to as brassing."
    assert extract(f"{says} We introduce two legs that hold it upright in ponds.") == says


def test_the_plainest_announcement_is_chosen_not_the_first_that_looks_like_one() -> None:
    abstract = (
        "We show this in ponds. Existing herons fail because they rely on iron. To this end, we propose a heron of "
        "brass. We further release its moulds. First, it wades. Our code is publicly available and improves herons."
    )
    assert extract(abstract) == "… we propose a heron of brass."


def test_what_may_happen_is_no_finding_and_a_figure_beats_words() -> None:
    abstract = (
        "We propose a heron of brass. It may improve ponds. Experiments show that it stands. "
        "Experiments show that it outlives iron by 12.5%."
    )
    assert extract(abstract) == "We propose a heron of brass. Experiments show that it outlives iron by 12.5%."


def test_where_nothing_is_announced_the_title_decides() -> None:
    abstract = "Ponds are quiet in the morning. Brass herons wade in every pond of the mill."
    assert extract(abstract) == "Ponds are quiet in the morning."
    assert extract(abstract, "Brass herons of the mill") == "Brass herons wade in every pond of the mill."


def test_a_finding_that_does_not_fit_is_left_out_whole() -> None:
    does = "We propose a heron of brass."
    long = f"Experiments show that it outlives {'very ' * 90}old iron."
    assert extract(f"{does} {long}") == does
    assert extract(f"{does} {long} Results show that it stands.") == f"{does} Results show that it stands."


def test_a_long_announcement_stands_alone_before_what_announces_nothing() -> None:
    long = f"In this work, we propose a heron of brass with {'very ' * 90}long legs."
    assert MAX_CHARS < len(long) <= LONGEST
    assert extract(f"Herons are old. {long} Results show that it stands.") == long
    short = "We introduce a heron of brass for the quiet ponds of the mill."
    assert extract(f"{short} {long}") == short


@pytest.mark.parametrize(
    "empty",
    [
        "We characterize it.",
        "This paper makes three main contributions.",
        "To address this, we make two contributions.",
    ],
)
def test_what_announces_an_announcement_says_nothing(empty: str) -> None:
    says = "A brass heron that wades in quiet ponds is proposed in full."
    assert extract(f"{empty} {says}") == says


@pytest.mark.parametrize(
    "says",
    [
        "The paper introduces a heron of brass.",
        "The study carefully examines a heron of brass.",
        "Here I propose a heron of brass for the mill.",
        "This essay develops a theory of brass herons.",
        "This project presents a heron of brass for the mill.",
        "In this work, we adopt a heron of brass from the mill.",
        "This paper focuses on herons of brass that wade in ponds.",
        "In this work, we collect herons of brass from forty mills.",
        "We benchmark herons of brass against iron ones.",
        "Our work illustrates that brass herons stand.",
    ],
)
def test_whoever_speaks_of_the_paper_announces(says: str) -> None:
    assert extract(f"Ponds have been quiet for a long time. {says}") == says


@pytest.mark.parametrize(
    "other",
    [
        "Those who read the paper describe herons of iron in the mill.",
        "These ponds and their benchmark herons are old.",
    ],
)
def test_what_only_sounds_like_the_paper_announces_nothing(other: str) -> None:
    assert extract(f"Ponds have been quiet for a long time. {other}") == "Ponds have been quiet for a long time."


@pytest.mark.parametrize(
    "pointing",
    ["In this work, we explore this question.", "We closely investigate these quiet ponds of the old mill."],
)
def test_a_look_at_what_was_said_before_gives_way_to_what_was_shown(pointing: str) -> None:
    says = "We show that a heron of brass outlives four of iron."
    assert extract(f"Do herons of brass outlive others? {pointing} {says}") == says


def test_a_look_at_what_was_said_before_that_says_how_stands() -> None:
    how = "In this work, we explore this question by casting four hundred herons of brass."
    says = "We show that they outlive iron."
    asked = "Do herons of brass outlive others?"
    assert extract(f"{asked} {how} {says}") == f"{asked} {how} {says}"


def test_what_is_for_the_public_is_shared_only_where_it_is_offered() -> None:
    says = "We present the first publicly available flock of brass herons."
    assert extract(f"{says} We study its legs.") == says
    tested = "Experiments on publicly available ponds show that it stands."
    assert extract(f"We propose a heron of brass. {tested}") == f"We propose a heron of brass. {tested}"
    offer = "The moulds are publicly available and improve the herons of others."
    assert extract(f"We propose a heron of brass. {offer}") == "We propose a heron of brass."


def test_an_address_in_brackets_is_no_offer() -> None:
    says = "We present BRASS (https://heron.example/github), a flock of herons for quiet ponds."
    assert extract(f"{says} To judge the worth of this flock, we trained four hundred.") == says


def test_an_aim_is_no_gain() -> None:
    does = "We propose a heron of brass."
    assert extract(f"{does} To improve its balance, it has two legs. It waits to further reduce noise.") == does
    leads = "Two legs lead to improved balance."
    assert extract(f"{does} {leads}") == f"{does} {leads}"
    gains = "The heron reduces noise in ponds."
    assert extract(f"{does} To improve its balance, it has two legs. {gains}") == f"{does} {gains}"


@pytest.mark.parametrize(
    "found",
    [
        "Our analysis reveals that iron rusts in ponds.",
        "It is shown that iron rusts in ponds.",
        "A key finding is that iron rusts in ponds.",
        "We conclude that iron rusts in ponds.",
    ],
)
def test_a_finding_has_many_names(found: str) -> None:
    assert extract(f"We study herons of brass. It has two legs. {found}") == f"We study herons of brass. {found}"


def test_a_figure_tells_where_no_word_does_and_less_than_a_gain() -> None:
    does, figure, gains = "We propose a heron of brass.", "On the mill pond, 95% stood.", "The heron reduces noise."
    assert extract(f"{does} It has two legs. {figure}") == f"{does} {figure}"
    assert extract(f"{does} {figure} {gains}") == f"{does} {gains}"
    assert extract(f"{does} It stands on a field of 10 x 10 m.") == does


@pytest.mark.parametrize(
    "hollow",
    [
        "Extensive experiments demonstrate the effectiveness of our heron.",
        "Numerical results validate the theoretical analysis.",
        "Simulations show its superiority and elegance.",
    ],
)
def test_that_it_works_says_less_than_how_well(hollow: str) -> None:
    does, well = "We propose a heron of brass.", "Other experiments in the mill show that it stands in storms."
    assert extract(f"{does} {hollow} {well}") != f"{does} {hollow}"
    assert extract(f"{does} {hollow}") == f"{does} {hollow}"
    figures = "In the mill, it reduces rust by 12%."
    assert extract(f"{does} {hollow} {figures}") == f"{does} {figures}"


def test_what_is_proposed_by_nobody_counts_though_the_sentence_says_this() -> None:
    says = "In this setting, a brass heron is proposed that wades."
    assert extract(f"Herons of iron wade in this pond. {says}") == says


def test_a_finding_that_points_at_what_is_left_out_is_passed_over_for_one_that_stands_by_itself() -> None:
    skipped = "It has two legs."
    does, points, says = "We propose a heron.", "These results show much.", "Results show that it stands."
    assert extract(f"{does} {skipped} {points} {says}") == f"{does} {says}"
    assert extract(f"{does} {points}") == f"{does} {points}"


def test_offering_files_is_no_announcement() -> None:
    says = "We study herons of brass and their legs in quiet ponds."
    assert extract(f"We provide the heron checkpoints as a foundation for ponds. {says}") == says


def test_without_such_a_sentence_the_first_one_stands() -> None:
    assert extract("Herons wade. They wait.") == "Herons wade."


@pytest.mark.parametrize("abstract", [None, "", "   ", "x" * (LONGEST + 1)])
def test_no_abstract_no_summary(abstract: str | None) -> None:
    assert extract(abstract) is None


@pytest.mark.parametrize(
    ("comment", "pages"),
    [
        ("12 pages, 4 figures", 12),
        ("12 pages + 5 pages appendix", 12),
        ("9+4 pages", 9),
        ("15pp", 15),
        ("8 pgs.", 8),
        ("pages 3-5 of 9", None),
        ("9999 pages", None),
        ("0 pages", None),
        ("", None),
        (None, None),
    ],
)
def test_pages_are_read_from_a_comment(comment: str | None, pages: int | None) -> None:
    assert page_count(comment) == pages


def test_what_others_do_stands_before_the_own_part() -> None:
    others, own = "Existing methods rely on paper kites. Many fail.", "We propose a heron. It rests."
    assert own_part(f"{others} {own}") == own
    assert own_part("") == own_part(None) == ""
    assert own_part("One. Two " + "long " * LONGEST) == "One. Two " + "long " * LONGEST
