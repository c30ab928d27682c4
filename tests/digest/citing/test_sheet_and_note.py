"""Items as a spreadsheet and as notes: nothing runs, everything is read back."""

import csv
import io
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from digest.citing.forms import CSV, MARKDOWN
from digest.citing.sheet import COLUMNS, inert
from roadmap.model import Roadmap
from tests.digest.citing.works import item, people, samples

STARTS = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "  =1+1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert inert(cell) == f"'{cell}"
    assert inert("plain = text") == "plain = text"
    assert inert(None) == ""


@given(title=st.text(max_size=40), name=st.text(max_size=20))
def test_csv_is_read_back_and_inert(roadmap: Roadmap, title: str, name: str) -> None:
    hostile = item(title=title, authors=people(name), doi=title)
    text = "".join(CSV.pieces([hostile, item("2606.00002")], roadmap))
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first["title"].removeprefix("'") == title.removeprefix("'")
    assert not any(cell.startswith(STARTS) for cell in first.values())
    assert (tuple(first), second["id"]) == (COLUMNS, "2606.00002")


def test_a_row_names_authors_in_order(roadmap: Roadmap) -> None:
    [row] = csv.DictReader(io.StringIO(CSV.alone(item(), roadmap)))
    assert row["authors"] == "Ada Moorhen; Ivo van der Plover"
    assert (row["withdrawn"], row["submitted"]) == ("false", "2026-06-02")


def front(text: str) -> dict[str, Any]:
    head = text.removeprefix("---\n").partition("\n---\n")[0]
    found: dict[str, Any] = yaml.safe_load(head)
    return found


@given(title=st.text(max_size=60), name=st.text(max_size=20))
def test_the_front_matter_of_a_note_is_yaml(roadmap: Roadmap, title: str, name: str) -> None:
    facts = front(MARKDOWN.alone(item(title=f"x{title}", authors=people(f"A{name}")), roadmap))
    assert (facts["id"], facts["date"], facts["withdrawn"]) == ("2606.00001", "2026-06-02", False)
    assert facts["title"].startswith("x")


def test_markup_of_strangers_is_text_in_a_note(roadmap: Roadmap) -> None:
    hostile = "# <script>alert(1)</script> [x](javascript:alert(1)) `a` | --- ```"
    text = MARKDOWN.alone(item(title=hostile, abstract=hostile, authors=people(hostile)), roadmap)
    html = MarkdownIt("commonmark").render(text.partition("\n---\n")[2])
    assert "<script" not in html
    assert 'javascript:alert(1)"' not in html
    assert html.count("<h1>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_list_has_a_heading_and_a_section_for_each(roadmap: Roadmap) -> None:
    text = "".join(MARKDOWN.pieces(samples(), roadmap, "Herons: all"))
    assert front(text) == {"title": "Herons: all"}
    assert text.count("\n## ") == len(samples())
