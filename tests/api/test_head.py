"""What the head of a page tells search engines and feed readers: its address, its languages, its feeds."""

from html import unescape
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from lxml import html

from api.options import AppOptions
from db.engine import Sessions
from locales.load import LANGUAGES
from roadmap.model import Roadmap
from tests.api.conftest import OPTIONS, ClientFactory
from tests.api.factory import TOPIC, fill, make_issue
from tests.api.feeds.store import JULY

SITE = "https://road.example"
MAIN, STAGE = "/digests/2026-06", "/digests/2026-06/stages/5"
PAPER = "/papers/2606.00001"
PAGES = (
    *("/digests", MAIN, STAGE, "/stages/5", f"/topics/{TOPIC}", "/labs/qwen", PAPER),
    *("/search", "/subscribe", "/status", "/about", "/docs", "/place", "/feeds"),
)
FORMATS = {"application/atom+xml": "atom", "application/rss+xml": "rss", "application/feed+json": "json"}


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A site with a final issue."""
    fill(sessions, roadmap, 2, labs={"qwen": 0.9})
    assert make_issue(sessions, roadmap, "2026-06", JULY) == "final"
    return client


def links(client: TestClient, address: str) -> list[dict[str, str]]:
    """Read the links of a page's head, asked for as if no cookie were kept."""
    client.cookies.clear()
    answer = client.get(address)
    assert answer.status_code == 200, address
    return [
        {str(name): str(value) for name, value in link.attrib.items()}
        for link in html.fromstring(answer.text).iter("link")
    ]


def canonical(found: list[dict[str, str]]) -> list[str]:
    """Give the addresses a page says are its own."""
    return [link["href"] for link in found if link["rel"] == "canonical"]


def languages(found: list[dict[str, str]]) -> dict[str, str]:
    """Give the address of a page in each language."""
    return {link["hreflang"]: link["href"] for link in found if "hreflang" in link}


def feeds(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Give kind and address of each feed a page names."""
    return [(FORMATS[link["type"]], link["href"]) for link in found if link.get("type") in FORMATS]


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_known_in_each_language_by_an_address_of_its_own(filled: TestClient, address: str) -> None:
    known = {code: f"{SITE}{address}?lang={code}" for code in LANGUAGES} | {"x-default": f"{SITE}{address}"}
    for one in (*known.values(), known["x-default"]):  # the last again: pages are kept
        found = links(filled, one.removeprefix(SITE))
        assert canonical(found) == [one]
        assert languages(found) == known


@pytest.mark.parametrize("lang", ["", "?lang=ja"])
def test_the_front_page_is_known_as_the_issue_it_shows(filled: TestClient, lang: str) -> None:
    assert canonical(links(filled, f"/{lang}")) == [f"{SITE}{MAIN}{lang}"]


@pytest.mark.parametrize("lang", ["", "?lang=ja"])
def test_the_front_page_without_an_issue_is_known_as_itself(client: TestClient, lang: str) -> None:
    found = links(client, f"/{lang}")
    assert canonical(found) == [f"{SITE}/{lang}"]
    assert languages(found)["ja"] == f"{SITE}/?lang=ja"


def test_a_language_from_elsewhere_than_the_address_is_not_named_in_it(filled: TestClient) -> None:
    page = filled.get("/about", headers={"Accept-Language": "ja"}).text
    assert '<html lang="ja">' in page
    assert f'<link rel="canonical" href="{SITE}/about">' in page


@pytest.mark.parametrize("address", ["/", *PAGES, "/search?q=clockwork"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_names_feeds_in_every_format_and_in_its_language(
    filled: TestClient, address: str, lang: str
) -> None:
    found = feeds(links(filled, f"{address}{'&' if '?' in address else '?'}lang={lang}"))
    names: dict[str, set[str]] = {}
    for kind, href in found:
        path, asked = urlsplit(unescape(href)).path, urlsplit(href).query
        assert path.endswith(f".{kind}")
        assert ("lang=ja" in asked) == (lang == "ja")
        names.setdefault(path.removesuffix(f".{kind}"), set()).add(kind)
    assert names
    assert all(kinds == {"atom", "rss", "json"} for kinds in names.values())
    assert set(names) == {f"/feeds/{name}" for name in OWN.get(address, ("digests", "picks"))}


OWN = {
    "/stages/5": ("stages/5",),
    f"/topics/{TOPIC}": (f"topics/{TOPIC}",),
    "/labs/qwen": ("labs/qwen",),
    PAPER: (f"topics/{TOPIC}",),
    "/search?q=clockwork": ("search",),
}


def test_a_paper_without_a_topic_names_the_feeds_of_the_whole(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1, topics={})
    assert {urlsplit(href).path for _, href in feeds(links(client, PAPER))} == {
        f"/feeds/{name}.{kind}" for name in ("digests", "picks") for kind in FORMATS.values()
    }


def test_of_plain_files_the_first_language_is_the_default(
    make_client: ClientFactory, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    client = make_client(AppOptions(base_url=OPTIONS.base_url, static=True))
    assert languages(links(client, f"{PAPER}?lang=ja"))["x-default"] == f"{SITE}{PAPER}?lang=en"
