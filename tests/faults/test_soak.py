"""Days of the whole program in minutes: two workers of whom one is killed every simulated hour, and one that stays.

Sources fail by a storm, mails go to a sink over SMTP, the hours are passed in. At the end nothing is lost or doubled,
and the worker that stayed has not grown.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import select

from db import outbox
from db.models import Issue, Item, Subscriber
from db.models_jobs import JobRun
from db.models_mail import Outbox
from digest.service import add_subscribers
from digest.subscriptions import Subscription
from tests.faults import world
from tests.faults.conftest import Store, Told
from tests.faults.test_chain import MAIL
from tests.faults.test_mailing import Server, serving
from tests.faults.test_workers import Child
from tests.faults.warm import Ended, Job, Warm
from tests.upstream import Upstream, storms
from tests.upstream.storms import Storm

PEOPLE = 40
CLOSING = datetime(2026, 11, 5, 6, 0, tzinfo=UTC)
SHARE = 0.15  # of all requests that a storm hits
CALM = 6  # hours at the end, for what the storm delayed
DIES = 120  # steps, within which a worker of an hour dies: even one that finds nothing to do looks as often
GROWTH = 1.10  # of the memory held after the first day
QUICK = [kind for kind in storms.ANYWHERE if kind[0] not in ("hang", "gzip-bomb", "huge")]


def soak(warm: Warm, store: Store, up: Upstream, hours: Sequence[datetime], told: Told | None) -> int:
    """Live through the hours, and look at what came of them; gives how many workers were killed."""
    server, chance = Server(), Random(26)
    with serving(server) as sink:
        env = world.environment(up, store.url, str(store.folder)) | MAIL | {
            "SHIRUBE_SMTP_URL": sink, "SHIRUBE_MAIL_PAUSE_SECONDS": "0", "SHIRUBE_SECRET_KEY": "k" * 43,
        }  # fmt: skip
        with store.sessions.begin() as session:
            wanted = [Subscription(f"reader{number}@example.org") for number in range(PEOPLE)]
            add_subscribers(session, ["k" * 43], wanted, "a list on paper", lambda: hours[0])
        staying = Child(store, "live", "staying", env)
        try:
            staying.hears("ready")
            ended, memory = live(warm, up, env, hours, staying, chance)
        finally:
            staying.process.kill()
            staying.process.communicate()
    kills = sum(one.killed_at is not None for one in ended)
    assert kills == len(hours)
    copies = check(store, up, hours, server, kills)
    day = memory[min(24, len(memory) // 2)]
    assert memory[-1] < day * GROWTH, memory
    if told:
        grown = ", ".join(f"{kilobytes / 1024:.0f}" for kilobytes in memory[::12])
        told(
            f"soak of {len(hours)} simulated hours on {store.url.partition(':')[0]}",
            f"{kills} kills, {len(server.mails)} mails of which {copies} second copies; the worker that stayed held, "
            f"every twelve hours, {grown} MB",
        )
    return kills


def live(
    warm: Warm, up: Upstream, env: dict[str, str], hours: Sequence[datetime], staying: Child, chance: Random
) -> tuple[list[Ended], list[int]]:
    """Let two workers and the one that stays live through each hour; gives how they ended, and memory of the last."""
    storm, ended, memory = Storm(SHARE, 5, {"/api": QUICK, "/oai": QUICK, "/rss": QUICK, "/feeds": QUICK}), [], []
    for number, hour in enumerate(hours):
        up.script.weather = storm if number < len(hours) - CALM else None
        staying.say(hour.isoformat())
        job = Job("tests.faults.working:hour", {"env": env, "start": hour.isoformat()})
        dying = [None, chance.randrange(1, DIES)]
        chance.shuffle(dying)
        both = warm.together([job, job], dying)
        assert [one.error for one in both] == [None, None], "\n".join(one.error or "" for one in both)
        ended += both
        memory.append(int(staying.hear().split()[1]))
    up.script.weather = None
    return ended, memory


def check(store: Store, up: Upstream, hours: Sequence[datetime], server: Server, kills: int) -> int:
    """Find every paper, every moment of the schedule, one issue, and each reader's mail; gives the second copies."""
    copies = Counter(recipient for recipient, _ in server.mails)
    with store.sessions() as session:
        runs = list(session.scalars(select(JobRun)))
        ids = set(session.scalars(select(Item.arxiv_id).where(Item.kind == "paper")))
        finals = list(session.scalars(select(Issue.month).where(Issue.status == "final")))
        assert outbox.finished(session, "2026-10")
        rows = {
            person.email: row
            for row, person in session.execute(
                select(Outbox, Subscriber).join(Subscriber, Subscriber.id == Outbox.subscriber_id)
            )
        }
    assert {paper.arxiv_id for paper in up.catalogue} <= ids
    assert finals == ["2026-10"]
    moments = sorted(run.scheduled_for for run in runs if run.job == "outbox")
    assert len(set(moments)) == len(moments)
    # What comes due while a dead worker's run is not taken over yet is made up for by the next: an hour at most.
    gaps = [later - earlier for earlier, later in pairwise([hours[0], *moments, hours[-1] + timedelta(minutes=55)])]
    assert max(gaps) <= timedelta(hours=1)
    assert {run.state for run in runs} <= {"done", "partly", "lost", "running"}, [r.error for r in runs]
    assert set(copies) == set(rows)
    assert len(rows) == PEOPLE
    assert {row.state for row in rows.values()} == {"sent"}
    assert len(set(server.mails)) == PEOPLE, "every copy of a mail has the same Message-ID"
    assert all(copies[email] <= 1 + row.silences for email, row in rows.items())
    second = sum(copies.values()) - PEOPLE
    assert second <= kills
    return second


def test_some_simulated_hours_with_two_workers_of_whom_one_is_killed_every_hour(
    warm_workers: Warm, sqlite_store: Store, tiny: Upstream
) -> None:
    hours = [CLOSING + timedelta(hours=number) for number in range(1, 2 * CALM + 1)]
    assert soak(warm_workers, sqlite_store, tiny, hours, None) == len(hours)


@pytest.mark.faults
def test_seventy_two_simulated_hours_with_two_workers_of_whom_one_is_killed_every_hour(
    warm_workers: Warm, store: Store, tiny: Upstream, told: Told
) -> None:
    hours = [CLOSING + timedelta(hours=number) for number in range(-36, 36)]
    assert soak(warm_workers, store, tiny, hours, told) == len(hours)
