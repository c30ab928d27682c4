"""Double opt-in: one letter a mailbox and day, no word of a stranger in it, and a link that works once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db import signups, suppressions
from db.engine import Sessions
from db.models import Subscriber
from db.models_readers import Allowance, Signup, Suppression
from digest.delivery import Later, Outcome, Refused, Sent, Unknown
from digest.mailing import Mailer
from digest.service import (
    Caps,
    add_subscribers,
    erase,
    lift_suppression,
    prune_people,
    request_signup,
    send_letters,
    suppress_address,
    unsubscribe,
    waiting,
)
from digest.service.signing_up import CONSENT, MOST_TRIES
from digest.subscriptions import Subscription, hashes, token
from tests.digest.letters import DAY, HOUR, KEYS, ask, deliver, link_in, number_of, people, press, token_in
from tests.digest.mail import MAILER, NOW, SENDER, UNWRITABLE, Scripted

# Confirming


def test_nobody_is_subscribed_before_they_press(sessions: Sessions) -> None:
    ask(sessions, "Reader@example.org", lang="ja", stages=(5,), topics=("rag",), labs=("qwen",), minutes=30)
    ((to, message),) = deliver(sessions)
    assert (to, people(sessions)) == ("Reader@example.org", [])
    assert "?lang=ja" in link_in(message)
    later = NOW + 3 * HOUR
    person = press(sessions, token_in(message), later)
    assert person is not None
    assert people(sessions) == [("Reader@example.org", "active")]
    assert (person.lang, person.stages, person.topics, person.labs, person.minutes) == (
        "ja",
        [5],
        ["rag"],
        ["qwen"],
        30,
    )
    assert (person.consent_source, person.consent_at, person.created) == (CONSENT, later, later)
    assert number_of(sessions, Signup) == 0


def test_a_link_confirms_once(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    ((_, message),) = deliver(sessions)
    assert press(sessions, token_in(message)) is not None
    with sessions.begin() as session:
        unsubscribe(session, KEYS, _leave(session), lambda: NOW)
    assert press(sessions, token_in(message)) is None
    assert people(sessions) == [("reader@example.org", "left")]


def _leave(session: Any) -> str:
    person = session.scalars(select(Subscriber)).one()
    return token(KEYS, "unsubscribe", person.id, person.created)


def test_two_presses_at_one_instant_make_one_person(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    ((_, message),) = deliver(sessions)
    text, found = token_in(message), []
    start = threading.Barrier(4)

    def pressing() -> None:
        start.wait()
        found.append(press(sessions, text) is not None)

    threads = [threading.Thread(target=pressing) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False, False, False, True]
    assert people(sessions) == [("reader@example.org", "active")]


@pytest.mark.parametrize("keys", [("new key",), ("another", "key")])
def test_a_link_signed_with_a_key_that_is_gone_confirms_nothing(sessions: Sessions, keys: tuple[str, ...]) -> None:
    ask(sessions, "reader@example.org")
    with sessions() as session:
        row = session.scalars(select(Signup)).one()
        text = token(["old key"], "confirm", row.id, row.asked_at)
        assert waiting(session, keys, text, NOW) is None
        assert waiting(session, ["old key", *keys], text, NOW) is not None


def test_after_48_hours_the_link_is_dead_and_the_address_gone(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    ((_, message),) = deliver(sessions)
    late = NOW + signups.LIFE
    assert press(sessions, token_in(message), late) is None
    with sessions.begin() as session:
        assert prune_people(session, KEYS, late - HOUR) == 0
        assert prune_people(session, KEYS, late) == 1
    assert (number_of(sessions, Signup), number_of(sessions, Allowance)) == (0, 0)


def test_who_left_comes_back_by_their_own_hand(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("reader@example.org", stages=(1,))], "a list", lambda: NOW)
        unsubscribe(session, KEYS, _leave(session), lambda: NOW)
    ask(sessions, "reader@example.org", stages=(6,))
    ((_, message),) = deliver(sessions)
    assert people(sessions) == [("reader@example.org", "left")]
    person = press(sessions, token_in(message))
    assert person is not None
    assert (person.state, person.stages, person.consent_source) == ("active", [6], CONSENT)


# The letter


def test_the_letter_holds_no_word_that_somebody_chose(sessions: Sessions) -> None:
    for number, email in enumerate(("buy+cheap@example.org", "quiet@example.org")):
        ask(sessions, email, place=f"192.0.2.{number}")
    mails = deliver(sessions)
    shapes = []
    for to, message in mails:
        contents = [part.get_content() for part in (message.get_body(("plain",)), message.get_body(("html",))) if part]
        assert len(contents) == 2
        shapes.append((message["Subject"], [content.replace(token_in(message), "TOKEN") for content in contents]))
        assert not any("cheap" in content or "@" in content.replace("@media", "") for content in contents)
        assert (message["To"], message["Auto-Submitted"]) == (to, "auto-generated")
        assert "List-Unsubscribe" not in message
        assert message["Date"].datetime == NOW
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_both_parts_lead_to_the_same_page(sessions: Sessions, lang: str) -> None:
    ask(sessions, "reader@example.org", lang=lang)
    ((_, message),) = deliver(sessions)
    html = message.get_body(("html",))
    assert html is not None
    assert html.get_content().count("href=") == 1
    assert link_in(message) in html.get_content()
    assert f'<html lang="{lang}"' in html.get_content()
    assert link_in(message).startswith(f"{SENDER.base_url}/s/")


def test_who_has_the_mail_already_is_told_so_and_nothing_changes(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("reader@example.org", stages=(1,))], "a list", lambda: NOW)
    ask(sessions, "reader@example.org", stages=(8,), lang="ja")
    ((_, message),) = deliver(sessions)
    assert "/preferences?" in link_in(message)
    assert number_of(sessions, Signup) == 0
    with sessions() as session:
        person = session.scalars(select(Subscriber)).one()
        assert (person.stages, person.lang, person.consent_source) == ([1], "en", "a list")


def test_a_suppressed_address_gets_nothing_whoever_signs_it_up(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("known@example.org")], "a list", lambda: NOW)
        for email in ("known@example.org", "unknown@example.org"):
            assert suppress_address(session, KEYS, email, "asked", NOW) == "suppressed"
    for email in ("known@example.org", "unknown@example.org"):
        assert ask(sessions, email)
    assert deliver(sessions) == []
    assert number_of(sessions, Signup) == 0
    with sessions.begin() as session:
        assert lift_suppression(session, KEYS, "unknown@example.org", NOW) == "lifted"
        assert lift_suppression(session, KEYS, "known@example.org", NOW) == "left"
    ask(sessions, "unknown@example.org", now=NOW + DAY)
    assert len(deliver(sessions, now=NOW + DAY)) == 1


def test_a_link_sent_before_the_suppression_confirms_nobody(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    ((_, message),) = deliver(sessions)
    with sessions.begin() as session:
        suppress_address(session, KEYS, "reader@example.org", "asked", NOW)
    assert press(sessions, token_in(message)) is None
    assert people(sessions) == []


# Caps


def test_one_victim_from_a_hundred_places_gets_one_letter_a_day(sessions: Sessions) -> None:
    variants = ["victim@example.org", "Vic.Tim@example.org", "victim+a@example.org", "v.i.ctim+b@EXAMPLE.org"]
    for number in range(100):
        assert ask(sessions, variants[number % 4], place=f"192.0.2.{number}")
    assert len(deliver(sessions)) == 1
    ask(sessions, "victim@example.org", now=NOW + DAY - timedelta(seconds=1))
    assert deliver(sessions, now=NOW + DAY - timedelta(seconds=1)) == []
    ask(sessions, "victim@example.org", now=NOW + DAY)
    assert len(deliver(sessions, now=NOW + DAY)) == 1


def test_the_caps_hold_by_place_and_for_all(sessions: Sessions) -> None:
    caps = Caps(per_place=3, in_all=5)
    taken = [ask(sessions, f"a{n}@example.org", place="192.0.2.1", caps=caps) for n in range(10)]
    assert taken == [True] * 3 + [False] * 7
    others = [ask(sessions, f"b{n}@example.org", place=f"192.0.2.{n + 2}", caps=caps) for n in range(10)]
    assert others == [True] * 2 + [False] * 8
    assert number_of(sessions, Signup) == 5
    assert ask(sessions, "c@example.org", now=NOW + HOUR, caps=caps)


@pytest.mark.faults
def test_ten_thousand_addresses_from_one_place_bring_sixty_letters_and_all_places_five_hundred(
    sessions: Sessions,
) -> None:
    """Row 33 at its size, with the caps of a site where nobody changed them."""
    flood = [("192.0.2.1", n) for n in range(10_000)] + [(f"198.51.100.{n % 50}", n) for n in range(10_000, 11_000)]
    with sessions.begin() as session:
        taken = [
            request_signup(session, KEYS, Subscription(f"a{n}@example.org"), place, NOW, Caps()) is None
            for place, n in flood
        ]
    assert (sum(taken[:10_000]), sum(taken)) == (60, 500)
    assert number_of(sessions, Signup) == 500


def test_how_long_to_wait_is_the_rest_of_the_window(sessions: Sessions) -> None:
    caps = Caps(per_place=1)
    ask(sessions, "a@example.org", caps=caps)
    with sessions.begin() as session:
        wanted = Subscription("b@example.org")
        wait = request_signup(session, KEYS, wanted, "192.0.2.1", NOW + timedelta(minutes=20), caps)
    assert wait == timedelta(minutes=40)


def test_a_cap_holds_for_requests_at_one_instant(sessions: Sessions) -> None:
    taken: list[bool] = []
    start = threading.Barrier(8)

    def spend() -> None:
        start.wait()
        for _ in range(5):
            with sessions.begin() as session:
                taken.append(signups.spend(session, "all", 7, HOUR, NOW))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), sum(taken)) == (40, 7)


def test_places_and_mailboxes_are_kept_as_keyed_hashes_for_a_day(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org", place="192.0.2.77")
    deliver(sessions)
    with sessions() as session:
        keys = "\n".join(session.scalars(select(Allowance.key)))
    assert "192.0.2.77" not in keys
    assert "reader" not in keys
    assert hashes(KEYS, "place", "192.0.2.77")[0] in keys
    with sessions.begin() as session:
        prune_people(session, KEYS, NOW + DAY)
    assert number_of(sessions, Allowance) == 0


# Sending


def test_a_letter_waits_for_a_server_that_is_away_and_is_given_up_in_the_end(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    now, tries = NOW, 0
    while number_of(sessions, Signup):
        with sessions() as session:
            due = session.scalars(select(Signup.due_at)).one()
        assert due is not None
        assert due >= now
        now, tries = due, tries + 1
        assert deliver(sessions, Later("connection refused", delays="everyone"), now=now) == []
    assert tries == MOST_TRIES
    assert now - NOW < timedelta(hours=6)


def test_a_server_that_comes_back_gets_the_letter(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    deliver(sessions, Later("451 greylisted"))
    assert deliver(sessions, now=NOW) == []
    assert len(deliver(sessions, now=NOW + HOUR)) == 1
    assert deliver(sessions, now=NOW + 2 * HOUR) == []


def test_an_address_that_no_letter_can_be_written_to_keeps_nobody_waiting(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    with sessions.begin() as session:  # taken before such were refused
        signups.add(session, NOW, email=UNWRITABLE, email_key=UNWRITABLE, lang="en", stages=[], topics=[], labs=[])
    ask(sessions, "reader@example.org")
    assert [to for to, _ in deliver(sessions)] == ["reader@example.org"]
    assert "letter failed" in caplog.text
    now = NOW
    for _ in range(MOST_TRIES):
        now += HOUR
        deliver(sessions, now=now)
    assert number_of(sessions, Signup) == 1  # the one that waits for its press


def test_a_letter_begun_without_an_answer_is_not_sent_again(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")
    ((_, message),) = deliver(sessions, Unknown("no reply"))
    assert deliver(sessions, now=NOW + DAY) == []
    assert press(sessions, token_in(message)) is not None  # perhaps it arrived: then its link works


def test_a_sender_that_dies_before_the_message_is_made_up_for(sessions: Sessions) -> None:
    ask(sessions, "reader@example.org")

    class Dying(Scripted):
        def deliver(self, *_: Any) -> Outcome:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_letters(sessions, Dying(), lambda: NOW, MAILER)
    assert deliver(sessions, now=NOW + signups.LEASE - timedelta(seconds=1)) == []
    assert len(deliver(sessions, now=NOW + signups.LEASE)) == 1


def test_a_mailbox_that_does_not_exist_is_suppressed_by_its_hash(sessions: Sessions) -> None:
    ask(sessions, "typo@example.org")
    ask(sessions, "spam@example.org", place="192.0.2.2")
    ask(sessions, "reader@example.org")
    ((_, letter),) = deliver(
        sessions, Refused("550 no such person", address=True), Refused("554 we do not like this"), Sent()
    )
    assert press(sessions, token_in(letter)) is not None
    assert number_of(sessions, Signup) == 0
    with sessions() as session:
        (kept,) = session.scalars(select(Suppression)).all()
    assert (kept.hash, kept.reason) == (hashes(KEYS, "suppression", "typo@example.org")[0], "refused")
    ask(sessions, "typo@example.org", now=NOW + DAY)
    assert deliver(sessions, now=NOW + DAY) == []


def test_two_senders_send_one_letter(sessions: Sessions) -> None:
    for number in range(6):
        ask(sessions, f"reader{number}@example.org")
    both = Scripted()
    threads = [
        threading.Thread(target=send_letters, args=(sessions, both, lambda: NOW, Mailer(SENDER, KEYS)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(to for to, _ in both.mails) == [f"reader{number}@example.org" for number in range(6)]


# Leaving and being forgotten


def test_thirty_days_after_leaving_only_a_hash_remains(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, KEYS, [Subscription("reader@example.org")], "a list", lambda: NOW)
        unsubscribe(session, KEYS, _leave(session), lambda: NOW)
    with sessions.begin() as session:
        assert prune_people(session, KEYS, NOW + timedelta(days=30, seconds=-1)) == 0
        assert prune_people(session, KEYS, NOW + timedelta(days=30)) == 1
    assert people(sessions) == []
    with sessions.begin() as session:
        again = add_subscribers(session, KEYS, [Subscription("READER@example.org")], "a list", lambda: NOW)
    assert again == [("READER@example.org", "left")]


def test_who_was_erased_is_not_added_again_but_may_come_back(sessions: Sessions) -> None:
    with sessions.begin() as session:
        add_subscribers(session, KEYS[:1], [Subscription("reader@example.org")], "a list", lambda: NOW)
        erase(session, KEYS[:1], session.scalars(select(Subscriber)).one(), NOW)
    with sessions.begin() as session:  # the key has been rotated since: the hash is still found
        again = add_subscribers(session, KEYS, [Subscription("reader@example.org")], "a list", lambda: NOW)
    assert again == [("reader@example.org", "suppressed")]
    ask(sessions, "reader@example.org")
    ((_, message),) = deliver(sessions)
    assert press(sessions, token_in(message)) is not None
    with sessions() as session:
        assert suppressions.counts(session) == {}
    assert people(sessions) == [("reader@example.org", "active")]
