"""Texts that attack, and forms of another site, in Chromium: nothing runs, nothing is done."""

import pytest
from playwright.sync_api import Browser
from sqlalchemy import func, select

from db.models_readers import Signup
from db.models_reports import Report
from tests.browser.addresses import addresses
from tests.browser.conftest import Site
from tests.browser.marks import pytestmark
from tests.browser.watch import Watch

__all__ = ["pytestmark"]
TITLE = "<script>alert('title')</script>"
PLACES = (
    "/search?q=prompting+script+tags",
    "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "/topics/prompt-engineering?q=%3Cimg+src=x+onerror=alert(1)%3E",
    "/nowhere/%3Csvg%20onload=alert(1)%3E",
)
FORMS = {
    "/subscribe": {"email": "victim@example.org"},
    "/report": {"item": "openai:agents-at-the-office-openai", "verb": "wrong-lab", "lab": "openai"},
    "/place": {"stage": "3"},
}


def test_no_title_name_or_query_runs(browser: Browser, site: Site) -> None:
    page = browser.new_page(base_url=site.base)
    watch = Watch(page)
    paper = addresses(site)["paper-hostile"]
    for path in (paper, *PLACES):
        page.goto(path)
        assert page.locator("script, main img, main iframe, main [onload], main [onerror]").count() == 0, path
        assert page.locator("a[href^='javascript:' i], a[href^='data:' i]").count() == 0, path
    page.goto(paper)
    assert TITLE in page.inner_text("h1")
    assert "<b>Bobby</b>" in page.inner_text(".byline")
    page.goto(PLACES[0])
    assert TITLE in page.inner_text("main")
    assert watch.said == []
    page.close()


@pytest.mark.parametrize("path", list(FORMS))
def test_a_form_of_another_site_does_nothing(browser: Browser, site: Site, path: str) -> None:
    before = _written(site)
    fields = "".join(f'<input name="{name}" value="{value}">' for name, value in FORMS[path].items())
    body = f'<form method="post" action="{site.base}{path}">{fields}<button>Win</button></form>'
    page = browser.new_page()
    page.route("http://localhost:9/evil", lambda route: route.fulfill(content_type="text/html", body=body))
    page.goto("http://localhost:9/evil")
    with page.expect_navigation() as going:
        page.click("button")
    assert going.value.status == 403
    assert page.context.cookies(site.base) == []
    assert _written(site) == before
    page.close()


def _written(site: Site) -> tuple[int, ...]:
    with site.wiring.sessions() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Signup, Report))
