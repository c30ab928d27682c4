"""Refusals of addresses that may be the relay's own fault: how long they are doubted, and of letters too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from db import outbox
from db.engine import Sessions
from db.models import Issue
from db.models_readers import Signup, Suppression
from digest.delivery import Later, Outcome, Refused, Sent
from digest.mailing import DOUBTED_FOR, MAX_REFUSALS, pause
from digest.refusals import REFUSED_ALIKE, Refusals
from digest.service import send_due, send_letters
from digest.service.signing_up import MOST_TRIES
from roadmap.model import Roadmap
from tests.digest.letters import ask, deliver, number_of
from tests.digest.mail import MAILER, NOW, Scripted, fill, outbox_rows, plain, send, stock
from tests.digest.test_outbox_rules import ByDomain, Time, at_domains, people_in

GONE = Refused("550 5.1.1 (address) unknown", address=True)
DEAD = [f"gone{n}@dead{n}.org" for n in range(REFUSED_ALIKE)]
LIVE = [f"reader@live{n}.org" for n in range(REFUSED_ALIKE)]
WEEK = timedelta(days=7)
EVERYONE = 1_000_000


@dataclass(frozen=True)
class Addressee:
    """One recipient, as far as a refusal is concerned."""

    domain: str


@dataclass
class Relay:
    """Takes mail to everyone but to addresses that are dead; wrong it takes none, in the same words.

    That it is once it `takes` no more.
    """

    wrong: bool = False
    takes: int = EVERYONE
    said: Refused = GONE
    refused: list[str] = field(default_factory=list)
    taken: int = 0

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        if self.wrong or self.taken >= self.takes or "dead" in recipient:
            self.refused.append(recipient)
            return self.said
        before_data()
        self.taken += 1
        return Sent()

    def close(self) -> None:
        """Nothing is open."""


def worked(sessions: Sessions, relay: Relay, start: datetime, until: datetime, minutes: int = 5) -> None:
    """Send every five minutes, as `work` does, or more seldom."""
    while start < until:
        send(sessions, relay, start)
        start += timedelta(minutes=minutes)


def test_dead_addresses_are_believed_when_they_are_heard_again_after_others_were_sent(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sessions, roadmap, "first@live.org", *DEAD, *LIVE)
    relay = Relay()
    worked(sessions, relay, NOW, NOW + 2 * DOUBTED_FOR)
    assert people_in(sessions) == {"active": 1 + len(LIVE), "suppressed": len(DEAD)}
    assert len(relay.refused) == 2 * len(DEAD)


def test_dead_addresses_with_nobody_after_them_are_given_up_in_the_end_and_not_suppressed(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sqlite_sessions, roadmap, *LIVE, *DEAD)
    relay = Relay()
    worked(sqlite_sessions, relay, NOW, NOW + WEEK, minutes=60)
    assert people_in(sqlite_sessions) == {"active": len(LIVE) + len(DEAD)}
    assert len(relay.refused) == MAX_REFUSALS * len(DEAD)
    *_, last = outbox_rows(sqlite_sessions)
    assert (last.state, last.retry_at) == ("failed", None)
    assert (last.error or "").startswith(f"this may be the relay's own fault: gave up after {MAX_REFUSALS} tries: 550")


def test_a_relay_that_is_wrong_from_the_beginning_costs_nobody_a_mail_however_long(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sqlite_sessions, roadmap, *LIVE)
    worked(sqlite_sessions, Relay(wrong=True), NOW, NOW + WEEK, minutes=180)
    assert {(row.state, row.refusals) for row in outbox_rows(sqlite_sessions)} == {("retry", 0)}
    assert send(sqlite_sessions, Relay(), NOW + WEEK + DOUBTED_FOR) == {"sent": len(LIVE)}


@pytest.mark.parametrize("domains", [1, 3])
@pytest.mark.parametrize("first", [0, 1])
def test_a_wrong_relay_suppresses_nobody_however_few_the_domains_are(
    sessions: Sessions, roadmap: Roadmap, domains: int, first: int
) -> None:
    at_domains(sessions, roadmap, *(f"reader{n}@live{n % domains}.org" for n in range(30)))
    relay = Relay(takes=first)
    worked(sessions, relay, NOW, NOW + timedelta(hours=3), minutes=10)
    assert people_in(sessions) == {"active": 30}
    assert {row.state for row in outbox_rows(sessions)[first:]} == {"retry"}
    relay.takes = EVERYONE
    worked(sessions, relay, NOW + timedelta(hours=5), NOW + timedelta(hours=9), minutes=60)
    assert {row.state for row in outbox_rows(sessions)} == {"sent"}


def test_a_wrong_relay_that_lets_a_few_pass_between_suppresses_nobody(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sqlite_sessions, roadmap, *(f"reader{n}@live{n % 12}.org" for n in range(60)))
    relay = Relay(takes=20)
    for hour, more in enumerate((0, 1, 10, 0, 3)):
        relay.takes += more
        worked(sqlite_sessions, relay, NOW + timedelta(hours=hour), NOW + timedelta(hours=hour + 1))
    assert people_in(sqlite_sessions) == {"active": 60}
    assert "failed" not in {row.state for row in outbox_rows(sqlite_sessions)}


@pytest.mark.parametrize("reason", ["554 5.7.1 (address): Relay access denied", "550 5.7.20 no passing DKIM signature"])
def test_what_the_relay_refuses_to_everyone_fails_nobody(sessions: Sessions, roadmap: Roadmap, reason: str) -> None:
    at_domains(sessions, roadmap, *(f"reader{n}@live{n % 7}.org" for n in range(40)))
    relay = Relay(takes=10, said=Refused(reason))
    worked(sessions, relay, NOW, NOW + DOUBTED_FOR)
    assert {row.state for row in outbox_rows(sessions)} == {"sent", "retry"}
    relay.takes = EVERYONE
    worked(sessions, relay, NOW + DOUBTED_FOR, NOW + 3 * DOUBTED_FOR)
    assert {row.state for row in outbox_rows(sessions)} == {"sent"}


def test_many_dead_addresses_of_one_domain_are_believed_once_others_are_taken(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sqlite_sessions, roadmap, *(f"reader{n}@dead.org" for n in range(45)), *LIVE)
    worked(sqlite_sessions, Relay(), NOW, NOW + DOUBTED_FOR)
    assert people_in(sqlite_sessions) == {"suppressed": 45, "active": len(LIVE)}


def test_who_sends_once_a_day_reaches_everyone_behind_dead_addresses(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    """What was doubted is tried after the others, however long its wait has been over."""
    at_domains(sqlite_sessions, roadmap, *DEAD, *LIVE)
    worked(sqlite_sessions, Relay(), NOW, NOW + timedelta(days=2), minutes=24 * 60)
    assert people_in(sqlite_sessions) == {"active": len(LIVE), "suppressed": len(DEAD)}
    assert {row.state for row in outbox_rows(sqlite_sessions)[len(DEAD) :]} == {"sent"}


def test_a_dead_address_with_nobody_after_it_is_believed_at_the_next_issue(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    at_domains(sqlite_sessions, roadmap, *LIVE, DEAD[0])
    worked(sqlite_sessions, Relay(), NOW, NOW + WEEK, minutes=60)
    assert people_in(sqlite_sessions) == {"active": len(LIVE) + 1}
    stock(sqlite_sessions, roadmap, people=0, month="2026-07")
    with sqlite_sessions.begin() as session:
        session.execute(update(Issue).where(Issue.month == "2026-07").values(status="final"))
    fill(sqlite_sessions, "2026-07", NOW + timedelta(days=31))
    assert send(sqlite_sessions, Relay(), NOW + timedelta(days=31)) == {"failed": 1, "sent": len(LIVE)}
    assert people_in(sqlite_sessions) == {"active": len(LIVE), "suppressed": 1}


@settings(max_examples=60, deadline=None)
@given(domains=st.lists(st.integers(0, 7), min_size=1, max_size=40), takes=st.integers(0, 45))
def test_whoever_is_refused_since_the_last_mail_that_was_taken_is_never_given_up_by_a_run(
    domains: list[int], takes: int
) -> None:
    """Whatever the domains are: only a mail that is taken afterwards makes a refusal certain."""
    refusals: Refusals[Addressee] = Refusals()
    certain: list[object] = []
    for number, domain in enumerate(domains):
        outcome = Sent() if number < takes else GONE
        known = refusals.hear(Addressee(str(domain)), outcome)
        certain += [said for _, said in known]
    certain += [said for _, said in refusals.doubted()]
    assert len(certain) == len(domains)
    assert not [said for said in certain if isinstance(said, Refused)]
    assert len(refusals) == 0


def test_a_relay_that_goes_wrong_between_suppresses_nobody(sqlite_sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sqlite_sessions, roadmap, "first@early.org", "second@early.org", *LIVE)
    early = Later("451 greylisted", delays="recipient")
    assert send(sqlite_sessions, Scripted([Sent(), early]), limit=2) == {"sent": 1, "retry": 1}
    worked(sqlite_sessions, Relay(wrong=True), NOW + pause(1), NOW + timedelta(hours=18))
    assert people_in(sqlite_sessions) == {"active": 2 + len(LIVE)}
    worked(sqlite_sessions, Relay(), NOW + timedelta(hours=18), NOW + timedelta(days=2), minutes=60)
    assert {row.state for row in outbox_rows(sqlite_sessions)} == {"sent"}


def test_what_is_not_certain_stays_leased_while_others_take_their_time(sessions: Sessions, roadmap: Roadmap) -> None:
    at_domains(sessions, roadmap, "gone@dead.org", *LIVE)
    clock = Time()
    answers: dict[str, Outcome] = {email.partition("@")[2]: Later("450 later") for email in LIVE}
    slow = ByDomain(clock, {"dead.org": GONE, **answers})
    taken = slow.deliver

    def minutes(message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        clock.sleep(outbox.LEASE.total_seconds() * 0.4)
        return taken(message, recipient, before_data)

    slow.deliver = minutes  # type: ignore[method-assign]
    assert send_due(sessions, slow, plain, clock, MAILER, limit=6) == {"retry": 1 + len(LIVE)}
    assert [email for email, _ in slow.came].count("gone@dead.org") == 1


def test_a_wrong_relay_suppresses_nobody_who_signs_up(sessions: Sessions) -> None:
    for n in range(8):
        ask(sessions, f"reader@d{n}.org", place=f"192.0.2.{n}")
    wrong = Scripted([GONE])
    assert send_letters(sessions, wrong, lambda: NOW, MAILER) == {"doubted": REFUSED_ALIKE}
    assert send_letters(sessions, wrong, lambda: NOW, MAILER) == {"doubted": 8 - REFUSED_ALIKE}
    assert number_of(sessions, Suppression) == 0
    assert len(deliver(sessions, now=NOW + DOUBTED_FOR)) == 8


def test_one_who_signs_up_alone_is_not_suppressed_for_what_may_be_said_of_the_relay(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    tries, now = 0, NOW
    while number_of(sessions, Signup):
        with sessions() as session:
            now = session.scalars(select(Signup.due_at)).one() or now
        deliver(sessions, GONE, now=now)
        tries += 1
    assert (tries, number_of(sessions, Suppression)) == (MOST_TRIES, 0)


def test_a_refused_letter_stays_leased_until_it_is_certain(sessions: Sessions) -> None:
    for name in ("gone@dead.org", "reader@live.org"):
        ask(sessions, name)
    clock, relay = Time(), Relay()

    class Slow(Relay):
        def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
            outcome = relay.deliver(message, recipient, before_data)
            clock.sleep(outbox.LEASE.total_seconds() * 0.7)
            return outcome

    assert send_letters(sessions, Slow(), clock, MAILER) == {"sent": 1, "refused": 1}
    assert (relay.refused, number_of(sessions, Suppression)) == (["gone@dead.org"], 1)
