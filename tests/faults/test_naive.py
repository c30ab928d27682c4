"""What the libraries do by themselves: the traps of rows 3 to 7 and 14 are real, and the program stays out of them.

A test here that fails after an update says that a trap is gone, and that a guard against it may go too.
"""

from __future__ import annotations

from collections.abc import Iterator

import arxiv
import pytest
from lxml import etree

from digest.maths import to_html, to_text
from ingest.sources.arxiv_page import cut
from tests.faults import world
from tests.upstream import Upstream

QUERY = "(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202610290000 TO 202610292359]"


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream(world=world.tiny()) as running:
        yield running


def naive(up: Upstream, page_size: int = 100) -> list[arxiv.Result]:
    """Ask the stand-in as the `arxiv` package does when nobody stands in between."""
    client = arxiv.Client(page_size=page_size, delay_seconds=0)
    client.query_url_format = f"{up.url}/api/query?{{}}"
    return list(client.results(arxiv.Search(query=QUERY)))


def test_the_arxiv_package_asks_again_on_its_own_account(up: Upstream) -> None:
    """Row 3: its own repetitions multiply with those of whatever is above and below it."""
    up.fault("/api/query", status=503)
    with pytest.raises(arxiv.HTTPError):
        naive(up)
    assert len(up.requests("/api/query")) > 1


def test_the_arxiv_package_gives_up_a_list_for_one_entry_it_cannot_read(up: Upstream) -> None:
    """Row 5: it counts what it could read, asks for the one entry that it thinks is left, and raises."""
    assert len(naive(up)) > 10
    up.fault("/api/query", "malformed-middle")
    with pytest.raises(arxiv.UnexpectedEmptyPageError):
        naive(up)


def test_the_arxiv_package_takes_a_page_of_maintenance_for_nothing_new(up: Upstream) -> None:
    """Row 7: no papers, and no failure."""
    up.fault("/api/query", "maintenance")
    assert naive(up) == []


def test_lxml_mends_what_was_cut_and_hides_it(up: Upstream) -> None:
    """Row 4: the program cuts a page into entries by itself and refuses one without its end."""
    body = up.answer("/api/query", {"search_query": QUERY, "max_results": "100"}).body
    half = body[: len(body) // 2]
    assert etree.fromstring(half, etree.XMLParser(recover=True)) is not None
    assert cut(half) == "the answer was cut short"


def test_latex2mathml_falls_over_brackets_within_brackets() -> None:
    """Row 14: three thousand opening braces are deeper than Python's stack."""
    from latex2mathml.converter import convert

    braces = "{" * 3000
    with pytest.raises(RecursionError):
        convert(braces)
    assert braces in to_html(f"${braces}$")


def test_latex2mathml_takes_the_rest_of_a_line_for_a_comment() -> None:
    """Row 14: a bare per cent sign swallows words, so that only what stands between dollars is ever converted."""
    from latex2mathml.converter import convert

    assert "sure" not in convert("A 100% sure")
    assert to_text("A & B 100% sure") == "A & B 100% sure"
