"""A feed opened in Chromium: a page with links, in both schemes and languages, and nothing of it runs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item
from tests.api.live import serving
from tests.api.test_pages import HOSTILE
from tests.browser.marks import pytestmark

__all__ = ["pytestmark"]
FEED = f"/feeds/topics/{TOPIC}"


@pytest.fixture
def base(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[str]:
    """The address of a site whose papers have hostile titles."""
    with sqlite_sessions.begin() as session:
        for number, words in enumerate(HOSTILE):
            names = [{"name": words, "affiliation": None}]
            add_item(session, roadmap, f"2606.0000{number}", title=words, abstract=words, authors=names)
    with serving(sqlite_sessions, roadmap, clock) as address:
        yield address


@pytest.mark.parametrize("suffix", ["atom", "rss"])
@pytest.mark.parametrize(("width", "scheme", "lang"), [(1280, "light", "en"), (375, "dark", "ja")])
def test_a_feed_opened_in_a_browser_is_a_page_of_links(
    browser: Browser, base: str, suffix: str, width: int, scheme: str, lang: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(f"{base}{FEED}.{suffix}?lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = (
        "[...document.getElementsByTagNameNS('http://www.w3.org/1999/xhtml', 'a')].filter(a => a.offsetHeight >= 16)"
    )
    links = page.evaluate(f"{shown}.map(a => [a.getAttribute('href'), a.textContent])")
    assert len(links) == len(HOSTILE) + 1
    assert links[-1] == ["http://127.0.0.1:8000/papers/2606.00000", HOSTILE[0]]
    seen = page.evaluate(
        "[...document.querySelectorAll('content, item > description, guid, id, updated, category')]"
        ".filter(element => element.getClientRects().length).length"
    )
    assert (seen, said) == (0, [])
    page.close()
