"""After a relay that was wrong: what commands say of readers who lack the newest issue, and the way back to them."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Subscriber
from db.models_mail import Outbox
from db.outbox import DOUBT
from shirube import upkeep
from shirube.mail import Sending
from tests.digest.talk import Talk, talking
from tests.shirube.command import CLOSED, Ended, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state
from tests.shirube.test_send import CONSENT, MAIL, bench, change, outbox, send

NOBODY = "550 5.1.1 <{0}>: Recipient address rejected: User unknown in virtual mailbox table"
DENIED = "554 5.7.1 <{0}>: Relay access denied"


class Wrong(Talk):
    """Takes some mails, then refuses every recipient, until it is mended."""

    def __init__(self, takes: int, said: str) -> None:
        super().__init__()
        self.takes, self.said = takes, said

    async def handle_RCPT(
        self, server: object, session: object, envelope: object, address: str, options: object
    ) -> str:
        """Answer one recipient."""
        if len(self.mails) >= self.takes:
            return self.said.format(address)
        return await super().handle_RCPT(server, session, envelope, address, options)  # type: ignore[arg-type]


@pytest.fixture
def post(final: Store, tmp_path: Path) -> Store:
    """A store with a final issue, the settings of a sender, and thirty readers at three domains."""
    copy = final.copied(tmp_path / "post")
    copy.env.update(MAIL | {"SHIRUBE_MAIL_PAUSE_SECONDS": "0"})
    readers = [f"reader{n}@d{n % 3}.example.org" for n in range(30)]
    assert run("subscribers", "add", *readers, *CONSENT, env=copy.env, now=CLOSED).code == 0
    return copy


def doctor(store: Store) -> tuple[bool, str]:
    wiring = bench(store)
    [check] = upkeep.waiting(wiring)
    wiring.engine.dispose()
    return check.well, check.fix


def rows(store: Store) -> Counter[str]:
    return Counter(row[0] for row in state(store, select(Outbox.state)))


@pytest.mark.parametrize("said", [NOBODY, DENIED])
@pytest.mark.parametrize("takes", [0, 1])
def test_a_wrong_relay_costs_nobody_the_issue_and_is_told(post: Store, said: str, takes: int) -> None:
    with talking(talk := Wrong(takes, said)) as place:
        post.env["SHIRUBE_SMTP_URL"] = f"smtp://{place}?starttls=never"
        for hours in range(4):
            assert send(post, hours=hours).code == 3
        assert rows(post) == Counter({"retry": 30 - takes, "sent": takes}) + Counter()
        assert doctor(post)[0] is False
        talk.takes = 1000
        assert [send(post, hours=hours).code for hours in (20, 40)][-1] == 0
        assert rows(post) == Counter({"sent": 30})
        assert len(talk.mails) == 30
    assert doctor(post)[0] is True


def failed(store: Store, error: str) -> Ended:
    """Write down that all mails failed."""
    assert send(store).code == 0
    change(store, Outbox, state="failed", error=error)
    return send(store, hours=1)


@pytest.mark.parametrize(
    "error", [f"{DOUBT}gave up after 12 tries: 550 5.1.1 unknown", "554 5.7.1 Relay access denied"]
)
def test_what_failed_by_the_relays_fault_is_told_until_it_is_sent_again(post: Store, error: str) -> None:
    told = failed(post, error)
    assert (told.code, told.out) == (3, f"{MONTH}: nothing was due\n")
    assert "30 readers are without the issue" in told.err
    assert "shirube outbox --retry-failed" in told.err
    well, fix = doctor(post)
    assert (well, "shirube outbox --retry-failed" in fix) == (False, True)
    assert outbox(post, "--retry-failed").out == f"30 mails of {MONTH} will be sent by the next send\n"
    assert (send(post, hours=1).out, doctor(post)[0]) == (f"{MONTH}: 30 sent\n", True)


def test_a_few_that_were_refused_by_others_are_nobodys_alarm(post: Store) -> None:
    send(post)
    with bench(post).sessions.begin() as session:
        session.get_one(Outbox, 3).state = "failed"
    assert (send(post, hours=1).code, doctor(post)[0]) == (0, True)


def test_all_that_failed_go_again_but_to_whom_nobody_may_write(post: Store) -> None:
    failed(post, "552 too large")
    with bench(post).sessions.begin() as session:
        session.get_one(Subscriber, 1).state = "suppressed"
        session.get_one(Subscriber, 2).state = "left"
        session.get_one(Outbox, 3).error = "given up by the operator; before: 552 too large"
    assert outbox(post, "--retry-failed", "2026-01").code == 1
    assert outbox(post, "--retry-failed", "--retry", "4").code == 2
    assert outbox(post, "--retry-failed", MONTH).out == f"27 mails of {MONTH} will be sent by the next send\n"
    assert rows(post) == Counter({"failed": 3, "retry": 27})


def test_where_nothing_was_mailed_nothing_is_sent_again(post: Store) -> None:
    ended = outbox(post, "--retry-failed")
    assert ended.code == 1
    assert "No issue was mailed" in ended.err


def test_whom_only_the_relays_word_suppressed_gets_the_issue_once_that_is_lifted(post: Store) -> None:
    failed(post, "550 5.1.1 unknown")
    change(post, Subscriber, state="suppressed", state_why="refused")
    assert outbox(post, "--retry-failed").out.startswith("0 mails")
    lifted = run("subscribers", "suppress", "reader1@d1.example.org", "--lift", env=post.env, now=CLOSED)
    assert lifted.out == "reader1@d1.example.org\tactive\n"
    assert outbox(post, "--retry-failed").out.startswith("1 mails")
    assert send(post, hours=1).out == f"{MONTH}: 1 sent\n"


def test_whom_only_the_relays_word_suppressed_are_counted_with_the_way_back(post: Store) -> None:
    wiring = bench(post)
    assert (send(post).err, upkeep.refused(wiring)) == ("", [])
    change(post, Subscriber, state="suppressed", state_why="refused")
    with wiring.sessions.begin() as session:
        session.get_one(Subscriber, 1).state_why = "asked by letter"
        session.get_one(Subscriber, 2).state = "left"
    [check] = upkeep.refused(wiring)
    told = send(post, hours=1)
    assert (told.code, told.err) == (0, f"{check.found}\n")
    assert check.well
    assert check.found.startswith("28 readers get no mail")
    assert "shirube subscribers suppress --lift" in check.found
    wiring.engine.dispose()


def test_what_is_too_much_to_list_is_counted(post: Store) -> None:
    more = [f"more{n}@d{n % 3}.example.org" for n in range(90)]
    run("subscribers", "add", *more, *CONSENT, env=post.env, now=CLOSED)
    failed(post, "552 too large")
    assert "and 20 more" in outbox(post).lines
    values = json.loads(outbox(post, "--json").out)
    assert (len(values["troubled"]), values["more"]) == (100, 20)


def test_a_moment_that_has_come_is_told_as_now(post: Store) -> None:
    send(post)
    change(post, Outbox, state="queued")
    assert "next due: now" in run("outbox", env=post.env, now=CLOSED + timedelta(days=5)).lines
    assert Sending(MONTH, {"retry": 2}, True, None, []).says.endswith("some wait: run it again now")
    later = Sending(MONTH, {"retry": 2}, True, CLOSED, []).says
    assert later.endswith(f"some wait: run it again from {CLOSED:%Y-%m-%d %H:%M} UTC on")
