"""The arXiv search language: fields, brackets, AND, OR, ANDNOT and date windows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase

from tests.upstream.model import Paper

Test = Callable[[Paper], bool]
TOKEN = re.compile(r'\s*(\(|\)|\w+:\[[^\]]*\]|\w+:"[^"]*"|[^\s()]+)')
WINDOW = re.compile(r"(\w+):\[\s*(\d{8,14}|\*)\s+TO\s+(\d{8,14}|\*)\s*\]")


class BadQuery(ValueError):
    """The search expression cannot be read."""


def compiled(expression: str) -> Test:
    """A test for papers from an expression such as `cat:cs.CL AND ti:memory`."""
    tokens = [found for found in TOKEN.findall(expression) if found.strip()]
    test, rest = _any_of(tokens)
    if rest:
        raise BadQuery(f"unexpected {rest[0]}")
    return test


def _any_of(tokens: list[str]) -> tuple[Test, list[str]]:
    """Terms joined by OR."""
    left, rest = _all_of(tokens)
    while rest and rest[0] == "OR":
        right, rest = _all_of(rest[1:])
        left = _either(left, right)
    return left, rest


def _all_of(tokens: list[str]) -> tuple[Test, list[str]]:
    """Terms joined by AND or ANDNOT."""
    left, rest = _one(tokens)
    while rest and rest[0] in ("AND", "ANDNOT"):
        right, following = _one(rest[1:])
        left = _both(left, right if rest[0] == "AND" else _not(right))
        rest = following
    return left, rest


def _one(tokens: list[str]) -> tuple[Test, list[str]]:
    """A bracketed expression or a single field."""
    if not tokens or tokens[0] in ("AND", "OR", "ANDNOT", ")"):
        raise BadQuery("a term is missing")
    if tokens[0] != "(":
        return _field(tokens[0]), tokens[1:]
    inner, rest = _any_of(tokens[1:])
    if not rest or rest[0] != ")":
        raise BadQuery("a bracket is not closed")
    return inner, rest[1:]


def _either(left: Test, right: Test) -> Test:
    """True where one of two tests is."""
    return lambda paper: left(paper) or right(paper)


def _both(left: Test, right: Test) -> Test:
    """True where both tests are."""
    return lambda paper: left(paper) and right(paper)


def _not(test: Test) -> Test:
    """True where the test is not."""
    return lambda paper: not test(paper)


def _field(token: str) -> Test:
    """The test of one `field:value`; a value alone searches everywhere."""
    window = WINDOW.fullmatch(token)
    if window:
        return _window(window.group(1), window.group(2), window.group(3))
    name, colon, value = token.partition(":")
    if not colon:
        name, value = "all", token
    value = value.strip('"')
    if name == "cat":
        return lambda paper: any(fnmatchcase(category, value) for category in paper.categories)
    return lambda paper: value.lower() in _text(paper, name).lower()


def _window(name: str, start: str, end: str) -> Test:
    """Papers submitted or updated between two minutes, both included."""
    low = "0" if start == "*" else start.ljust(12, "0")[:12]
    high = "9" if end == "*" else (end if len(end) > 8 else end + "2359")[:12]
    if name not in ("submittedDate", "lastUpdatedDate"):
        raise BadQuery(f"no such date: {name}")

    def inside(paper: Paper) -> bool:
        at: datetime = paper.submitted if name == "submittedDate" else paper.updated
        return low <= at.strftime("%Y%m%d%H%M") <= high

    return inside


def _text(paper: Paper, name: str) -> str:
    """The text a field is searched in."""
    fields = {
        "ti": paper.title,
        "abs": paper.abstract,
        "au": " ".join(author.name for author in paper.authors),
        "co": paper.comment or "",
        "jr": paper.journal_ref or "",
        "id": paper.arxiv_id,
    }
    if name != "all" and name not in fields:
        raise BadQuery(f"no such field: {name}")
    return " ".join(fields.values()) if name == "all" else fields[name]
