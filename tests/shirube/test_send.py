"""People added at the command line and a final issue mailed to them, as files; drafts and samples are refused."""

import email
import email.policy
import json
import stat
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.errors import ConfigError, UsageError
from db import holds
from db.models import Base, Issue, Subscriber
from db.models_mail import Outbox
from digest.subscriptions import Subscription
from shirube import jobs, mail, people, upkeep
from shirube.settings import load_settings
from shirube.stopping import Stopping
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
    assert dry.code == 0
    assert [line.split("\t")[:3] for line in dry.lines] == [
        ["a•••@example.org", "en", "all"],
        ["b•••@example.org", "ja", "5"],
    ]
    assert "2 mails would be sent" in dry.err
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


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_mail_of_a_whole_month_stays_under_100_kilobytes(post: Store, lang: str) -> None:
    """The stand-in month, all stages, as sent: both parts and headers together."""
    add(post, "a@example.org", "--lang", lang)
    said = send(post, "--dry-run").lines[0].split("\t")
    assert send(post).code == 0
    (file,) = (post.folder / "mail").glob("*.eml")
    size = file.stat().st_size
    assert size < 100_000
    assert said[3] == f"{size / 1000:.1f} kB"


def outbox(store: Store, *words: str) -> Ended:
    return run("outbox", *words, env=store.env, now=CLOSED)


def test_the_outbox_tells_what_needs_a_person_and_takes_their_word(post: Store) -> None:
    assert outbox(post).out.startswith("The outbox is empty\n")
    for name in ("anna", "bert", "carl"):
        add(post, f"{name}@example.org")
    send(post)
    change(post, Outbox, state="failed", error="552 too large\x1b[31m")
    shown = outbox(post)
    assert (shown.code, shown.lines[0]) == (0, "3 failed")
    assert shown.lines[1].split("\t") == ["3", MONTH, "c•••@example.org", "failed", "552 too large\\x1b[31m"]
    values = json.loads(outbox(post, MONTH, "--json").out)
    assert values["counts"] == {"failed": 3}
    assert [row["address"][:1] for row in values["troubled"]] == ["c", "b", "a"]
    assert json.loads(outbox(post, "2026-01", "--json").out)["counts"] == {}
    assert "will be sent" in outbox(post, "--retry", "2").out
    assert "given up" in outbox(post, "--give-up", "2").out
    assert outbox(post, "--give-up", "1").code == 1
    assert outbox(post, "--retry", "99").code == 1
    assert outbox(post, "--retry", "1", "--give-up", "2").code == 2
    assert "anna" not in shown.out + json.dumps(values)


def test_send_says_that_some_wait_and_ends_so(post: Store) -> None:
    add(post, "a@example.org")
    post.env["SHIRUBE_SMTP_URL"] = "smtp://127.0.0.1:9?starttls=never"  # nobody listens there
    ended = send(post)
    assert ended.code == 3
    assert "1 retry; some wait" in ended.out
    assert "1 mail waits: ConnectionRefusedError" in ended.err
    assert "shirube doctor" in ended.err
    post.env.pop("SHIRUBE_SMTP_URL")
    assert send(post, hours=1).code == 0
    assert len(letters(post)) == 1


def test_the_outbox_and_doctor_say_why_mails_wait(post: Store) -> None:
    for name in ("anna", "bert", "carl"):
        add(post, f"{name}@example.org")
    send(post)
    change(post, Outbox, state="retry", error="450 try later\x1b[31m")
    shown = outbox(post)
    assert shown.lines[0] == "3 retry"
    assert "3 mails wait: 450 try later\\x1b[31m" in shown.lines
    assert json.loads(outbox(post, "--json").out)["waiting"] == [{"reason": "450 try later\x1b[31m", "mails": 3}]
    assert json.loads(outbox(post, "2026-01", "--json").out)["waiting"] == []
    [told] = upkeep.waiting(bench(post))
    assert told.well
    assert told.found == "3 retry (3 mails wait: 450 try later\\x1b[31m)"


def at(store: Store, monkeypatch: pytest.MonkeyPatch, hours: int = 0) -> Bench:
    """The wiring of `work` at some hours after the issue closed."""
    for name, value in store.env.items():
        monkeypatch.setenv(name, value)
    return Bench(load_settings(data_dir=store.folder), lambda: CLOSED + timedelta(hours=hours))


def test_work_mails_an_issue_that_has_just_closed_and_once(post: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(post, "a@example.org")
    wiring = at(post, monkeypatch)
    assert jobs.outbox(wiring, Stopping()).counts == {"begun": 1, "mails sent": 1}
    add(post, "b@example.org")  # who comes later begins with the next issue, unless a person sends this one again
    assert jobs.outbox(wiring, Stopping()).counts == {"begun": 0}
    wiring.engine.dispose()
    assert len(letters(post)) == 1
    assert send(post).out == f"{MONTH}: 1 sent\n"


def test_work_begins_no_mailing_of_an_older_issue_nor_one_that_is_held(
    post: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(post, "a@example.org")
    old = at(post, monkeypatch, hours=24 * 4)
    assert mail.begin(old) == 0
    old.engine.dispose()
    wiring = at(post, monkeypatch)
    with wiring.sessions.begin() as session:
        holds.hold(session, "restored", CLOSED - timedelta(days=60))
    assert mail.begin(wiring) == 0
    monkeypatch.delenv("SHIRUBE_MAIL_FROM")
    with wiring.sessions.begin() as session:
        holds.release(session, skip=False)
    silent = Bench(load_settings(data_dir=post.folder), lambda: CLOSED)
    assert mail.begin(silent) == 0
    silent.engine.dispose()
    assert mail.begin(wiring) == 1
    wiring.engine.dispose()


def test_work_goes_on_with_what_waits(post: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    add(post, "a@example.org")
    post.env["SHIRUBE_SMTP_URL"] = "smtp://127.0.0.1:9?starttls=never"
    assert send(post).code == 3
    del post.env["SHIRUBE_SMTP_URL"]
    later = at(post, monkeypatch, hours=1)
    assert jobs.outbox(later, Stopping()).counts == {"begun": 0, "mails sent": 1}
    later.engine.dispose()
    assert len(letters(post)) == 1
