"""A reader's place on the road in Chromium: chosen, seen on the digest, opened by keys, forgotten; without scripts."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import add_item, make_issue
from tests.api.live import serving
from tests.browser.marks import pytestmark

__all__ = ["pytestmark"]
PAGES = ("/stages/5", "/topics/mixture-of-experts", "/topics/rag?has_code=true", "/labs/qwen", "/place", "/")
LONG = "Electroencephalographymagnetoencephalographyrepresentationlearningwithoutspaces "


@pytest.fixture
def base(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[str]:
    """A site on loopback whose draft has papers in stages 4, 5 and 6."""
    with sqlite_sessions.begin() as session:
        for stage in (4, 5, 6):
            for number in range(6):
                topics = {("mixture-of-experts" if stage == 5 else roadmap.topics_of(stage)[0].key): 0.9}
                title = f"{LONG * (number == 5)}A clockwork heron of stage {stage}, part {number}"
                item_id = f"2606.{stage}000{number}"
                add_item(session, roadmap, item_id, topics=topics, title=title, labs={"qwen": 0.9})
    make_issue(sqlite_sessions, roadmap, "2026-06", datetime(2026, 6, 20, 9, tzinfo=UTC))
    with serving(sqlite_sessions, roadmap, clock) as address:
        yield address


def test_a_place_is_chosen_seen_and_forgotten_without_scripts(browser: Browser, base: str) -> None:
    page = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900}).new_page()
    page.goto(base)
    page.click("nav.path >> text=Choose your stage")
    page.check("#stage-5")
    page.click("text=Keep this")
    assert "You are here: Stage 5 of 8" in page.inner_text("main [role=status]")
    page.click("text=To the digest")
    assert "You are here" in page.inner_text("nav.path [aria-current]")
    own, ahead = page.locator("#p-2606\\.50000"), page.locator("#p-2606\\.60003")
    assert own.is_visible()
    assert not ahead.is_visible()
    page.focus("#stage-6 summary")
    page.keyboard.press("Enter")
    assert ahead.is_visible()
    page.click("text=Show every stage in full")
    assert page.locator("#p-2606\\.40003").is_visible()
    page.goto(f"{base}/stages/6")
    page.click("text=I am at this stage")
    assert page.is_checked("#stage-6")
    page.check("#stage-none")
    page.click("text=Keep this")
    page.goto(base)
    assert page.locator(".fold").count() == 0
    assert page.locator("text=You are here").count() == 0
    page.context.close()


def test_a_link_to_a_folded_paper_opens_its_stage(browser: Browser, base: str) -> None:
    context = browser.new_context()
    context.add_cookies([{"name": "place", "value": "5", "url": base}])
    page = context.new_page()
    page.goto(f"{base}/digests/2026-06")
    assert not page.locator("#p-2606\\.60000").is_visible()
    page.click("#stage-6 .teaser a")
    assert page.locator("#p-2606\\.60000").is_visible()
    context.close()


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_pages_fit_and_load_nothing_from_elsewhere(
    browser: Browser, base: str, lang: str, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=lang)  # type: ignore[arg-type]
    context.add_cookies([{"name": "place", "value": "5", "url": base}])
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for address in PAGES:
        page.goto(base + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.locator("h1").count() == 1, address
        assert page.get_attribute("html", "lang") == lang
        targets = "button, summary, .kicker a, nav.path a, .links a, .sorts a, .pager a"
        small = f"[...document.querySelectorAll('{targets}')].filter(t => t.checkVisibility() && t.getBoundingClientRect().height < 24).map(t => t.outerHTML)"  # noqa: E501
        assert page.evaluate(small) == [], address
    assert said == []
    assert [url for url in asked if not url.startswith(base)] == []
    context.close()
