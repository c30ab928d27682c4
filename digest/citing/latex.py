"""Text as LaTeX that BibTeX can read: special characters escaped, braces balanced, capitals kept, formulas as they are.

BibTeX counts every brace, an escaped one too ("BibTeXing", 4), so a brace that is meant is written by its name.
"""

import re

from digest import maths

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "%&_#$"},
}
_BARE = re.compile(r"(?<!\\)(?:\\\\)*([%#])")
_IN_URL = {sign: f"%{ord(sign):02X}" for sign in '{}\\ "<>^`|'}


def escaped(text: str) -> str:
    """Write plain text as LaTeX that prints it."""
    return "".join(_SPECIAL.get(char, char) for char in text)


def title(text: str) -> str:
    """Write a title with its formulas, each word whose capitals must stay in braces: {BERT}, {GPT-4}."""
    return "".join(_formula(part) if is_formula else _prose(part) for is_formula, part in maths.split(text))


def address(url: str) -> str:
    """Write a web address or DOI for a field that is printed verbatim: not escaped, and without a brace of its own."""
    return "".join(_IN_URL.get(char, char) for char in url)


def _prose(text: str) -> str:
    return "".join(
        f"{{{escaped(word)}}}" if _has_inner_capital(word) else escaped(word) for word in re.split(r"(\s+)", text)
    )


def _has_inner_capital(word: str) -> bool:
    letters = word.lstrip("([\"'“‘")
    return any(char.isupper() for char in letters[1:])


def _formula(source: str) -> str:
    r"""Keep a formula; a comment sign is escaped, and one whose braces do not match is printed as text.

    `\{` is no group in LaTeX, but BibTeX counts it.
    """
    depth = 0
    for char in source:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            break
    if depth or "$" in source.replace(r"\$", "") or source.endswith("\\"):
        return escaped(f"${source}$")
    return f"{{${_BARE.sub(lambda found: found[0][:-1] + chr(92) + found[1], source)}$}}"
