"""The ledger with arXiv's real API module against the stand-in: held papers, totals, faults, ground shared."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from sqlalchemy import delete, select

from db.engine import Sessions, reading
from db.models import Item, Window
from ingest.due import Selecting
from ingest.source import Counting, SourceResult
from ingest.sources.arxiv_api import ArxivApi
from tests.ingest.doubles import guarded, pull_all
from tests.ingest.shelf import ids, still
from tests.upstream import Upstream

CATEGORIES = ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.IR", "stat.ML")
FIRST, LAST = date(2026, 9, 1), date(2026, 9, 4)
READ_AT = datetime(2026, 9, 6, 6, tzinfo=UTC)


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A stand-in with one month."""
    with Upstream(months=("2026-09",)) as running:
        yield running


@pytest.fixture
def api(up: Upstream) -> Iterator[ArxivApi]:
    """arXiv's API, twenty papers to a page."""
    with guarded(up) as guard:
        yield ArxivApi(up.url, CATEGORIES, guard, page_size=20)


def harvest(sessions: Sessions, api: ArxivApi, moment: datetime) -> SourceResult:
    (result,) = pull_all(sessions, [api], FIRST, LAST, still(moment), closing_day=5)
    return result


def counted(up: Upstream, since: int = 0) -> list[bool]:
    """Tell of every request to the API whether it asked for no more than the total."""
    return [parse_qs(request.query)["max_results"] == ["1"] for request in up.log[since:]]


def test_the_api_counts_and_says_what_it_selects(api: ArxivApi) -> None:
    assert isinstance(api, Counting)
    assert isinstance(api, Selecting)


def test_a_paper_held_back_for_three_weeks_comes_by_the_count(sessions: Sessions, up: Upstream, api: ArxivApi) -> None:
    held = next(p for p in up.catalogue if p.submitted.date() == date(2026, 9, 3) and "cs.LG" in p.categories)
    up.catalogue.hold(held.arxiv_id)
    before = harvest(sessions, api, READ_AT)
    assert before.windows_closed == 4
    assert held.arxiv_id not in ids(sessions)
    up.catalogue.release(held.arxiv_id)
    since = len(up.log)
    after = harvest(sessions, api, READ_AT + timedelta(days=21))
    assert (after.new, after.windows_closed, after.failure) == (1, 4, None)
    assert held.arxiv_id in ids(sessions)
    assert counted(up, since).count(True) == 4  # and the one day that grew was read
    assert harvest(sessions, api, READ_AT + timedelta(days=21, hours=1)) == SourceResult("arxiv")


def test_days_that_are_stored_already_are_closed_by_their_totals(
    sessions: Sessions, up: Upstream, api: ArxivApi
) -> None:
    harvest(sessions, api, READ_AT)
    with sessions.begin() as session:
        session.execute(delete(Window))  # as if all this had come with the public dump
        gone = session.scalars(select(Item).where(Item.submitted >= datetime(2026, 9, 4, tzinfo=UTC))).first()
        assert gone is not None
        session.execute(delete(Item).where(Item.id == gone.id))
    since = len(up.log)
    again = harvest(sessions, api, READ_AT)
    assert (again.new, again.windows_closed) == (1, 4)
    requests = counted(up, since)
    assert requests.count(True) == 4
    assert 1 <= requests.count(False) <= 5  # the pages of the one day that lacked a paper
    with reading(sessions) as session:
        windows = session.scalars(select(Window)).all()
    assert all(w.received + w.errors == w.expected for w in windows)
    assert gone.id in ids(sessions)


def test_a_day_that_grows_during_an_outage_is_found_when_it_ends(
    sqlite_sessions: Sessions, up: Upstream, api: ArxivApi
) -> None:
    held = next(p for p in up.catalogue if p.submitted.date() == date(2026, 9, 3) and "cs.LG" in p.categories)
    up.catalogue.hold(held.arxiv_id)
    harvest(sqlite_sessions, api, READ_AT)
    up.catalogue.release(held.arxiv_id)
    up.fault("/api/query", "empty-page")
    during = harvest(sqlite_sessions, api, READ_AT + timedelta(days=7))
    assert during.windows_closed == 0
    assert during.failure is not None
    up.clear_faults()
    assert harvest(sqlite_sessions, api, READ_AT + timedelta(days=8)).windows_closed == 4
    assert held.arxiv_id in ids(sqlite_sessions)
