r"""TeX's accents and letters in prose (`Fr\'echet`, `Schr{\"o}dinger`, `{\L}ojasiewicz`) written as characters (pure).

What may be anything else stays as written: whatever stands in a formula, quotation marks that a program escaped
(`{\"a\": 1}`, `4o\'s`), powers (`10\^a`), patterns (`\d{n}`, `\.com`), and what has no character of its own, such as
the `\b{eta}` that some make of β.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

from core.formulas import formulas

LONGEST = 20_000  # characters of a text that is looked through: the time for it stays bounded
MARKS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "k": "\u0328", "r": "\u030a", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip
LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø", "l": "ł",
    "L": "Ł", "i": "ı", "j": "ȷ",
}  # fmt: skip
_ACCENT = re.compile(
    r"(?P<open>\{)?(?<!\\)\\(?:(?P<sign>['`^\"~=.])(?:(?P<brace>\{)\\?(?P<a>[A-Za-z])\}|\\(?P<b>[ij])(?![A-Za-z])"
    r"|(?P<c>[A-Za-z]))|(?P<name>[cvuHkrdb])\{\\?(?P<d>[A-Za-z])\})(?(open)\})"
)
_LETTER = re.compile(
    r"(?<!\\)(?:\{\\(?P<braced>ss|ae|AE|oe|OE|aa|AA|[oOlLij])\}|\\(?P<empty>ss|ae|AE|oe|OE|aa|AA|[oOlLij])\{\}"
    r"|(?<=[A-Za-z])\\(?P<within>ss|ae|oe|aa|[ol])(?: (?=[a-z])|(?![A-Za-z]))"
    r"|(?<![\w:/])\\(?P<first>AE|OE|AA|[OL]) (?=[a-z])|\\(?P<unit>AA)(?![A-Za-z]))"
)
# Few texts hold any, and the patterns above are slow.
_ANY = re.compile(r"\\(?:['`^\"~=.cvuHkrdb][{\\A-Za-z]|(?:ss|ae|AE|oe|OE|aa|AA|[oOlLij])(?![A-Za-z]))")
_MACRO = re.compile(r"\\(?:[A-Za-z]+\*?)?$")
_LONGEST_MACRO = 24  # characters before a brace in which its macro stands
_ENDING = re.compile(r"\\'(?:s|d|m|ll|re)(?![A-Za-z])")  # English: 4o\'s, they\'re
_ESCAPED = re.compile(r"(?<!\\)\\(['\"`])(?!\{?\\?[A-Za-z])")


def without_accents(text: str) -> str:
    """Write TeX's accents and letters in a text as characters wherever no formula stands."""
    if "\\" not in text or len(text) > LONGEST or not _ANY.search(text):
        return text
    return "".join(part if is_formula else in_prose(part) for is_formula, part in _parts(text))


def in_prose(text: str) -> str:
    """Do the same in a text that holds no formula."""
    return _LETTER.sub(_letter, _ACCENT.sub(_accented(frozenset(_ESCAPED.findall(text))), text))


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    position = 0
    for start, end, _ in formulas(text):
        yield False, text[position:start]
        yield True, text[start:end]
        position = end
    yield False, text[position:]


def _letter(match: re.Match[str]) -> str:
    letter = LETTERS[next(name for name in match.groups() if name)]
    return f"{{{letter}}}" if match["braced"] and _is_of_macro(match) else letter


def _accented(quoting: frozenset[str]) -> Callable[[re.Match[str]], str]:
    """Give what writes an accent in a text whose quotation marks are escaped by some signs."""

    def written(match: re.Match[str]) -> str:
        base = match["a"] or match["b"] or match["c"] or match["d"]
        made = unicodedata.normalize("NFC", base + MARKS[match["sign"] or match["name"]])
        if len(made) > 1 or match["sign"] in quoting or _is_else(match):
            return match.group()
        return f"{{{made}}}" if match["open"] and _is_of_macro(match) else made

    return written


def _is_else(match: re.Match[str]) -> bool:
    """Tell what looks like an accent from one: an English ending, a power, a pattern."""
    before, after = match.string[: match.start()][-2:], match.string[match.end() : match.end() + 1]
    if match["name"]:
        return match["name"] == "d" and not (before[-1:].isalpha() or after.isalpha())
    if match["brace"] or match["open"]:
        return False
    if match["sign"] == "'":
        return before[-1:].isalnum() and bool(_ENDING.match(match.string, match.start()))
    if match["sign"] == ".":
        return match["c"] not in ("Z", "I")
    return match["sign"] in "^~=" and (before[-1:].isdigit() or (_is_amount(before) and not after.isalpha()))


def _is_amount(before: str) -> bool:
    """Tell whether a text ends with a letter that stands alone, or with a bracket: what a power is taken of."""
    return before[-1:] in (")", "]") or (before[-1:].isalpha() and not before[:-1].isalpha())


def _is_of_macro(match: re.Match[str]) -> bool:
    r"""Tell whether the brace around an accent belongs to a macro before it, as in `\emph{\'e}`, or is escaped."""
    return bool(_MACRO.search(match.string[max(0, match.start() - _LONGEST_MACRO) : match.start()]))
