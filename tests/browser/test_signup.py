"""The pages around mail in Chromium: they fit, load nothing from elsewhere, run no script, and their buttons work."""

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser
from sqlalchemy import select

from api.app import AppOptions, create_app
from core.clock import Clock
from db.engine import Sessions
from db.models import Subscriber
from db.models_readers import Feedback, Signup
from roadmap.model import Roadmap
from tests.api.factory import add_item
from tests.api.people import KEYS, Post, add, sign, waiting
from tests.browser.marks import pytestmark

__all__ = ["pytestmark"]
ITEM = "2606.00001"


class Served:
    """A site on loopback, its database, and somebody who gets the mail."""

    def __init__(self, sessions: Sessions, base: str, person: Subscriber, confirm: str) -> None:
        self.sessions, self.base = sessions, base
        feedback = f"feedback?item={ITEM}&verb=more"
        self.pages = {
            "subscribe": "/subscribe?",
            "confirm": f"{confirm}?",
            "preferences": sign(person, "preferences") + "?",
            "unsubscribe": sign(person, "unsubscribe") + "?",
            "erase": sign(person, "preferences", "erase") + "?",
            "feedback": sign(person, "feedback", feedback) + "&",
        }

    def url(self, name: str, lang: str = "en") -> str:
        """Give the address of a page in a language."""
        return f"{self.base}{self.pages[name]}lang={lang}"


@pytest.fixture
def served(sqlite_sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[Served]:
    sessions = sqlite_sessions
    with sessions.begin() as session:
        add_item(session, roadmap, ITEM, labs={"openai": 0.9})
    person, confirm = add(sessions, clock, stages=(5,), topics=("rag",)), waiting(sessions, clock())
    app = create_app(sessions, roadmap, clock, AppOptions(secret_keys=KEYS), Post())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", proxy_headers=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(sessions, f"http://127.0.0.1:{port}", person, confirm)
    server.should_exit = True
    thread.join(timeout=30)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_pages_fit_and_load_nothing_from_elsewhere(
    browser: Browser, served: Served, lang: str, scheme: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for name in served.pages:
        page.goto(served.url(name, lang))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.locator("h1").count() == 1, name
        assert page.get_attribute("html", "lang") == lang
        small = "[...document.querySelectorAll('button')].filter(b => b.getBoundingClientRect().height < 24).length"
        assert page.evaluate(small) == 0, name
    assert said == []
    assert [url for url in asked if not url.startswith(served.base)] == []
    page.close()


def test_every_button_works_without_scripts(browser: Browser, served: Served) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(served.url("subscribe"))
    page.fill("#email", "nobody")
    page.check("#stages-6")
    page.click("form.form button")
    assert page.input_value("#email") == "nobody"
    assert page.is_checked("#stages-6")
    page.fill("#email", "other@example.org")
    page.click("form.form button")
    assert "Look into your mail" in page.inner_text("h1")
    page.goto(served.url("confirm"))
    page.click("button")
    assert "You are subscribed" in page.inner_text("h1")
    page.goto(served.url("feedback"))
    page.click("button")
    assert "Kept" in page.inner_text("h1")
    page.goto(served.url("preferences"))
    page.check("#stages-3")
    page.click("text=Keep this choice")
    assert page.is_checked("#stages-3")
    with page.expect_download() as download:
        page.click("text=Take them with you")
    assert download.value.suggested_filename == "shirube-my-data.json"
    page.goto(served.url("unsubscribe"))
    page.click("button")
    page.click("text=Undo: keep sending it")
    assert "The mail goes on" in page.inner_text("h1")
    with served.sessions() as session:
        people = {one.email: (one.state, one.stages) for one in session.scalars(select(Subscriber))}
        assert people == {"reader@example.org": ("active", [3, 5]), "new@example.org": ("active", [5])}
        assert [one.email for one in session.scalars(select(Signup))] == ["other@example.org"]
        assert [one.verb for one in session.scalars(select(Feedback))] == ["more"]
    page.goto(served.url("erase"))
    page.click("button")
    assert "Your data are erased" in page.inner_text("h1")
    page.context.close()


def test_a_page_of_another_site_cannot_press_a_button(browser: Browser, served: Served) -> None:
    """The form stands on another origin: another name for the same machine."""
    page = browser.new_page()
    page.route(
        "http://localhost:9/evil",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{served.url("erase")}"><button>Win</button></form>',
        ),
    )
    page.goto("http://localhost:9/evil")
    with page.expect_navigation() as going:
        page.click("button")
    assert going.value.status == 403
    with served.sessions() as session:
        assert "reader@example.org" in session.scalars(select(Subscriber.email)).all()
    page.close()
