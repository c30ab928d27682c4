"""What the people who sign a paper say of its lab: never one alone, never against the submitter, only near in time."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking import affinity
from ranking.affinity import FEATURES, SURE, Affinity, Share, Signed, features, is_model, lab_shares, person
from ranking.labs import AFFINITY, CERTAIN_ENOUGH, LabFacts, attribute, links_in
from roadmap.load import load_roadmap
from tests.ranking.toy import lab

LABS = {"millpond": lab("millpond", github=("millpond-lab",), hf=("millpond",))}
DAY = date(2026, 3, 1)
MINE = (Signed(2025.5, 2.0, (("millpond", 2.0),), papers=2.0),)
BOTH = (Signed(2025.5, 2.0, (("millpond", 2.0), ("millpond-sales", 2.0)), papers=2.0),)
PEOPLE = Affinity(
    {
        **dict.fromkeys(("adamoorhen", "ivoplover", "beacoot"), MINE),
        **dict.fromkeys(("bossheron", "bossegret"), BOTH),
    },
    (2.0, 1.0, 1.0, 4.0, 6.0),
    -5.0,
)


def named(*authors: str, day: date | None = DAY, **facts: object) -> dict[str, tuple[tuple[str, str], ...]]:
    """Give the labs named for a paper of these authors, with the evidence."""
    known = LabFacts(authors=tuple((name, None) for name in authors), day=day, **facts)  # type: ignore[arg-type]
    return {found.lab: found.evidence for found in attribute(known, LABS, PEOPLE)}


def test_several_who_publish_with_a_lab_name_it_and_are_the_evidence() -> None:
    assert named("Ada Moorhen", "Ívo Plover", "N. Body") == {"millpond": ((AFFINITY, "Ada Moorhen, Ívo Plover"),)}


@pytest.mark.parametrize(
    "authors",
    [
        (),
        ("N. Body",),
        ("Ada Moorhen",),  # an author alone never gives certainty
        ("Ada Moorhen", "Ada Moorhen"),  # nor the same one twice
        ("Ívo Plover", "Ivo Plover"),  # or in two spellings
        ("Ada Moorhen", "N. Body"),
        ("Boss Heron", "Boss Egret"),  # they sign as much for the neighbours
        ("Ada Moorhen", "Ivo Plover", *(f"Person {n}" for n in range(60))),  # two among many guests
    ],
)
def test_too_few_or_torn_people_name_nobody(authors: tuple[str, ...]) -> None:
    assert named(*authors) == {}


def test_a_name_that_many_bear_is_not_the_second_person() -> None:
    """Of a common name the lab's papers are few of all that are signed so, whoever signed them."""
    often = (Signed(2025.5, 2.0, (("millpond", 2.0),), papers=30.0),)
    trusting = Affinity({"adamoorhen": MINE, "lywang": often}, (9.0, 9.0, 1.0, 0.0, 0.0), -3.0)
    known = LabFacts(authors=(("Ada Moorhen", None), ("Ly Wang", None)), day=DAY)
    assert trusting.of(["Ada Moorhen", "Ly Wang"], 2026.2) == {}
    assert attribute(known, LABS, trusting) == ()


@pytest.mark.parametrize(("papers", "labs"), [(2.0, {"millpond"}), (40.0, set())])
def test_joint_papers_among_many_others_name_nobody(papers: float, labs: set[str]) -> None:
    """A group elsewhere that once worked with the lab, or a name that many people bear."""
    history = (Signed(2025.5, 2.0, (("millpond", 2.0),), papers=papers),)
    people = Affinity({"profrail": history, "profcrake": history}, PEOPLE.weights, PEOPLE.offset)
    facts = LabFacts(authors=(("Prof Rail", None), ("Prof Crake", None)), day=DAY)
    assert {found.lab for found in attribute(facts, LABS, people)} == labs


@pytest.mark.parametrize("day", [None, date(2019, 1, 1), date(2036, 1, 1)])
def test_histories_speak_for_their_own_years_only(day: date | None) -> None:
    assert named("Ada Moorhen", "Ivo Plover", "Bea Coot", day=day) == {}


def test_people_do_not_speak_against_what_the_submitter_said() -> None:
    assert named("Ada Moorhen", "Ivo Plover", "Bea Coot", organization="someone-else") == {}
    kinds = [kind for kind, _ in named("Ada Moorhen", "Ivo Plover", organization="millpond")["millpond"]]
    assert sorted(kinds) == [AFFINITY, "hf-organization"]


def test_people_add_to_other_evidence() -> None:
    (alone,) = attribute(LabFacts(repositories=("github.com/millpond-lab/x",), day=DAY), LABS, PEOPLE)
    authors = (("Ada Moorhen", None), ("Ivo Plover", None))
    facts = LabFacts(authors=authors, repositories=("github.com/millpond-lab/x",), day=DAY)
    (joined,) = attribute(facts, LABS, PEOPLE)
    assert alone.confidence < joined.confidence < 1


def test_a_lab_the_roadmap_does_not_watch_is_not_named() -> None:
    known = LabFacts(authors=(("Ada Moorhen", None), ("Ivo Plover", None)), day=DAY)
    assert attribute(known, {"other": lab("other")}, PEOPLE) == ()


def test_nothing_is_from_a_lab_before_it_began() -> None:
    labs = load_roadmap().labs
    early, late = (LabFacts(authors=(("OpenAI", None),), day=date(year, 12, 1)) for year in (2014, 2015))
    assert attribute(early, labs) == ()
    assert [found.lab for found in attribute(late, labs)] == ["openai"]


def test_a_link_that_the_text_gives_as_its_own_speaks_as_a_repository_or_a_page() -> None:
    labs = load_roadmap().labs
    said = "Code: https://github.com/QwenLM/Some-Thing. Data is available at huggingface.co/datasets/openai/tests, so."
    assert links_in(said) == ("https://github.com/QwenLM/Some-Thing", "huggingface.co/datasets/openai/tests")
    assert links_in(None, "12 pages. https://github.com/QwenLM/x") == ("https://github.com/QwenLM/x",)
    assert links_in(r"We \href{https://github.com/openai/pond}{open-source our code}.") == (
        "https://github.com/openai/pond",
    )
    facts = LabFacts(links=links_in(said), day=DAY)
    assert [(a.lab, a.evidence[0][0]) for a in attribute(facts, labs)] == [
        ("openai", "repository"),
        ("qwen", "repository"),
    ]
    assert attribute(replace(facts, organization="someone-else"), labs) == ()
    assert [a.lab for a in attribute(replace(facts, organization="Qwen"), labs)] == ["qwen"]


@pytest.mark.parametrize(
    "said",
    [
        "We fine-tune a heron (https://huggingface.co/Qwen/Heron-7B).",
        "Built on a pond (https://github.com/facebookresearch/pond), it wades.",
        "We audit herons, described at https://openai.com/heron.",
        "Code is there. We attack the models at https://huggingface.co/Qwen/Heron.",
    ],
)
def test_a_link_to_what_is_used_or_tested_is_no_evidence(said: str) -> None:
    assert links_in(said) == ()


def test_a_group_among_the_authors_is_no_second_person() -> None:
    assert [person(name) for name in ("Claude AI", "OpenAI", "Octo Model Team")] == ["", "", ""]
    assert person("Qingyao Ai") == "qingyaoai"


MODELS = (
    "Claude AI",
    "claude. ai",
    "Claude",
    "Claude Opus 4",
    "C. Opus",
    "ChatGPT",
    "GPT-4",
    "GPT-5",
    "Gemini 2.5 Pro",
)


def test_a_model_among_the_authors_is_no_person() -> None:
    assert [person(name) for name in MODELS] == [""] * len(MODELS)
    assert all(map(is_model, MODELS))
    people = (
        "Claude D'Amours",
        "Jean-Claude B. Munyaka",
        "Chen Ying Claude",
        "Sonnet Xu",
        "Gemini Team",
        "Qwen",
        "OpenAI",
    )
    assert not any(map(is_model, people))
    assert person("Claude Baron") == "claudebaron"


def test_who_signed_with_a_model_publishes_with_no_lab_for_that() -> None:
    """AutoResearch-RL was Anthropic's by three people whose only paper with it was this one, signed by "Claude AI"."""
    people = ("Nilesh Jain", "Rohit Yadav", "Sagar Kotian", "Claude AI")
    assert affinity.shipped().of(people, 2026.2) == {}
    assert not {"nileshjain", "sagarkotian", "claudeai"} & affinity.shipped().histories.keys()


shares = st.floats(0, 1)
history = st.lists(st.tuples(st.floats(2020, 2030), st.floats(0, 1)), max_size=6)


@given(st.lists(shares, min_size=1, max_size=9), st.data())
def test_more_of_a_lab_in_one_author_never_weakens_a_sign(own: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(own) - 1))
    more = [*own[:place], data.draw(st.floats(own[place], 1)), *own[place + 1 :]]
    before, after = (features([{"millpond": Share(s, s / 2)} for s in some], "millpond") for some in (own, more))
    assert len(before) == len(FEATURES)
    assert all(b <= a + 1e-12 for b, a in zip(before, after, strict=True))


@given(history, st.floats(2020, 2030))
def test_a_share_is_a_part(rows: list[tuple[float, float]], year: float) -> None:
    signed = [Signed(when, much, (("millpond", much),)) for when, much in rows]
    assert all(0 < part < 1 for share in lab_shares(signed, year).values() for part in share)


def test_a_paper_is_not_weighed_by_itself() -> None:
    signed = [Signed(2026.0, 1.0, (("millpond", 1.0),), "2601.00001")]
    assert lab_shares(signed, 2026.0) == {"millpond": Share(0.5, 0.5)}
    assert lab_shares(signed, 2026.0, "2601.00001") == {}


def test_work_of_unknown_origin_makes_a_share_less_steady() -> None:
    signed = [Signed(2026.0, 1.0, (("millpond", 1.0),)), *(Signed(2026.0, 0.1) for _ in range(8))]
    (share,) = lab_shares(signed, 2026.0).values()
    assert share == pytest.approx(Share(1 / 2.8, 1 / 10))


@pytest.mark.parametrize("spelling", ["Ána-Lucía Öst", "Ana Lucia Ost", "ANA LUCIA O\u0308ST", "Ana Lucía O st"])
def test_spellings_of_a_name_are_one_person(spelling: str) -> None:
    assert person(spelling) == person("Ana-Lucia Ost")


@pytest.mark.parametrize("other", ["Ana Ost", "Ana Lucia Osten", "A. L. Ost"])
def test_other_names_are_other_people(other: str) -> None:
    assert person(other) != person("Ana-Lucia Ost")


def test_what_is_no_name_is_nobody() -> None:
    """arXiv gives the colon behind a group's name as an author: "Millpond Team, :, A. Moorhen"."""
    people = Affinity({"adamoorhen": MINE, "": MINE}, PEOPLE.weights, PEOPLE.offset)
    assert people.of((":", ".", "N. Body"), 2026) == {}
    assert people.of((":", "Ada Moorhen"), 2026) == {}


def test_what_is_written_is_read_again_summed_by_quarter() -> None:
    rows = (Signed(2025.5, 1.0, (("millpond", 1.0),), "a"), Signed(2025.6, 0.05), Signed(2024.0, 1.0))
    again = affinity.read(affinity.write(Affinity({"adamoorhen": rows}, PEOPLE.weights, -3.0)), "x")
    assert again.histories == {
        "adamoorhen": (Signed(2024.125, 1.0), Signed(2025.625, 1.05, (("millpond", 1.0),), papers=2.0)),
    }
    assert (again.weights, again.offset, again.fingerprint) == (PEOPLE.weights, -3.0, "x")


def test_what_ships_is_small_holds_names_and_years_only_and_never_trusts_one_author() -> None:
    shipped = affinity.shipped()
    assert affinity.AFFINITY_FILE.stat().st_size < 1_000_000
    assert min(shipped.weights) >= 0
    assert {lab for rows in shipped.histories.values() for row in rows for lab, _ in row.labs} >= set(
        load_roadmap().labs
    )
    for name, rows in shipped.histories.items():
        assert shipped.of([name], rows[-1].year) == {}
    assert CERTAIN_ENOUGH < SURE < 1
