"""Titles and summaries of the labs' posts, out of whatever a feed or a scraper made of them."""

import html
import re
from collections.abc import Iterable

import nh3

from core.text import clean

_LONGEST = 2000
_MONTH = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"  # noqa: E501
_DATED = re.compile(
    rf"^(?P<before>[A-Z][A-Za-z &]{{0,40}})??(?:{_MONTH})\.? \d{{1,2}}, \d{{4}}(?P<after>.+)$", re.DOTALL
)
# Headings of Anthropic's research page, which its scrapers run into the titles.
_SECTIONS = (
    "Alignment", "Announcements", "Company", "Economic Research", "Education", "Engineering", "Frontier Red Team",
    "Interpretability", "Policy", "Product", "Research", "Science", "Societal Impacts",
)  # fmt: skip
# "...in language modelsNew research shows...": where a title ends and its description begins.
_SEAM = re.compile(r"(?<=[a-z0-9?!.\"”])(?=[A-Z][a-z]* [a-z])")
_BLOCK = re.compile(r"(?=</?(?:p|div|br|li|ul|ol|h[1-6]|tr|td|th|table|blockquote|section|article|figure|pre)\b)", re.I)
_TAIL = re.compile(r"\s*(?:Read More\s*(?:\.{3}|…)?)?\s*The post .{1,300}? appeared first on .*$")


def plain(markup: str) -> str:
    """Give the words of an HTML fragment, at most 2000 characters, cut between words."""
    spaced = _BLOCK.sub(" ", markup[:200_000])
    words = clean(html.unescape(nh3.clean(spaced, tags=set())))
    return _short(_TAIL.sub("", words))


def split_title(raw: str, categories: Iterable[str] = ()) -> tuple[str, str | None]:
    """Free a title from markup, date and section that a scraper ran into it: (title, description or None)."""
    title = plain(raw)
    dated = _DATED.match(title)
    if not dated:
        return title, None
    rest = dated["after"].strip()
    if dated["before"]:
        return _at_the_seam(rest)
    for section in sorted({*_SECTIONS, *categories} - {""}, key=len, reverse=True):
        if rest.startswith(section) and rest[len(section) :][:1].strip() and not rest[len(section)].islower():
            return rest[len(section) :].strip(), None
    return rest, None


def _at_the_seam(text: str) -> tuple[str, str | None]:
    """Part a title from the description run into it, where both keep three words at least."""
    for match in _SEAM.finditer(text):
        title, rest = text[: match.start()].strip(), text[match.start() :].strip()
        if len(title.split()) >= 3 and len(rest.split()) >= 4:
            return title, rest
    return text, None


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + "…"
