"""Plain text as a typed sheet: 72 columns, Japanese characters two columns wide, addresses on their own lines."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from digest.words import NBSP

COLUMNS = 72
NOT_FIRST = "、。，．・：；？！）」』】〉》〕］｝ー〜々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.;:!?)]}’”…"
NOT_LAST = "（「『【〈《〔［｛([{‘“"
_COUNTED = re.compile(r"\d(?:時間|(?:年|月|時間)\d)\Z")  # a date or a time goes on: 10月2日, 1時間36分
# Spaces, a run of narrow characters that never part (Latin and the no-break space), or any other character.
_PIECE = re.compile(r" +|[!-~\u00a0-\u02af]+|[^ ]")


def columns(text: str) -> int:
    """Count the terminal columns of a text (UAX #11): wide and fullwidth characters take two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


@lru_cache(maxsize=4096)
def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrap(text: str, width: int = COLUMNS) -> list[str]:
    """Break a text into lines of at most `width` columns; a Western word longer than that is cut, nothing is lost.

    Japanese may break between any two characters but those that must not begin or end a line (JIS X 4051).
    """
    lines: list[str] = []
    line, used, room = "", 0, max(width, 4)
    for piece in _pieces(text):
        wide = columns(piece)
        if used + wide - _trailing(piece) <= room:
            line, used = line + piece, used + wide
            continue
        if line.strip(" "):
            lines.append(line.rstrip(" "))
        line = piece.lstrip(" ")
        while (used := columns(line)) > room:
            head = _head(line, room)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line.rstrip(" ")] if line.strip(" ") else lines


def _trailing(piece: str) -> int:
    return len(piece) - len(piece.rstrip(" "))


def _head(text: str, room: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _width(char)
        if used > room:
            return text[:index]
    return text


def _pieces(text: str) -> list[str]:
    """Split into what must stay together: a Western word with the space before it, or one wide character."""
    pieces: list[str] = []
    for run in _PIECE.findall(text):
        if pieces and _joined(pieces[-1], run[0]):
            pieces[-1] += run
        else:
            pieces.append(run)
    return pieces


def _joined(before: str, char: str) -> bool:
    if char == " ":
        return False
    if NBSP in (char, before[-1]):
        return True
    if before.endswith(" ") and not before.strip(" "):
        return True
    if before[-1].isdigit():  # a figure and its counter, as in 243票
        return True
    if (char.isdigit() or char == "間") and _COUNTED.search(before + char):
        return True
    wide = _width(char) == 2 or _width(before[-1]) == 2
    return not wide or char in NOT_FIRST or before[-1] in NOT_LAST


class Sheet:
    """Lines of text, written from the top."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def text(self, words: object, indent: int = 0, first: str = "") -> None:
        """Write a paragraph; `first` stands before its first line, within the indent."""
        broken = wrap(_printable(str(words)), COLUMNS - indent) or [""]
        head = first + " " * max(0, indent - columns(first))
        lines = [(head if index == 0 else " " * indent) + line for index, line in enumerate(broken)]
        self._lines += [line.replace(NBSP, " ") for line in lines]

    def address(self, url: str | None, indent: int = 0) -> None:
        """Write an address on a line of its own, whole, however long."""
        if url:
            self._lines.append(" " * indent + url)

    def raw(self, line: str) -> None:
        """Write a line as it is."""
        self._lines.append(line.rstrip())

    def heading(self, words: object) -> None:
        """Write a heading, underlined as wide as its last line."""
        self.gap()
        self.text(words)
        self.raw("-" * min(COLUMNS, columns(self._lines[-1])))
        self.gap()

    def gap(self) -> None:
        """Leave one empty line, never two."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def paste(self, lines: Sequence[str], *, gap: bool = True) -> None:
        """Write lines that were written on a sheet of their own, after a gap unless told otherwise."""
        if lines:
            if gap:
                self.gap()
            self._lines += lines

    @property
    def lines(self) -> list[str]:
        """Give the lines written so far."""
        return list(self._lines)

    def rows(self, rows: Iterable[tuple[str, str, str]], widths: tuple[int, int] = (14, 10)) -> None:
        """Write a table of three columns, figures to the right; long names are broken, not cut."""
        left = COLUMNS - sum(widths)
        for name, one, two in rows:
            names = wrap(name, left - 1) or [""]
            figures = one.rjust(widths[0] - _extra(one)) + two.rjust(widths[1] - _extra(two))
            self.raw(names[0] + " " * (left - columns(names[0])) + figures)
            for more in names[1:]:
                self.raw("   " + more)

    def __str__(self) -> str:
        return "\n".join(self._lines).rstrip("\n") + "\n"


def _printable(text: str) -> str:
    """Drop controls, lone surrogates and marks that turn the reading order; tabs and line breaks become spaces."""
    spaced = re.sub(r"[\t\r\n\v\f\x85\u2028\u2029 ]+", " ", text)
    if spaced.replace(NBSP, " ").isprintable():  # hardly any text has one, and this is asked at once for all of it
        return spaced.strip(" ")
    return "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cs", "Cf")).strip(" ")


def _extra(text: str) -> int:
    return columns(text) - len(text)
