"""What a refusal means for a person, their domain and everyone; what an operator sees and may do about it."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import pairwise
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import select, update

from core.errors import NotFoundError, RefusedError
from db import outbox
from db.engine import Sessions
from db.models import Subscriber
from db.models_mail import MailDomain, Outbox
from digest.delivery import Later, Outcome, Refused, Sent, Unknown
from digest.delivery.smtp import SmtpDelivery
from digest.formats.email import MailParts, Reader
from digest.mailing import DOUBTED_FOR, MAX_REFUSALS, REFUSED_IN_A_ROW, Mailer, domain_wait, pause
from digest.model import Digest
from digest.own import Bench
from digest.refusals import REFUSED_ALIKE
from digest.service import (
    add_subscribers,
    fill_outbox,
    give_up_mail,
    outbox_state,
    preview,
    retry_mail,
    send_due,
    unsubscribe,
)
from digest.subscriptions import Subscription, token
from roadmap.model import Roadmap
from tests.digest.mail import MAILER, NOW, SENDER, UNWRITABLE, Scripted, fill, outbox_rows, plain, send, stock
from tests.digest.talk import Talk, talking

PACED = Mailer(SENDER, ("key",), domain_pause=timedelta(seconds=2))


@dataclass
class Time:
    """A clock that moves only while somebody sleeps."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class ByDomain:
    """Answer by the recipient's domain; note when each mail came."""

    clock: Callable[[], datetime]
    answers: dict[str, Outcome] = field(default_factory=dict)
    came: list[tuple[str, datetime]] = field(default_factory=list)

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        domain = recipient.partition("@")[2]
        outcome = self.answers.get(domain, Sent())
        if isinstance(outcome, Sent):
            before_data()
        self.came.append((recipient, self.clock()))
        return outcome

    def close(self) -> None:
        """Nothing is open."""


class Greylisting(Talk):
    """A server that refuses each recipient until some time after it first heard of them."""

    def __init__(self, clock: Time, wait: timedelta) -> None:
        super().__init__()
        self._clock, self._wait = clock, wait
        self._first: dict[str, datetime] = {}

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        first = self._first.setdefault(address, self._clock())
        if self._clock() - first < self._wait:
            self.answers["rcpt"] = ["451 4.7.1 greylisted"]
        return await super().handle_RCPT(server, session, envelope, address, options)


def at_domains(sessions: Sessions, roadmap: Roadmap, *emails: str) -> None:
    """Queue the issue for these people."""
    stock(sessions, roadmap, people=0)
    with sessions.begin() as session:
        add_subscribers(session, MAILER.keys, [Subscription(email) for email in emails], "form", lambda: NOW)
    fill(sessions)


def states(sessions: Sessions) -> dict[str, str]:
    with sessions() as session:
        people = select(Subscriber.email, Outbox.state).join(Outbox, Outbox.subscriber_id == Subscriber.id)
        return {row[0]: row[1] for row in session.execute(people)}


def test_between_two_mails_to_one_domain_there_is_a_pause(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@one.org", "b@one.org", "c@two.org", "d@ONE.org", "e@three.org")
    clock = Time()
    delivery = ByDomain(clock)
    ended = send_due(sessions, delivery, plain, clock, PACED, sleep=clock.sleep)
    assert ended == {"sent": 5}
    assert clock.slept == [2.0, 2.0]
    ones = [moment for email, moment in delivery.came if email.lower().endswith("@one.org")]
    assert [later - sooner for sooner, later in pairwise(ones)] == [timedelta(seconds=2)] * 2
    assert [email for email, moment in delivery.came if moment == NOW] == ["a@one.org", "c@two.org", "e@three.org"]


def test_a_domain_that_asks_to_wait_delays_nobody_else(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@slow.org", "b@slow.org", "c@quick.org", "d@slow.org")
    clock = Time()
    delivery = ByDomain(clock, {"slow.org": Later("421 too many", delays="domain")})
    assert send(sessions, delivery) == {"retry": 1, "sent": 1}
    assert [email for email, _ in delivery.came] == ["a@slow.org", "c@quick.org"]
    assert send(sessions, delivery, NOW + domain_wait(1) - timedelta(seconds=1)) == {}
    assert send(sessions, delivery, NOW + domain_wait(1)) == {"retry": 1}  # b: twice as long from here
    later = NOW + domain_wait(1) + domain_wait(2)
    assert send(sessions, delivery, later - timedelta(seconds=1)) == {}
    delivery.answers.clear()
    assert send(sessions, delivery, later + pause(1)) == {"sent": 3}
    with sessions() as session:
        assert session.scalars(select(MailDomain.refusals)).all() == [0]


def test_an_unreachable_relay_delays_everyone_and_is_nobodys_refusal(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@one.org", "b@two.org")
    now = NOW
    for _ in range(MAX_REFUSALS + 2):
        assert send(sessions, Scripted([Later("no connection", delays="everyone")]), now) == {"retry": 1}
        now += pause(1)
    assert send(sessions, Scripted([Later("450 greylisted"), Sent()]), now) == {"retry": 1, "sent": 1}
    assert {row.refusals for row in outbox_rows(sessions)} == {0, 1}


def test_a_greylisted_mail_comes_at_the_third_try(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@one.org")
    greylisted = Later("451 greylisted", delays="recipient")
    delivery = Scripted([greylisted, greylisted, Sent()])
    now, ends = NOW, []
    for refusals in (1, 2, 3):
        ends.append(send(sessions, delivery, now))
        now += pause(refusals)
    assert ends == [{"retry": 1}, {"retry": 1}, {"sent": 1}]


def test_a_greylisting_domain_gets_all_its_mails_within_the_hour(sqlite_sessions: Sessions, roadmap: Roadmap) -> None:
    """It refuses each recipient for the first five minutes (RFC 6647): one is no reason to leave the others waiting."""
    at_domains(sqlite_sessions, roadmap, *(f"reader{n}@grey.org" for n in range(200)))
    clock = Time()
    talk = Greylisting(clock, timedelta(minutes=5))
    with talking(talk) as place:
        delivery = SmtpDelivery(f"smtp://{place}?starttls=never", timeout=5)
        while "retry" in states(sqlite_sessions).values() or "queued" in states(sqlite_sessions).values():
            send_due(sqlite_sessions, delivery, plain, clock, MAILER, sleep=clock.sleep)
            clock.sleep(60)
    assert clock.now - NOW <= timedelta(hours=1)
    assert len(talk.mails) == 200
    assert set(states(sqlite_sessions).values()) == {"sent"}
    assert max(Counter(talk.recipients).values()) <= 3
    assert talk.connections < 200


def test_a_domain_that_refuses_one_recipient_after_the_other_is_left_alone(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sqlite_sessions, roadmap, *(f"reader{n}@shut.org" for n in range(60)))
    clock = Time()
    delivery = ByDomain(clock, {"shut.org": Later("451 4.7.1 try later", delays="recipient")})
    for _ in range(60):
        send_due(sqlite_sessions, delivery, plain, clock, MAILER, sleep=clock.sleep)
        clock.sleep(60)
    tries = [moment - NOW for _, moment in delivery.came]
    assert sum(moment == timedelta() for moment in tries) == REFUSED_IN_A_ROW
    assert len(tries) <= REFUSED_IN_A_ROW + 7  # a minute, then twice as long each time


@pytest.mark.parametrize("address", [True, False])
def test_no_such_mailbox_suppresses_and_content_does_not(sessions: Sessions, roadmap: Roadmap, address: bool) -> None:
    at_domains(sessions, roadmap, "a@one.org", "b@two.org")
    assert send(sessions, Scripted([Refused("550 said so", address=address), Sent()])) == {"failed": 1, "sent": 1}
    with sessions() as session:
        person = session.scalars(select(Subscriber).where(Subscriber.email == "a@one.org")).one()
        assert (person.state, person.state_why) == (("suppressed", "refused") if address else ("active", None))
    assert states(sessions) == {"a@one.org": "failed", "b@two.org": "sent"}


def people_in(sessions: Sessions) -> Counter[str]:
    with sessions() as session:
        return Counter(session.scalars(select(Subscriber.state)))


def test_a_relay_that_refuses_domain_after_domain_alike_is_nobodys_missing_mailbox(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    """A relay that is set wrongly may speak as if there were no such mailbox; two of one domain prove nothing."""
    at_domains(sessions, roadmap, "a0@d0.org", *(f"r{n}@d{n}.org" for n in range(40)))
    wrong = Scripted([Refused("550 5.1.1 (address) unknown", address=True)])
    assert send(sessions, wrong) == {"retry": REFUSED_ALIKE + 1}
    assert send(sessions, wrong, NOW + pause(1)) == {"retry": REFUSED_ALIKE}  # others: nobody waits for the first
    assert people_in(sessions) == {"active": 41}
    assert (outbox_rows(sessions)[0].error or "").startswith("this may be the relay's own fault: 550")
    assert {row.refusals for row in outbox_rows(sessions)} == {0}
    assert send(sessions, Scripted(), NOW + 2 * DOUBTED_FOR) == {"sent": 41}


def test_refusals_are_believed_once_another_mail_is_taken(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, *(f"r{n}@d{n}.org" for n in range(13)))
    gone = Refused("550 5.1.1 unknown", address=True)
    other = Refused("550 5.1.1 no mailbox here", address=True)
    script: list[Outcome] = [*[gone] * 4, Sent(), *[gone] * 4, *[other] * 3, Sent()]
    assert send(sessions, Scripted(script)) == {"failed": 11, "sent": 2}
    assert people_in(sessions) == {"suppressed": 11, "active": 2}


def test_a_mail_that_cannot_be_made_keeps_nobody_waiting(
    sessions: Sessions, roadmap: Roadmap, caplog: pytest.LogCaptureFixture
) -> None:
    at_domains(sessions, roadmap, "a@one.org", "b@two.org", "c@three.org")

    def broken(digest: Digest, lang: str, reader: Reader, bench: Bench) -> MailParts:
        if reader.address.startswith("b"):
            raise KeyError("a fault of ours")
        return plain(digest, lang, reader)

    assert send(sessions, Scripted(), render=broken) == {"sent": 2, "retry": 1}
    assert "a fault of ours" in caplog.text
    now = NOW
    for _ in range(MAX_REFUSALS + 1):  # it is tried again for as long as it takes
        now += pause(1)
        assert send(sessions, Scripted(), now, render=broken) == {"retry": 1}
    assert send(sessions, Scripted(), now + pause(1)) == {"sent": 1}


def test_an_address_that_cannot_be_written_is_told_and_left_to_a_person(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@one.org", "b@two.org")
    with sessions.begin() as session:
        session.execute(update(Subscriber).where(Subscriber.email == "a@one.org").values(email=UNWRITABLE))
    with sessions() as session:
        shown = list(preview(session, None, plain, lambda: NOW, MAILER))
    assert [(one.address, one.state, one.size > 0) for one in shown] == [
        ("=•••@example.org", "unwritable", False),
        ("b•••@two.org", "queued", True),
    ]
    assert send(sessions, Scripted()) == {"failed": 1, "sent": 1}
    assert states(sessions) == {UNWRITABLE: "failed", "b@two.org": "sent"}


def test_what_is_sent_is_known_by_its_hash_before_any_server_hears_of_it(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@one.org")
    seen: list[tuple[str | None, object]] = []

    class Looking(Scripted):
        def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
            (row,) = outbox_rows(sessions)
            seen.append((row.body_hash, row.data_started_at))
            before_data()
            (row,) = outbox_rows(sessions)
            seen.append((row.body_hash, row.data_started_at))
            return Sent()

    assert send(sessions, Looking()) == {"sent": 1}
    assert seen[0] == (seen[1][0], None)
    assert seen[0][0]
    assert seen[1][1] == NOW


def test_two_who_fill_at_once_write_one_row_for_each_person(sessions: Sessions, roadmap: Roadmap) -> None:
    stock(sessions, roadmap, people=40)
    barrier, written = threading.Barrier(3), []

    def both(hours: int) -> None:
        barrier.wait()
        with sessions.begin() as session:
            written.append(fill_outbox(session, None, lambda: NOW + timedelta(hours=hours), SENDER)[1])

    threads = [threading.Thread(target=both, args=(hours,)) for hours in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(written) == 40
    assert len(outbox_rows(sessions)) == len({row.subscriber_id for row in outbox_rows(sessions)}) == 40


def test_the_operator_sees_what_needs_a_person_and_no_address(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "anna@one.org", "bert@two.org", "carl@three.org", "dora@four.org")
    send(sessions, Scripted([Refused("552 too large"), Unknown("cut"), Later("451 later"), Sent()]))
    with sessions() as session:
        found = outbox_state(session, 5, "2026-06")
    assert found["counts"] == {"failed": 1, "retry": 1, "sent": 1, "unknown": 1}
    assert [(row["address"], row["state"], row["reason"]) for row in found["troubled"]] == [
        ("b•••@two.org", "unknown", "cut"),
        ("a•••@one.org", "failed", "552 too large"),
    ]
    assert found["next_at"] == "2026-07-06T09:05:00Z"
    assert not [name for name in ("anna", "bert", "carl", "dora") if name in repr(found)]


def test_the_operator_sends_again_or_gives_up(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "anna@one.org", "bert@two.org")
    hold = Mailer(SENDER, ("key",), unknown="hold")
    send(sessions, Scripted([Refused("552 too large"), Unknown("cut")]), mailer=hold)
    failed, unknown = outbox_rows(sessions)
    with sessions.begin() as session:
        session.execute(update(Outbox).where(Outbox.id == failed.id).values(state="failed"))
    with sessions.begin() as session:
        assert retry_mail(session, failed.id, NOW) == "a•••@one.org"
        assert give_up_mail(session, unknown.id) == "b•••@two.org"
        for wrong in (retry_mail, give_up_mail):
            with pytest.raises(NotFoundError):
                wrong(session, 99, *([NOW] if wrong is retry_mail else []))
    assert send(sessions, Scripted(), mailer=hold) == {"sent": 1}
    assert states(sessions) == {"anna@one.org": "sent", "bert@two.org": "failed"}
    with sessions.begin() as session:
        with pytest.raises(RefusedError, match="sent"):
            retry_mail(session, failed.id, NOW)
        with pytest.raises(RefusedError, match="sent"):
            give_up_mail(session, failed.id)
        person = session.scalars(select(Subscriber).where(Subscriber.email == "bert@two.org")).one()
        assert unsubscribe(session, MAILER.keys, token(MAILER.keys, "unsubscribe", person.id, person.created), Time())
        with pytest.raises(RefusedError, match="left"):
            retry_mail(session, unknown.id, NOW)


def test_a_held_mail_the_operator_wants_is_sent_under_its_old_name(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "anna@one.org")
    hold = Mailer(SENDER, ("key",), unknown="hold")
    delivery = Scripted([Unknown("cut"), Sent()])
    send(sessions, delivery, mailer=hold)
    with sessions.begin() as session:
        retry_mail(session, 1, NOW)
    assert send(sessions, delivery, mailer=hold) == {"sent": 1}
    assert len({str(mail["Message-ID"]) for _, mail in delivery.mails}) == 1
    assert (outbox_rows(sessions)[0].silences, len(delivery.mails)) == (1, 2)


def test_a_dry_run_names_everybody_who_would_get_something_and_writes_nothing(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sessions, roadmap, "anna@one.org", "bert@two.org", "carl@three.org")
    send(sessions, Scripted([Sent(), Later("451"), Later("451")]))
    with sessions.begin() as session:
        add_subscribers(session, MAILER.keys, [Subscription("dora@four.org", "ja", (5,))], "form", lambda: NOW)
    before: list[dict[str, Any]] = [{**vars(row), "_sa_instance_state": None} for row in outbox_rows(sessions)]
    with sessions() as session:
        shown = list(preview(session, None, plain, lambda: NOW + pause(1), MAILER))
        assert not session.dirty
        assert not session.new
    assert [(one.address, one.lang, one.wishes.stages, one.state) for one in shown] == [
        ("b•••@two.org", "en", (), "retry"),
        ("c•••@three.org", "en", (), "retry"),
        ("d•••@four.org", "ja", (5,), "new"),
    ]
    assert all(500 < one.size < 5_000 and one.subject for one in shown)
    assert [{**vars(row), "_sa_instance_state": None} for row in outbox_rows(sessions)] == before


def test_what_is_known_of_a_domain_is_forgotten_a_day_after(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "a@one.org")
    send(sessions, Scripted([Later("421", delays="domain")]))
    fill(sessions, now=NOW + timedelta(days=2))
    with sessions() as session:
        assert session.scalars(select(MailDomain)).all() == []
    assert outbox.domain_of("a@One.ORG") == outbox.domain_of("b@one.org") != outbox.domain_of("a@two.org")
