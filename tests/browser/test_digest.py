"""The digest as one file, opened from disk: both languages, both schemes, wide and narrow."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from digest.formats.html import file_name, render
from tests.browser.marks import pytestmark
from tests.digest.sample import digest as sample

__all__ = ["pytestmark"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages")
    for lang in ("en", "ja"):
        (made / file_name(sample().month, lang)).write_text(render(sample(), lang), encoding="utf-8")
    return made


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_page_fits_loads_nothing_and_complains_of_nothing(
    browser: Browser, folder: Path, lang: str, scheme: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / file_name(sample().month, lang)).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("section.stage").count() == 8
    assert page.locator("h1").count() == 1
    assert (said, len(asked)) == ([], 1)
    page.close()


def test_the_language_switch_leads_to_the_other_file(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / file_name(sample().month, "en")).as_uri())
    page.get_by_role("link", name="日本語").click()
    assert page.locator("html").get_attribute("lang") == "ja"
    page.close()
