"""Asking for the mail as a stranger does, reading the letter that comes, and pressing its button."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sqlalchemy import func, select

from db.engine import Sessions
from db.models import Subscriber
from digest.delivery import Outcome, Sent
from digest.service import Caps, confirm, request_signup, send_letters
from digest.subscriptions import Subscription
from tests.digest.mail import MAILER, NOW, Scripted

KEYS = MAILER.keys
WIDE = Caps(per_place=1_000_000, in_all=1_000_000)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ask(sessions: Sessions, email: str, *, place: str = "192.0.2.1", now: datetime = NOW, **more: Any) -> bool:
    caps = more.pop("caps", WIDE)
    with sessions.begin() as session:
        return request_signup(session, KEYS, Subscription(email, **more), place, now, caps) is None


def deliver(sessions: Sessions, *outcomes: Outcome, now: datetime = NOW) -> list[tuple[str, EmailMessage]]:
    delivery = Scripted(list(outcomes) or [Sent()])
    send_letters(sessions, delivery, lambda: now, MAILER)
    return delivery.mails


def link_in(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    (line,) = [line for line in body.get_content().splitlines() if line.startswith("https://")]
    return str(line)


def token_in(message: EmailMessage) -> str:
    return link_in(message).split("/")[4]


def press(sessions: Sessions, text: str, now: datetime = NOW) -> Subscriber | None:
    with sessions.begin() as session:
        return confirm(session, KEYS, text, lambda: now)


def people(sessions: Sessions) -> list[tuple[str, str]]:
    with sessions() as session:
        rows = session.execute(select(Subscriber.email, Subscriber.state).order_by(Subscriber.id))
        return [(row[0], row[1]) for row in rows]


def number_of(sessions: Sessions, table: type[Any]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
