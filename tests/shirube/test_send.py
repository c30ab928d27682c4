"""People added at the command line and a final issue mailed to them, as files; drafts and samples are refused."""

import email
import email.policy
import stat
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.errors import ConfigError, UsageError
from db.models import Base, Issue, Outbox, Subscriber
from digest.subscriptions import Subscription
from shirube import mail, people
from shirube.settings import load_settings
from tests.shirube.command import CLOSED, DRAFT, Bench, Ended, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state

MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>"}
CONSENT = ("--consent", "signed up at the course")


@pytest.fixture
def post(final: Store, tmp_path: Path) -> Store:
    """A store with a final issue and the settings of a sender."""
    copy = final.copied(tmp_path / "post")
    copy.env.update(MAIL)
    return copy


def bench(store: Store) -> Bench:
    return Bench(load_settings(data_dir=store.folder), lambda: CLOSED)


def add(store: Store, *words: str) -> Ended:
    return run("subscribers", "add", *words, *CONSENT, env=store.env, now=CLOSED)


def send(store: Store, *words: str, hours: int = 0) -> Ended:
    return run("send", *words, env=store.env, now=CLOSED + timedelta(hours=hours))


def change(store: Store, table: type[Base], **values: str) -> None:
    """Set a column of all rows."""
    wiring = bench(store)
    with wiring.sessions.begin() as session:
        session.execute(update(table).values(**values))
    wiring.engine.dispose()


def letters(store: Store) -> list[EmailMessage]:
    """Read the messages in the folder, in the order of their recipients."""
    files = (store.folder / "mail").glob("*.eml")
    found = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]
    messages = [message for message in found if isinstance(message, EmailMessage)]
    return sorted(messages, key=lambda message: str(message["To"]))


def test_a_final_issue_is_mailed_once_to_each_person_in_their_language(post: Store) -> None:
    assert add(post, "a@example.org").out == "a@example.org\tadded\n"
    assert add(post, "b@example.org", "--lang", "ja", "--stage", "5").code == 0
    dry = send(post, "--dry-run")
    assert (dry.code, dry.out) == (0, f"{MONTH}: 2 mails would be queued; nothing was sent\n")
    assert letters(post) == []
    assert state(post, select(Outbox.id)) == []
    sent = send(post)
    assert (sent.code, sent.out) == (0, f"{MONTH}: 2 sent\n")
    english, japanese = letters(post)
    assert [message["To"] for message in (english, japanese)] == ["a@example.org", "b@example.org"]
    assert english["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "https://road.example/s/" in english["List-Unsubscribe"]
    assert "月" in japanese["Subject"]
    assert "月" not in english["Subject"]
    again = send(post, MONTH, hours=1)
    assert (again.code, again.out) == (0, f"{MONTH}: nothing was due\n")
    assert len(letters(post)) == 2


def test_who_comes_later_gets_it_too_and_nobody_twice(post: Store) -> None:
    add(post, "a@example.org")
    send(post)
    first = {str(message["Message-ID"]) for message in letters(post)}
    add(post, "b@example.org")
    assert send(post).out == f"{MONTH}: 1 sent\n"
    assert len(letters(post)) == 2
    assert first < {str(message["Message-ID"]) for message in letters(post)}


def test_who_has_left_gets_nothing(post: Store) -> None:
    add(post, "a@example.org")
    change(post, Subscriber, state="left")
    assert send(post).out == f"{MONTH}: nothing was due\n"
    assert letters(post) == []


@pytest.mark.parametrize("status", ["draft", "sample"])
def test_what_is_not_final_is_never_mailed(post: Store, status: str) -> None:
    add(post, "a@example.org")
    change(post, Issue, status=status)
    named, newest = send(post, MONTH), send(post)
    assert (named.code, named.out) == (newest.code, newest.out) == (1, "")
    assert status in named.err
    assert letters(post) == []


def test_a_month_without_an_issue_is_said_so(post: Store) -> None:
    ended = send(post, "2026-09")
    assert ended.code == 1
    assert "no issue of 2026-09" in ended.err


@pytest.mark.parametrize("missing", list(MAIL))
def test_without_a_sender_or_an_address_nothing_is_sent(post: Store, missing: str) -> None:
    add(post, "a@example.org")
    post.env.pop(missing)
    ended = send(post)
    assert ended.code == 1
    assert missing in ended.err
    assert letters(post) == []


def test_addresses_are_read_one_by_one(mine: Store) -> None:
    ended = run("subscribers", "add", "a@example.org", "A@EXAMPLE.org", "no address", *CONSENT, env=mine.env)
    assert ended.code == 3
    assert [line.split("\t")[1].partition(":")[0] for line in ended.lines] == ["added", "known", "invalid"]
    assert add(mine, "no address").code == 1
    assert add(mine, "c@example.org", "--stage", "9").code == 2
    assert run("subscribers", "add", "c@example.org", "--consent", " ", env=mine.env).code == 2
    columns = (Subscriber.email, Subscriber.consent_source, Subscriber.consent_at)
    assert state(mine, select(*columns)) == [("a@example.org", "signed up at the course", DRAFT)]


def test_consent_and_a_sender_are_asked_of_every_caller(mine: Store) -> None:
    wiring = bench(mine)
    with pytest.raises(UsageError, match="agreed"):
        people.add(wiring, ["a@example.org"], "", Subscription(""))
    with pytest.raises(ConfigError):
        mail.make_mailer(wiring)


def test_the_key_of_the_links_is_made_once_and_is_private(tmp_path: Path) -> None:
    first, second = (Bench(load_settings(data_dir=tmp_path / "var"), lambda: CLOSED).secret_keys() for _ in range(2))
    assert first == second
    assert len(first[0]) >= 40
    assert stat.S_IMODE((tmp_path / "var" / "secret.key").stat().st_mode) == 0o600
