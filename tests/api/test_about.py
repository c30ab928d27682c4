"""The page about the program: its numbers are those in use and those published, in both languages."""

import re
from dataclasses import replace
from html import unescape

import pytest
from fastapi.testclient import TestClient

from db.engine import Sessions
from ranking.figures import published
from ranking.service import SCORER
from ranking.worth import SIGNALS
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import add_item, fill
from tests.api.test_queries import statements


def text(page: str) -> str:
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\xa0", " ").split())


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_published_figure_stands_beside_its_baseline(client: TestClient, lang: str) -> None:
    page = unescape(client.get("/about", params={"lang": lang}).text)
    for figure in published().figures:
        row = page.partition(figure.what.in_(lang))[2].partition("</tr>")[0]
        assert re.findall(r'<td class="n"[^>]*>([^<]+)<', row) == [figure.value, figure.baseline]
        assert figure.against.in_(lang) in row


def test_the_weights_are_those_in_use(client: TestClient) -> None:
    said = text(client.get("/about").text)
    for _rule, weight in SIGNALS.values():
        assert f" {weight:g} " in said
    assert "What reaches a worth of 0.37 is printed" in said
    assert f"scorer {SCORER}" in said


def test_what_is_stored_is_counted(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 2)
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00009", ranked=False)
    assert "3 papers and posts are stored here, 2 of them ranked." in text(client.get("/about").text)
    assert statements(sessions, lambda: client.get("/about")) <= 3


def test_a_contact_is_shown_where_one_is_set(make_client: ClientFactory) -> None:
    assert "mailto:" not in make_client(OPTIONS).get("/about").text
    page = make_client(replace(OPTIONS, contact="road@example.org")).get("/about").text
    assert '<a href="mailto:road@example.org">road@example.org</a>' in page


def test_limits_are_told(client: TestClient) -> None:
    said = text(client.get("/about").text)
    assert "It reads title and abstract, never the paper." in said
    assert "Most judgments that the figures rest on were made by ourselves" in said
