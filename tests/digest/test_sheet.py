"""Lines of 72 columns and the encoding of a part: the quick ways say what the plain ones do, on every text."""

import base64
import binascii
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from digest.encoding import encoded
from digest.sheet import _joined, _pieces, _printable, columns, wrap
from digest.words import NBSP, voice

words = st.text(
    st.sampled_from(f"ab1,.(“” é×ʯ第3段階、。（）ー票{NBSP}\u0301\u00ad") | st.characters(codec="utf-8"), max_size=160
)


@given(words)
@example("243票 の Lanterns, of tin（段階）。")
def test_what_must_stay_together_is_what_joins_character_by_character(text: str) -> None:
    plain: list[str] = []
    for char in text:
        spaces = char == " " and plain and plain[-1].endswith(" ") and not plain[-1].strip(" ")
        if plain and (spaces or _joined(plain[-1], char)):
            plain[-1] += char
        else:
            plain.append(char)
    assert _pieces(text) == plain


@given(words, st.integers(4, 40))
def test_lines_fit_and_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(line == line.rstrip(" ") for line in lines)


@given(words)
def test_nothing_that_steers_a_terminal_is_printed(text: str) -> None:
    shown = _printable(text)
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Cf")]
    kept = [char for char in text if char.isalnum()]
    assert [char for char in shown if char.isalnum()] == kept


@given(words | words.map(lambda text: f"{text}\n" * 9) | st.text("a \n", max_size=400))
def test_a_part_travels_in_the_shorter_encoding_and_quoted_where_they_are_equal(text: str) -> None:
    raw = text.replace("\r", "").encode("utf-8", "replace")
    ways = {
        "quoted-printable": binascii.b2a_qp(raw, istext=True).decode("ascii"),
        "base64": base64.encodebytes(raw).decode("ascii"),
    }
    size = {name: len(way) + way.count("\n") for name, way in ways.items()}
    name, written = encoded(text.replace("\r", ""))
    assert size[name] == min(size.values())
    assert name == "quoted-printable" or size["quoted-printable"] > size["base64"]
    assert written == ways[name]


def test_a_message_is_taken_apart_as_it_is_written() -> None:
    v = voice("en")
    assert str(v.t("100%% of %(n)s papers, %(x)s%%", n=1032, x="5")) == f"100% of 1,032{NBSP}papers, 5%"
    assert str(v.t("%(n)s", n=7)) == "7"
    assert str(v.t("%(a)s and %(b)s", a="", b=v.bold(12))) == " and 12"
