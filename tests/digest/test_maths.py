"""LaTeX from strangers: readable where it converts, as written where it does not, never an exception, never markup."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from digest.maths import MAX_FORMULA, to_html, to_text

TEXTS = st.text(alphabet=st.sampled_from(list("$\\{}^_%&<>\"'~ab 12O(),")) | st.characters(), max_size=300)
MACROS = st.sampled_from(
    [r"\text{", r"\frac{", r"\def\x{\x}\x", r"\href{javascript:a}{", "$", "}", r"\alpha", "<script>"]
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"An $O(n\sqrt{n})$ Bound", "<msqrt>"),
        (r"$\ell_2$-norm", "<msub>"),
        (r"$100\times$ faster", "<mo>×</mo>"),
        (r"\(\alpha\)-divergence", "<mi>α</mi>"),
        (r"$\sim$2 times", "<math"),
    ],
)
def test_formulas_become_mathml(source: str, expected: str) -> None:
    page = to_html(source)
    assert expected in page
    assert "$" not in page
    assert "\\" not in page


@pytest.mark.parametrize(
    "source",
    [
        r"$\unknowncommand{x}$",
        r"$\def\x{\x}\x$",
        "$" + "{" * 3000 + "$",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\text{<script>alert(1)</script>}$",
        "$" + "x+" * MAX_FORMULA + "x$",
    ],
)
def test_what_does_not_convert_is_shown_as_written(source: str) -> None:
    page = to_html(f"Is {source} Enough?")
    assert page.startswith("Is <code>")
    assert page.endswith("</code> Enough?")
    assert str(escape(source.strip("$"))) in page


def test_money_percent_and_ampersand_are_no_maths() -> None:
    text = "costs $5 and $10, or $5-$10: A & B 100% sure, US$3"
    assert to_html(text) == str(escape(text))
    assert to_text(text) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"Schr\"odinger, \'{E}tale, Erd\H{o}s, G\"ok\c{c}e, {\o}re", "Schrödinger, Étale, Erdős, Gökçe, øre"),
        (r"An $O(n\sqrt{n})$ Bound", "An O(n√n) Bound"),
        (r"$x^{n+1}$ and $\alpha_2$", "xⁿ⁺¹ and α₂"),
        (r"$\frac{1}{2}$ of \emph{all} at 50\%", "1/2 of all at 50%"),
        (r"$e^{i\pi}$", "e^(iπ)"),
        (r"keep \unknown{this}", r"keep \unknown{this}"),
    ],
)
def test_text_is_readable(source: str, expected: str) -> None:
    assert to_text(source) == expected


@given(TEXTS | st.lists(MACROS, max_size=20).map("".join))
@example("$" * 2000)
@example("\\" * 2000)
@settings(max_examples=150, deadline=None)
def test_never_raises_and_lets_no_markup_through(text: str) -> None:
    page = to_html(text)
    assert (
        re.sub(
            r"</?(?:m[a-z]+|code)(?: (?:display|stretchy|movablelimits|fence|mathvariant)=\"[a-z-]*\")*>", "", page
        ).count("<")
        == 0
    )
    assert escape(page) == page
    assert isinstance(to_text(text), str)


@given(
    st.lists(st.from_regex(r"[a-zA-Z]{1,12}", fullmatch=True), max_size=20),
    st.sampled_from([r"$\alpha$", "$$", r"\$", "%"]),
)
@settings(max_examples=60, deadline=None)
def test_no_word_outside_maths_is_lost(words: list[str], odd: str) -> None:
    text = f" {odd} ".join(words)
    assert [word for word in words if word not in to_text(text)] == []
    # Two `$$` make a formula of the word between them: its letters are still there, each in an element.
    read = re.sub(r"<[^>]*>", "", to_html(text))
    assert [word for word in words if word not in read] == []


def test_letters_between_double_dollars_are_a_formula() -> None:
    assert re.sub(r"<[^>]*>", "", to_html("A $$ AA $$ A")) == "A AA A"


@pytest.mark.parametrize(
    "text",
    [
        r"$\frac{" * 400,
        "$x^{" * 400 + "}$" * 400,
        r"\'" * 9000,
        "a$b" * 6000,
        r"$\sqrt{\sqrt{\sqrt{x}}}$ " * 40,
        "x" * 10**6,
    ],
)
def test_a_field_takes_no_longer_than_50_ms(text: str) -> None:
    fastest = min(_seconds(text + str(turn)) for turn in range(3))
    assert fastest < 0.05


def _seconds(text: str) -> float:
    start = time.perf_counter()
    to_html(text)
    to_text(text)
    return time.perf_counter() - start
