"""A pull killed at any step, and then run again, ends with the database of a pull that nobody disturbed."""

from collections.abc import Callable, Iterable
from itertools import count

import pytest

from tests.faults import world
from tests.faults.conftest import Store
from tests.faults.dump import State, differences, state
from tests.faults.warm import Job, Warm
from tests.upstream import Upstream

SAMPLED = 6  # steps in the default run; `make faults` takes every one


def undisturbed(warm: Warm, store: Store, job: Job) -> tuple[int, State]:
    """Run once to the end; gives the number of steps and what is stored then."""
    store.empty()
    ended = warm.run(job)
    assert ended.error is None, ended.error
    assert ended.result == []
    return ended.steps, state(store.sessions)


def sweep(warm: Warm, store: Store, job: Job, points: Iterable[int], settled: Callable[[Store], State]) -> int:
    """Kill a job at each of these steps, run it again to the end, and compare; ends where a run is not reached.

    Gives the number of runs that were killed. Any function may be swept that ends in the same state however often it is
    run; `settled` reads that state.
    """
    steps, expected = undisturbed(warm, store, job)
    killed = 0
    for point in points:
        store.empty()
        ended = warm.run(job, kill_at=point)
        assert ended.error is None, ended.error
        if ended.killed_at is None:
            assert point > steps
            break
        killed += 1
        again = warm.run(job)
        assert again.error is None, f"after a kill before step {point} ({ended.killed_at}): {again.error}"
        found = settled(store)
        assert not differences(expected, found), f"after a kill before step {point} ({ended.killed_at}):\n" + "\n".join(
            differences(expected, found)[:20]
        )
    return killed


def test_the_tiny_world_has_all_that_is_difficult(warm: Warm, store: Store, tiny: Upstream) -> None:
    _, stored = undisturbed(warm, store, store.pull(tiny))
    items = stored["item"]
    assert 20 <= len(items) <= 45
    assert any('"sources": ["arxiv", "hf", "pwc"]' in row for row in items)
    assert any('"kind": "post"' in row for row in items)
    assert any('"labs"' in row and '"arxiv_id": "2' in row for row in items)
    assert len(stored["ingest_error"]) == len(world.UNREADABLE)
    assert all('"state": "closed"' in row for row in stored["window"])
    assert stored["code"]
    assert stored["evidence"]


def test_a_second_pull_changes_nothing(warm: Warm, store: Store, tiny: Upstream) -> None:
    _, stored = undisturbed(warm, store, store.pull(tiny))
    assert warm.run(store.pull(tiny)).error is None
    assert differences(stored, state(store.sessions)) == []


def test_a_kill_at_some_steps_leaves_no_trace(warm: Warm, store: Store, tiny: Upstream) -> None:
    job = store.pull(tiny)
    steps, _ = undisturbed(warm, store, job)
    points = [1 + place * (steps - 1) // (SAMPLED - 1) for place in range(SAMPLED)]
    assert sweep(warm, store, job, points, lambda s: state(s.sessions)) == SAMPLED


@pytest.mark.faults
def test_a_kill_at_every_step_leaves_no_trace(warm: Warm, store: Store, tiny: Upstream) -> None:
    job = store.pull(tiny)
    steps, _ = undisturbed(warm, store, job)
    assert sweep(warm, store, job, count(1), lambda s: state(s.sessions)) == steps
