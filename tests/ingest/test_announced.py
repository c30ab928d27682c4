"""The cross-check: a paper that was announced and that the API does not give is asked for, stored, told by its id."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from db import windows
from db.announced import announced_since, followed_since
from db.engine import Sessions, reading
from db.models import Item, Window
from db.windows import Standing
from ingest.crosscheck import is_reproach, missed, repeats, reproach
from ingest.results import WindowResult
from ingest.service import check_announced
from ingest.source import Source
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_rss import AS_OF, ArxivRss
from tests.ingest.doubles import guarded, pull_all
from tests.ingest.fake import dump
from tests.upstream import Upstream
from tests.upstream.rss import announced_on

FRIDAY = date(2026, 9, 11)
CATEGORIES = ("cs.LG", "cs.CL")


def noon(day: date = FRIDAY) -> datetime:
    """A moment at which the day has begun in Ithaca."""
    return datetime.combine(day, time(12), UTC)


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A fresh stand-in on a Friday."""
    with Upstream(months=("2026-09",)) as running:
        running.catalogue.today = FRIDAY
        yield running


def pulled(sessions: Sessions, up: Upstream, day: date = FRIDAY, *, api: bool = True) -> None:
    """Pull the API's days of this week, where wished, and the day's feeds."""
    with guarded(up) as guard:
        sources: list[Source] = [ArxivRss(f"{up.url}/rss", CATEGORIES, guard, lambda: noon(day))]
        if api:
            sources.insert(0, ArxivApi(up.url, CATEGORIES, guard))
        pull_all(sessions, sources, day - timedelta(days=4), day, lambda: noon(day))


def checked(sessions: Sessions, up: Upstream, now: datetime | None = None) -> list[WindowResult]:
    """Run the cross-check."""
    with guarded(up) as guard:
        return list(check_announced(sessions, ArxivApi(up.url, CATEGORIES, guard), lambda: now or noon()))


def feed(sessions: Sessions, category: str = "cs.LG", day: date = FRIDAY) -> Standing:
    """How a day's feed stands in the ledger."""
    with reading(sessions) as session:
        (found,) = windows.standings(session, [("arxiv", f"rss:{category}", day, day)])
    return found


def item(sessions: Sessions, arxiv_id: str) -> Item:
    """One stored paper."""
    with reading(sessions) as session:
        return session.get_one(Item, arxiv_id)


def announced(up: Upstream, category: str = "cs.LG") -> list[str]:
    """The ids first announced on the Friday."""
    papers = up.catalogue.visible()
    return sorted(p.arxiv_id for p in papers if category in p.categories and announced_on(p.submitted) == FRIDAY)


def lonely(up: Upstream) -> str:
    """A paper announced in the first category alone."""
    return next(i for i in announced(up) if "cs.CL" not in up.catalogue.papers[i].categories)


def test_where_the_api_gave_everything_there_is_nothing_to_say(sessions: Sessions, up: Upstream) -> None:
    pulled(sessions, up)
    up.log.clear()
    before = dump(sessions)
    assert checked(sessions, up) == []
    assert up.log == []
    assert dump(sessions) == before


def test_what_the_api_did_not_give_is_asked_for_by_id_and_stored(sessions: Sessions, up: Upstream) -> None:
    paper = up.catalogue.papers[lonely(up)]
    pulled(sessions, up, api=False)
    assert item(sessions, paper.arxiv_id).submitted is None
    results = checked(sessions, up)
    assert [(r.window.channel, r.closed, r.failure) for r in results] == [
        ("rss:cs.LG", True, None), ("rss:cs.CL", True, None),
    ]  # fmt: skip
    assert results[0].tally.changed == len(announced(up))
    assert item(sessions, paper.arxiv_id).submitted == paper.submitted
    assert item(sessions, paper.arxiv_id).announced == FRIDAY
    assert feed(sessions).state == "closed"
    up.log.clear()
    assert checked(sessions, up) == []
    assert up.log == []


def test_what_stays_missing_is_told_by_id_until_it_comes(sessions: Sessions, up: Upstream) -> None:
    gone = lonely(up)
    body = up.answer("/rss/cs.LG", {}).body.decode()
    up.catalogue.hold(gone)  # the API does not know it
    up.fault("/rss/cs.LG", status=200, body=body)
    pulled(sessions, up)
    (result,) = checked(sessions, up)
    assert (result.closed, result.failure) == (False, f"stale: announced, but not given by the API: {gone}")
    found = feed(sessions)
    assert (found.state, found.error) == ("stale", result.failure)
    assert found.received == found.expected == len(announced(up)) + 1
    assert item(sessions, gone).title  # stored as it was announced
    before = dump(sessions)
    checked(sessions, up)
    assert dump(sessions) == before
    up.catalogue.release(gone)
    (result,) = checked(sessions, up, noon(FRIDAY + timedelta(days=5)))
    assert (result.closed, result.failure, result.tally.changed) == (True, None, 1)
    assert (feed(sessions).state, feed(sessions).error) == ("closed", None)


def test_after_a_week_nobody_asks_any_more(sqlite_sessions: Sessions, up: Upstream) -> None:
    pulled(sqlite_sessions, up, api=False)
    up.log.clear()
    assert checked(sqlite_sessions, up, noon(FRIDAY + timedelta(days=8))) == []
    assert up.log == []


def test_where_the_api_is_away_nothing_is_judged(sqlite_sessions: Sessions, up: Upstream) -> None:
    pulled(sqlite_sessions, up, api=False)
    up.fault("/api/query", "maintenance")
    results = checked(sqlite_sessions, up)
    assert all("HTML" in str(result.failure) and not result.closed for result in results)
    assert feed(sqlite_sessions).state == "closed"
    gone = Upstream(months=("2026-09",)).start()
    with guarded(gone) as guard:
        api = ArxivApi(gone.url, CATEGORIES, guard)
        gone.close()
        (result,) = check_announced(sqlite_sessions, api, noon)
    assert result.unreachable


def test_yesterdays_batch_under_todays_date_is_found_by_its_ids(sessions: Sessions, up: Upstream) -> None:
    pulled(sessions, up)
    monday = FRIDAY + timedelta(days=3)
    repeated = up.answer("/rss/cs.LG", {}).body.decode().replace("Fri, 11", "Mon, 14")
    up.catalogue.today = monday
    up.fault("/rss/cs.LG", status=200, body=repeated)
    pulled(sessions, up, monday)
    assert feed(sessions, day=monday).state == "closed"
    assert feed(sessions, day=monday).received >= 5
    (result,) = checked(sessions, up, noon(monday))
    assert result.failure == "stale: the feed repeats what was announced before"
    assert (result.window.channel, result.window.start) == ("rss:cs.LG", monday)
    up.clear_faults()
    pulled(sessions, up, monday)  # the right feed has come, and the stale window is read again
    assert checked(sessions, up, noon(monday)) == []
    assert feed(sessions, day=monday).state == "closed"
    with reading(sessions) as session:
        days = {found.announced for found in announced_since(session, FRIDAY, monday, AS_OF)}
    assert days == {FRIDAY, monday}


def test_the_missing_are_those_announced_and_not_known() -> None:
    assert missed(["2609.2", "2609.1", "2609.2", "2609.3"], {"2609.3"}) == ("2609.1", "2609.2")
    assert missed([], set()) == ()


@pytest.mark.parametrize(
    ("listed", "told", "before", "stale"),
    [(80, 0, 80, True), (80, 1, 80, False), (80, 0, 79, False), (80, 0, None, False), (4, 0, 4, False)],
)
def test_a_batch_is_repeated_when_it_is_as_long_and_nothing_of_it_is_new(
    listed: int, told: int, before: int | None, stale: bool
) -> None:
    assert repeats(listed, told, before) is stale


def test_a_reproach_names_what_is_missing_and_is_known_again() -> None:
    many = [f"2609.{number:05d}" for number in range(60)]
    said = reproach(many, repeated=True)
    assert many[49] in said
    assert many[50] not in said
    assert said.endswith("and 10 more")
    assert [is_reproach(reproach(ids, repeated=True)) for ids in (many, [])] == [True, True]
    assert (reproach([], repeated=False), is_reproach(None)) == ("", False)
    assert not is_reproach("stale: arXiv's feed of cs.CL shows 2026-09-10 and not 2026-09-11")


def test_the_store_follows_changes_since_it_first_read_arxiv(sessions: Sessions) -> None:
    def since() -> date | None:
        with reading(sessions) as session:
            return followed_since(session)

    def add(source: str, channel: str, day: date, closed: datetime | None, newest: date | None = None) -> None:
        with sessions.begin() as session:
            state = "closed" if closed else "open"
            span = {"source": source, "channel": channel, "from_day": day, "to_day": day}
            session.add(Window(**span, state=state, closed_at=closed, newest=newest))

    assert since() is None
    add("hf", "daily", date(2026, 1, 1), noon(date(2026, 1, 2)))
    add("arxiv", "api", date(2026, 2, 1), None)
    assert since() is None
    add("arxiv", "api", date(2026, 2, 2), noon(date(2026, 9, 12)))
    assert since() == date(2026, 9, 12)
    add("arxiv-snapshot", "dump.json", date(1991, 8, 1), noon(date(2026, 10, 20)), date(2026, 9, 6))
    assert since() == date(2026, 9, 6)  # however long after it was made it was read
    add("arxiv", "oai:cs:cs:LG", date(2026, 9, 1), None)
    assert since() == date(2026, 9, 1)
