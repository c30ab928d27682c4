"""Every page in Chromium: both languages, wide and narrow, light and, in English, dark; by keyboard; on paper."""

from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.addresses import NAMES, addresses
from tests.browser.axe import COLOURS, RULES, source, violations
from tests.browser.conftest import Site
from tests.browser.marks import pytestmark
from tests.browser.watch import Watch

__all__ = ["pytestmark"]
WIDTHS = (1280, 375)
SCHEMES = ("light", "dark")
STATUS = {"missing": 404, "bad": 404, "search-wrong": 422}  # by name, or what it begins with
_WIDE = "document.documentElement.scrollWidth"
_REPORTS = "addEventListener('securitypolicyviolation', event => console.log(`CSP: ${event.blockedURI}`))"
_UNSEEN = """() => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")]
  .filter(one => one.checkVisibility({visibilityProperty: true})).filter(one => {
    one.focus({focusVisible: true, preventScroll: true});
    const style = getComputedStyle(one);
    return document.activeElement === one && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2);
  }).map(one => one.outerHTML.slice(0, 120))"""
_CONTROLS = """[...document.querySelectorAll("button, input, select, nav, .skip")]
  .filter(one => one.checkVisibility()).map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def paths(site: Site) -> dict[str, str]:
    """The address of every page."""
    return addresses(site)


@pytest.fixture(scope="module", params=["en", "ja"])
def reader(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a reader of a language."""
    context = browser.new_context(locale=request.param, base_url=site.base)
    context.add_init_script(_REPORTS)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_in_order(reader: Page, paths: dict[str, str], name: str) -> None:
    watch = Watch(reader)
    reader.emulate_media(media="screen", color_scheme="light")
    reader.set_viewport_size({"width": WIDTHS[0], "height": 900})
    answer = reader.goto(paths[name])
    assert answer is not None
    assert answer.status == STATUS.get(name.partition("-")[0] if name not in STATUS else name, 200)
    assert reader.locator("h1").count() == 1
    _looks(reader, SCHEMES if reader.evaluate("navigator.language") == "en" else SCHEMES[:1])
    assert reader.evaluate(_UNSEEN) == []
    reader.emulate_media(media="print", color_scheme="light")
    assert reader.evaluate(_CONTROLS) == []
    assert watch.said == []


def _looks(page: Page, schemes: Sequence[str]) -> None:
    """Try a page in every width and in schemes: the dark one in one language, since no colour depends on that."""
    source()
    for scheme in schemes:
        page.emulate_media(media="screen", color_scheme=scheme)  # type: ignore[arg-type]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(_WIDE) <= width
            assert violations(page, RULES if scheme == "light" else COLOURS) == [], (scheme, width)


def test_the_rules_find_what_breaks_them(browser: Browser) -> None:
    page = browser.new_page(color_scheme="dark")
    page.set_content("<html lang=en><title>A</title><main><h1>A</h1><img src=x><p style='color:#bbb'>Pale</p></main>")
    assert {one.partition(":")[0] for one in violations(page)} == {"image-alt", "color-contrast"}
    assert [one.partition(":")[0] for one in violations(page, COLOURS)] == ["color-contrast"]
    page.close()


@pytest.mark.parametrize("name", ["front", "stage", "paper-maths", "search-results", "subscribe", "status"])
def test_the_first_key_leads_past_the_menu(reader: Page, paths: dict[str, str], name: str) -> None:
    reader.emulate_media(media="screen")
    reader.goto(paths[name])
    reader.keyboard.press("Tab")
    box = reader.locator(".skip:focus").bounding_box()
    assert box is not None
    assert box["y"] >= 0
    reader.keyboard.press("Enter")
    reader.keyboard.press("Tab")
    assert reader.evaluate("document.activeElement.closest('main') !== null")
