"""Three months as plain files, behind a plain file server, in Chromium: every page whole, every link and feed good."""

import functools
import re
import threading
from collections.abc import Iterator
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urldefrag, urljoin
from urllib.request import urlopen

import feedparser
import pytest
from playwright.sync_api import Browser

from tests.browser import marks
from tests.shirube.command import CLOSED, run
from tests.upstream import Upstream

# Publishing three months takes a minute and a half: `make e2e` and `make faults` do it, a plain run leaves it out.
pytestmark = [*marks.pytestmark, pytest.mark.faults]
ADDRESS = re.compile(r'<(?:link|a|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"')
MONTHS = ("2026-08", "2026-09", "2026-10")


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a published site of three final months."""
    folder = tmp_path_factory.mktemp("published")
    handler = functools.partial(Quiet, directory=str(folder / "public"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    _publish({"SHIRUBE_DATA_DIR": str(folder / "var"), "SHIRUBE_BASE_URL": base}, folder / "public")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield base
    server.shutdown()
    thread.join()
    server.server_close()


def _publish(env: dict[str, str], public: Path) -> None:
    """Make the issues of three months, of which the stand-in knows two at a time, and publish them."""
    for pair, wanted in ((MONTHS[:2], MONTHS[:1]), (MONTHS[1:], MONTHS[1:])):
        with Upstream(months=pair) as upstream:
            for month in wanted:
                made = run("digest", month, env={**env, **upstream.environment()}, now=CLOSED)
                assert made.code == 0, made.err
    ended = run("publish", str(public), env=env, now=CLOSED)
    assert ended.code == 0, ended.err


def test_every_link_of_every_page_is_answered(address: str) -> None:
    """From the front page on, as a reader could go; what is not of the site is not asked."""
    waiting, seen, feeds = [f"{address}/"], {f"{address}/"}, 0
    while waiting:
        page = waiting.pop()
        with urlopen(page) as answer:
            assert answer.status == 200
            content, kind, place = answer.read(), answer.headers.get_content_type(), answer.url
        if page.endswith((".atom", ".rss")):
            assert not feedparser.parse(content).bozo, page
            feeds += 1
        if kind != "text/html":
            continue
        for link in ADDRESS.findall(content.decode()):
            target = urldefrag(urljoin(place, unescape(link))).url
            if target.startswith(address) and target not in seen:
                seen.add(target)
                waiting.append(target)
    assert feeds > 100
    for month in MONTHS:
        assert f"{address}/digests/{month}/" in seen
        assert f"{address}/ja/digests/{month}/" in seen


@pytest.mark.parametrize(
    "page", ["/", "/ja/", "/digests/2026-09/", "/ja/digests/2026-08/", "/stages/5/", "/topics/rag/"]
)
def test_a_browser_finds_nothing_to_complain_of(browser: Browser, address: str, page: str) -> None:
    tab = browser.new_page(viewport={"width": 375, "height": 900})
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("response", lambda answer: said.append(answer.url) if answer.status >= 400 else None)
    tab.goto(f"{address}{page}")
    assert tab.locator("h1").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily.length") > 0
    assert said == []
    tab.close()


def test_a_reader_goes_from_the_front_to_a_paper_and_back_in_japanese(browser: Browser, address: str) -> None:
    tab = browser.new_page()
    tab.goto(f"{address}/")
    tab.locator("article.paper h4 a, article.paper .t a, article.paper h3 a").first.click()
    assert "/papers/" in tab.url
    tab.get_by_role("link", name="日本語").click()
    assert "/ja/papers/" in tab.url
    assert tab.locator("html").get_attribute("lang") == "ja"
    tab.locator("header a.mark").click()
    assert tab.url == f"{address}/ja/"
    tab.close()
