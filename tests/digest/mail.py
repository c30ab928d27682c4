"""Small mailings for the digest's tests: an issue with readers, a delivery that does as told, one message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from db.engine import Sessions
from db.models_mail import Outbox
from digest.delivery import Delivery, Outcome, Sent, Unknown
from digest.delivery.message import build_message, make_sender
from digest.formats.email import MailParts, Reader
from digest.mailing import Mailer
from digest.model import Digest
from digest.own import NO_BENCH, Bench
from digest.service import IssueOptions, add_subscribers, build_issue, fill_outbox, send_due
from digest.subscriptions import Subscription, token
from roadmap.model import Roadmap
from tests.digest.store import add_paper, at, close_windows, shortlist

NOW = at("2026-07-06")
SENDER = make_sender("digest@shirube.example.org", "https://shirube.example.org/", "people@example.org")
UNWRITABLE = "=?utf-8?q?x?=@example.org"  # no address any more, and perhaps in a store from before
MAILER = Mailer(SENDER, ("old key", "new key"))


def plain(digest: Digest, lang: str, reader: Reader, bench: Bench = NO_BENCH) -> MailParts:
    """Render a mail as small as it can be."""
    del bench
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

    def close(self) -> None:
        """Nothing is open."""


def stock(sessions: Sessions, roadmap: Roadmap, people: int = 3, month: str = "2026-06") -> None:
    """Store a final issue and some people."""
    with sessions.begin() as session:
        add_paper(session, roadmap, f"{month[2:4]}{month[5:]}.10000", month)
        shortlist(session, month)
        close_windows(session, month)
        build_issue(session, month, roadmap, lambda: NOW, IssueOptions())
        wanted = [Subscription(f"reader{n}@example.org") for n in range(people)]
        add_subscribers(session, MAILER.keys, wanted, "a list on paper", lambda: NOW)


def fill(sessions: Sessions, month: str | None = "2026-06", now: datetime = NOW) -> int:
    with sessions.begin() as session:
        return fill_outbox(session, month, lambda: now, SENDER)[1]


def send(sessions: Sessions, delivery: Delivery, now: datetime = NOW, **more: Any) -> dict[str, int]:
    return send_due(sessions, delivery, more.pop("render", plain), lambda: now, more.pop("mailer", MAILER), **more)


def outbox_rows(sessions: Sessions) -> list[Outbox]:
    with sessions() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.id)))


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
