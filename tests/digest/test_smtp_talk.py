"""Delivery over connections that are kept, broken, silent or secured: what is certain afterwards, and what is said."""

import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import ConfigError
from db import outbox
from db.engine import Sessions
from db.models import Subscriber
from digest.delivery import Later, Outcome, Refused, Sent, Unknown
from digest.delivery.smtp import SmtpDelivery
from roadmap.model import Roadmap
from tests.digest.mail import NOW, fill, message, outbox_rows, plain, send, stock
from tests.digest.talk import Talk, talking

TO = "reader@example.org"


def deliver(delivery: SmtpDelivery, recipient: str = TO) -> Outcome:
    return delivery.deliver(message(recipient=recipient), recipient, lambda: None)


# -- one connection for many mails -----------------------------------------------------------------------------------


def test_many_mails_go_over_one_connection_and_a_refusal_leaves_no_trace() -> None:
    talk = Talk(rcpt=["250 OK", "550 5.1.1 nobody", "250 OK", "450 4.2.1 busy"], data=["250 OK", "552 5.2.3 too large"])
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5)
        names = [f"reader{n}@example.org" for n in range(5)]
        outcomes = [deliver(delivery, name) for name in names]
        delivery.close()
    assert outcomes == [
        Sent(),
        Refused("550 5.1.1 nobody", address=True),
        Refused("552 5.2.3 too large"),
        Later("450 4.2.1 busy"),
        Sent(),
    ]
    assert talk.connections == 1
    assert [envelope.rcpt_tos for envelope in talk.mails] == [[names[0]], [names[2]], [names[4]]]


def test_a_connection_carries_so_many_mails_and_no_more() -> None:
    talk = Talk()
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5, mails=2)
        assert [deliver(delivery) for _ in range(5)] == [Sent()] * 5
        delivery.close()
        delivery.close()
    assert talk.connections == 3


@pytest.mark.parametrize("ending", ["cut", "421 4.4.2 idle too long"])
def test_a_connection_that_ended_while_idle_is_opened_anew(ending: str) -> None:
    talk = Talk(mail=["250 OK", ending])
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5)
        assert [deliver(delivery) for _ in range(3)] == [Sent()] * 3
    assert (talk.connections, len(talk.mails)) == (2, 3)


def test_a_new_connection_that_is_refused_as_well_is_later_for_everyone() -> None:
    talk = Talk(mail=["250 OK", "421 closing", "421 closing"])
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5)
        assert deliver(delivery) == Sent()
        assert deliver(delivery) == Later("421 closing", delays="everyone")
        assert deliver(delivery) == Sent()


def test_after_a_silence_the_next_mail_has_a_connection_of_its_own() -> None:
    talk = Talk(data=["cut"])
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5)
        assert isinstance(deliver(delivery), Unknown)
        assert deliver(delivery) == Sent()
    assert talk.connections == 2


# -- what a refusal means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 5.1.2 no such domain", True),
        ("553 5.1.3 bad address", True),
        ("550 5.1.10 recipient has a null MX", True),
        ("550 5.1.0 address rejected", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 no such user here", True),
        ("551 user not local", True),
        ("550 5.7.1 relaying denied", False),
        ("550 5.1.8 sender's domain does not exist", False),
        ("550 5.1.7 sender's address is wrong", False),
        ("552 5.2.2 mailbox full", False),
        ("550 mailbox full", False),
        ("550 blocked by a list", False),
        ("554 5.7.1 policy", False),
        ("550 5.4.1 no answer from host", False),
        ("554 transaction failed", False),
        ("550 Unknown user", True),
        ("550 Unrouteable address", True),
        ("550 <reader@example.org>: Recipient address rejected: User unknown in local recipient table", True),
        ("550 Requested action not taken: mailbox unavailable", True),
        ("553 sorry, this recipient is not in my list (#5.1.1)", True),
        ("550 this user doesn't have an account here", True),
        ("550 Sender verify failed", False),
        ("550 authentication required", False),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", False),
        ("550 Too many messages from your IP", False),
        ("550 Too many unknown users or invalid recipients", False),
        ("550 Message rate exceeded", False),
        ("550 Greylisted", False),
        ("550 Administrative prohibition", False),
        ("550 your host 5.1.1.10 is not welcome", False),
        ("550 5.1.0 <reader@example.org>: Sender address rejected: User unknown in local recipient table", False),
    ],
)
def test_only_a_missing_mailbox_is_a_refusal_of_the_address(said: str, address: bool) -> None:
    with talking(Talk(rcpt=[said])) as place:
        outcome = deliver(SmtpDelivery(f"smtp://{place}?starttls=never"))
    assert outcome == Refused(said.replace("reader@example.org", "(address)"), address=address)


def test_a_relay_that_could_not_verify_our_own_address_says_nothing_of_the_recipients() -> None:
    said = [
        "550-Verification failed for <digest@shirube.example.org>",
        "550-Response: 550 5.1.1 No Such User Here",
        "550 Sender verify failed",
    ]
    with talking(Talk(rcpt=["\r\n".join(said)])) as place:
        outcome = deliver(SmtpDelivery(f"smtp://{place}?starttls=never"))
    assert isinstance(outcome, Refused)
    assert not outcome.address


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("550 5.1.1 unknown after all", True),
        ("550 looks like spam", False),
        ("550 content", False),
        ("550 5.1.0 rejected", False),
        ("552 5.3.4 too large", False),
        ("554 5.7.1 no", False),
    ],
)
def test_a_refusal_of_the_whole_message_is_about_its_content(said: str, address: bool) -> None:
    with talking(Talk(data=[said])) as place:
        assert deliver(SmtpDelivery(f"smtp://{place}?starttls=never")) == Refused(said, address=address)


def test_what_a_server_says_is_kept_without_addresses() -> None:
    with talking(Talk(rcpt=["550 5.1.1 <anna.b+x@example.org>: no anna.b+x@example.org here"])) as place:
        outcome = deliver(SmtpDelivery(f"smtp://{place}?starttls=never"))
    assert outcome == Refused("550 5.1.1 <(address)>: no (address) here", address=True)


# -- time ------------------------------------------------------------------------------------------------------------


@contextmanager
def silent(lines: list[bytes]) -> Iterator[int]:
    """Answer each command with the next line, then with nothing for ever."""
    waiting = threading.Event()

    def serve(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer, peer.makefile("rb") as heard:
            for line in lines:
                peer.sendall(line)
                if line.startswith(b"354"):
                    break
                heard.readline()
            waiting.wait(30)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        waiting.set()
        thread.join(5)


@pytest.mark.parametrize("heard", [0, 1, 2, 3])
def test_silence_before_the_message_is_certain(heard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [b"220 hello\r\n", b"250 stub\r\n", b"250 OK\r\n", b"250 OK\r\n"][:heard]
    begun: list[int] = []
    with silent(lines) as port:
        delivery = SmtpDelivery(f"smtp://127.0.0.1:{port}?starttls=never", timeout=0.3)
        outcome = delivery.deliver(message(), TO, lambda: begun.append(1))
    assert isinstance(outcome, Later)
    assert outcome.delays == "everyone"
    assert begun == []


def test_silence_after_the_message_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.delivery.smtp.LONGEST_JUDGEMENT", 0.3)
    lines = [b"220 hello\r\n", b"250 stub\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go on\r\n"]
    with silent(lines) as port:
        outcome = deliver(SmtpDelivery(f"smtp://127.0.0.1:{port}?starttls=never", timeout=0.3))
    assert isinstance(outcome, Unknown)


# -- TLS and login ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody else vouches for, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed, which makes the certificate")
    return key, cert


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[1]))


def test_starttls_comes_before_the_password(certificate: tuple[Path, Path]) -> None:
    talk = Talk()
    tls = {"tls_context": server_context(certificate), "require_starttls": True, "authenticator": talk.login}
    with talking(talk, auth_required=True, **tls) as place:
        delivery = SmtpDelivery(f"smtp://reader:heron@{place}", timeout=5, context=trusting(certificate))
        assert [deliver(delivery) for _ in range(2)] == [Sent()] * 2
        delivery.close()
        with pytest.raises(ConfigError, match="credentials") as caught:
            deliver(SmtpDelivery(f"smtp://reader:egret@{place}", timeout=5, context=trusting(certificate)))
    assert talk.logins[0] == ("heron", True)
    assert all(secured for _, secured in talk.logins)
    assert "egret" not in str(caught.value)


def test_implicit_tls(certificate: tuple[Path, Path]) -> None:
    talk = Talk()
    with talking(talk, ssl_context=server_context(certificate)) as place:
        url = f"smtps://{place}"
        assert deliver(SmtpDelivery(url, timeout=5, context=trusting(certificate))) == Sent()
        assert isinstance(deliver(SmtpDelivery(url, timeout=5)), Later)  # nobody vouches for it
    assert len(talk.mails) == 1


def test_a_certificate_of_another_host_is_not_believed(certificate: tuple[Path, Path]) -> None:
    talk = Talk()
    with talking(talk, tls_context=server_context(certificate)) as place:
        port = place.rpartition(":")[2]
        delivery = SmtpDelivery(f"smtp://127.0.0.1:{port}", timeout=5, context=trusting(certificate))
        assert isinstance(deliver(delivery), Later)
    assert talk.mails == []


# -- hostile names, on the wire --------------------------------------------------------------------------------------


def test_hostile_words_leave_one_recipient_and_no_header_more() -> None:
    """Row 32: a subject made of control characters is refused or encoded; nothing of it becomes a command."""
    talk = Talk()
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5)
        for words in (
            "%0d%0aBcc: x@example.org",
            "a" * 400,
            "件名 >\t<RCPT TO:<x@example.org>",
            '"quoted" <x@example.org>',
        ):
            made = message(parts=plain_parts(words))
            assert delivery.deliver(made, TO, lambda: None) == Sent()
    assert talk.recipients == [TO] * 4
    for envelope in talk.mails:
        head = envelope.content.partition(b"\r\n\r\n")[0]
        assert b"\r\nBcc" not in head
        assert head.count(b"\r\nTo:") == 1


def plain_parts(subject: str) -> Any:
    from digest.formats.email import MailParts

    return MailParts(subject, "", "<p>.</p>\n", ".\n")


class Killed(BaseException):
    """What a process that is killed looks like from inside: nobody catches it."""


class Dying(SmtpDelivery):
    """Dies at every so many messages that were taken, before that can be written down."""

    every, count = 150, 0

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        outcome = super().deliver(message, recipient, before_data)
        self.count += outcome == Sent()
        if outcome == Sent() and self.count % self.every == 0:
            raise Killed
        return outcome


@pytest.mark.faults
def test_a_thousand_recipients_each_end_in_one_true_state(sessions: Sessions, roadmap: Roadmap) -> None:
    """Row 29 at its size: every reply, every break, and kills between a reply and its commit, until all is over."""
    stock(sessions, roadmap, people=1_000)
    fill(sessions)
    good = ["250 OK"] * 30
    talk = Talk(
        mail=[*good * 5, "421 4.3.2 closing", *good * 5, "cut"] * 3,
        rcpt=[*good * 2, "550 5.1.1 nobody", *good, "450 4.2.0 greylisted", "451 4.7.1 come again"] * 9,
        data=[*good, "552 5.2.3 too large", *good, "cut", *good, "451 4.3.0 later", *good, "421 4.3.2 closing"] * 7,
    )
    now, kills = NOW, 0
    with talking(talk) as place:
        delivery = Dying(f"smtp://{place}?starttls=never", timeout=5)
        while not finished(sessions):
            assert now < NOW + timedelta(days=7)
            try:
                send(sessions, delivery, now, render=plain)
            except Killed:
                kills += 1
            now += timedelta(hours=2)
    rows = outbox_rows(sessions)
    assert kills > 5
    assert len({row.subscriber_id for row in rows}) == len(rows) == 1_000
    assert all(talk.answers[command] == [] for command in ("mail", "rcpt", "data")), (
        "a part of the script was not played"
    )
    with sessions() as session:
        people = {person.id: person.email for person in session.scalars(select(Subscriber))}
    copies = Counter(envelope.rcpt_tos[0] for envelope in talk.taken)
    assert {row.state for row in rows} == {"sent", "failed"}
    for row in rows:
        got = copies[people[row.subscriber_id]]
        assert got >= 1 if row.state == "sent" else got <= row.silences, row.error
        assert got <= 1 + row.silences
    second = copies.total() - len(copies)
    assert 0 < second <= sum(row.silences for row in rows)
    assert len({(tuple(mail.rcpt_tos), message_name(mail)) for mail in talk.taken}) == len(copies)


def finished(sessions: Sessions) -> bool:
    with sessions() as session:
        return outbox.finished(session, "2026-06")


def message_name(envelope: Any) -> str:
    return str(message_from_bytes(envelope.content)["Message-ID"])
