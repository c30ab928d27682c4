"""arXiv's RSS: announcements with their day, and "nothing today" only where the feed proves it (peers.md, b 1 to 4)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import SourceError
from core.record import PaperRecord
from db import windows
from db.engine import Sessions, reading
from db.models import Item
from ingest.service import pull, store
from ingest.source import NOTHING, Earlier, EntryError, Marks, Page, Window
from ingest.sources.arxiv_api import ArxivApi
from ingest.sources.arxiv_rss import ArxivRss, Feed, cut_feed, day_in_ithaca, read_item
from tests.ingest.doubles import guarded
from tests.upstream import Author, Paper, Upstream
from tests.upstream.rss import announced_on

FRIDAY = date(2026, 9, 11)
CATEGORIES = ("cs.LG", "cs.CL")


def noon(day: date) -> datetime:
    """A moment at which the day has begun in Ithaca."""
    return datetime.combine(day, time(12), UTC)


def window(day: date = FRIDAY, category: str = "cs.LG") -> Window:
    """The window of a category's feed."""
    return Window("arxiv", f"rss:{category}", day, day)


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A fresh stand-in on a Friday."""
    with Upstream(months=("2026-09",)) as running:
        running.catalogue.today = FRIDAY
        yield running


def fetched(up: Upstream, asked: Window | None = None, earlier: Earlier = NOTHING, **changes: Any) -> Page:
    """The one page of a window."""
    asked = asked or window()
    with guarded(up, **changes) as guard:
        source = ArxivRss(f"{up.url}/rss", CATEGORIES, guard, lambda: noon(asked.start))
        (page,) = source.fetch(asked, noon(asked.start), earlier)
    return page


def failure(up: Upstream, asked: Window | None = None) -> SourceError:
    """Why a window cannot be read."""
    with pytest.raises(SourceError) as failed:
        fetched(up, asked)
    return failed.value


def first_versions(up: Upstream, day: date = FRIDAY, category: str = "cs.LG") -> list[str]:
    """The ids first announced on a day."""
    papers = up.catalogue.visible()
    return sorted(p.arxiv_id for p in papers if category in p.categories and announced_on(p.submitted) == day)


def ids(page: Page) -> list[str]:
    """The ids of a page, sorted."""
    return sorted(record.id for record in page.records)


def test_new_and_cross_listed_papers_are_announced_on_the_feeds_own_day(up: Upstream) -> None:
    page = fetched(up)
    assert ids(page) == first_versions(up)
    assert len(page.records) > 2
    assert page.expected == len(page.records)
    assert {record.announced for record in page.records} == {FRIDAY}
    crossed = {r.id for r in page.records if r.categories[0] != "cs.LG"}
    assert crossed == {i for i in first_versions(up) if up.catalogue.papers[i].categories[0] != "cs.LG"} != set()
    assert (up.log[0].path, up.log[0].query) == ("/rss/cs.LG", "")


@pytest.mark.parametrize(
    ("arxiv_id", "kind", "dated"),
    [("2609.90001v1", "cross", True), ("2608.90001v1", "cross", True), ("2607.90001v1", "cross", False),
     ("2609.90001v2", "cross", False), ("2405.01234v3", "cross", False), ("2607.90001v1", "new", True)],
)  # fmt: skip
def test_a_cross_listing_of_an_older_paper_is_no_announcement(arxiv_id: str, kind: str, dated: bool) -> None:
    item = (
        f"<item><title>Boats</title><guid>oai:arXiv.org:{arxiv_id}</guid>"
        f"<arxiv:announce_type>{kind}</arxiv:announce_type></item>"
    )
    feed = Feed(FRIDAY, frozenset(), (), b'<rss xmlns:arxiv="http://arxiv.org/schemas/atom">')
    record = read_item(item.encode(), feed)
    assert isinstance(record, PaperRecord)
    assert record.announced == (FRIDAY if dated else None)


def test_every_field_is_read(up: Upstream) -> None:
    paper = up.catalogue.papers[first_versions(up)[0]]
    paper.authors = [Author("Aiko Oar"), Author("B. Sail")]
    (record,) = (record for record in fetched(up).records if record.id == paper.arxiv_id)
    assert (record.source, record.kind, record.arxiv_id, record.version) == ("arxiv", "paper", paper.arxiv_id, 1)
    assert (record.title, record.abstract) == (paper.title, paper.abstract)
    assert [author.name for author in record.authors] == ["Aiko Oar", "B. Sail"]
    assert record.categories == tuple(paper.categories)
    assert (record.submitted, record.withdrawn, record.versions) == (None, None, ())


def test_replacements_announce_nothing_and_a_day_of_them_alone_is_proven_quiet(up: Upstream) -> None:
    for arxiv_id in first_versions(up):
        up.catalogue.papers[arxiv_id].versions.insert(0, datetime(2026, 8, 3, tzinfo=UTC))
    body = up.answer("/rss/cs.LG", {}).body
    assert body.count(b"<arxiv:announce_type>replace") > 2
    assert b"<arxiv:announce_type>new" not in body
    page = fetched(up)
    assert (page.records, page.errors, page.expected) == ((), (), 0)


def test_a_batch_of_yesterday_is_stale_and_never_nothing_new(up: Upstream) -> None:
    assert str(failure(up, window(FRIDAY + timedelta(days=3)))).startswith(
        "stale: arXiv's feed of cs.LG shows 2026-09-11"
    )
    assert str(failure(up, window(FRIDAY - timedelta(days=1)))).startswith("stale")


def test_a_batch_of_yesterday_under_todays_date_is_stale(up: Upstream) -> None:
    body = up.answer("/rss/cs.LG", {}).body.decode()
    head, items, rest = body.partition("    <item>")
    head = head.replace("Fri, 11 Sep 2026 00:00", "Mon, 14 Sep 2026 00:00")
    up.fault("/rss/", status=200, body=head + items + rest)
    assert str(failure(up, window(FRIDAY + timedelta(days=3)))).startswith("stale")


def test_a_weekend_is_proven_by_the_days_the_feed_skips(up: Upstream) -> None:
    saturday = FRIDAY + timedelta(days=1)
    page = fetched(up, window(saturday))  # the feed is still Friday's
    assert (page.records, page.expected) == ((), 0)
    up.catalogue.today = saturday
    assert fetched(up, window(saturday)).expected == 0
    up.fault("/rss/", status=200, body=up.answer("/rss/cs.LG", {}).body.decode().replace("Saturday", "Friday"))
    up.catalogue.today = FRIDAY
    assert fetched(up, window(saturday)).expected == 0  # its own date is enough


def test_an_empty_feed_on_a_weekday_is_quiet_only_under_its_own_date(up: Upstream) -> None:
    up.catalogue.hold(*up.catalogue.papers)
    assert fetched(up).expected == 0
    assert str(failure(up, window(FRIDAY + timedelta(days=4)))).startswith("stale")
    undated = up.answer("/rss/cs.LG", {}).body.decode().replace("pubDate", "when")
    up.fault("/rss/", status=200, body=undated)
    assert "of which day" in str(failure(up))


@pytest.mark.parametrize("how", ["no-title", "bad-xml"])
def test_one_malformed_item_costs_one_item(up: Upstream, how: str) -> None:
    up.fault("/rss/", "malformed-middle", how=how, times=1)
    page = fetched(up)
    (error,) = page.errors
    assert set(first_versions(up)) - set(ids(page)) == {error.item_id}
    assert page.expected == len(page.records) + 1


def test_odd_items_are_errors() -> None:
    feed = Feed(FRIDAY, frozenset(), (), b'<rss xmlns:arxiv="http://arxiv.org/schemas/atom">')
    for inner, reason in (
        ("<title>Boats</title>", "no arXiv id"),
        ("<title>Boats</title><guid>oai:arXiv.org:2609.01234v1</guid>", "announced as ''"),
        ("<guid>oai:arXiv.org:2609.01234v1</guid><arxiv:announce_type>moved</arxiv:announce_type>", "'moved'"),
    ):
        entry = read_item(f"<item>{inner}</item>".encode(), feed)
        assert isinstance(entry, EntryError)
        assert reason in entry.reason


def test_the_type_of_an_item_is_read_from_its_text_where_there_is_no_element() -> None:
    feed = Feed(FRIDAY, frozenset(), (), b"<rss>")
    raw = (
        "<item><title>Lanterns &lt;for&gt; Boats</title><link>https://arxiv.org/abs/math.GT/0309136</link>"
        "<description>arXiv:math/0309136v2 Announce Type: cross \nAbstract: We light boats.</description></item>"
    )
    record = read_item(raw.encode(), feed)
    assert isinstance(record, PaperRecord)
    assert (record.id, record.title, record.abstract) == ("math/0309136", "Lanterns <for> Boats", "We light boats.")


@pytest.mark.parametrize("kind", ["cut", "gzip-cut", "wrong-length", "maintenance", "json"])
def test_a_passing_fault_leaves_no_trace(up: Upstream, kind: str) -> None:
    if kind == "json":
        up.fault("/rss/", kind, times=1)
        assert "no XML" in str(failure(up))  # no server mends that by itself within seconds
    else:
        up.fault("/rss/", kind, times=2)
    assert ids(fetched(up)) == first_versions(up)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("cut", "cut short"), ("maintenance", "HTML"), ("doctype", "refused"), ("billion-laughs", "refused"),
     ("deep", "refused"), ("empty-page", "")],
)  # fmt: skip
def test_a_lasting_fault_is_a_failure(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/rss/", kind)
    if kind == "empty-page":  # a feed without items and with its own date: nothing tells it from a quiet day
        assert fetched(up).expected == 0
        return
    assert reason in str(failure(up))


def test_a_feed_that_did_not_change_is_answered_without_its_body(up: Upstream) -> None:
    marks = fetched(up).marks
    assert marks.etag
    again = fetched(up, earlier=Earlier(marks=marks))
    assert (again.unchanged, again.records, again.marks) == (True, (), marks)
    assert up.log[-1].headers["If-None-Match"] == marks.etag.partition(" ")[2]
    up.catalogue.revise(first_versions(up)[0], title="Another")
    assert len(fetched(up, earlier=Earlier(marks=Marks("old"))).records) > 2


def test_only_the_day_in_ithaca_has_windows() -> None:
    def asked(now: datetime, start: date = date(2026, 9, 1), end: date = date(2026, 9, 30)) -> Sequence[Window]:
        with guarded() as guard:
            return ArxivRss("https://rss.arxiv.org/rss", CATEGORIES, guard, lambda: now).windows(start, end, now.date())

    assert asked(noon(FRIDAY)) == [window(), window(category="cs.CL")]
    assert [w.start.day for w in asked(datetime(2026, 9, 12, 3, 59, tzinfo=UTC))] == [11, 11]
    assert [w.start.day for w in asked(datetime(2026, 9, 12, 4, tzinfo=UTC))] == [12, 12]
    assert asked(noon(FRIDAY), end=date(2026, 9, 10)) == []
    assert asked(noon(FRIDAY), start=date(2026, 9, 12)) == []


@given(st.integers(0, 30 * 365 * 24).map(lambda hours: datetime(2007, 3, 1, tzinfo=UTC) + timedelta(hours=hours)))
@example(datetime(2026, 3, 8, 4, 59, tzinfo=UTC))
@example(datetime(2026, 3, 9, 4, 0, tzinfo=UTC))
@example(datetime(2026, 11, 1, 3, 59, tzinfo=UTC))
@example(datetime(2026, 11, 2, 4, 59, tzinfo=UTC))
def test_the_day_in_ithaca_keeps_summer_time(moment: datetime) -> None:
    assert day_in_ithaca(moment) == moment.astimezone(ZoneInfo("America/New_York")).date()


# Through the ledger


def pulled(sessions: Sessions, up: Upstream, day: date = FRIDAY) -> list[tuple[bool, str | None]]:
    """Pull a day's feeds; whether each closed, and why not."""
    with guarded(up) as guard:
        source = ArxivRss(f"{up.url}/rss", CATEGORIES, guard, lambda: noon(day))
        return [(result.closed, result.failure) for result in pull(sessions, [source], day, day, lambda: noon(day))]


def test_a_feed_that_moved_on_takes_nothing_from_a_day_that_was_read(sqlite_sessions: Sessions, up: Upstream) -> None:
    up.fault("/rss/cs.CL", status=503)
    assert [closed for closed, _ in pulled(sqlite_sessions, up)] == [True, False]
    up.clear_faults()
    up.catalogue.today = FRIDAY + timedelta(days=3)
    later = noon(FRIDAY) + timedelta(hours=21)
    with guarded(up) as guard:
        source = ArxivRss(f"{up.url}/rss", CATEGORIES, guard, lambda: noon(FRIDAY))  # midnight passes after the agenda
        results = list(pull(sqlite_sessions, [source], FRIDAY, FRIDAY, lambda: later))
    assert [(result.closed, result.failure is None) for result in results] == [(True, True), (False, False)]
    assert str(results[1].failure).startswith("stale")
    with reading(sqlite_sessions) as session:
        (lg,) = windows.standings(session, [("arxiv", "rss:cs.LG", FRIDAY, FRIDAY)])
    assert (lg.state, lg.received) == ("closed", len(first_versions(up)))


def test_announcements_are_stored_and_a_stale_category_stays_open(sessions: Sessions, up: Upstream) -> None:
    up.fault("/rss/cs.CL", status=200, body=up.answer("/rss/cs.CL", {}).body.decode().replace("11 Sep", "10 Sep"))
    results = pulled(sessions, up)
    assert [closed for closed, _ in results] == [True, False]
    assert str(results[1][1]).startswith("stale")
    with reading(sessions) as session:
        items = {item.id: item for item in session.query(Item)}
        lg, cl = windows.standings(session, [("arxiv", f"rss:{c}", FRIDAY, FRIDAY) for c in CATEGORIES])
    assert sorted(items) == first_versions(up)
    assert {(item.announced, item.submitted_from) for item in items.values()} == {(FRIDAY, "id")}
    assert (lg.state, lg.received, lg.expected) == ("closed", len(items), len(items))
    assert (cl.state, cl.received) == ("error", 0)


def test_an_announcement_changes_no_word_of_what_the_api_said(sessions: Sessions, up: Upstream) -> None:
    wanted = first_versions(up)
    up.catalogue.papers[wanted[0]].authors = [Author("Aiko Oar", "Harbour Lab")]
    with guarded(up) as guard:
        (page,) = ArxivApi(up.url, CATEGORIES, guard).by_ids(wanted, noon(FRIDAY))
    announced = fetched(up).records
    for first, second in ((page.records, announced), (announced, page.records)):
        with sessions.begin() as session:
            store(session, first, noon(FRIDAY))
            store(session, second, noon(FRIDAY))
            items = {item.id: item for item in session.query(Item)}
            assert items[wanted[0]].authors == [{"name": "Aiko Oar", "affiliation": "Harbour Lab"}]
            assert all(item.announced == FRIDAY and item.submitted_from == "arxiv" for item in items.values())
            assert all(item.provenance["title"][1] > "2026" for item in items.values())
            session.rollback()


def test_a_paper_announced_again_keeps_its_first_day(sqlite_sessions: Sessions, up: Upstream) -> None:
    pulled(sqlite_sessions, up)
    monday = FRIDAY + timedelta(days=3)
    up.fault("/rss/", status=200, body=up.answer("/rss/cs.LG", {}).body.decode().replace("Fri, 11", "Mon, 14"))
    assert [closed for closed, _ in pulled(sqlite_sessions, up, monday)] == [True, True]
    with reading(sqlite_sessions) as session:
        assert {item.announced for item in session.query(Item)} == {FRIDAY}


def test_a_date_beyond_the_calendar_is_no_day() -> None:
    feed = b"<rss><channel><pubDate>Thu, 1 Jan 20261111111111111 00:00:00 GMT</pubDate></channel></rss>"
    assert cut_feed(feed) == "the feed does not say of which day it is"


def test_a_feed_is_cut_into_what_it_says_of_itself(up: Upstream) -> None:
    feed = cut_feed(up.answer("/rss/cs.LG", {}).body)
    assert isinstance(feed, Feed)
    assert (feed.day, feed.skipped) == (FRIDAY, frozenset({"Saturday", "Sunday"}))
    paper = Paper("2609.99001", "Boats", "We row.", [Author("Aiko Oar")], ["cs.LG"], [noon(FRIDAY)])
    up.catalogue.add(paper)
    up.catalogue.today = announced_on(paper.submitted)
    after = cut_feed(up.answer("/rss/cs.LG", {}).body)
    assert isinstance(after, Feed)
    assert any(b"2609.99001v1" in item for item in after.items)
