"""Authors' names in their parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean
from digest.citing.names import Name, name_of

CASES = [
    ("Ada Moorhen", Name("Moorhen", "Ada")),
    ("W. Harroway-Tan", Name("Harroway-Tan", "W.")),
    ("Ivo van der Plover", Name("Plover", "Ivo", "van der")),
    ("Plover, Ivo", Name("Plover", "Ivo")),
    ("Martin Grebe, Jr.", Name("Grebe", "Martin", suffix="Jr.")),
    ("Martin Grebe III", Name("Grebe", "Martin", suffix="III")),
    ("Lim S. T.", Name("Lim", "S. T.")),
    ("A. B. Crake", Name("Crake", "A. B.")),
    (r"Zo\"{e} Avocet", Name("Avocet", "Zoë")),
    ("OpenAI", Name(literal="OpenAI")),
    ("Qwen Team", Name(literal="Qwen Team")),
    ("The Heron Collaboration", Name(literal="The Heron Collaboration")),
    ("Reed and Sedge Laboratory", Name(literal="Reed and Sedge Laboratory")),
    ("Li Ai", Name("Ai", "Li")),
    ("小田 葦", Name("葦", "小田")),
    ("{Ada} Moorhen", Name(literal="{Ada} Moorhen")),
    ("von", Name(literal="von")),
]


@pytest.mark.parametrize(("text", "name"), CASES)
def test_a_name_has_its_parts(text: str, name: Name) -> None:
    assert name_of(text) == name


@given(st.text(max_size=40))
def test_no_name_breaks_the_reader_or_becomes_nothing(text: str) -> None:
    name = name_of(text)
    assert bool(name.literal) != bool(name.family) or not clean(text)
    assert bool(name.inverted()) == bool(name.literal or name.family)
