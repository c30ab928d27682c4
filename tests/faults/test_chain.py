"""Row 19, the second half: from what was pulled to the mails sent, killed at any step of the jobs and begun again."""

from collections.abc import Iterable

import pytest

from digest.service import add_subscribers
from digest.subscriptions import Subscription
from tests.faults import world
from tests.faults.conftest import Store, Told
from tests.faults.dump import State, differences, state
from tests.faults.kept import Rows, keep, restore
from tests.faults.warm import Job, Warm
from tests.shirube.command import CLOSED
from tests.upstream import Upstream

PEOPLE = 3
SAMPLED = 4
EVERY = 10_000  # more steps than there are
MAIL = {"SHIRUBE_BASE_URL": "https://road.example", "SHIRUBE_MAIL_FROM": "digest@road.example"}
# A kill costs an attempt, and a mail that was begun is sent once more: reliability.md, 2.
BY_KILLS = tuple(
    f"outbox.{name}"
    for name in ("attempts", "silences", "lease_until", "data_started_at", "sent_at", "error", "created", "message_id")
)


def begun(warm: Warm, store: Store, up: Upstream) -> tuple[Job, Rows]:
    """Pull the tiny world after its month closed, with some readers; gives the rest of the way, and where it begins."""
    env = world.environment(up, store.url, str(store.folder)) | MAIL
    values = {"env": env, "now": CLOSED.isoformat()}
    store.empty()
    pulled = warm.run(Job("tests.faults.working:pulled", values))
    assert pulled.error is None, pulled.error
    with store.sessions.begin() as session:
        wanted = [Subscription(f"reader{number}@example.org") for number in range(PEOPLE)]
        add_subscribers(session, ["a key"], wanted, "a list on paper", lambda: CLOSED)
    return Job("tests.faults.working:chain", values), keep(store)


def run(warm: Warm, store: Store, job: Job) -> tuple[int, State]:
    """Run to the end; gives the steps it took and what is stored then."""
    ended = warm.run(job)
    assert ended.error is None, ended.error
    assert ended.result == []
    return ended.steps, state(store.sessions, BY_KILLS)


def again(store: Store, rows: Rows) -> None:
    restore(store, rows)
    for file in (store.folder / "mail").glob("*"):
        file.unlink()


def sweep(warm: Warm, store: Store, up: Upstream, number: int) -> tuple[int, int]:
    """Kill at so many steps, spread evenly, and compare; gives the number of kills and of second copies."""
    job, rows = begun(warm, store, up)
    steps, expected = run(warm, store, job)
    assert sum('"final"' in row for row in expected["issue"]) == 1
    assert sum('"state": "sent"' in row for row in expected["outbox"]) == PEOPLE
    number, copies = min(number, steps), 0
    for point in points(steps, number):
        again(store, rows)
        killed = warm.run(job, kill_at=point)
        assert killed.killed_at is not None, killed.error
        _, found = run(warm, store, job)
        shown = "\n".join(differences(expected, found)[:20])
        assert not shown, f"after a kill before step {point} of {steps} ({killed.killed_at}):\n{shown}"
        mails = len(list((store.folder / "mail").glob("*.eml")))
        assert PEOPLE <= mails <= PEOPLE + 1
        copies += mails - PEOPLE
    return number, copies


def points(steps: int, number: int) -> Iterable[int]:
    return sorted({1 + place * (steps - 1) // (number - 1) for place in range(number)})


def test_a_kill_at_some_steps_from_ranking_to_sending_leaves_no_trace(
    warm_workers: Warm, store: Store, tiny: Upstream
) -> None:
    kills, copies = sweep(warm_workers, store, tiny, SAMPLED)
    assert (kills, copies <= kills) == (SAMPLED, True)


@pytest.mark.faults
def test_a_kill_at_every_step_from_ranking_to_sending_leaves_no_trace(
    warm_workers: Warm, store: Store, tiny: Upstream, told: Told
) -> None:
    kills, copies = sweep(warm_workers, store, tiny, EVERY)
    assert SAMPLED < kills < EVERY
    assert copies <= kills
    told(f"{kills} kills, at every step from ranking to sending, on {store.url.partition(':')[0]}", f"{copies} copies")
