"""A paper that arXiv held back: found weeks after its month's issue closed, and printed once, in the next issue."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select

from db.models import Issue, IssueItem, Item
from tests.shirube.command import CLOSED, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import digest, state
from tests.upstream import Upstream

SUBMITTED = datetime(2026, 10, 4, 9, 30, tzinfo=UTC)
ANNOUNCED = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
NEXT, AFTER = "2026-11", "2026-12"


def a_printed_paper(store: Store) -> str:
    """Name a paper that is good enough to be printed; the same invented world is behind every stand-in."""
    papers = [id_ for id_ in digest(store).entries if id_ in store.up.catalogue.papers]
    return min(papers, key=lambda id_: (not id_.startswith("2610."), id_))


def fill(up: Upstream, month: str) -> None:
    """Let a few papers come in a month: one without any has no issue to close."""
    ordinary = [paper for paper in up.catalogue.papers.values() if paper.mark is None and paper.topic][:5]
    for number, paper in enumerate(ordinary):
        at = datetime.fromisoformat(f"{month}-{10 + number}T08:00:00+00:00")
        item_id = f"{month[2:4]}{month[5:]}.{90001 + number}"
        alone = replace(paper, daily=None, repo=None, lab=None, catalogued=False)
        up.catalogue.add(replace(alone, arxiv_id=item_id, versions=[at]))


def test_submitted_on_the_4th_announced_on_the_28th_it_is_found_late_and_printed_once(
    final: Store, empty: dict[str, str]
) -> None:
    late = a_printed_paper(final)
    with Upstream() as up:
        env = {**empty, **up.environment()}
        paper = up.catalogue.papers[late]
        paper.versions[:] = [SUBMITTED]
        up.catalogue.hold(late)
        store = Store(up, env, run("digest", MONTH, env=env, now=CLOSED))
        assert store.made.code == 0
        frozen = state(store, select(Issue.digest, Issue.made_at).where(Issue.month == MONTH, Issue.status == "final"))
        assert len(frozen) == 1
        assert state(store, select(Item.id).where(Item.id == late)) == []

        fill(up, NEXT)
        fill(up, AFTER)
        up.catalogue.release(late)
        pulled = run("pull", env=env, now=ANNOUNCED)  # no day is named: it looks back by itself
        assert pulled.code == 0, pulled.err
        found = state(store, select(Item.submitted, Item.first_seen, Item.month).where(Item.id == late))
        assert found == [(SUBMITTED, ANNOUNCED, MONTH)]
        assert state(store, select(IssueItem.month).where(IssueItem.item_id == late)) == []

        for month, now in ((NEXT, "2026-12-08T09:00:00+00:00"), (AFTER, "2027-01-08T09:00:00+00:00")):
            made = run("digest", month, env=env, now=datetime.fromisoformat(now))
            assert made.code == 0, made.err
    assert state(store, select(Issue.month, Issue.status).order_by(Issue.month)) == [
        (MONTH, "final"), (NEXT, "final"), (AFTER, "final"),
    ]  # fmt: skip
    assert late in [entry.id for entry in digest(store, NEXT).late]
    assert state(store, select(IssueItem.month, IssueItem.printed).where(IssueItem.item_id == late)) == [(NEXT, True)]
    printed_in = [month for month in (MONTH, NEXT, AFTER) if late in digest(store, month).entries]
    assert printed_in == [NEXT]
    assert state(store, select(Issue.digest, Issue.made_at).where(Issue.month == MONTH)) == frozen
    assert late in store.page(f"{NEXT}.html")
    assert late not in store.page(f"{AFTER}.html")
