"""docs/reliability.md names tests that exist, and forgets no row and no fault test."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.faults.rows import ROOT, Row, rows

COLLECTING = range(1, 15)


@cache
def names_in(file: Path) -> frozenset[str]:
    """The names of the tests in a file."""
    found = ast.parse(file.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")


def test_every_row_is_there_once_and_in_order() -> None:
    assert [row.number for row in rows()] == list(range(1, 46))


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row.number))
def test_a_row_names_tests_that_exist_or_says_what_is_missing(row: Row) -> None:
    assert row.tests or row.later
    named = [name.partition("::") for name in row.tests]
    assert [test for file, _, test in named if test not in names_in(ROOT / file)] == []


def test_all_of_collecting_is_shown() -> None:
    assert [row.number for row in rows() if row.number in COLLECTING and not row.tests] == []


def test_every_fault_test_stands_in_a_row() -> None:
    named = {name for row in rows() for name in row.tests}
    plain = {"test_the_tiny_world_has_all_that_is_difficult", "test_a_second_pull_changes_nothing"}
    for file in sorted((ROOT / "tests" / "faults").glob("test_*.py")):
        own = {f"{file.relative_to(ROOT)}::{name}" for name in names_in(file) - plain}
        assert own <= named or file.name == Path(__file__).name, sorted(own - named)
