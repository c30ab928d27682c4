"""Macros of the authors' own: read as the title's name where that is plain, else left as they came."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.macros import names, pattern, put
from ranking.summary import extract

TITLE = "BrassHeron: Casting without a Mould"
texts = st.lists(
    st.sampled_from(
        ["\\method", "\\method{}", "\\sys\\ ", "\\TRI{}", "\\emph{x}", "$\\method$", " BrassHeron ", " $5 ", " a."]
    )
    | st.text(max_size=8)
).map("".join)


@pytest.mark.parametrize(
    "macro", ["\\method", "\\method{}", "\\ourmodel", "\\sysname", "\\ours", "\\brassheron", "\\bh"]
)
def test_a_macro_for_the_work_is_read_as_the_titles_name(macro: str) -> None:
    assert extract(f"We introduce {macro}, a heron that casts itself in ponds.", TITLE) == (
        "We introduce BrassHeron, a heron that casts itself in ponds."
    )


@pytest.mark.parametrize(
    ("abstract", "title"),
    [
        ("We propose \\method.", "Casting without a Mould"),  # no name
        ("We propose \\method.", "Position: Casting without a Mould"),
        ("We propose \\method.", "Brass herons: Casting without a Mould"),
        ("We propose \\method and \\sysname.", TITLE),  # which of the two is it?
        ("We propose \\bench.", TITLE),  # the title speaks of no benchmark
        ("We propose \\gopher.", TITLE),
        ("It weighs 4 \\AA.", TITLE),  # a letter
        ("We propose \\emph{method} and \\method{x}.", TITLE),
        ("We propose $\\method$.", TITLE),
    ],
)
def test_a_macro_that_may_be_anything_stays_as_written(abstract: str, title: str) -> None:
    assert put(abstract, names(abstract, title)) == abstract


def test_a_macro_written_as_a_name_stands_for_itself() -> None:
    abstract = "We cast \\TRI{} and \\caddBrassTree\\ herons; \\ModelName wades."
    read = names(abstract, TITLE)
    assert put(abstract, read) == "We cast TRI and caddBrassTree herons; BrassHeron wades."
    assert names("Yume wades. We cast \\method.", "Yume: a Heron") == {"method": "Yume"}
    assert names("We cast \\benchname.", "PondBench: A Benchmark of Ponds") == {"benchname": "PondBench"}


@given(texts)
def test_what_was_read_is_found_where_it_came_from(abstract: str) -> None:
    read = names(abstract, TITLE)
    assert re.fullmatch(pattern(put(abstract, read), read), abstract)
    assert put("nothing of the kind", read) == "nothing of the kind"
