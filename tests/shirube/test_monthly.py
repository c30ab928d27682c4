"""What a person is told while a month is made, and what is never done behind their back."""

from datetime import date

import pytest
from sqlalchemy import select

from db.models import Issue, IssueItem, Item, Shortlist
from shirube import jobs
from shirube.settings import load_settings
from shirube.stopping import Stopping
from tests.shirube.command import CLOSED, DRAFT, Bench, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state
from tests.upstream import Upstream

HELD_DAY = date(2026, 10, 5)
SINGLE = "/api/v1/papers/"


def test_offline_without_anything_stored_says_what_to_do(empty: dict[str, str]) -> None:
    for _ in range(2):
        ended = run("digest", "2026-05", "--offline", env=empty, now=DRAFT)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines() == [
            "shirube: Nothing is stored for 2026-05",
            "  Run it without --offline, or first: shirube pull.",
        ]


def test_arxiv_is_announced_only_while_days_of_it_are_due(mine: Store) -> None:
    assert "31 days due, from 2026-10-31 back to 2026-10-01" in mine.made.err
    days = [line for line in mine.made.err.splitlines() if line.startswith("  arXiv 2026-10-")]
    assert len(days) > 20
    assert all("min left" in line for line in days[2:-1])
    assert "min left" not in days[0] + days[-1]
    assert "no list was asked for again" not in mine.made.err
    again = run("digest", MONTH, env=mine.env)
    assert again.code == 0
    assert "arXiv" not in again.err
    assert f"Everything due of {MONTH} is complete: no list was asked for again." in again.err


def test_a_month_is_counted_once_more_before_it_closes_and_a_held_paper_is_in_it(empty: dict[str, str]) -> None:
    with Upstream() as up:
        env = {**empty, **up.environment()}
        held = next(p for p in up.catalogue if p.submitted.date() == HELD_DAY)
        up.catalogue.hold(held.arxiv_id)
        assert run("digest", MONTH, env=env, now=DRAFT).code == 0
        store = Store(up, env, run("status", env=env))
        told_by = state(store, select(Item.sources).where(Item.id == held.arxiv_id))
        assert not any("arxiv" in sources for (sources,) in told_by)
        up.catalogue.release(held.arxiv_id)
        asked = len(up.requests("/api/query"))
        assert run("digest", MONTH, env=env, now=CLOSED).code == 0
        queries = [request.query for request in up.requests("/api/query")[asked:]]
    totals = [query for query in queries if "max_results=1&" in f"{query}&"]
    assert len(totals) == 31  # each day's total
    assert len(queries) - len(totals) <= 4  # and only what grew is read again
    assert state(store, select(Issue.status).where(Issue.month == MONTH)) == [("final",)]
    assert state(store, select(Item.month).where(Item.id == held.arxiv_id)) == [(MONTH,)]
    assert state(store, select(IssueItem.month).where(IssueItem.item_id == held.arxiv_id)) == [(MONTH,)]


def asked_of_pwc(up: Upstream) -> list[str]:
    """Which papers Papers with Code was asked for, one by one."""
    return [one.path.removeprefix(SINGLE) for one in up.requests(SINGLE) if one.path != SINGLE]


def test_a_digest_of_what_was_pulled_before_asks_for_the_code_of_its_papers(empty: dict[str, str]) -> None:
    """As a timer runs it (docs/operate.md): the pull reads everything, so that the digest reads nothing new."""
    with Upstream() as up:
        env = {**empty, **up.environment()}
        assert run("pull", "--since", "2026-10-01", env=env, now=DRAFT).code == 0
        assert asked_of_pwc(up) == []
        assert run("digest", MONTH, env=env, now=DRAFT).code == 0
        asked = asked_of_pwc(up)
        store = Store(up, env, run("status", env=env))
        printed = {item_id for (item_id,) in state(store, select(Shortlist.item_id).where(Shortlist.section == "main"))}
        assert asked
        assert set(asked) <= printed
        assert run("digest", MONTH, env=env, now=DRAFT).code == 0
        assert asked_of_pwc(up) == asked, "they rest for two days"
        for _ in range(2):
            assert run("digest", MONTH, env=env, now=CLOSED).code == 0
        again = asked_of_pwc(up)[len(asked) :]
        assert len(again) == len(set(again)), "asked before it closes, not after"


def test_the_schedule_asks_for_the_code_of_shortlisted_papers(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Upstream() as up:
        for name, value in {**empty, **up.environment()}.items():
            monkeypatch.setenv(name, value)
        wiring = Bench(load_settings(), lambda: DRAFT)
        for source in ("hf", "arxiv", "pwc"):
            jobs.pull(source, wiring, Stopping())
        assert asked_of_pwc(up) == []
        jobs.rank(wiring, Stopping())
        assert jobs.pull("pwc", wiring, Stopping()).failure is None
        asked = asked_of_pwc(up)
        assert asked
        jobs.pull("pwc", wiring, Stopping())
        assert asked_of_pwc(up) == asked
        wiring.engine.dispose()
