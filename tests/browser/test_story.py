"""A newcomer's way through the site in Chromium, from the front page to leaving the mailing and coming back."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.models import Subscriber
from tests.browser.conftest import MONTHS, Site
from tests.browser.marks import pytestmark
from tests.browser.watch import Watch
from tests.shirube.command import CLOSED, run

__all__ = ["pytestmark"]
MATHS = "Attention bounded queries"


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_newcomer_reads_subscribes_leaves_and_comes_back(
    browser: Browser, site: Site, lang: str, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts, locale=lang, base_url=site.base)
    page = context.new_page()
    watch = Watch(page)
    _finds_the_digest(page, lang)
    _chooses_a_stage(page)
    _filters_a_search(page)
    _reads_a_paper_with_maths(page)
    address = f"newcomer-{lang}-{scripts}@example.org".lower()
    _subscribes(page, site, address)
    _changes_what_comes(page)
    _leaves_by_the_mail_and_comes_back(page, site, address)
    assert watch.said == []
    context.close()


def _finds_the_digest(page: Page, lang: str) -> None:
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.locator("main section.stage")).to_have_count(8)
    page.click("footer a[href='/digests']")
    page.click(f"main a[href='/digests/{MONTHS[0]}']")
    expect(page.locator("h1")).to_contain_text({"en": "September 2026", "ja": "2026年9月"}[lang])
    page.click(".mark")
    expect(page.locator("h1")).to_contain_text({"en": "October 2026", "ja": "2026年10月"}[lang])


def _chooses_a_stage(page: Page) -> None:
    page.click("nav.path .choose a")
    page.check("#stage-4")
    page.click("main form button")
    expect(page.locator("main [role=status]")).to_be_visible()
    page.click(".mark")
    expect(page.locator("nav.path [aria-current]")).to_contain_text("4")
    expect(page.locator("#stage-4 article.paper").first).to_be_visible()
    expect(page.locator("#stage-6 article.paper").first).not_to_be_visible()


def _filters_a_search(page: Page) -> None:
    page.click("header a[href='/search']")
    page.fill("#q", "language models")
    page.keyboard.press("Enter")
    everything = _found(page)
    page.select_option("#stage", "4")
    page.click("main form button")
    assert "stage=4" in page.url
    assert 0 < _found(page) < everything
    page.locator("#found ~ .meta a[href*='q=']").first.click()
    assert "stage=4" not in page.url


def _found(page: Page) -> int:
    number = re.search(r"\d+", page.locator("#found").inner_text())
    assert number is not None
    return int(number.group())


def _reads_a_paper_with_maths(page: Page) -> None:
    page.fill("#q", MATHS)
    page.click("main form button")
    page.locator("article.paper h3 a", has_text="Attention in").first.click()
    expect(page.locator("h1 math")).not_to_have_count(0)
    expect(page.locator("main math msqrt")).not_to_have_count(0)
    text = page.locator("main").inner_text()
    assert r"\mathcal" not in text
    assert "$5 and $10" in text
    box = page.locator("h1 math").first.bounding_box()
    assert box is not None
    assert box["height"] > 10


def _subscribes(page: Page, site: Site, address: str) -> None:
    page.click("header a[href='/subscribe']")
    page.fill("#email", address)
    page.check("#stages-4")
    page.click("form.form button")
    text = site.mail_to(address).get_body(("plain",))
    assert text is not None
    links = re.findall(rf"{site.base}/s/\S+/confirm\S*", text.get_content())
    page.goto(links[0])
    expect(page.locator("main button")).to_have_count(1)
    page.click("main button")
    page.click("main a[href*='/preferences']")


def _changes_what_comes(page: Page) -> None:
    expect(page.locator("#stages-4")).to_be_checked()
    page.check("#stages-3")
    page.click("form.form button >> nth=0")
    expect(page.locator("main [role=status]")).to_be_visible()
    expect(page.locator("#stages-3")).to_be_checked()


def _leaves_by_the_mail_and_comes_back(page: Page, site: Site, address: str) -> None:
    ended = run("send", env=site.env, now=CLOSED)
    assert ended.code == 0, ended.err
    mail = site.mail_to(address, "2026")
    text = mail.get_body(("plain",))
    assert text is not None
    link = re.search(rf"{site.base}/s/\S+/unsubscribe\S*", text.get_content())
    assert link is not None
    page.goto(link.group())
    assert _state(site, address) == "active"
    page.click("main button")
    expect(page.locator("main form button")).to_have_count(1)
    assert _state(site, address) == "left"
    page.click("main form button")
    expect(page.locator("main form")).to_have_count(0)
    assert _state(site, address) == "active"


def _state(site: Site, address: str) -> str:
    with site.wiring.sessions() as session:
        return session.scalars(select(Subscriber.state).where(Subscriber.email == address)).one()
