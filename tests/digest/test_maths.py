"""LaTeX from strangers: readable where it converts, as written where it does not, never an exception, never markup."""

import json
import math
import re
import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import latex2mathml.converter
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import html as markup
from markupsafe import escape

from digest import maths
from digest.formats import html
from digest.formats import text as text_format
from digest.formats.json import from_json, to_json
from digest.maths import MAX_FORMULA, MAX_FORMULAS, MAX_TEXT, to_html, to_text
from digest.press import message_parts
from tests.digest import sample
from tests.shirube import golden

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
    ("source", "begins", "ends"),
    [
        (r"for all ($n$), or", "for all <span", "),</span> or"),
        (r"in $O(n)$: herons", "in <span", ":</span> herons"),
        (r"$\ell_2$-norm", "<span", "-</span>norm"),
        (r"$n$\% of \'$m$", "<math", "</math>"),
        (r"$\nothing{x}$. End", "<code>", "</code>. End"),
    ],
)
def test_no_line_ends_between_a_formula_and_its_stop(source: str, begins: str, ends: str) -> None:
    page = to_html(source)
    assert page.startswith(begins)
    assert page.endswith(ends)
    assert page.count('<span class="nw">') == begins.endswith("<span")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (r"$n \log n$", '<mo lspace="0.167em" rspace="0.167em">log</mo>'),
        (r"$\sin(x)$", '<mo lspace="0.167em" rspace="0">sin</mo>'),
    ],
)
def test_names_of_functions_stand_apart(source: str, name: str) -> None:
    assert name in to_html(source)


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
        ("where $ T $ denotes the rounds", "where T denotes the rounds"),
        ("is $ f(x, y) $, and $ n - 1 $ of $ (H(X|W), I(X:Y|W)) $", "is f(x, y), and n - 1 of (H(X|W), I(X:Y|W))"),
        ("$5 a head, $ k $ heads", "$5 a head, k heads"),
    ],
)
def test_a_short_formula_may_stand_between_spaces_within_its_dollars(source: str, expected: str) -> None:
    assert to_text(source) == expected
    assert "<math" in to_html(source)


@pytest.mark.parametrize(
    "text",
    [
        "from $ 5 $ to $ 10 $",
        "paid in $ or $ a head",
        "in $ USD $ alone",
        "a $ - $ sign, a $ , $ and a $ $",
        "$ a b c d e f g h i j k l m n o p q r s $",
        "a $ T$ and a $T $",
        "for $ T $5 at most",
        "of $ \t$ and $ \n$",
    ],
)
def test_a_dollar_between_spaces_stays_where_it_may_be_money(text: str) -> None:
    assert to_text(text) == text
    assert to_html(text) == str(escape(text))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"Schr\"odinger, \'{E}tale, Erd\H{o}s, G\"ok\c{c}e, {\o}re", "Schrödinger, Étale, Erdős, Gökçe, øre"),
        (r"An $O(n\sqrt{n})$ Bound", "An O(n√n) Bound"),
        (r"$x^{n+1}$ and $\alpha_2$", "xⁿ⁺¹ and α₂"),
        (r"$\frac{1}{2}$ of \emph{all} at 50\%", "1/2 of all at 50%"),
        (r"$e^{i\pi}$", "e^(iπ)"),
        (r"$\frac{1}{n-1}$", "1/(n-1)"),
        (r"$\frac{a+b}{c}$", "(a+b)/c"),
        (r"$\frac{x_t}{y_t}$", "(x_t)/(y_t)"),
        (r"$\frac{\alpha}{1-\gamma}$", "α/(1-γ)"),
        (r"$\frac{10}{21}$ and $\tfrac{1}{2n}$", "10/21 and 1/(2n)"),
        (r"$\frac12$ or $\frac 1 n$", "1/2 or 1/n"),
        (r"$2\frac{\sqrt{n}}{2}$", "2(√n)/2"),
        (r"$\frac{1}{2}n$ and $\frac{1}{2}+n$", "(1/2)n and 1/2+n"),
        (r"$\sqrt{n+1}$ and $\sqrt n$", "√(n+1) and √n"),
        (r"$\sqrt{n}x$ and $\sqrt{ab}c$", "√(n)x and √(ab)c"),
        (r"$O(\sqrt{d\log n})$", "O(√(d log n))"),
        (r"$O(d\log n)$", "O(d log n)"),
        (r"$\tilde{O}(n^{2/3})$", "Õ(n^(2/3))"),
        (r"$\hat y$, $\bar{\mathbf{x}}$, $\vec{v}$", "ŷ, x̄, v⃗"),
        (r"$\overline{ab}$", r"\overline{ab}"),
        (r"$\binom{n}{k}$ and $\sqrt[3]{n}$", r"\binom{n}{k} and \sqrt[3]{n}"),
        (r"$\frac{\unknown{a}}{b}$", r"\frac{\unknown{a}}{b}"),
        (r"$\mathbf{W}^{\top}$ and $a\not=b$", r"W^⊤ and a\not=b"),
        (r"keep \unknown{this}", r"keep \unknown{this}"),
        (r"PanGu-{\Sigma} is 2.8\times faster, 1.5\dtimes smaller", "PanGu-Σ is 2.8× faster, 1.5× smaller"),
        (r"the {\alpha}-rule, \alpha too, 20.46\%\downarrow", "the α-rule, α too, 20.46%↓"),
        (r"pass\textasciicircum{}k (\eg one, \ie\ two, \etc.)", "pass^k (e.g. one, i.e. two, etc.)"),
        (r"\squad and \ininini and \log n", r"\squad and \ininini and \log n"),
        (
            r"over \int_{S}, \frac{\alpha_1}{2}, \num{3} and \beta^2",
            r"over \int_{S}, \frac{\alpha_1}{2}, \num{3} and \beta^2",
        ),
        (r"\begin{align} x \in y \end{align} \times", r"\begin{align} x \in y \end{align} ×"),
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


# A formula, and what it comes to.
_NUMBERS = st.integers(1, 99).map(lambda n: (str(n), float(n)))
_FORMULAS = st.recursive(
    _NUMBERS,
    lambda inner: (
        st.tuples(inner, inner).map(lambda two: (rf"\frac{{{two[0][0]}}}{{{two[1][0]}}}", two[0][1] / two[1][1]))
        | st.tuples(inner, inner).map(lambda two: (f"{two[0][0]}+{two[1][0]}", two[0][1] + two[1][1]))
        | inner.map(lambda one: (rf"\sqrt{{{one[0]}}}", math.sqrt(one[1])))
    ),
    max_leaves=6,
)


@given(_FORMULAS)
def test_fractions_and_roots_come_to_the_same_in_plain_characters(formula: tuple[str, float]) -> None:
    source, value = formula
    written = to_text(f"${source}$")
    if "\\" in written:  # as written: too long, or nested too deep
        assert written == source
        return
    read = re.sub(r"√(\d+)", r"math.sqrt(\1)", written).replace("√(", "math.sqrt(")
    assert eval(read, {"math": math}) == pytest.approx(value)  # noqa: S307 - of numbers that were made above


ATTACKS = [
    "$",
    "\\",
    "$$",
    "{",
    "}",
    "a$b",
    r"\'",
    r"\(",
    r"\[x\]",
    r"$\frac{",
    "$x^{",
    r"\emph{",
    r"\def\x{\x}\x",
    r"$\sqrt{x}$ ",
    r"$\left(",
    "$^_",
    r"\c{",
    " $ ",
    "$5 and $10 ",
    r"$\text{<script>}$",
]


class Counted:
    """Counts the characters that regular expressions and converters are given, instead of seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.converted: list[int] = []

        def convert(source: str) -> str:
            self.converted.append(len(source))
            return str(latex2mathml.converter.convert(source))

        monkeypatch.setattr(maths, "convert", convert)


@pytest.mark.parametrize("unit", ATTACKS)
def test_the_work_for_a_field_is_bounded_by_its_size(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    for times in (50, 400, 3000):
        counted.converted.clear()
        text = f"{times}" + unit * times
        page, plain = to_html(text), to_text(text)
        assert len(counted.converted) <= MAX_FORMULAS
        assert max(counted.converted, default=0) <= 2 * MAX_FORMULA  # a bare % grows by its backslash
        assert len(plain) <= 2 * len(text) + 10
        assert len(page) <= 40 * len(text) + 10


def test_beyond_its_size_a_text_is_not_searched_at_all() -> None:
    text = "x" * MAX_TEXT + r" $\alpha$ \emph{y}"
    assert to_html(text) == str(escape(text))
    assert to_text(text) == text


@pytest.mark.parametrize("unit", ATTACKS)
def test_steps_grow_no_faster_than_the_text(unit: str) -> None:
    few, many = steps(unit * 300), steps(unit * 2400)
    assert many <= 8 * 3 * few + 20_000


def steps(text: str) -> int:
    """Count the lines of Python that reading a field executes, whatever the processor; patterns are bounded above."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    maths._formula_html.cache_clear()
    maths._formula_text.cache_clear()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        to_html(text)
        to_text(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"\textbf{$T^2$-GRPO} helps", "T²-GRPO helps"),
        (r"\textbf{a \emph{b} c} and {\em d}", "a b c and d"),
        (r"\underline{S}pectral {\it a $x_1$}", "Spectral a x₁"),
        ("Gemma~3 and ~80, 5~10, x~N(0, 1)", "Gemma 3 and ~80, 5~10, x~N(0, 1)"),
        ("Smith et al.~(2020) on ``deep'' learning", "Smith et al. (2020) on “deep” learning"),
        (r"\emph{never closed", r"\emph{never closed"),
        (r"\cite{heron}", r"\cite{heron}"),
        (r"$\text{\textbf{x}}$ stays", "x stays"),
    ],
)
def test_what_only_sets_type_is_taken_away_whatever_it_holds(source: str, expected: str) -> None:
    assert to_text(source) == expected
    assert "\\textbf{$" not in to_html(source)


@given(TEXTS | st.lists(MACROS, max_size=20).map("".join))
@settings(max_examples=60, deadline=None)
def test_words_outside_dollars_and_macros_survive_any_text(text: str) -> None:
    bare = re.sub(r"[$\\{}~`]", " ", text)
    assert to_text(bare) == bare
    assert re.sub(r"<[^>]*>", "", to_html(bare)) == str(escape(bare))


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_the_raw_text_is_kept(text: str) -> None:
    """A digest's JSON carries titles as they came; only pages, mails and text make them readable."""
    entry = replace(sample.entry(5, 1), title=text)
    stage = sample.replaced(sample.digest().stages[4], entries=(entry,))
    kept = from_json(json.loads(json.dumps(to_json(sample.digest(stages=(stage,))))))
    assert kept.stages[0].entries[0].title == text


@given(TEXTS | st.lists(MACROS, max_size=12).map("".join))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_hostile_titles_are_inert_in_every_format(text: str) -> None:
    entry = replace(sample.entry(5, 1), title=text, authors=(text,), summary=None)
    stage = sample.replaced(sample.digest().stages[4], entries=(entry,))
    digest = sample.digest(stages=(stage,), hour=(entry.id,), late=(), labs=())
    for page in (html.render(digest, "en"), message_parts(digest, "en", golden.reader()).html):
        tree = markup.fromstring(page.encode("utf-8", "replace").decode())
        assert not {one.tag for one in tree.iter()} & {"script", "iframe", "object", "img"}
        given_ = [(name, value) for one in tree.iter() for name, value in one.attrib.items()]
        assert not [name for name, _ in given_ if str(name).startswith("on")]
        assert not [v for n, v in given_ if n == "href" and re.match(r"\s*(javascript|data|vbscript):", str(v), re.I)]
    plain = text_format.render(digest, "ja")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", plain)
