"""References as files that others read: held against golden files and against readers of the formats."""

import json
import re
from pathlib import Path

import pytest
import rispy  # type: ignore[import-untyped]
from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares import SeparateCoAuthors
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean
from db.models import Item
from digest.citing.forms import BIBTEX, CSL, FORMS, RIS, Form
from digest.citing.work import work_of
from roadmap.model import Roadmap
from tests.digest.citing.works import item, people, samples

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = '}} \\ { % & _ # $ ~ ^ " @misc{x, \\input{/etc/passwd} $a$ $\\frac{1}{2}$ $}{$ \\end{document}'
words = st.text(st.sampled_from("aB1 {}%&_#$\\~^\"@,=é葦\n\t'"), max_size=40)


def written(form: Form, roadmap: Roadmap, *items: Item) -> str:
    return "".join(form.pieces(items, roadmap, "Herons"))


def parsed(text: str) -> Library:
    library = parse_string(text, append_middleware=[SeparateCoAuthors()])
    assert not library.failed_blocks
    return library


def undone(latex: str) -> str:
    """Read LaTeX back as far as we write it: what is printed of a value."""
    named = {r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^"}
    braces = {r"\textbraceleft{}": "\x01", r"\textbraceright{}": "\x02"}
    signs = {f"\\{sign}": sign for sign in "%&_#$"}
    every = named | braces | signs
    plain = re.sub("|".join(map(re.escape, every)), lambda found: every[found[0]], latex)
    return re.sub(r"[{}]", "", plain).replace("\x01", "{").replace("\x02", "}")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_references_are_those_of_the_golden_file(form: Form, roadmap: Roadmap) -> None:
    assert written(form, roadmap, *samples()) == (GOLDEN / f"list.{form.suffix}").read_text("utf-8")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_item_alone_is_that_of_the_golden_file(form: Form, roadmap: Roadmap) -> None:
    text = form.alone(samples()[1], roadmap)
    assert text == (GOLDEN / f"alone.{form.suffix}").read_text("utf-8")


def test_bibtex_is_read_back(roadmap: Roadmap) -> None:
    library = parsed(written(BIBTEX, roadmap, *samples()))
    assert list(library.entries_dict) == [work_of(one, roadmap).key for one in samples()]
    old = library.entries_dict["lim-math-0309136"].fields_dict
    assert old["author"].value == ["Lim, S. T.", "Grebe, Jr., Martin", "{d'Avocet}, Zoë"]
    assert (old["eprint"].value, old["primaryClass"].value) == ("math/0309136", "math.DG")
    assert (old["doi"].value, old["year"].value) == ("10.1000/reed_%7B1%7D", "2003")
    assert "$O(n^2)$" in old["title"].value
    team = library.entries_dict["theheroncollaboration-2606.00003"].fields_dict
    assert team["author"].value == ["{The Heron Collaboration}", "{OpenAI}", "Plover, Ivo"]
    assert team["note"].value == "Withdrawn"
    post = library.entries_dict["qwen:clockwork-herons"].fields_dict
    assert "eprint" not in post
    assert post["author"].value == ["{Qwen}"]


def test_a_formula_stays_one_and_a_broken_one_becomes_text(roadmap: Roadmap) -> None:
    titles = {r"Of $\mathcal{O}(n)$ %": r"Of {$\mathcal{O}(n)$} \%", r"a $x_{1$ b": r"a \$x\_\textbraceleft{}1\$ b"}
    for title, latex in titles.items():
        entry = parsed(BIBTEX.alone(item(title=title), roadmap)).entries[0]
        assert entry.fields_dict["title"].value == latex


@given(title=words, name=words, signs=words)
def test_no_text_breaks_bibtex(roadmap: Roadmap, title: str, name: str, signs: str) -> None:
    hostile = item(title=f"{title} {HOSTILE}", authors=people(f"A{name} Moorhen", HOSTILE), categories=[signs])
    following = item("2606.00002")
    text = written(BIBTEX, roadmap, hostile, following)
    library = parsed(text)
    assert [entry.fields_dict["eprint"].value for entry in library.entries] == ["2606.00001", "2606.00002"]
    assert len(library.entries[0].fields_dict["author"].value) == 2
    assert _balanced(text)


def _balanced(text: str) -> bool:
    """Count braces as BibTeX does: escaped ones too."""
    depth = 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


@given(title=st.text(st.characters(exclude_characters="$\\"), min_size=1, max_size=60))
def test_a_title_comes_back_from_bibtex_as_it_was(roadmap: Roadmap, title: str) -> None:
    entry = parsed(BIBTEX.alone(item(title=f"x{title}x"), roadmap)).entries[0]
    assert undone(entry.fields_dict["title"].value) == clean(f"x{title}x")


@given(title=words, name=words)
def test_ris_is_read_back(roadmap: Roadmap, title: str, name: str) -> None:
    hostile = item(title=f"x{title}", authors=people(f"A{name}", "Ivo Plover"), abstract="ER  - \nTY  - JOUR\nT")
    first, second = rispy.loads(written(RIS, roadmap, hostile, item("2606.00002")))
    assert first["title"] == work_of(hostile, roadmap).plain_title
    assert first["authors"] == [name.inverted() for name in work_of(hostile, roadmap).authors]
    assert (second["type_of_reference"], second["date"]) == ("UNPB", "2026/06/02/")
    assert second["authors"] == ["Moorhen, Ada", "van der Plover, Ivo"]


@given(title=words, name=words)
def test_csl_is_json_with_what_is_known(roadmap: Roadmap, title: str, name: str) -> None:
    hostile = item(title=f"x{title}", authors=people(f"A{name}", "Ivo van der Plover"))
    first, second = json.loads(written(CSL, roadmap, hostile, item("math/0309136", submitted=None)))
    assert first["title"] == work_of(hostile, roadmap).plain_title
    assert first["author"][1] == {"family": "Plover", "given": "Ivo", "non-dropping-particle": "van der"}
    assert second["issued"] == {"date-parts": [[2003, 9]]}


def test_a_list_of_nothing_is_still_a_file(roadmap: Roadmap) -> None:
    assert json.loads(written(CSL, roadmap)) == []
    assert written(BIBTEX, roadmap) == written(RIS, roadmap) == ""


def test_a_key_stays_when_everything_else_changes(roadmap: Roadmap) -> None:
    before = work_of(item(), roadmap).key
    later = item(title="Another title", version=9, submitted=None, month="2027-01", withdrawn=True, abstract=None)
    assert work_of(later, roadmap).key == before == "moorhen-2606.00001"
    assert work_of(item("qwen:a/b c"), roadmap).key == "qwen:a-b.20.c"
    assert work_of(item(authors=[]), roadmap).key == "arxiv-2606.00001"
    assert work_of(item(authors=people("小田 葦")), roadmap).key == ".8466.-2606.00001"
    assert work_of(item(authors=people("Zoë Ábel")), roadmap).key == "abel-2606.00001"
