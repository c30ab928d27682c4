"""Rows 17 and 18: the whole schedule while the machine is off and while its clock jumps; the hours are passed in."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import select

from db import issues
from db.models import Issue
from db.models_jobs import JobRun
from digest.service import add_subscribers
from digest.subscriptions import Subscription
from shirube import mail
from shirube.settings import load_settings
from shirube.stopping import Stopping
from shirube.worker import Worker
from tests.faults import world
from tests.faults.conftest import Store
from tests.faults.test_chain import MAIL, PEOPLE
from tests.faults.working import Ready
from tests.upstream import Upstream

pytestmark = pytest.mark.faults  # a minute in all

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STALE = "pull-arxiv partly: stale: arXiv's feed of"  # which in this world shows October's last day for ever
EVENING = datetime(2026, 11, 4, 20, 0, tzinfo=UTC)  # before the 5th, 06:00, on which October closes


class Machine:
    """One worker on one machine, whose clock is set from outside; somebody sends whatever issue is there."""

    def __init__(self, store: Store, up: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in (world.environment(up, store.url, str(store.folder)) | MAIL).items():
            monkeypatch.setenv(name, value)
        self.now = EVENING
        self.store = store
        self.wiring = Ready(load_settings(), lambda: self.now)
        self.published: set[datetime | None] = set()
        with self.wiring.sessions.begin() as session:
            wanted = [Subscription(f"reader{number}@example.org") for number in range(PEOPLE)]
            add_subscribers(session, self.wiring.secret_keys(), wanted, "a list on paper", lambda: EVENING)

    def look(self) -> None:
        """Run what is due by the present clock, and send."""
        Worker(self.wiring, Stopping(), moment=lambda session: self.now).look()
        with self.wiring.sessions() as session:
            final = issues.latest_final(session)
        if final is not None:
            self.published.add(final.published_at)
            mail.send(self.wiring, None)

    def runs(self) -> Counter[str]:
        """Count the runs of each job."""
        with self.wiring.sessions() as session:
            unwell = [run for run in session.scalars(select(JobRun)) if run.state != "done"]
            told = {f"{run.job} {run.state}: {run.error}" for run in unwell}
            assert not {words for words in told if STALE not in words}
            return Counter(session.scalars(select(JobRun.job)))

    def finals(self) -> list[str]:
        """Name the months with a final issue."""
        with self.wiring.sessions() as session:
            return list(session.scalars(select(Issue.month).where(Issue.status == "final")))

    def mails(self) -> Counter[str]:
        """Count the mails that each person got."""
        files = (self.store.folder / "mail").glob("*.eml")
        return Counter(str(message_from_bytes(file.read_bytes())["To"]) for file in files)


@pytest.fixture
def machine(store: Store, tiny: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine that has worked for an evening."""
    made = Machine(store, tiny, monkeypatch)
    made.look()
    yield made
    made.wiring.engine.dispose()


def once(machine: Machine) -> bool:
    """Tell whether October was made once, and each reader has it once."""
    mailed = machine.mails() == {f"reader{number}@example.org": 1 for number in range(PEOPLE)}
    return machine.finals() == ["2026-10"] and len(machine.published) == 1 and mailed


def test_a_machine_that_was_off_over_the_closing_day_makes_good_once(machine: Machine) -> None:
    before = machine.runs()
    assert machine.finals() == []
    machine.now += 5 * DAY
    machine.look()
    machine.look()
    assert once(machine)
    more = machine.runs() - before
    assert set(more.values()) == {1}, "each job once, however many of its moments were missed"
    assert set(more) == set(before)


SECONDS = timedelta(seconds=40)
JUMPS = {
    "a day ahead and back": {6: DAY, 7: -DAY},
    "back after closing": {14: -2 * HOUR},
    "back before closing": {11: -2 * HOUR},
    "a day lost": {3: DAY},
    "stepped by NTP": {2: SECONDS, 12: -SECONDS},
}


@pytest.mark.parametrize("jumps", JUMPS.values(), ids=list(JUMPS))
def test_a_clock_that_jumps_doubles_no_digest_and_skips_none(machine: Machine, jumps: dict[int, timedelta]) -> None:
    for hour in range(24):
        machine.now += HOUR + jumps.get(hour, timedelta())
        machine.look()
    assert once(machine)
