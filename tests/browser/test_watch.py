"""What the browser tests rely on to find faults finds them: an error of what a page loads, but not that of the page."""

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.marks import pytestmark
from tests.browser.watch import Watch

__all__ = ["pytestmark"]
PAGE = "http://127.0.0.1:9/page"
HEAD = "<!doctype html><html lang=en><title>A</title><link rel=icon href='data:,'>"


@pytest.mark.parametrize("status", [200, 404, 503])
@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("", None),
        ("<link rel=stylesheet href=/lost.css>", "/lost.css"),
        ("<img alt=a src=/lost.svg>", "/lost.svg"),
        ("<iframe title=a src=/lost.html></iframe>", "/lost.html"),
        ("<script>console.log('words')</script>", "words"),
        ("<script>missing()</script>", "missing is not defined"),
    ],
)
def test_what_a_page_loads_and_does_not_get_is_noted(
    browser: Browser, status: int, part: str, said: str | None
) -> None:
    def serve(route: Route) -> None:
        own = route.request.url == PAGE
        route.fulfill(status=status if own else 404, content_type="text/html", body=HEAD + part if own else "lost")

    page = browser.new_page()
    page.route("**/*", serve)
    watch = Watch(page)
    answer = page.goto(PAGE, wait_until="networkidle")
    assert answer is not None
    assert answer.status == status
    if said is None:
        assert watch.said == []
    else:
        (only,) = watch.said
        assert said in only
    page.close()
