"""docs/reliability.md as data: which tests show which row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
_SHOWN = re.compile(r"^- (\d+): (.+)$", re.MULTILINE)
_TEST = re.compile(r"`((?:tests/[\w/]+\.py)?)::(test_\w+)`")


@dataclass(frozen=True)
class Row:
    """A fault by its number, in words, the tests that show it, and what is left for later."""

    number: int
    fault: str
    tests: tuple[str, ...]  # as pytest names them, without parameters
    later: str


def rows() -> list[Row]:
    """Read the tables of the page, and the lists of tests below them."""
    page = PAGE.read_text(encoding="utf-8")
    shown = {number: tuple(_named(tests)) for number, tests in _SHOWN.findall(page)}
    return [
        Row(int(number), fault, shown.get(number, ()), must.partition("Later: ")[2])
        for number, fault, must in _ROW.findall(page)
    ]


def _named(tests: str) -> Iterator[str]:
    """Name each test in full; `::name` alone is of the file named before it."""
    file = ""
    for given, name in _TEST.findall(tests):
        file = given or file
        yield f"{file}::{name}"
