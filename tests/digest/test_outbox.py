"""From an issue to its outbox: who gets a mail, what a row may become, whatever happens to the sender."""

import threading
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import ConfigError, NotFoundError, RefusedError
from db import outbox
from db.engine import Sessions, make_engine, make_sessions
from db.models import Subscriber
from db.models_mail import Outbox
from digest.delivery import Later, Outcome, Refused, Sent, Unknown
from digest.formats.email import MailParts, Reader
from digest.mailing import MAX_REFUSALS, Mailer, pause
from digest.model import Digest
from digest.own import Bench
from digest.service import IssueOptions, build_issue, fill_outbox, preview, retry_mail, unsubscribe
from digest.subscriptions import token
from roadmap.model import Roadmap
from tests.digest.mail import MAILER, NOW, SENDER, Scripted, fill, outbox_rows, plain, send, stock
from tests.digest.store import add_paper, at


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


def _rows_of(sessions: Sessions, month: str) -> list[Outbox]:
    return [row for row in outbox_rows(sessions) if row.month == month]


def test_what_waits_of_an_older_issue_is_not_mailed_beside_the_newest(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=4, month="2026-05")
    fill(sessions, "2026-05")
    script: list[Outcome] = [Sent(), Unknown("cut"), Later("away", delays="everyone")]
    assert send(sessions, Scripted(script)) == {"sent": 1, "unknown": 1, "retry": 1}
    stock(sessions, roadmap, people=0)
    fill(sessions)
    later = NOW + timedelta(hours=1)
    with sessions() as session:
        assert len(list(preview(session, None, plain, lambda: later, MAILER))) == 4
    delivery = Scripted()
    assert send(sessions, delivery, later) == {"sent": 4}
    assert {mail["Subject"] for _, mail in delivery.mails} == {"道標 2026-06"}
    old = _rows_of(sessions, "2026-05")
    assert [row.state for row in old] == ["sent", "unknown", "skipped", "skipped"]
    assert old[3].error == "superseded by the issue of 2026-06"
    with sessions.begin() as session, pytest.raises(RefusedError, match="2026-05 is not the newest"):
        retry_mail(session, old[3].id, later)


def test_what_a_sender_that_died_held_of_an_older_issue_is_not_mailed(sessions: Sessions, roadmap: Roadmap) -> None:
    """Begun, it may have arrived, and stays unknown; a sender that lives keeps the row it holds."""
    stock(sessions, roadmap, people=3, month="2026-05")
    fill(sessions, "2026-05")
    with sessions.begin() as session:
        for _ in range(2):
            outbox.take(session, NOW, resend=True)
        outbox.start_data(session, 2, 1, NOW)
        outbox.take(session, NOW + timedelta(hours=1), resend=True)  # its lease ran out: the first again
    stock(sessions, roadmap, people=0)
    fill(sessions, now=NOW + timedelta(hours=1))
    assert [row.state for row in _rows_of(sessions, "2026-05")] == ["sending", "unknown", "skipped"]
    fill(sessions, now=NOW + timedelta(hours=2))
    assert [row.state for row in _rows_of(sessions, "2026-05")] == ["skipped", "unknown", "skipped"]
    assert send(sessions, Scripted(), NOW + timedelta(hours=2)) == {"sent": 3}


def test_what_another_sender_held_when_a_newer_issue_began_is_not_mailed_beside_it(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    """Whether the other dies, or gives its row back because its mail was refused for now."""
    stock(sessions, roadmap, people=2, month="2026-05")
    fill(sessions, "2026-05")
    with sessions.begin() as session:
        for _ in range(2):
            outbox.take(session, NOW, resend=True)
    stock(sessions, roadmap, people=0)
    fill(sessions, now=NOW + timedelta(minutes=1))
    with sessions.begin() as session:
        outbox.settle(session, 1, 1, state="retry", retry_at=NOW, error="450 later")
    delivery = Scripted()
    for minutes in range(1, 60, 5):
        send(sessions, delivery, NOW + timedelta(minutes=minutes))
    assert {mail["Subject"] for _, mail in delivery.mails} == {"道標 2026-06"}
    assert [row.state for row in _rows_of(sessions, "2026-05")] == ["skipped", "skipped"]


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
        assert [row.state for row, _ in outbox.troubled(session)] == ["failed"]


def test_a_server_that_refuses_everyone_ends_the_run_and_costs_nobody_their_mail(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    stock(sessions, roadmap)
    fill(sessions)
    now = NOW
    for _ in range(MAX_REFUSALS * 2):
        assert send(sessions, Scripted([Later("connection refused", delays="everyone")]), now) == {"retry": 1}
        now += pause(1)
    assert send(sessions, Scripted(), now) == {"sent": 3}


def test_a_server_that_says_later_for_ever_is_given_up(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    fill(sessions)
    now, ends = NOW, []
    for _ in range(MAX_REFUSALS):
        ends.append(send(sessions, Scripted([Later("451 busy")]), now))
        now += timedelta(hours=4)
    assert ends[-1] == {"failed": 1}
    assert ends[:-1] == [{"retry": 1}] * (MAX_REFUSALS - 1)


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


@pytest.mark.parametrize("unknown", ["resend", "hold"])
@pytest.mark.parametrize("begun", [False, True])
def test_a_sender_killed_in_the_middle(sessions: Sessions, roadmap: Roadmap, begun: bool, unknown: Any) -> None:
    """Before the message: certainly unsent, one mail in the end. After it: one more, or none more where that is set."""
    stock(sessions, roadmap, people=1)
    fill(sessions)
    delivery, mailer = Scripted(), Mailer(SENDER, ("key",), unknown=unknown)

    def die(*_: Any) -> None:
        raise Killed

    delivery.during = die
    with pytest.raises(Killed):
        send(sessions, delivery, mailer=mailer, render=plain if begun else die)
    delivery.during = None
    assert send(sessions, delivery, NOW + timedelta(minutes=9), mailer=mailer) == {}
    held = begun and unknown == "hold"
    for hours in (1, 24):
        ended = send(sessions, delivery, NOW + timedelta(hours=hours), mailer=mailer)
        assert ended == ({} if held or hours > 1 else {"sent": 1})
    (row,) = outbox_rows(sessions)
    assert (row.state, row.silences) == ("unknown" if held else "sent", int(begun))
    assert len(delivery.mails) == (2 if begun and not held else 1)
    assert len({str(mail["Message-ID"]) for _, mail in delivery.mails}) == 1
    with sessions() as session:
        assert outbox.finished(session, "2026-06")


def test_a_sender_paused_past_its_lease_sends_nothing_and_changes_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=1)
    fill(sessions)
    successor = Scripted()

    def overtaken(digest: Digest, lang: str, reader: Reader, bench: Bench) -> MailParts:
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
            assert unsubscribe(
                session, MAILER.keys, token(MAILER.keys, "unsubscribe", last.id, last.created), lambda: NOW
            )

    delivery.during = leave
    assert send(sessions, delivery) == {"sent": 2}
    assert [row.state for row in outbox_rows(sessions)] == ["sent", "sent", "skipped"]


def test_a_wrong_setting_stops_the_run_and_its_row_waits(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap)
    fill(sessions)

    class Wrong:
        def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
            raise ConfigError("no TLS")

        def close(self) -> None:
            pass

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

        def close(self) -> None:
            pass

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
