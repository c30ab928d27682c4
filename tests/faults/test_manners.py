"""arXiv is asked at one pace by all processes of one database, over its three services, and left alone when it asks."""

from itertools import pairwise

import pytest
from sqlalchemy import Engine, event

from ingest.guard import GuardedTransport
from tests.faults import pulling, world
from tests.faults.conftest import Store, Told
from tests.faults.warm import Job, Warm
from tests.upstream import Request, Upstream

SERVICES = ("/api/query", "/oai", "/rss/")
DELAY = 0.06  # seconds; the pace is the same rule whatever the figure
WISH = 1  # seconds
CONTACTS = ("first@example.org", "second@example.org")  # by which the upstream knows the processes apart
TRIES = 5


def asked(up: Upstream) -> list[Request]:
    """What arXiv was asked, in order of arrival."""
    return sorted((request for request in up.log if request.path.startswith(SERVICES)), key=lambda one: one.at)


def least(log: list[Request]) -> float:
    """Give the least time between two requests, in seconds."""
    return min(later.at - earlier.at for earlier, later in pairwise(log))


def askers(log: list[Request]) -> list[str]:
    """Name the processes that asked, by the contact each one states."""
    agents = " ".join(request.headers["User-Agent"] for request in log)
    return [contact for contact in CONTACTS if contact in agents]


def two_at_once(warm: Warm, store: Store, up: Upstream, delay: float) -> None:
    """Pull twice at the same time, by two processes into one empty store."""
    store.empty()
    job = store.pull(up)
    env = {**job.arguments["env"], "SHIRUBE_ARXIV_DELAY_SECONDS": str(delay)}
    envs = [{**env, "SHIRUBE_CONTACT": contact} for contact in CONTACTS]
    ended = warm.together([Job(job.function, {**job.arguments, "env": own}) for own in envs])
    assert [one.error for one in ended] == [None, None], "\n".join(one.error or "" for one in ended)
    assert [one.result for one in ended] == [[], []]


def test_two_processes_keep_one_pace_over_all_of_arxivs_services(warm: Warm, store: Store, told: Told) -> None:
    # On a busy machine one process may be done before the other begins, which would show nothing: then once more.
    for _ in range(TRIES):
        with world.upstream() as up:
            two_at_once(warm, store, up, DELAY)
        log = asked(up)
        assert least(log) >= DELAY
        if len(askers(log)) == len(CONTACTS):
            break
    assert askers(log) == list(CONTACTS)
    assert {service for service in SERVICES if any(r.path.startswith(service) for r in log)} == set(SERVICES)
    assert len({request.client for request in log}) == len(log)  # no connection outlives its answer
    told("least time between two requests to arXiv", f"{least(log) * 1000:.1f} ms")


@pytest.mark.parametrize(
    ("service", "query", "wish"), [("/oai", "", f"{WISH}"), ("/api/query", "20261028", f"+{WISH + 1}")]
)
def test_a_wish_told_to_one_process_is_kept_by_both(
    warm: Warm, store: Store, service: str, query: str, wish: str
) -> None:
    # A process that a busy machine wakes late arrives late, and so near to the next one: a clean run proves the rule.
    for _ in range(TRIES):
        with world.upstream() as up:
            up.fault(service, status=503, retry_after=wish, times=1, containing=query)
            two_at_once(warm, store, up, DELAY)
        log = asked(up)
        hit = next(place for place, one in enumerate(log) if one.path.startswith(service) and query in one.query)
        assert log[hit + 1].at - log[hit].at >= WISH
        if least(log) >= DELAY:
            break
    assert least(log) >= DELAY


def test_no_request_is_made_inside_a_transaction(store: Store, tiny: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite the turn would be waited for by the very transaction that keeps it from being booked."""
    store.empty()
    under_way: set[int] = set()
    inside: list[str] = []
    send = GuardedTransport.handle_request

    def began(connection: object) -> None:
        under_way.add(id(connection))

    def ended(connection: object) -> None:
        under_way.discard(id(connection))

    def watched(transport: GuardedTransport, request: object) -> object:
        inside.extend([str(request)] * len(under_way))
        return send(transport, request)  # type: ignore[arg-type]

    monkeypatch.setattr(GuardedTransport, "handle_request", watched)
    hooks = (("begin", began), ("commit", ended), ("rollback", ended))
    for name, hook in hooks:
        event.listen(Engine, name, hook)
    try:
        job = store.pull(tiny)
        with pytest.MonkeyPatch.context() as patch:
            for key, value in job.arguments["env"].items():
                patch.setenv(key, value)
            assert pulling.pull(**job.arguments) == []
    finally:
        for name, hook in hooks:
            event.remove(Engine, name, hook)
    assert inside == []
    assert under_way == set()
