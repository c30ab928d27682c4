"""After a restore the months close again; nobody gets an issue again that went out after the backup was made."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.migrate import upgrade
from digest.service import add_subscribers, build_issue
from digest.subscriptions import Subscription
from shirube import backups, jobs, mail
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.wiring import Wiring
from tests.digest.store import add_paper, at, close_windows, shortlist
from tests.shirube.command import Ended, run

CLOSING = at("2026-07-05", 9)
RESTORED = at("2026-07-06", 9)
READERS = 3


@dataclass
class Machine:
    """A data folder with a sender, where mails become files, and the moment that it is there."""

    folder: Path
    now: datetime = field(default_factory=lambda: at("2026-07-05", 1))

    @property
    def env(self) -> dict[str, str]:
        return {
            "SHIRUBE_DATA_DIR": str(self.folder),
            "SHIRUBE_BASE_URL": "https://road.example",
            "SHIRUBE_MAIL_FROM": "digest@road.example",
        }

    @property
    def wiring(self) -> Wiring:
        settings = load_settings(data_dir=self.folder, base_url="https://road.example", mail_from="digest@road.example")
        return Wiring(settings, lambda: self.now)

    def work(self, now: datetime) -> dict[str, int]:
        """Close what is due and mail, as the schedule does."""
        self.now = now
        wiring, stop = self.wiring, Stopping()
        closed = jobs.close(wiring, stop).counts
        mailed = jobs.outbox(wiring, stop).counts
        wiring.engine.dispose()
        return {**closed, **mailed}

    def says(self, *words: str) -> Ended:
        return run(*words, env=self.env, now=self.now)

    @property
    def mails(self) -> int:
        return len(list((self.folder / "mail").glob("*.eml")))


@pytest.fixture
def restored(tmp_path: Path) -> Machine:
    """A machine made anew, by the backup of the night before an issue closed and went to everyone."""
    lost, fresh = Machine(tmp_path / "lost"), Machine(tmp_path / "fresh", now=RESTORED)
    for machine in (lost, fresh):
        machine.folder.mkdir()
    wiring = lost.wiring
    upgrade(wiring.engine)
    draft(wiring, "2026-06")
    with wiring.sessions.begin() as session:
        wanted = [Subscription(f"reader{n}@example.org") for n in range(READERS)]
        add_subscribers(session, wiring.secret_keys(), wanted, "a list on paper", wiring.clock)
    file = backups.backup(wiring, wiring.backups_dir)
    assert lost.work(CLOSING) == {"closed": 1, "begun": READERS, "mails sent": READERS}
    backups.restore(fresh.wiring, file)
    return fresh


def draft(wiring: Wiring, month: str) -> None:
    """Store a month that is read whole and not closed."""
    with wiring.sessions.begin() as session:
        add_paper(session, wiring.roadmap, f"{month[2:4]}{month[5:]}.10000", month)
        shortlist(session, month)
        close_windows(session, month)
        build_issue(session, month, wiring.roadmap, wiring.clock, wiring.issue_options(), growing=True)


def test_an_issue_closed_again_goes_to_nobody_where_what_waits_is_skipped(restored: Machine) -> None:
    assert restored.work(RESTORED) == {"closed": 1, "begun": 0}
    told = "The issue of 2026-06 was due before mail was held, and was perhaps mailed: it would go to 3 people"
    assert told in restored.says("outbox").out
    assert "3 mails" in restored.says("outbox", "--release", "--skip-waiting").out
    assert told not in restored.says("outbox").out
    assert restored.work(RESTORED + timedelta(minutes=5)) == {"closed": 0, "begun": 0}
    assert restored.says("send").out == "2026-06: nothing was due\n"
    assert restored.mails == 0
    restored.now = at("2026-08-01")
    draft(restored.wiring, "2026-07")
    assert restored.work(at("2026-08-05", 9)) == {"closed": 1, "begun": READERS, "mails sent": READERS}


@pytest.mark.parametrize("skip", [True, False])
def test_an_issue_that_closes_again_after_mail_was_let_go_waits_for_a_person(restored: Machine, skip: bool) -> None:
    assert mail.release(restored.wiring, skip=skip) == 0
    assert restored.work(RESTORED + timedelta(minutes=5)) == {"closed": 1, "begun": 0}
    assert "it would go to 3 people" in restored.says("outbox").out
    assert "it would go to 3 people" in restored.says("doctor").out
    assert restored.mails == 0
    assert restored.says("send").out == "2026-06: 3 sent\n"
    assert "it would go to" not in restored.says("outbox").out


def test_letting_mail_go_tells_of_an_issue_that_nobody_mails_by_itself(restored: Machine) -> None:
    restored.work(RESTORED)
    let_go = restored.says("outbox", "--release")
    assert let_go.lines[0].startswith("Mail may leave again; 0 mails")
    assert "it would go to 3 people" in let_go.lines[1]
    assert restored.work(RESTORED + timedelta(minutes=5)) == {"closed": 0, "begun": 0}
