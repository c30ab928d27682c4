"""Delivery to a mail server: what it says, what stands on the wire, what its address may hold."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from sqlalchemy import select

from core.errors import ConfigError
from db.engine import Sessions
from db.models import Subscriber
from digest.delivery import Later, Outcome, Refused, Sent, Unknown
from digest.delivery.smtp import SmtpDelivery, parse_smtp_url
from digest.mailing import LeaseLostError
from digest.press import message_parts
from digest.service import add_subscribers, unsubscribe
from digest.subscriptions import Subscription
from roadmap.model import Roadmap
from tests.digest.mail import MAILER, NOW, fill, message, send, stock
from tests.digest.talk import Talk, talking


class Server(SMTP):
    """A server that says what it is told to say."""

    replies: dict[str, str]
    cut_at_reply = False

    async def smtp_RCPT(self, arg: str) -> None:
        if "rcpt" in self.replies:
            await self.push(self.replies["rcpt"])
        else:
            await super().smtp_RCPT(arg)

    async def smtp_MAIL(self, arg: str) -> None:
        if "mail" in self.replies:
            await self.push(self.replies["mail"])
        else:
            await super().smtp_MAIL(arg)


class Handler:
    """Keep what arrives; answer as scripted."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: Server, session: object, envelope: Any) -> str:
        self.envelopes.append(envelope)
        if self.answer == "cut":
            server.transport.abort()  # type: ignore[union-attr]
        return self.answer


@contextmanager
def serving(answer: str = "250 OK", **replies: str) -> Iterator[tuple[str, Handler]]:
    handler = Handler(answer)

    class Scripting(Controller):
        def factory(self) -> Server:
            server = Server(self.handler, hostname="stub")
            server.replies = replies
            return server

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Scripting(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}?starttls=never", handler
    finally:
        controller.stop()


@pytest.mark.parametrize(
    ("answer", "replies", "expected", "begun"),
    [
        ("250 OK", {}, Sent(), True),
        ("451 try later", {}, Later("451 try later", delays="domain"), True),
        ("552 too large", {}, Refused("552 too large"), True),
        ("cut", {}, Unknown, True),
        ("250 OK", {"rcpt": "451 greylisted"}, Later("451 greylisted", delays="recipient"), False),
        ("250 OK", {"rcpt": "550 no such person"}, Refused("550 no such person", address=True), False),
        ("250 OK", {"rcpt": "421 closing"}, Later("421 closing", delays="domain"), False),
        ("250 OK", {"mail": "550 not this sender"}, Later("550 not this sender", delays="everyone"), False),
    ],
)
def test_what_a_server_says_becomes_what_is_certain(
    answer: str, replies: dict[str, str], expected: Outcome | type[Outcome], begun: bool
) -> None:
    calls: list[str] = []
    with serving(answer, **replies) as (url, handler):
        outcome = SmtpDelivery(url, timeout=5).deliver(message(), "reader@example.org", lambda: calls.append("data"))
    assert (outcome == expected) or (isinstance(expected, type) and isinstance(outcome, expected))
    assert calls == (["data"] if begun else [])
    assert len(handler.envelopes) == int(begun)


def test_the_server_gets_the_message_byte_for_byte() -> None:
    with serving() as (url, handler):
        assert SmtpDelivery(url).deliver(message(), "reader@example.org", lambda: None) == Sent()
    envelope = handler.envelopes[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("digest@shirube.example.org", ["reader@example.org"])
    assert envelope.content == message().as_bytes()
    assert b"\r\n=2E\r\n..\r\n" in envelope.content  # the dots of the text part survived


def test_nobody_there_is_later_for_everyone() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{probe.getsockname()[1]}?starttls=never"
    outcome = SmtpDelivery(url, timeout=2).deliver(message(), "reader@example.org", lambda: None)
    assert isinstance(outcome, Later)
    assert outcome.delays == "everyone"


def test_a_trial_opens_a_session_sends_nothing_and_says_why_there_is_none() -> None:
    talk = Talk()
    with talking(talk) as place:
        assert SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5).trial() is None
        with pytest.raises(ConfigError, match="does not offer STARTTLS"):
            SmtpDelivery(f"smtp://{place}?starttls=required", timeout=5).trial()
    assert (talk.connections, talk.mails, talk.recipients) == (2, [], [])
    away = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=2).trial()
    assert away is not None
    assert "refused" in away


def test_what_the_callback_raises_comes_out_and_nothing_was_sent() -> None:
    def lost() -> None:
        raise LeaseLostError("gone")

    def broken() -> None:
        raise OSError("the database's disk is full")

    with serving() as (url, handler):
        with pytest.raises(LeaseLostError):
            SmtpDelivery(url).deliver(message(), "reader@example.org", lost)
        with pytest.raises(OSError, match="disk"):
            SmtpDelivery(url).deliver(message(), "reader@example.org", broken)
    assert handler.envelopes == []


def test_tls_that_is_required_and_not_offered_stops_before_anything_secret() -> None:
    with serving() as (url, handler):
        address = url.partition("//")[2].partition("?")[0]
        with pytest.raises(ConfigError, match="STARTTLS"):
            SmtpDelivery(f"smtp://user:secret@{address}").deliver(message(), "reader@example.org", lambda: None)
    assert handler.envelopes == []


def test_a_certificate_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    calls: list[str] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = threading.Thread(target=lambda: listening.accept()[0].close(), daemon=True)
        server.start()
        url = f"smtps://user:secret@127.0.0.1:{listening.getsockname()[1]}"
        outcome = SmtpDelivery(url, 5, ssl.create_default_context()).deliver(
            message(), "reader@example.org", lambda: calls.append("data")
        )
        server.join(5)
    assert isinstance(outcome, Later)
    assert calls == []


def test_smtp_addresses() -> None:
    found = parse_smtp_url("smtp://us%40er:p%3Ass@mail.example.org?starttls=required")
    assert (found.host, found.port, found.user, found.password, found.tls) == (
        "mail.example.org",
        587,
        "us@er",
        "p:ss",
        "required",
    )
    assert parse_smtp_url("smtps://mail.example.org").port == 465
    assert parse_smtp_url("smtp://[::1]:25?starttls=never").host == "::1"
    assert parse_smtp_url("smtp://mail.bücher.example").host == "mail.bücher.example"
    assert "p:ss" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "smtp://",
        "smtp://user:secret@mail.example.org:port",
        "smtp://user:secret@mail.example.org?starttls=never",
        "smtp://mail.example.org?starttls=perhaps",
        "smtp://mail.example.org?tls=required",
        "smtp://mail.example.org?secret",
        "smtp://user:12?secret@mail.example.org",
        "smtp://user:secret@mail..example.org",
        f"smtp://user:secret@{'a' * 64}.example.org",
        "smtps://user:s%C3%A4cret-secret@mail.example.org",
        "smtps://us%C3%A4r:secret@mail.example.org",
    ],
)
def test_a_wrong_smtp_address_is_named_without_its_secret(url: str) -> None:
    with pytest.raises(ConfigError, match="SHIRUBE_SMTP_URL") as caught:
        parse_smtp_url(url)
    assert "secret" not in str(caught.value)


def test_from_the_issue_to_the_wire(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    with sessions.begin() as session:
        add_subscribers(
            session, MAILER.keys, [Subscription("yomu@example.org", "ja", stages=(5,))], "form", lambda: NOW
        )
    fill(sessions)
    with serving() as (url, handler):
        assert send(sessions, SmtpDelivery(url), render=message_parts) == {"sent": 2}
    for envelope, masked, lang in zip(handler.envelopes, ("r•••@", "y•••@"), ("en", "ja"), strict=True):
        read = message_from_bytes(envelope.content, policy=policy.default)
        text, html = (part.get_content() for part in read.iter_parts())
        address = str(read["List-Unsubscribe"]).strip("<>")
        for body in (text, html):
            assert masked in body
            assert address in body
            assert f"/digests/2026-06?lang={lang}" in body
        assert "On the matter of 2606.10000" in " ".join(text.split())
        assert max(len(line) for line in envelope.content.split(b"\r\n")) <= 998
        assert len(html.encode()) < 100_000
    with sessions.begin() as session:
        signed = str(read["List-Unsubscribe"]).split("/s/")[1].split("/")[0]
        assert unsubscribe(session, MAILER.keys, signed, lambda: NOW)
        assert [person.state for person in session.scalars(select(Subscriber).order_by(Subscriber.id))] == [
            "active",
            "left",
        ]
