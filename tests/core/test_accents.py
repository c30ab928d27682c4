"""TeX's accents in prose: read where they are accents, and nothing else is taken for one."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accents import LETTERS, LONGEST, MARKS, without_accents
from core.text import clean, fold, said

TEXTS = st.lists(
    st.sampled_from([*"\\'`^\"~=.{}$()[]_ 12", *"aeiouszcvHkrdbAOL", r"\'e", r"\"{\i}", r"{\o}", r"\(", r"\)", "$x$"])
).map("".join)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"Fr\'echet and Erd\H{o}s--R\'{e}nyi", "Fréchet and Erdős--Rényi"),
        (r"Schr{\"o}dinger, na\"{\i}ve, na{\"\i}ve, {\'E}tude", "Schrödinger, naïve, naïve, Étude"),
        (r"{\L}ojasiewicz, \L{}ojasiewicz, \L ojasiewicz", "Łojasiewicz, Łojasiewicz, Łojasiewicz"),
        (r"Bj{\o}ntegaard, Bj\o ntegaard, Weierstra\ss, 4 \AA", "Bjøntegaard, Bjøntegaard, Weierstraß, 4 Å"),
        (r"Rz{\k{a}}{\.z}ewski and \.Zyczkowski", "Rzążewski and Życzkowski"),
        (r"S\~ao Paulo, m\^eme, It\^o, R\=aga", "São Paulo, même, Itô, Rāga"),
        (r"\emph{\'e}tude and \textbf{\o}", r"\emph{é}tude and \textbf{ø}"),  # the braces are the macro's
        (r"Fr\'echet's for $5", "Fréchet's for $5"),
    ],
)
def test_accents_and_letters_of_tex_are_characters(written: str, meant: str) -> None:
    assert said(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        r"$\'e + \~o$, \(\={a}\), \[\^{R}\], $$\.{Z}$$",  # formulas
        r"{\"a\": 1, \"u\": \"e\"} and \'a\' and \`a\`",  # what a program escaped
        r"GPT-4o\'s, they\'re, we\'ll, I\'m",
        r"10\^a, x\^i, (n)\^a",
        r"[A-Z]\d{n}, example\.com, \.zip, \w\.e",  # patterns
        r"low \r{ho}, \b{eta}-VAE, \k{appa}, \c{hi}",  # Greek that somebody took for accents: no letter is left
        r"C:\users\local, \ie, \item, \url{a}, \\'e, \n",
        r"\{ and \} around \{a\}",
        r"\'q and \v{q}",  # no such characters
    ],
)
def test_what_is_no_accent_stays_as_written(text: str) -> None:
    assert without_accents(text) == text


@given(st.sampled_from(sorted(set(MARKS) - {"d", "b"})), st.sampled_from(string.ascii_letters))
def test_an_accent_changes_no_word_but_for_its_spelling(mark: str, letter: str) -> None:
    read = without_accents(rf"her\{mark}{{{letter}}}ons")
    assert fold(read) == fold(f"her{letter}ons") or read == rf"her\{mark}{{{letter}}}ons"


@given(TEXTS)
def test_to_read_accents_again_changes_nothing_and_formulas_stay(text: str) -> None:
    read = without_accents(text)
    assert without_accents(read) == read
    assert without_accents(f"${text.replace('$', '').replace(chr(92), '/')}x^2$ {text}").startswith("$")


@given(TEXTS)
def test_nothing_but_accents_is_changed(text: str) -> None:
    plain = text.replace("\\", "")
    assert without_accents(plain) == plain
    kept = [sign for sign in text if sign in "$()[]_^12 "]
    assert [sign for sign in without_accents(text) if sign in "$()[]_12"] == [s for s in kept if s not in "^ "]


@given(st.text(alphabet=st.characters(exclude_characters="\\&")))
def test_a_text_without_tex_is_only_cleaned(text: str) -> None:
    assert said(text) == clean(text)


@given(st.sampled_from(sorted(LETTERS)), st.text(alphabet=string.ascii_lowercase, max_size=5))
def test_a_letter_in_braces_is_read_wherever_it_stands(name: str, beside: str) -> None:
    assert without_accents(f"{beside}{{\\{name}}}{beside}") == f"{beside}{LETTERS[name]}{beside}"


def test_a_text_beyond_all_measure_is_left_alone() -> None:
    text = r"\'e" * LONGEST
    assert without_accents(text) == text
