"""What a lab's post is: its address without marks; when two are one item, and whose title an item has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from db.engine import Sessions, reading
from db.models import Alias, Base, Evidence, Item
from ingest.batch import Tally
from ingest.http import Answer, Guard
from ingest.post_names import Listed, names_of, place
from ingest.posts import named
from ingest.service import pull
from ingest.sources.lab_feeds import LabFeeds
from tests.ingest.doubles import make_final, stored_from

START = datetime(2026, 8, 11, tzinfo=UTC)
PAPER = "2607.00001"


@dataclass(frozen=True)
class Told:
    """One entry of a feed."""

    path: str
    title: str = "Boats"
    day: date | None = date(2026, 7, 10)
    guid: str = ""
    paper: str | None = None

    @property
    def xml(self) -> str:
        """Write it as the feed does."""
        when = f"<pubDate>{self.day:%d %b %Y} 10:00:00 GMT</pubDate>" if self.day else ""
        link = f"https://h.example{self.path}".replace("&", "&amp;")
        guid = f"<guid isPermaLink='false'>{self.guid}</guid>" if self.guid else ""
        text = f"https://arxiv.org/abs/{self.paper}" if self.paper else "Herons."
        return (
            f"<item><title>{self.title}</title><link>{link}</link>{guid}{when}<description>{text}</description></item>"
        )


class Feeds:
    """Serves each lab's feed as it is now."""

    def __init__(self, **feeds: Sequence[Told]) -> None:
        self.feeds = feeds

    def get(self, url: str, *_: Any, **__: Any) -> Answer:
        """Answer with one of them."""
        body = "".join(told.xml for told in self.feeds[url])
        return Answer(200, {}, f'<rss version="2.0"><channel>{body}</channel></rss>'.encode(), url)


def read(sessions: Sessions, at: datetime, **feeds: Sequence[Told]) -> Tally:
    """Read and store three months of feeds."""
    source = LabFeeds({lab: lab for lab in feeds}, cast(Guard, Feeds(**feeds)))
    return stored_from(sessions, source, date(2026, 6, 1), at)


def history(sessions: Sessions, *feeds: Sequence[Told]) -> None:
    """Read a lab's feed day after day, as it was on each."""
    for day, feed in enumerate(feeds):
        read(sessions, START + timedelta(days=day), heronry=feed)


def titles(sessions: Sessions) -> dict[str, str]:
    """Give what is stored: ids and titles."""
    with reading(sessions) as session:
        return {row.id: row.title for row in session.execute(select(Item.id, Item.title))}


def former(sessions: Sessions) -> set[str]:
    """Give all other ids that items go by."""
    with reading(sessions) as session:
        return set(session.scalars(select(Alias.value).where(Alias.kind == "id")))


BOAT, OWL = "/blog/a-small-boat", "/blog/a-big-owl"


def test_a_stored_post_that_proves_to_be_a_second_one_about_a_paper_is_united_with_it(sessions: Sessions) -> None:
    """The feed's first entry about a paper was all that was heard of it in a month."""
    boat = Told(BOAT, "Boat", paper=PAPER)
    owl = Told(OWL, "Owl", date(2026, 7, 5))
    history(sessions, [boat, owl], [boat, replace(owl, paper=PAPER)])
    assert titles(sessions) == {PAPER: "Boat"}
    with reading(sessions) as session:
        assert set(session.scalars(select(Evidence.detail))) == {f"https://h.example{path}" for path in (BOAT, OWL)}


@pytest.mark.parametrize("turned", [False, True])
def test_the_newest_day_gives_the_title_in_whatever_order_a_feed_lists(sessions: Sessions, turned: bool) -> None:
    feed = [Told(BOAT, "Old name", paper=PAPER), Told(OWL, "A new name", date(2026, 7, 15), paper=PAPER)]
    history(sessions, feed[::-1] if turned else feed)
    assert titles(sessions) == {PAPER: "A new name"}


@pytest.mark.parametrize("paper", [None, PAPER])
def test_a_correction_of_a_title_is_taken(sessions: Sessions, paper: str | None) -> None:
    """A paper's claim bore the post's day alone: of two titles of one post that with the later letters won."""
    told = Told(BOAT, "Owl sytem card", paper=paper)
    history(sessions, [replace(told, paper=None)], [told], [replace(told, title="An owl’s system card")])
    assert list(titles(sessions).values()) == ["An owl’s system card"]


def test_of_one_day_the_labs_take_no_turns(sessions: Sessions) -> None:
    feeds = {"heronry": [Told(BOAT, "Boat", paper=PAPER)], "owlery": [Told(OWL, "Owl", paper=PAPER)]}
    tallies = [read(sessions, START + timedelta(days=day), **feeds) for day in range(3)]
    assert [(tally.new, tally.changed) for tally in tallies] == [(1, 1), (0, 0), (0, 0)]


@pytest.mark.parametrize("guid", ["b", "c", "d"])
def test_a_post_keeps_the_id_it_was_stored_under_first(sessions: Sessions, guid: str) -> None:
    """The smaller of two ids won, so that a changed guid renamed about every other post."""
    first = Told("/en/news?id=7", guid="a")
    history(sessions, [first])
    (before,) = titles(sessions)
    history(sessions, [first], [replace(first, guid=guid)])
    assert set(titles(sessions)) == {before}
    assert len(former(sessions) - {before}) == 2  # what its page alone is called, and what the new guid makes


def test_posts_at_different_addresses_are_never_one_while_a_feed_lists_both(sessions: Sessions) -> None:
    one = Told("/blog/introducing-owl-5", "Owl 5")
    other = Told("/research/introducing-owl-5", "Owl 5: notes", date(2026, 7, 15))
    history(sessions, [one], [other, one], [other, one], [other], [replace(other, title="Owl 5: more notes")])
    stored = titles(sessions)
    assert stored.pop("heronry:introducing-owl-5") == "Owl 5"
    assert list(stored.values()) == ["Owl 5: more notes"]


def test_a_post_of_another_day_and_title_is_another_though_its_address_ends_alike(sessions: Sessions) -> None:
    one = Told("/blog/introducing-owl-5", "Owl 5")
    history(sessions, [one], [Told("/research/introducing-owl-5", "Notes", date(2026, 7, 15))])
    assert sorted(titles(sessions).values()) == ["Notes", "Owl 5"]


def test_a_site_that_moves_its_posts_doubles_none(sessions: Sessions) -> None:
    feed = [Told(BOAT, "Boat"), Told(OWL, "Owl", date(2026, 7, 5))]
    history(sessions, feed, [replace(told, path=told.path.replace("blog", "news/all")) for told in feed])
    assert titles(sessions) == {"heronry:a-small-boat": "Boat", "heronry:a-big-owl": "Owl"}


@pytest.mark.parametrize("together", [True, False])
def test_parts_of_a_page_are_posts_of_their_own(sessions: Sessions, together: bool) -> None:
    parts = [Told(f"/docs/changelog#r{n}", f"Release {n}", date(2026, 7, n)) for n in (5, 4, 3)]
    history(sessions, parts) if together else history(sessions, *([part] for part in parts[::-1]))
    assert sorted(titles(sessions).values()) == ["Release 3", "Release 4", "Release 5"]


def test_a_part_of_a_page_that_is_stored_under_the_pages_name_stays_it(sessions: Sessions) -> None:
    part = Told("/docs/changelog#r5", "Release 5")
    history(sessions, [part])
    with sessions.begin() as session:  # as it was stored before parts had ids of their own
        (stored,) = session.scalars(select(Item))
        session.add(Evidence(item_id=stored.id, lab="x", kind="x", detail="x", source="labs", seen_at=START))
    with reading(sessions) as session:
        (row,) = session.execute(select(Item.__table__)).mappings()
    old = {**row, "id": "heronry:docs-changelog", "aliases": (), "evidence": ()}
    (record,) = page(part)
    assert [named([record], [old])[0].id, named([record], [])[0].id] == ["heronry:docs-changelog", row["id"]]


def page(*feed: Told) -> Any:
    """Read the records of July out of one feed."""
    source = LabFeeds({"heronry": "heronry"}, cast(Guard, Feeds(heronry=feed)))
    (window,) = source.windows(date(2026, 7, 1), date(2026, 7, 31), START.date())
    return next(source.fetch(window, START)).records


def test_posts_of_one_page_read_one_at_a_time_stay_apart(sessions: Sessions) -> None:
    marked = [Told(f"/en/news?utm_content={n}", f"Boat {n}", date(2026, 7, n), str(n)) for n in (1, 2, 3)]
    history(sessions, *([told] for told in marked))
    assert sorted(titles(sessions).values()) == ["Boat 1", "Boat 2", "Boat 3"]


def test_marks_that_change_change_nothing(sessions: Sessions) -> None:
    """Each reading added an address to the evidence, and counted the post as changed."""
    tallies = [
        read(sessions, START + timedelta(days=n), heronry=[Told(f"{BOAT}?utm_source=rss&utm_content={n}")])
        for n in range(3)
    ]
    assert [(tally.new, tally.changed) for tally in tallies] == [(1, 0), (0, 0), (0, 0)]
    with reading(sessions) as session:
        assert session.scalars(select(Evidence.detail)).all() == [f"https://h.example{BOAT}"]
        assert session.scalars(select(Item.url)).all() == [f"https://h.example{BOAT}"]


def test_a_month_that_becomes_final_while_a_pull_runs_keeps_its_printed_posts(sessions: Sessions) -> None:
    """The final months were read once, before the first window; a printed post became its paper then."""
    history(sessions, [Told(OWL)])
    source = LabFeeds({"heronry": "heronry"}, cast(Guard, Feeds(heronry=[Told(OWL, paper=PAPER)])))
    running = pull(sessions, [source], date(2026, 6, 1), START.date(), lambda: START + timedelta(days=1))
    assert next(running).window.start == date(2026, 8, 1)
    with sessions.begin() as session:
        make_final(session, "2026-07", "heronry:a-big-owl")
    assert all(result.closed for result in running)
    assert set(titles(sessions)) == {"heronry:a-big-owl", PAPER}


@given(
    st.lists(st.sampled_from(["/a", "/a#1", "/b/a-b-c", "/c/a-b-c", "/b/a-b-c/?utm_term=x", "/?p=1", "/"]), max_size=5)
)
def test_no_two_addresses_of_a_feed_have_one_name(paths: list[str]) -> None:
    listed = [Listed(f"https://h.example{path}", str(number), "") for number, path in enumerate(paths)]
    places: dict[str, set[str]] = {}
    for entry, names in zip(listed, names_of("heronry", listed), strict=True):
        places.setdefault(names.narrow if names.crowded else names.name, set()).add(place(entry.link))
    assert all(len(found) == 1 for found in places.values())


PATHS = (BOAT, "/research/a-small-boat", OWL, "/en/news?utm_content=1", "/en/news?utm_content=2", "/news?id=1",
         "/blog/owl", "/blog/owl?utm_source=rss", "/docs/log#1", "/docs/log#2")  # fmt: skip
CHANGES = ("add", "drop", "paper", "title", "guid", "turn")


@st.composite
def histories(draw: st.DrawFn) -> list[list[Told]]:
    """A feed as it was on six days: entries come and go, are corrected, and turn out to announce papers."""
    pool = [
        Told(path, f"Heron {number}", date(2026, draw(st.integers(7, 8)), number + 1), str(number))
        for number, path in enumerate(draw(st.permutations(PATHS))[:4])
    ]
    feed, days = [pool.pop()], list[list[Told]]()
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=5, max_size=5)):
        place = draw(st.integers(0, len(feed) - 1))
        if change == "add" and pool:
            feed.insert(0, pool.pop())
        elif change == "drop" and len(feed) > 1:
            feed.pop()
        elif change == "turn":
            feed.reverse()
        else:
            feed[place] = changed(draw, feed[place], change)
        days.append(list(feed))
    return [*days, days[-1]]


def changed(draw: st.DrawFn, told: Told, change: str) -> Told:
    """Correct an entry in one way."""
    if change == "paper":
        return replace(told, paper=draw(st.sampled_from([PAPER, "2607.00002"])))
    if change == "title":
        return replace(told, title=f"{draw(st.sampled_from('abz'))} {told.title}")
    return replace(told, guid=f"{told.guid}x") if change == "guid" else told


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_any_history_of_a_feed_ends_as_a_fresh_store_would(sqlite_sessions: Sessions, feeds: list[list[Told]]) -> None:
    """All that a fresh store would hold is there, by the same title; the last state read again changes nothing."""
    emptied(sqlite_sessions)
    history(sqlite_sessions, *feeds)
    again = read(sqlite_sessions, START + timedelta(days=20), heronry=feeds[-1])
    assert (again.new, again.changed) == (0, 0)
    grown, names = titles(sqlite_sessions), former(sqlite_sessions)
    emptied(sqlite_sessions)
    read(sqlite_sessions, START + timedelta(days=20), heronry=feeds[-1])
    for item_id, title in titles(sqlite_sessions).items():
        assert title in grown.values()
        assert item_id in names or item_id in grown
        assert ":" in item_id or grown[item_id] == title


def emptied(sessions: Sessions) -> None:
    """Begin with empty tables."""
    with sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
