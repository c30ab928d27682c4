"""Which lab a paper is from: each kind of evidence, the near misses, and how doubt is joined."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.labs import CERTAIN_ENOUGH, TRUST, LabFacts, attribute
from roadmap.model import Roadmap
from tests.ranking.toy import lab

NOBODY = (("A. Author", None), ("B. Writer", "University of Norhaven"))


def found(roadmap: Roadmap, **facts: Any) -> dict[str, tuple[str, ...]]:
    """Give the labs named and the kinds of evidence for each."""
    named = attribute(LabFacts(**{"authors": NOBODY, **facts}), roadmap.labs)
    return {a.lab: tuple(kind for kind, _ in a.evidence) for a in named}


@pytest.mark.parametrize(
    ("facts", "lab", "kind"),
    [
        ({"authors": (("DeepSeek-AI", None),)}, "deepseek", "author"),
        ({"authors": (("qwen team", None), *NOBODY)}, "qwen", "author"),
        ({"authors": (("Gemma Team", None),)}, "google-deepmind", "author"),
        ({"authors": (("A. Author", "Google DeepMind, London"),)}, "google-deepmind", "affiliation"),
        ({"authors": (("A. Author", "FAIR at Meta"),)}, "meta-fair", "affiliation"),
        ({"authors": (("A. Author", "Qwen Team, Alibaba Group"),)}, "qwen", "affiliation"),
        ({"organization": "deepseek-ai"}, "deepseek", "hf-organization"),
        ({"organization": "AI at Meta"}, "meta-fair", "hf-organization"),
        ({"organizations": ("OpenAI", "Elsewhere")}, "openai", "pwc"),
        ({"repositories": ("https://github.com/QwenLM/some-code",)}, "qwen", "repository"),
        ({"repositories": ("github.com/anthropics/some-code",)}, "anthropic", "repository"),
        ({"repositories": ("https://huggingface.co/deepseek-ai/some-model",)}, "deepseek", "repository"),
        ({"project_url": "https://transformer-circuits.pub/2026/page"}, "anthropic", "domain"),
        ({"project_url": "https://www.openai.com/index/page"}, "openai", "domain"),
        ({"project_url": "https://facebookresearch.github.io/page"}, "meta-fair", "domain"),
        ({"claims": (("openai", "feed", "https://openai.com/index/page"),)}, "openai", "feed"),
    ],
)
def test_each_kind_of_evidence_names_its_lab(roadmap: Roadmap, facts: dict[str, Any], lab: str, kind: str) -> None:
    assert found(roadmap, **facts) == {lab: (kind,)}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"authors": (("A. Author", "Google Research, Zürich"),)},
        {"authors": (("A. Author", "Google Research and Google DeepMind"),)},  # the veto holds for the whole string
        {"authors": (("A. Author", "Qwen DianJin Team, Alibaba Cloud"),)},
        {"authors": (("A. Author", "Alibaba Group"),)},
        {"authors": (("A. Author", "Anthropic Fellows Program"),)},
        {"authors": (("A. Author", "formerly OpenAI"),)},
        {"authors": (("A. Author", "formerly at OpenAI"),)},
        {"authors": (("A. Author", "Norhaven Machines (previously at OpenAI)"),)},
        {"authors": (("A. Author", "Independent (ex-DeepMind)"),)},
        {"authors": (("A. Author", "former Anthropic employee"),)},
        {"authors": (("A. Author", "Norhaven, funded by Anthropic"),)},
        {"authors": (("A. Author", "done with support of the Anthropic external researcher access program"),)},
        {"authors": (("A. Author", "University of Norhaven; DeepMind Scholar"),)},
        {"authors": (("A. Author", "Azure OpenAI Service, Contoso"),)},
        {"authors": (("A. Author", "School of Metallurgy"), ("B. Writer", "OpenAIR Institute"))},
        {"authors": (("OpenAI Watch", None),)},  # a collective name counts whole, never as a part
        {"organization": "google"},
        {"organization": "openai-community"},
        {"organizations": ("Google",)},
        {"repositories": ("https://github.com/someone/openai",)},
        {"repositories": ("https://gitlab.example/openai/code",)},
        {"repositories": ("https://github.com.example.net/openai/code",)},
        {"repositories": ("http://[half", "", "https://github.com/")},
        {"project_url": "https://notopenai.com/page"},
        {"project_url": "https://openai.com.example.net/page"},
        {"project_url": "https://someone.github.io/openai"},
        {"claims": (("nobody", "feed", "https://nobody.example"), ("openai", "hearsay", "they say"))},
    ],
)
def test_near_misses_name_nobody(roadmap: Roadmap, facts: dict[str, Any]) -> None:
    assert found(roadmap, **facts) == {}


@pytest.mark.parametrize("where", ["formerly at Norhaven, now at OpenAI", "OpenAI (formerly Norhaven)", "OpenAI"])
def test_who_is_at_a_lab_now_is_of_it(roadmap: Roadmap, where: str) -> None:
    assert found(roadmap, authors=(("A. Author", where),)) == {"openai": ("affiliation",)}


def test_a_veto_spoils_one_affiliation_and_not_the_paper(roadmap: Roadmap) -> None:
    authors = (("A. Author", "Google Research"), ("B. Writer", "Google DeepMind"))
    assert found(roadmap, authors=authors) == {"google-deepmind": ("affiliation",)}


def test_a_paper_may_be_from_two_labs(roadmap: Roadmap) -> None:
    authors = (("A. Author", "OpenAI"), ("B. Writer", "Anthropic"))
    assert found(roadmap, authors=authors) == {"anthropic": ("affiliation",), "openai": ("affiliation",)}


kinds = st.sets(st.sampled_from(sorted(TRUST)), min_size=1)


@given(kinds, st.sampled_from(sorted(TRUST)))
def test_further_evidence_leaves_less_doubt(some: set[str], other: str) -> None:
    labs = {"millpond": lab("millpond")}
    facts = [LabFacts(claims=tuple(("millpond", kind, "x") for kind in sorted(k))) for k in (some, some | {other})]
    (before,), (after,) = (attribute(fact, labs) for fact in facts)
    doubt = 1.0
    for kind in some:
        doubt *= 1 - TRUST[kind]
    assert before.confidence == pytest.approx(1 - doubt, abs=1e-4)
    assert CERTAIN_ENOUGH <= before.confidence <= after.confidence <= 1
    trusts = [TRUST[kind] for kind, _ in after.evidence]
    assert trusts == sorted(trusts, reverse=True)


def test_the_same_kind_twice_is_no_second_witness() -> None:
    labs = {"millpond": lab("millpond")}
    facts = LabFacts(claims=(("millpond", "feed", "one"), ("millpond", "feed", "two"), ("millpond", "feed", "two")))
    (only,) = attribute(facts, labs)
    assert only.confidence == TRUST["feed"]
    assert only.evidence == (("feed", "one"), ("feed", "two"))


def test_a_lab_that_is_not_certain_enough_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    labs = {"millpond": lab("millpond")}
    facts = LabFacts(claims=(("millpond", "feed", "one"),))
    monkeypatch.setitem(TRUST, "feed", CERTAIN_ENOUGH - 0.01)
    assert attribute(facts, labs) == ()
    monkeypatch.setitem(TRUST, "feed", CERTAIN_ENOUGH)
    assert [a.lab for a in attribute(facts, labs)] == ["millpond"]
