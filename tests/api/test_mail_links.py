"""A mail carries no link to a page that the web service does not have."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from api.app import AppOptions
from core.clock import Clock
from db.engine import Sessions
from db.models import Subscriber
from digest.delivery.message import make_sender
from digest.formats.email import message_parts
from digest.mailing import Mailer, reader_of
from digest.service import add_subscribers, read_digest
from digest.subscriptions import Subscription
from roadmap.model import Roadmap
from tests.api.conftest import ClientFactory
from tests.api.factory import add_item, fill, make_issue

BASE, KEYS, MONTH = "https://road.example", ("the key of these tests",), "2026-06"


@pytest.fixture
def mailed(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[tuple[str, str]]:
    """Both parts of the mail of an issue to somebody at stage 5."""
    fill(sessions, roadmap, 9)
    with sessions.begin() as session:
        add_item(session, roadmap, "openai:heron", labs={"openai": 0.9}, month=MONTH)
    assert make_issue(sessions, roadmap, MONTH, clock()) == "final"
    with sessions.begin() as session:
        add_subscribers(session, [Subscription("reader@example.org", stages=(5,))], "import", clock)
        mailer = Mailer(make_sender("digest@road.example", BASE), KEYS)
        parts = message_parts(read_digest(session, MONTH), "en", reader_of(session.query(Subscriber).one(), mailer))
        yield parts.html, parts.text


def test_every_link_of_a_mail_leads_to_a_page(mailed: tuple[str, str], make_client: ClientFactory) -> None:
    page, text = mailed
    client = make_client(AppOptions(base_url=BASE, secret_keys=KEYS))
    linked = {url for url in re.findall(r'href="([^"]*)"', page) if url.startswith(BASE)}
    linked |= set(re.findall(rf"{re.escape(BASE)}\S*", text))
    paths = {urlsplit(url).path for url in linked}
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert {f"/digests/{MONTH}", "/papers/2606.00009"} <= paths
    assert sum(path.endswith("/unsubscribe") for path in paths) == 1


def test_a_mail_does_not_speak_of_pages_it_cannot_link(mailed: tuple[str, str]) -> None:
    for part in mailed:
        for words in ("Stages, length, language", "More like this", "None", "Change"):
            assert words not in part
