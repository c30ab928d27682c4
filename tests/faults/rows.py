"""docs/reliability.md as data: which tests show which row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`((?:tests/[\w/]+\.py)?)::(test_\w+)`")


@dataclass(frozen=True)
class Row:
    """A fault by its number, in words, the tests that show it, and what is left for later."""

    number: int
    fault: str
    tests: tuple[str, ...]  # as pytest names them, without parameters
    later: str


def rows() -> list[Row]:
    """Read the tables of the page; `::name` alone is of the file named before it."""
    found = []
    for number, fault, _, shown in _ROW.findall(PAGE.read_text(encoding="utf-8")):
        tests, file = [], ""
        for given, name in _TEST.findall(shown):
            file = given or file
            tests.append(f"{file}::{name}")
        found.append(Row(int(number), fault, tuple(tests), shown.partition("Later: ")[2]))
    return found
