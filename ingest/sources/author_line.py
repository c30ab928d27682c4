"""The authors of a paper as arXiv keeps them: one line of names, affiliations and TeX accents.

How authors are asked to write it: https://info.arxiv.org/help/prep.html#author
"""

import re
import unicodedata

from core.accents import LETTERS, MARKS
from core.record import Author
from core.text import clean

_LETTERS = LETTERS | {"dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "&": "&"}
_LETTER = re.compile(r"\{\\([A-Za-z]{1,2})\}|\\([A-Za-z]{1,2})(?:\{\}|\s+(?=[A-Za-z])|(?![A-Za-z]))|\\(&)")
# A letter as an accent, such as the c of \c{c}, must be set off from the letter it stands over.
_ACCENT = re.compile(r"\\(?:(['`^\"~=.])\s?|([cvuHkrd])(?=[\s{]))\s*(?:\{([^\W\d_])\}|([^\W\d_]))")
_DOTLESS = str.maketrans("ıȷ", "ij")
_LEGEND = re.compile(r"\(\s*\(\s*(?:\d{1,3}|[a-z])\s*\).*\)\s*$", re.DOTALL)
_MARK = re.compile(r"\(\s*(\d{1,3}|[a-z])\s*\)")
_BETWEEN = re.compile(r"\s*[,;&]\s*|\s+and\s+", re.IGNORECASE)
_CUT = re.compile(r"[(),;]|(?:^|(?<=[\s,]))and\s", re.IGNORECASE)
_BRACED = re.compile(r"(\\[A-Za-z]+)?\{([^\W\d_]+)\}")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_LONGEST = 200_000  # characters read of a line; three thousand authors take some 60,000


def authors_of(line: str | None) -> tuple[Author, ...]:
    """Read a line of authors: names in order, each with what stands in brackets behind it, or what its mark stands for.

    `A. Oar (Harbour Lab), B. Sail and C. Keel (1) ((1) Pier)` are three. Unbalanced brackets cost no name.
    """
    text = without_tex(clean(line or "")[:_LONGEST])
    places: dict[str, str] = {}
    if found := _LEGEND.search(text):
        text, places = text[: found.start()], _legend(found.group())
    authors: list[Author] = []
    for part in _parts(text):
        name, notes = _split(part)
        if name.lower().strip(".") in _SUFFIXES and authors:
            authors[-1] = Author(f"{authors[-1].name}, {name}", authors[-1].affiliation)
        elif name:
            where = [place for note in notes for place in _where(note, places)]
            authors.append(Author(name, "; ".join(dict.fromkeys(where)) or None))
    return tuple(authors)


def without_tex(text: str) -> str:
    r"""Write TeX's accents and letters as characters, as in `Bal\'azs` or `{\O}stg\aa rd`; others stay as written."""
    if "\\" not in text:
        return text
    plain = _ACCENT.sub(_accent, _LETTER.sub(_letter, text))
    return _BRACED.sub(lambda match: match[0] if match[1] else match[2], plain)


def _letter(match: re.Match[str]) -> str:
    return _LETTERS.get(match[1] or match[2] or match[3], match[0])


def _accent(match: re.Match[str]) -> str:
    base = (match[3] or match[4]).translate(_DOTLESS)
    return unicodedata.normalize("NFC", base + MARKS[match[1] or match[2]])


def _parts(text: str) -> list[str]:
    """Cut at commas, semicolons and `and` that stand outside brackets."""
    parts, depth, start = list[str](), 0, 0
    nested = text.count("(") == text.count(")")  # a bracket that never closes would hide the names behind it
    for match in _CUT.finditer(text):
        if match.group() in "()":
            depth = max(0, depth + (1 if match.group() == "(" else -1)) if nested else 0
        elif not depth:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]


def _split(part: str) -> tuple[str, list[str]]:
    """Part a name from the notes in brackets behind it."""
    name, _, rest = part.partition("(")
    notes = re.findall(r"[^()]+", rest)
    return name.strip(" ,;)"), [note.strip() for note in notes if note.strip()]


def _where(note: str, places: dict[str, str]) -> list[str]:
    """Say what a note stands for: marks of the legend for their places, a bare mark for nothing, else itself."""
    marks = [mark for mark in _BETWEEN.split(note) if mark]
    if marks and all(mark in places or re.fullmatch(r"\d{1,3}|\*+|[a-z]", mark) for mark in marks):
        return [places[mark] for mark in marks if mark in places]
    return [note]


def _legend(text: str) -> dict[str, str]:
    """Read `((1) Harbour Lab, (2) Pier)` as what each mark stands for."""
    pieces = _MARK.split(text.strip()[1:-1])
    return {mark: place.strip(" ,;.") for mark, place in zip(pieces[1::2], pieces[2::2], strict=True) if place.strip()}
