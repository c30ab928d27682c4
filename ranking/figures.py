"""The published figures of how well ranking does, as data: figures.toml, which docs/ranking.md is held against."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from roadmap.model import Text

FILE = Path(__file__).with_name("figures.toml")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as published: what was measured, how it came out, and what the simplest other way came to.

    `command` measures it again, none where people read; `said` and `also` are the lines of docs/ranking.md that hold
    the value and the baseline.
    """

    key: str
    part: str  # topics, labs, worth, search, summary
    what: Text
    value: str
    baseline: str
    against: Text
    command: str
    said: str
    also: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """All published figures, in the order people read them, and the month they were measured in."""

    measured: str
    figures: tuple[Figure, ...]


@cache
def published() -> Figures:
    """Read the figures that ship with the program."""
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    texts = [one | {"what": Text(**one["what"]), "against": Text(**one["against"])} for one in data["figure"]]
    return Figures(data["measured"], tuple(Figure(**one) for one in texts))
