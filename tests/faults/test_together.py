"""Two pulls at once, by two processes on one database, end with the database of one."""

import pytest

from tests.faults.conftest import Store
from tests.faults.dump import differences, state
from tests.faults.test_killed import undisturbed
from tests.faults.warm import Warm
from tests.upstream import Upstream


def together(warm: Warm, store: Store, up: Upstream, rounds: int) -> None:
    """Pull twice at once, so many times, each time into an empty store."""
    job = store.pull(up)
    _, expected = undisturbed(warm, store, job)
    for number in range(rounds):
        store.empty()
        before = len(up.log)
        ended = warm.together([job, job])
        assert [one.error for one in ended] == [None, None], "\n".join(one.error or "" for one in ended)
        assert len({request.client for request in up.log[before:]}) > 1
        assert differences(expected, state(store.sessions)) == [], f"in round {number}"


def test_two_pulls_at_once_end_as_one(warm: Warm, store: Store, tiny: Upstream) -> None:
    together(warm, store, tiny, rounds=2)


@pytest.mark.faults
def test_two_pulls_at_once_end_as_one_however_they_meet(warm: Warm, store: Store, tiny: Upstream) -> None:
    together(warm, store, tiny, rounds=25)
