"""From an issue to mail: who gets one, what a row may become, what stands on the wire."""

import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import ConfigError, NotFoundError, RefusedError, UsageError
from db import outbox
from db.engine import Sessions, make_engine, make_sessions
from db.models import Outbox, Subscriber
from digest.delivery import Delivery, Later, Outcome, Refused, Sent, Unknown
from digest.delivery.folder import FolderDelivery
from digest.delivery.message import build_message, make_sender
from digest.delivery.smtp import SmtpDelivery, parse_smtp_url
from digest.formats.email import MailParts, Reader, message_parts
from digest.mailing import MAX_ATTEMPTS, LeaseLostError, Mailer, pause
from digest.model import Digest
from digest.service import IssueOptions, add_subscribers, build_issue, fill_outbox, send_due, unsubscribe
from digest.subscriptions import Subscription, mask, normalise, read_token, token
from roadmap.model import Roadmap
from tests.digest.store import add_paper, at, close_windows, shortlist

NOW = at("2026-07-06")
SENDER = make_sender("digest@shirube.example.org", "https://shirube.example.org/", "people@example.org")
MAILER = Mailer(SENDER, ("old key", "new key"))


def plain(digest: Digest, lang: str, reader: Reader) -> MailParts:
    """Render a mail as small as it can be."""
    text = f"{digest.month} {lang} {reader.address}\n.\n{reader.unsubscribe_url}\n"
    return MailParts(f"道標 {digest.month}", "pre", f"<p>{text}</p>", text)


@dataclass
class Scripted:
    """Deliver as told, one outcome after the other, then always the last; note who got what."""

    outcomes: list[Outcome] = field(default_factory=lambda: [Sent()])
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    during: Callable[[], None] | None = None

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        """Play the next outcome; Later and Refused come before the message, as from a server at RCPT."""
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, (Sent, Unknown)):
            before_data()
            self.mails.append((recipient, message))
        if self.during:
            self.during()
        return outcome


def stock(sessions: Sessions, roadmap: Roadmap, people: int = 3, month: str = "2026-06") -> None:
    """Store a final issue and some people."""
    with sessions.begin() as session:
        add_paper(session, roadmap, f"{month[2:4]}{month[5:]}.10000", month)
        shortlist(session, month)
        close_windows(session, month)
        build_issue(session, month, roadmap, lambda: NOW, IssueOptions())
        wanted = [Subscription(f"reader{n}@example.org") for n in range(people)]
        add_subscribers(session, wanted, "a list on paper", lambda: NOW)


def fill(sessions: Sessions, month: str | None = "2026-06", now: datetime = NOW) -> int:
    with sessions.begin() as session:
        return fill_outbox(session, month, lambda: now, SENDER)[1]


def send(sessions: Sessions, delivery: Delivery, now: datetime = NOW, **more: Any) -> dict[str, int]:
    return send_due(sessions, delivery, more.pop("render", plain), lambda: now, more.pop("mailer", MAILER), **more)


def outbox_rows(sessions: Sessions) -> list[Outbox]:
    with sessions() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.id)))


def test_everyone_active_gets_one_mail_and_a_second_run_sends_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap)
    assert (fill(sessions), fill(sessions)) == (3, 0)
    delivery = Scripted()
    assert send(sessions, delivery) == {"sent": 3}
    assert send(sessions, delivery) == {}
    assert [recipient for recipient, _ in delivery.mails] == [f"reader{n}@example.org" for n in range(3)]
    found = outbox_rows(sessions)
    assert {f"<{row.message_id}>" for row in found} == {str(mail["Message-ID"]) for _, mail in delivery.mails}
    assert all(row.sent_at == NOW and row.body_hash and row.data_started_at == NOW for row in found)
    with sessions() as session:
        assert outbox.finished(session, "2026-06")


@pytest.mark.parametrize("status", ["draft", "sample"])
def test_a_draft_and_a_sample_are_never_mailed(sessions: Sessions, roadmap: Roadmap, status: str) -> None:
    with sessions.begin() as session:
        sources = ["recorded"] if status == "sample" else ["arxiv"]
        add_paper(session, roadmap, "2606.10000", "2026-06", sources=sources)
        assert build_issue(session, "2026-06", roadmap, lambda: at("2026-06-20"), IssueOptions()).status == status
    with pytest.raises(RefusedError, match=status):
        fill(sessions)
    with pytest.raises(NotFoundError):
        fill(sessions, None)
    with pytest.raises(NotFoundError, match="2026-05"):
        fill(sessions, "2026-05")
    assert outbox_rows(sessions) == []


def test_only_the_newest_final_issue_is_mailed(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap)
    stock(sessions, roadmap, month="2026-05")
    with pytest.raises(RefusedError, match="2026-05 is not the newest"):
        fill(sessions, "2026-05")
    with sessions.begin() as session:
        assert fill_outbox(session, None, lambda: NOW, SENDER) == ("2026-06", 3)


def test_a_passing_refusal_is_tried_again_later_and_a_final_one_is_not(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap)
    fill(sessions)
    delivery = Scripted([Later("451 greylisted"), Refused("550 no such person"), Sent()])
    assert send(sessions, delivery) == {"retry": 1, "failed": 1, "sent": 1}
    assert send(sessions, delivery) == {}
    assert send(sessions, delivery, NOW + pause(1)) == {"sent": 1}
    states = {row.state: row for row in outbox_rows(sessions)}
    assert (states["failed"].error, states["failed"].data_started_at) == ("550 no such person", None)
    with sessions() as session:
        assert outbox.finished(session, "2026-06")
        assert [row.state for row in outbox.troubled(session)] == ["failed"]


def test_a_server_that_refuses_everyone_ends_the_run_and_costs_nobody_their_mail(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    stock(sessions, roadmap)
    fill(sessions)
    now = NOW
    for _ in range(MAX_ATTEMPTS * 2):
        assert send(sessions, Scripted([Later("connection refused", everyone=True)]), now) == {"retry": 1}
        now += pause(1)
    assert send(sessions, Scripted(), now) == {"sent": 3}


def test_a_server_that_says_later_for_ever_is_given_up(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    fill(sessions)
    now, ends = NOW, []
    for _ in range(MAX_ATTEMPTS):
        ends.append(send(sessions, Scripted([Later("451 busy")]), now))
        now += timedelta(hours=4)
    assert ends[-1] == {"failed": 1}
    assert ends[:-1] == [{"retry": 1}] * (MAX_ATTEMPTS - 1)


def test_a_lost_reply_is_sent_once_more_under_the_same_name_then_held(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    fill(sessions)
    delivery = Scripted([Unknown("cut")])
    assert send(sessions, delivery) == {"unknown": 1}
    assert send(sessions, delivery, NOW + timedelta(hours=1)) == {"unknown": 1}
    assert send(sessions, delivery, NOW + timedelta(days=9)) == {}
    assert len({str(mail["Message-ID"]) for _, mail in delivery.mails}) == 1
    assert len(delivery.mails) == 2


def test_with_hold_a_lost_reply_is_never_sent_again(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    fill(sessions)
    mailer = Mailer(SENDER, ("key",), unknown="hold")
    assert send(sessions, Scripted([Unknown("cut")]), mailer=mailer) == {"unknown": 1}
    assert send(sessions, Scripted(), NOW + timedelta(days=1), mailer=mailer) == {}


class Killed(BaseException):
    """The process dies here; nothing after it runs."""


@pytest.mark.parametrize(("begun", "mails"), [(False, 1), (True, 2)])
def test_a_sender_killed_in_the_middle(sessions: Sessions, roadmap: Roadmap, begun: bool, mails: int) -> None:
    """Before the message: certainly unsent, one mail in the end. After it: one more, with the same Message-ID."""
    stock(sessions, roadmap, people=1)
    fill(sessions)
    delivery = Scripted()

    def die(*_: Any) -> None:
        raise Killed

    delivery.during = die
    with pytest.raises(Killed):
        send(sessions, delivery, render=plain if begun else die)
    delivery.during = None
    assert send(sessions, delivery, NOW + timedelta(minutes=9)) == {}
    hold = Mailer(SENDER, ("key",), unknown="hold")
    later = NOW + outbox.LEASE
    assert send(sessions, delivery, later, mailer=hold) == ({} if begun else {"sent": 1})
    assert outbox_rows(sessions)[0].state == ("unknown" if begun else "sent")
    send(sessions, delivery, later)
    assert [row.state for row in outbox_rows(sessions)] == ["sent"]
    assert len(delivery.mails) == mails
    assert len({str(mail["Message-ID"]) for _, mail in delivery.mails}) == 1


def test_a_sender_paused_past_its_lease_sends_nothing_and_changes_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    fill(sessions)
    successor = Scripted()

    def overtaken(digest: Digest, lang: str, reader: Reader) -> MailParts:
        assert send(sessions, successor, NOW + outbox.LEASE) == {"sent": 1}
        return plain(digest, lang, reader)

    zombie = Scripted()
    assert send(sessions, zombie, render=overtaken) == {"lost": 1}
    assert (len(successor.mails), len(zombie.mails)) == (1, 0)
    assert outbox_rows(sessions)[0].state == "sent"


def test_who_leaves_while_the_run_is_going_gets_no_mail(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap)
    fill(sessions)
    delivery = Scripted()

    def leave() -> None:
        delivery.during = None
        with sessions.begin() as session:
            last = session.scalars(select(Subscriber).order_by(Subscriber.id.desc())).first()
            assert last is not None
            assert unsubscribe(session, MAILER.keys, token(MAILER.keys, "unsubscribe", last.id, last.created))

    delivery.during = leave
    assert send(sessions, delivery) == {"sent": 2}
    assert [row.state for row in outbox_rows(sessions)] == ["sent", "sent", "skipped"]


def test_a_wrong_setting_stops_the_run_and_its_row_waits(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap)
    fill(sessions)

    class Wrong:
        def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
            raise ConfigError("no TLS")

    with pytest.raises(ConfigError):
        send(sessions, Wrong())
    assert [row.state for row in outbox_rows(sessions)] == ["retry", "queued", "queued"]
    assert send(sessions, Scripted(), NOW + pause(1)) == {"sent": 3}


def test_two_senders_share_the_work_and_nobody_gets_two_mails(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=24)
    fill(sessions)
    deliveries = [Scripted(), Scripted()]
    threads = [threading.Thread(target=send, args=(sessions, delivery)) for delivery in deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    recipients = [recipient for delivery in deliveries for recipient, _ in delivery.mails]
    assert sorted(recipients) == sorted(f"reader{n}@example.org" for n in range(24))


@settings(max_examples=12)
@given(script=st.lists(st.sampled_from([Sent(), Later("451"), Refused("550"), Unknown("cut"), Killed()]), max_size=30))
def test_whatever_happens_every_person_has_one_row_with_a_true_state(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, roadmap: Roadmap, script: list[Any]
) -> None:
    sessions = _fresh(sqlite_template, tmp_path_factory.mktemp("outbox"))
    stock(sessions, roadmap, people=4)
    fill(sessions)
    delivered: dict[str, int] = {}
    now = NOW

    class Playing:
        def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
            step = script.pop(0) if script else Sent()
            if isinstance(step, (Sent, Unknown, Killed)):
                before_data()
                delivered[recipient] = delivered.get(recipient, 0) + 1
            if isinstance(step, Killed):
                raise step
            assert isinstance(step, (Sent, Later, Refused, Unknown))
            return step

    for _ in range(30):
        try:
            send(sessions, Playing(), now)
        except Killed:
            fill(sessions, now=now)
        now += timedelta(hours=2)
    found = outbox_rows(sessions)
    with sessions() as session:
        people = {person.id: person.email for person in session.scalars(select(Subscriber))}
        assert outbox.finished(session, "2026-06")
    assert len(found) == len({row.subscriber_id for row in found}) == 4
    for row in found:
        assert row.state in {"sent", "failed", "unknown"}
        copies = delivered.get(people[row.subscriber_id], 0)
        assert copies >= 1 or row.state == "failed"
        assert copies <= row.attempts


def _fresh(template: Path, folder: Path) -> Sessions:
    path = folder / "shirube.db"
    path.write_bytes(template.read_bytes())
    return make_sessions(make_engine(f"sqlite:///{path}"))


# --- the message ---


def message(**more: Any) -> EmailMessage:
    values: dict[str, Any] = {
        "parts": MailParts("道標 2026年6月号", "", "<p>" + "長い行" * 500 + "</p>", ".\n..\nFrom here\n" + "x" * 2000),
        "sender": SENDER,
        "recipient": "reader@example.org",
        "message_id": "2026-06.abc@shirube.example.org",
        "moment": NOW,
        "unsubscribe": f"https://shirube.example.org/s/{token(['key'], 'unsubscribe', 123456, NOW)}/unsubscribe",
    }
    return build_message(**{**values, **more})


def test_headers_stand_on_the_wire_as_trusted_senders_write_them() -> None:
    raw = message().as_bytes()
    lines = raw.split(b"\r\n")
    url = f"https://shirube.example.org/s/{token(['key'], 'unsubscribe', 123456, NOW)}/unsubscribe"
    assert f"List-Unsubscribe: <{url}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    read = message_from_bytes(raw, policy=policy.default)
    assert read["List-Id"] == "<digest.shirube.example.org>"
    assert read["Message-ID"] == "<2026-06.abc@shirube.example.org>"
    assert read["Date"].datetime == NOW
    assert read["Auto-Submitted"] == "auto-generated"
    assert (read["From"], read["Reply-To"]) == ("Shirube <digest@shirube.example.org>", "people@example.org")
    assert (read["To"], read["Subject"]) == ("reader@example.org", "道標 2026年6月号")
    assert [part.get_content_type() for part in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert max(len(line) for line in lines) <= 998
    assert raw.isascii()


@pytest.mark.parametrize(
    "bad", ["a@x.org\r\nBcc: b@x.org", "a@x.org>\r\nRCPT TO:<b@x.org", "a@x.org, b@x.org", "a\0@x.org"]
)
def test_nothing_can_be_smuggled_through_an_address(bad: str) -> None:
    with pytest.raises(UsageError):
        normalise(bad)
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library raises several kinds of it
        message(recipient=bad)


def test_a_line_break_in_the_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        message(parts=MailParts("a\r\nBcc: b@x.org", "", "", ""))


@pytest.mark.parametrize(
    ("mail_from", "base_url", "named"),
    [(None, "https://x.org", "MAIL_FROM"), ("a@x.org", None, "BASE_URL"), ("nobody", "https://x.org", "MAIL_FROM")],
)
def test_mail_is_refused_without_its_settings(mail_from: str | None, base_url: str | None, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        make_sender(mail_from, base_url)


# --- people ---


def test_one_person_is_added_once_however_they_are_written(sessions: Sessions) -> None:
    wanted = [
        Subscription("Reader@Example.org", stages=(5,), lang="ja"),
        Subscription(" reader@example.ORG "),
        Subscription("reader@例え.org"),
        Subscription("nobody"),
    ]
    with sessions.begin() as session:
        outcomes = add_subscribers(session, wanted, "import of 6 July", lambda: NOW)
        assert [outcome.partition(":")[0] for _, outcome in outcomes] == ["added", "known", "added", "invalid"]
        first, second = session.scalars(select(Subscriber).order_by(Subscriber.id))
        assert (first.email, first.email_key) == ("Reader@example.org", "reader@example.org")
        assert (first.lang, first.stages, first.state) == ("ja", [5], "active")
        assert (first.consent_source, first.consent_at) == ("import of 6 July", NOW)
        assert second.email == "reader@xn--r8jz45g.org"


def test_who_left_is_not_brought_back_by_an_import(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, [Subscription("reader@example.org")], "form", lambda: NOW)
        person = session.scalars(select(Subscriber)).one()
        text = token(MAILER.keys, "unsubscribe", person.id, person.created)
        assert unsubscribe(session, MAILER.keys, text)
        assert unsubscribe(session, MAILER.keys, text)
        again = add_subscribers(session, [Subscription("READER@example.org")], "import", lambda: NOW)
        assert again == [("READER@example.org", "left")]
        assert person.state == "left"


def test_a_token_is_for_one_purpose_one_person_and_the_keys_it_was_signed_with(sessions: Sessions) -> None:
    text = token(["old"], "unsubscribe", 7, NOW)
    claim = read_token(["old", "new"], "unsubscribe", text)
    assert claim is not None
    assert (claim.subscriber_id, claim.created) == (7, int(NOW.timestamp()))
    for keys, purpose, wrong in [
        (["old"], "confirm", text),
        (["new"], "unsubscribe", text),
        (["old"], "unsubscribe", text[:-1]),
        (["old"], "unsubscribe", "x" * 10_000),
        (["old"], "unsubscribe", ""),
        (["old"], "unsubscribe", "é☃"),
    ]:
        assert read_token(keys, purpose, wrong) is None  # type: ignore[arg-type]
    with sessions.begin() as session:
        add_subscribers(session, [Subscription("reader@example.org")], "form", lambda: NOW)
        person = session.scalars(select(Subscriber)).one()
        earlier = token(["key"], "unsubscribe", person.id, person.created - timedelta(days=1))
        assert not unsubscribe(session, ["key"], earlier)
        assert person.state == "active"


def test_an_address_is_masked() -> None:
    assert mask("reader@example.org") == "r•••@example.org"


# --- the folder ---


def test_the_folder_holds_whole_private_files(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    delivery = FolderDelivery(folder)
    calls: list[str] = []
    for _ in range(2):
        assert delivery.deliver(message(), "reader@example.org", lambda: calls.append("data")) == Sent()
    files = list(folder.iterdir())
    assert [file.name for file in files] == ["2026-06.abc-shirube.example.org.eml"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert files[0].read_bytes() == message().as_bytes()
    assert calls == ["data", "data"]
    assert delivery.prune(datetime.now(UTC) - timedelta(days=30)) == 0
    assert delivery.prune(datetime.now(UTC) + timedelta(days=1)) == 1
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_written_says_later_and_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file stands in the way")
    outcome = FolderDelivery(tmp_path / "mail").deliver(message(), "reader@example.org", lambda: None)
    assert isinstance(outcome, Later)
    assert outcome.everyone


# --- the server ---


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
        ("451 try later", {}, Later("451 try later"), True),
        ("552 too large", {}, Refused("552 too large"), True),
        ("cut", {}, Unknown, True),
        ("250 OK", {"rcpt": "451 greylisted"}, Later("451 greylisted"), False),
        ("250 OK", {"rcpt": "550 no such person"}, Refused("550 no such person"), False),
        ("250 OK", {"rcpt": "421 closing"}, Later("421 closing", everyone=True), False),
        ("250 OK", {"mail": "550 not this sender"}, Later("550 not this sender", everyone=True), False),
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
    assert b"\r\n.\r\n..\r\n" in envelope.content  # the dots of the text part survived


def test_nobody_there_is_later_for_everyone() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{probe.getsockname()[1]}?starttls=never"
    outcome = SmtpDelivery(url, timeout=2).deliver(message(), "reader@example.org", lambda: None)
    assert isinstance(outcome, Later)
    assert outcome.everyone


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
    assert "p:ss" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "smtp://",
        "smtp://user:secret@mail.example.org:port",
        "smtp://user:secret@mail.example.org?starttls=never",
        "smtp://mail.example.org?starttls=perhaps",
    ],
)
def test_a_wrong_smtp_address_is_named_without_its_secret(url: str) -> None:
    with pytest.raises(ConfigError, match="SHIRUBE_SMTP_URL") as caught:
        parse_smtp_url(url)
    assert "secret" not in str(caught.value)


def test_from_the_issue_to_the_wire(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    with sessions.begin() as session:
        add_subscribers(session, [Subscription("yomu@example.org", "ja", stages=(5,))], "form", lambda: NOW)
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
        assert unsubscribe(session, MAILER.keys, signed)
        assert [person.state for person in session.scalars(select(Subscriber).order_by(Subscriber.id))] == [
            "active",
            "left",
        ]
