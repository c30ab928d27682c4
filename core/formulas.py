"""Where formulas stand in a title or an abstract as arXiv has them, and what is money (pure)."""

import re
from collections.abc import Iterator

_FORMULA = re.compile(
    r"\$\$(?P<display>[^$]{1,4000})\$\$|(?<![\\$])\$(?P<dollar>(?:\\.|[^$\\]){1,4000})\$(?!\$)"
    r"|\\\((?P<round>.{1,4000}?)\\\)|\\\[(?P<square>.{1,4000}?)\\\]",
    re.DOTALL,
)
_PROSE = re.compile(r"^\s*\d[\d.,]*\s*[A-Za-z]*(?:\s+[A-Za-z]{2,}|\s*[,;])")
_PADDED = re.compile(r"\s+(?=[^\s\d])(?!.*[A-Za-z]{2})(?=[^A-Za-z]*[A-Za-z]).{0,31}\S\s+", re.DOTALL)  # short, no word


def formulas(text: str) -> Iterator[tuple[int, int, str]]:
    """Find (start, end, source) of each formula, one behind the other; money and lone dollars are none.

    The time grows with the square of hostile texts: the caller bounds their length.
    """
    position = 0
    while match := _FORMULA.search(text, position):
        source = next(group for group in match.groups() if group is not None)
        if match["dollar"] is not None and _is_money(source, text[match.end() : match.end() + 1]):
            position = match.start() + 1
            continue
        yield match.start(), match.end(), source.strip()
        position = match.end()


def _is_money(source: str, after: str) -> bool:
    """Tell `$5 and $10` from a formula: a space inside a dollar, a digit after the closing one, or prose between.

    Spaces on both sides of letters, as in `$ T $`, are a habit of some who write TeX.
    """
    if re.search(r"[\\^_={}<>+]", source):
        return False
    apart = (source[0].isspace() or source[-1].isspace()) and not _PADDED.fullmatch(source)
    return apart or after.isdigit() or bool(_PROSE.match(source))
