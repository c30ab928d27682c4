"""One line of authors: names, affiliations and accents as arXiv keeps them, and nothing lost of an odd one."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sources.author_line import authors_of, without_tex


def read(line: str) -> list[tuple[str, str | None]]:
    """Names with affiliations."""
    return [(author.name, author.affiliation) for author in authors_of(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Aiko Oar", [("Aiko Oar", None)]),
        ("Aiko Oar and B. Sail", [("Aiko Oar", None), ("B. Sail", None)]),
        ("Aiko Oar, B. Sail, C. Keel", [("Aiko Oar", None), ("B. Sail", None), ("C. Keel", None)]),
        ("Aiko Oar, B. Sail, and C. Keel", [("Aiko Oar", None), ("B. Sail", None), ("C. Keel", None)]),
        ("Sandy Anderson; Andy Sandor", [("Sandy Anderson", None), ("Andy Sandor", None)]),
        ("Aiko Oar (Harbour Lab, Kobe), B. Sail", [("Aiko Oar", "Harbour Lab, Kobe"), ("B. Sail", None)]),
        ("Aiko Oar (Lab and Pier) and B. Sail (Quay)", [("Aiko Oar", "Lab and Pier"), ("B. Sail", "Quay")]),
        (
            "Aiko Oar (1), B. Sail (1 and 2), C. Keel (3) ((1) Harbour Lab, Kobe, (2) Pier)",
            [("Aiko Oar", "Harbour Lab, Kobe"), ("B. Sail", "Harbour Lab, Kobe; Pier"), ("C. Keel", None)],
        ),
        ("Aiko Oar (1,2) and B. Sail (2) ((1) Lab, (2) Pier)", [("Aiko Oar", "Lab; Pier"), ("B. Sail", "Pier")]),
        ("Martin Keel, Jr., B. Sail", [("Martin Keel, Jr.", None), ("B. Sail", None)]),
        ("Ratna Oar,  , Sail", [("Ratna Oar", None), ("Sail", None)]),
        ("Aiko Oar (Harbour Lab, B. Sail", [("Aiko Oar", "Harbour Lab"), ("B. Sail", None)]),
        (r"Csaba Bal\'azs and J\"urgen M\"{u}ller", [("Csaba Balázs", None), ("Jürgen Müller", None)]),
        ("", []),
    ],
)
def test_lines_of_every_form(line: str, expected: list[tuple[str, str | None]]) -> None:
    assert read(line) == expected


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        (r"Bal\'azs", "Balázs"), (r"M\"{u}ller", "Müller"), (r"{\'E}mile", "Émile"), (r"Gar\c{c}on", "Garçon"),
        (r"Ji\v{r}\'{\i}", "Jiří"), (r"{\O}stg{\aa}rd", "Østgård"), (r"\L ukasz", "Łukasz"), (r"Wei\ss", "Weiß"),
        (r"Erd\H{o}s", "Erdős"), (r"Pe\~na", "Peña"), (r"\unknown{x}", r"\unknown{x}"), ("Nothing", "Nothing"),
        (r"\v Z", "Ž"), (r"\'", r"\'"), (r"\cos x", r"\cos x"),
    ],
)  # fmt: skip
def test_accents_become_characters_and_the_unknown_stays(tex: str, plain: str) -> None:
    assert without_tex(tex) == plain


@settings(max_examples=60)
@given(st.text(alphabet="ab (),;\\'{}1&", max_size=80))
def test_no_line_breaks_the_reader(line: str) -> None:
    for author in authors_of(line):
        assert author.name.strip()


def test_thousands_of_authors_and_hostile_brackets_take_no_time() -> None:
    began = time.perf_counter()
    assert len(authors_of(", ".join(f"A{number} Oar" for number in range(3_000)))) == 3_000
    authors_of("(" * 100_000)
    authors_of("a (x) and " * 5_000)
    authors_of("((1) " * 20_000)
    assert time.perf_counter() - began < 3
