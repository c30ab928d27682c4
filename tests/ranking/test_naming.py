"""Where a text calls a work by name: as whole words, as written where it has capitals, in the plural, parted or not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.naming import ABSTRACT, NOWHERE, TITLE, Naming
from roadmap.model import Roadmap
from tests.ranking.toy import work


def where(title: str, *names: str, abstract: str | None = None) -> int:
    return Naming(title, abstract).of(replace(work("kites", 2, "paper-kites"), names=names))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Doc-to-LoRA: Learning to Instantly Internalize Contexts", "LoRA"),
        ("Equivariant ViTs", "ViT"),
        ("SPECULATIVE DECODING for all", "speculative decoding"),
        ("Self Speculative-Decoding", "speculative decoding"),
        ("Global Convergence in Neural ODEs", "neural ODE"),
        ("Outliers, LLM.int8() and after", "LLM.int8"),
        ("A test of τ-bench", "τ-bench"),
        ("Prompt\ninjection", "prompt injection"),
        ("Scale in PreNorm Transformers", "Pre-Norm"),
        ("Accelerating VideoLLMs", "video LLM"),
    ],
)
def test_a_name_is_found_as_words(title: str, name: str) -> None:
    assert where(title, name) == TITLE


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("QLoRA", "LoRA"),
        ("A pal of mine", "PAL"),
        ("A mamba in the grass", "Mamba"),
        ("Vital signs", "ViT"),
        ("DINOv2", "DINO"),
        ("Decoding, speculative", "speculative decoding"),
        ("LLMs in int8", "LLM.int8"),
    ],
)
def test_part_of_a_word_and_a_word_in_small_letters_are_no_name(title: str, name: str) -> None:
    assert where(title, name) == NOWHERE


def test_a_title_says_more_than_an_abstract() -> None:
    assert where("LoRA", "LoRA", abstract="LoRA") == TITLE > ABSTRACT
    assert where("A study", "GQA", "LoRA", abstract="We use LoRA.") == ABSTRACT > NOWHERE
    assert where("A study of nothing") == NOWHERE


@given(before=st.text(st.sampled_from(" .,-($\n")), after=st.text(st.sampled_from(" .,-)$\n")))
def test_every_name_of_the_packaged_road_is_found_between_signs(roadmap: Roadmap, before: str, after: str) -> None:
    for one in roadmap.canon:
        assert all(Naming(before + name + after, None).of(one) == TITLE for name in one.names), one.key
