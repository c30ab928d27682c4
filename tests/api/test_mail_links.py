"""A mail carries no link to a page that the web service does not have."""

import html
import re
from urllib.parse import urlsplit

import pytest

from api.app import AppOptions
from core.clock import Clock
from db.engine import Sessions
from db.models import Subscriber
from digest.delivery.message import make_sender
from digest.mailing import Mailer, reader_of
from digest.press import message_parts
from digest.service import add_subscribers, read_digest
from digest.subscriptions import Subscription
from roadmap.model import Roadmap
from tests.api.conftest import ClientFactory
from tests.api.factory import add_item, fill, make_issue

BASE, KEYS, MONTH = "https://road.example", ("the key of these tests",), "2026-06"


@pytest.fixture
def mailed(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> tuple[str, str]:
    """Both parts of the mail of an issue to somebody at stage 5."""
    fill(sessions, roadmap, 9)
    with sessions.begin() as session:
        add_item(session, roadmap, "openai:heron", labs={"openai": 0.9}, month=MONTH)
    assert make_issue(sessions, roadmap, MONTH, clock()) == "final"
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("reader@example.org", stages=(5,))], "import", clock)
        mailer = Mailer(make_sender("digest@road.example", BASE), KEYS)
        parts = message_parts(read_digest(session, MONTH), "en", reader_of(session.query(Subscriber).one(), mailer))
    return parts.html, parts.text


def test_every_link_of_a_mail_leads_to_a_page(mailed: tuple[str, str], make_client: ClientFactory) -> None:
    page, text = mailed
    client = make_client(AppOptions(base_url=BASE, secret_keys=KEYS))
    linked = {url for url in re.findall(r'href="([^"]*)"', page) if url.startswith(BASE)}
    linked |= set(re.findall(rf"{re.escape(BASE)}\S*", text))
    asked = {html.unescape(url).partition("#")[0].removeprefix(BASE) for url in linked}
    assert {url: client.get(url).status_code for url in asked} == dict.fromkeys(asked, 200)
    paths = {urlsplit(url).path for url in asked}
    assert {f"/digests/{MONTH}", "/papers/2606.00009"} <= paths
    for action in ("unsubscribe", "preferences", "feedback"):
        assert sum(path.endswith(f"/{action}") for path in paths) == 1


def test_a_mail_offers_what_the_pages_do(mailed: tuple[str, str]) -> None:
    for part in mailed:
        assert "Stages, length, language" in part
        assert "verb=more" in part
        assert "None" not in part
