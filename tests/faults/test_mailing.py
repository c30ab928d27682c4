"""Senders killed in the middle of a mailing, and begun again: nobody is skipped, few get a second copy.

Rows 30 and 31 of docs/reliability.md, with processes, signals, sockets and both databases.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from sqlalchemy import select

from db import outbox
from db.models import Subscriber
from db.models_mail import Outbox
from digest.service import unsubscribe
from digest.subscriptions import token
from roadmap.model import Roadmap
from tests.digest.mail import MAILER, NOW, stock
from tests.faults.conftest import Store, Told

ROOT = Path(__file__).resolve().parents[2]
LEFT = 5  # people who leave while the run is going
SENDERS = 2


class Server:
    """Takes mails and keeps (recipient, Message-ID); calls what is asked for at the n-th command of a kind."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.at: dict[tuple[str, int], Callable[[], None]] = {}
        self._seen: Counter[str] = Counter()

    async def handle_RCPT(self, server: SMTP, session: object, envelope: Any, address: str, options: Any) -> str:
        self._reached("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: object, envelope: Any) -> str:
        lines = envelope.content.split(b"\r\n")
        name = next(line for line in lines if line.startswith(b"Message-ID:"))
        self.mails.append((envelope.rcpt_tos[0], name.decode()))
        self._reached("DATA")
        return "250 OK"

    def _reached(self, kind: str) -> None:
        self._seen[kind] += 1
        if action := self.at.pop((kind, self._seen[kind]), None):
            action()


@contextmanager
def serving(server: Server) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}?starttls=never"
    finally:
        controller.stop()


class Senders:
    """Processes that send at once, until they end or are killed."""

    def __init__(self, database: str, smtp: str) -> None:
        self._words = [sys.executable, "-m", "tests.faults.mailing", database, smtp]
        self._running: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def run(self, now: datetime) -> list[int]:
        """Send from several processes; gives how each ended."""
        with self._lock:
            words = [*self._words, now.isoformat()]
            self._running = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(SENDERS)]
        return [process.wait(timeout=600) for process in self._running]

    def kill(self) -> None:
        """Kill them all at this instant."""
        with self._lock:
            for process in self._running:
                os.kill(process.pid, signal.SIGKILL)


def mailing(store: Store, roadmap: Roadmap, people: int) -> tuple[Server, int, list[str]]:
    """Mail an issue with three kills and some who leave; gives the server, the number of kills and who left."""
    stock(store.sessions, roadmap, people=people)
    with store.sessions() as session:
        last = session.scalars(select(Subscriber).order_by(Subscriber.id.desc()).limit(LEFT)).all()
    server = Server()

    def leave() -> None:
        with store.sessions.begin() as session:
            for person in last:
                assert unsubscribe(
                    session, MAILER.keys, token(MAILER.keys, "unsubscribe", person.id, person.created), lambda: NOW
                )

    with serving(server) as url:
        senders = Senders(store.url, url)
        server.at = {
            ("DATA", people // 10): senders.kill,  # taken over, and nobody hears of it
            ("RCPT", people * 3 // 10): leave,
            ("RCPT", people // 2): senders.kill,  # certainly not begun
            ("DATA", people * 99 // 100 - LEFT): senders.kill,
        }
        now, kills = NOW, 0
        for _ in range(8):
            ends = senders.run(now)
            kills += -signal.SIGKILL in ends
            assert set(ends) <= {0, -signal.SIGKILL}
            now += outbox.LEASE + timedelta(minutes=1)
            with store.sessions() as session:
                if outbox.finished(session, "2026-06"):
                    break
        before = len(server.mails)
        assert senders.run(now) == [0] * SENDERS  # once more: there is nothing left to send
        assert len(server.mails) == before
    return server, kills, [person.email for person in last]


def check(store: Store, people: int, server: Server, kills: int, left: list[str]) -> int:
    """Compare the outbox with what arrived; gives the number of second copies."""
    copies = Counter(recipient for recipient, _ in server.mails)
    with store.sessions() as session:
        assert outbox.finished(session, "2026-06")
        rows = {
            person.email: row
            for row, person in session.execute(
                select(Outbox, Subscriber).join(Subscriber, Subscriber.id == Outbox.subscriber_id)
            )
        }
    assert len(rows) == people
    assert kills == 3
    assert {rows[email].state for email in left} == {"skipped"}
    assert not set(left) & set(copies)
    for email, row in rows.items():
        if email in left:
            continue
        assert row.state == "sent"
        assert 1 <= copies[email] <= 1 + row.silences, (email, copies[email], row.silences)
    assert len(set(server.mails)) == people - LEFT, "every copy of a mail has the same Message-ID"
    second = sum(copies.values()) - len(copies)
    assert second <= kills * SENDERS
    return second


def test_kills_skip_nobody_and_who_leaves_gets_nothing(store: Store, roadmap: Roadmap) -> None:
    server, kills, left = mailing(store, roadmap, 100)
    assert check(store, 100, server, kills, left) >= 1  # the first kill came after a message was taken over


@pytest.mark.faults
def test_two_thousand_recipients_with_kills_at_10_50_and_99_percent(store: Store, roadmap: Roadmap, told: Told) -> None:
    server, kills, left = mailing(store, roadmap, 2_000)
    second = check(store, 2_000, server, kills, left)
    told(
        f"2,000 recipients on {store.url.partition(':')[0]}, {kills} kills of {SENDERS} senders",
        f"{len(server.mails):,} mails, {second} of them second copies, all of rows that had been unknown",
    )
