"""What people's histories are learned from: labels, what stands beside a lab, and what a lab gives as its own."""

from datetime import date
from typing import Any

import pytest

from benchmarks import labelled_labs, labs, train_labs
from benchmarks.labelled_labs import COMPANY, ELSEWHERE, Paper, labels
from roadmap.load import load_roadmap


def paper(number: str = "2603.00001", **known: Any) -> Paper:
    """Make a paper of which only some facts are known."""
    empty: dict[str, Any] = {"organization": None, "code": (), "links": (), "page": None}
    return Paper(number, "Reeds", **{"authors": ("Ada Moorhen",), **empty, **known})


@pytest.mark.parametrize(
    ("known", "origin"),
    [
        ({}, {}),
        ({"organization": "deepmind"}, {"google-deepmind": 1.0}),
        ({"organization": "google"}, {COMPANY: 1.0}),  # the handle of the whole company leaves its lab open
        (
            {
                "organization": "google",
                "said": {"google-other": ("B", "HF daily papers organization='Google' (2026-02-20)")},
            },
            {COMPANY: 1.0},
        ),
        (
            {"organization": "google", "said": {"google-other": ("A", "affiliation given: Google")}},
            {"google-other": 1.0},
        ),
        ({"organization": "alibaba-inc"}, {"alibaba-not-qwen": 1.0}),
        ({"organization": "moss-mill"}, {ELSEWHERE: 1.0}),
        ({"code": ("https://github.com/Alibaba-NLP/some-agent/tree/main",)}, {"alibaba-not-qwen": 1.0}),
        ({"links": ("https://github.com/google-research/some-code",)}, {"google-other": 1.0}),
        ({"code": ("https://github.com/someone/google-research",)}, {}),
        ({"organization": "Qwen", "code": ("https://github.com/alibaba-nlp/x",)}, {"qwen": 1.0}),
        ({"said": {"openai": ("C", "a list")}}, {}),
    ],
)
def test_an_origin_is_a_lab_or_what_stands_beside_it(known: dict[str, Any], origin: dict[str, float]) -> None:
    assert labels(paper(**known)) == origin


def test_a_company_counts_neither_for_nor_against_its_lab() -> None:
    known = {"2603.00001": {COMPANY: 1.0}, "2603.00002": {ELSEWHERE: 1.0}}
    some = [paper(number) for number in known]
    count = labs._count(some, lambda _: {"google-deepmind"}, known=known)
    assert (count.right, count.wrong, count.missed) == (0, 1, 0)
    assert labs._count(some, lambda _: {"qwen"}, known=known).wrong == 2


def test_what_labs_give_as_their_own_is_whole_and_says_where() -> None:
    text = labelled_labs.OWN_PAPERS.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in text[1:]]
    assert text[0].split("\t") == ["lab", "arxiv_id", "source"]
    assert rows == sorted(rows)
    assert {lab for lab, _, _ in rows} == set(load_roadmap().labs)
    assert all(source.startswith("https://") for _, _, source in rows)
    assert len(labelled_labs.own_papers()) == len(rows)


def test_nothing_is_learned_from_own_papers_that_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = ("2401.00001", "2512.00001", "2602.00001")
    monkeypatch.setattr(labelled_labs, "own_papers", lambda: dict.fromkeys((*numbers, "2401.09999"), "openai"))
    papers = {number: paper(number) for number in numbers}
    papers["2401.00001"] = paper("2401.00001", authors=())
    assert train_labs._own(papers, date(2025, 12, 31)) == {"2512.00001": {"openai": 1.0}}


def test_a_paper_that_a_model_signs_stays_out_of_the_histories() -> None:
    """Its submitter said Anthropic, and so its three other authors were Anthropic's: a paper's claim proved itself."""
    papers = {
        "2603.07300": paper("2603.07300", authors=("Ada Moorhen", "Claude AI")),
        "2603.07301": paper("2603.07301"),
    }
    known = {number: {"anthropic": 1.0} for number in papers}
    assert train_labs.by_people(papers, known) == {"2603.07301": {"anthropic": 1.0}}


@pytest.mark.parametrize(("limit", "taken"), [(None, 60), (200, 60), (12, 12)])
def test_a_part_for_trying_out_is_of_all_years(limit: int | None, taken: int) -> None:
    known = {f"{year}01.{place:05d}": {ELSEWHERE: 1.0} for year in (26, 24, 25) for place in range(20)}
    part = labs._spread(known, limit)
    assert (len(part), list(part), {number[:2] for number in part}) == (taken, sorted(part), {"24", "25", "26"})
