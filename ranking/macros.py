r"""Macros of the authors' own that came without their meaning, as \method: read as the name in the title (pure)."""

import re
from collections.abc import Mapping

# A macro without an argument, and what ends it; formulas are passed over whole.
_MACRO = re.compile(r"\$[^$]*\$|\\(?P<macro>[A-Za-z]+)(?:\{\}|\\(?=\s)|(?![A-Za-z{]))")
# What authors call the name of their work in its source; of a benchmark only where the title speaks of one.
_WORK = re.compile(
    r"(?:our|my|m)?(?:ours|method|model|system|sys|framework|approach|project|acronym|name|impl|work|short)+",
    re.IGNORECASE,
)
_BENCH = re.compile(r"(?:our|my)?bench(?:mark)?(?:name)?", re.IGNORECASE)
_NAMED = re.compile(r"\s*([^\s:$\\]{2,40})\s*:\s")  # one word before a colon
_SPELT = re.compile(r"[A-Z].*[A-Z].|[A-Z].+[A-Z]|.[A-Z].*[A-Z]")  # \TRI, and not \AA, which is a letter
_PLACEHOLDER = re.compile(r"name|method|model|dataset|system", re.IGNORECASE)


def names(abstract: str, title: str) -> Mapping[str, str]:
    """Give the name that each of the authors' macros in an abstract stands for; the others are left out.

    A macro written as a name, as \\TRI, stands for itself; one for the work as a whole stands for the title's name,
    where no other macro may be that one.
    """
    if "\\" not in abstract:
        return {}
    found = {match["macro"] for match in _MACRO.finditer(abstract) if match["macro"]}
    name = _name(abstract, title)
    works = {macro for macro in found if name and _is_the_work(macro, name, title)}
    read = {macro: macro for macro in found if _SPELT.search(macro) and not _PLACEHOLDER.search(macro)}
    return read | ({works.pop(): name} if len(works) == 1 else {})


def put(text: str, read: Mapping[str, str]) -> str:
    """Write a text with each macro as the name that it stands for; what else there is stays as it is."""
    return _MACRO.sub(lambda match: read.get(match["macro"], match[0]), text) if read else text


def pattern(text: str, read: Mapping[str, str]) -> str:
    """Give an expression that finds a text in the abstract that it came from, with its macros."""
    written = re.escape(text)
    for macro, name in read.items():
        written = written.replace(re.escape(name), rf"(?:{re.escape(name)}|\\{macro}(?:\{{\}}|\\(?=\s))?)")
    return written


def _name(abstract: str, title: str) -> str:
    """Give the title's name before its colon where that is one: "HindSight", not "Position"."""
    named = _NAMED.match(title)
    if named is None:
        return ""
    marked = len(re.findall(r"[A-Z0-9]", named[1])) > 1
    return named[1] if marked or re.search(rf"(?<!\w){re.escape(named[1])}(?!\w)", abstract) else ""


def _is_the_work(macro: str, name: str, title: str) -> bool:
    letters, capitals = re.sub(r"[^a-z]", "", name.lower()), "".join(re.findall("[A-Z]", name)).lower()
    if macro.lower() == letters or (len(capitals) > 1 and macro.lower() == capitals):
        return True
    return bool(_WORK.fullmatch(macro) or (_BENCH.fullmatch(macro) and "bench" in title.lower()))
