"""The mail in Chromium: the rules of WCAG 2.2 AA in both languages, wide and narrow, light and dark."""

import pytest
from playwright.sync_api import Browser

from digest.press import message_parts
from locales.load import LANGUAGES
from tests.browser.axe import source, violations
from tests.browser.marks import pytestmark
from tests.digest import sample
from tests.digest.test_press import reader

__all__ = ["pytestmark"]
WIDTHS = (1280, 375)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]  # a mail client, not a mail, has landmarks


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("stages", [(), (5, 7)])
def test_a_mail_keeps_the_rules_of_wcag(browser: Browser, lang: str, stages: tuple[int, ...], scheme: str) -> None:
    source()
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_content(message_parts(sample.digest(banners=sample.every_banner()), lang, reader(*stages)).html)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page, WCAG) == [], width
    page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_mail_for_topics_and_labs_keeps_them_too(browser: Browser, lang: str) -> None:
    source()
    page = browser.new_page()
    page.set_content(message_parts(sample.digest(), lang, reader(topics=("moe",), labs=("qwen",), minutes=90)).html)
    assert violations(page, WCAG) == []
    page.close()
