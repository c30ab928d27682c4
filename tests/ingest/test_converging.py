"""Whole databases: the same claims in any order, cut into any batches, once or twice, come to the same rows."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.record import Author, CodeLink, LabClaim, PaperRecord, Version
from db.engine import Sessions, reading
from db.models import Alias, Base, History, Item, Note
from db.models import Version as StoredVersion
from db.storing import existing
from ingest.batch import Tally
from ingest.http import Answer, Guard
from ingest.post_names import Listed, names_of, stable_slug
from ingest.rows import from_row, to_row
from ingest.service.arriving import store_many
from ingest.service.saving import store
from ingest.sources.lab_feeds import LabFeeds
from tests.conftest import NOW
from tests.faults.dump import differences, state
from tests.ingest.doubles import stored_from

Way = Callable[[Any, Sequence[PaperRecord], datetime], Tally]

PAPERS = ("2606.00001", "2606.00002", "math/0309136")
TITLES = {"2606.00001": ("Brass herons", "Brass HERONS!"), "2606.00002": ("Tin owls",), "math/0309136": ("Lead swans",)}
DOIS = {"2606.00001": "10.1/herons", "2606.00002": None, "math/0309136": "10.1/swans"}
START = datetime(2026, 6, 1, tzinfo=UTC)
moments = st.integers(0, 60).map(lambda hours: START + timedelta(hours=hours))
counts = st.sampled_from([None, 3, 7])
urls = st.sampled_from(["https://github.com/a/b", "https://github.com/c/d", "https://github.com/C/D"])
links = st.builds(CodeLink, urls, st.none(), counts)


@st.composite
def papers(draw: st.DrawFn) -> PaperRecord:
    """A claim about one of three papers; titles and DOIs tell them apart, as matching needs."""
    item_id = draw(st.sampled_from(PAPERS))
    at = draw(moments)
    return PaperRecord(
        source=draw(st.sampled_from(["arxiv", "arxiv-snapshot", "hf", "pwc", "recorded"])),
        id=item_id,
        arxiv_id=item_id,
        kind="paper",
        title=draw(st.sampled_from(TITLES[item_id])),
        as_of=at,
        authors=draw(st.sampled_from([(), (Author("Ada Moorhen"),), (Author("Ida Teal"), Author("Ada Moorhen"))])),
        submitted=draw(st.sampled_from([None, START, START + timedelta(hours=5)])),
        doi=draw(st.sampled_from([None, DOIS[item_id]])),
        version=draw(st.sampled_from([None, 1, 2])),
        versions=draw(st.sampled_from([(), (Version(1, START),), (Version(1, START), Version(2, at))])),
        withdrawn=draw(st.sampled_from([None, True, False])),
        votes=draw(counts),
        code=draw(st.lists(links, max_size=1).map(tuple)),
        aliases=draw(st.sampled_from([(), ("owlery:c",)])) if item_id == PAPERS[0] else (),
    )


@st.composite
def posts(draw: st.DrawFn) -> PaperRecord:
    """A lab's post, which may prove to be a paper by DOI, by title, author and year, by an id, or by another post."""
    item_id = draw(st.sampled_from(["heronry:a", "heronry:b", "owlery:c"]))
    paper = draw(st.sampled_from(PAPERS))
    return PaperRecord(
        source="labs",
        id=item_id,
        kind="post",
        title=draw(st.sampled_from([TITLES["2606.00001"][0], f"We present {item_id}"])),
        as_of=draw(moments),
        url=f"https://labs.example/{item_id}",
        authors=draw(st.sampled_from([(), (Author("Ada Moorhen"),)])),
        feed_date=draw(st.sampled_from([None, date(2026, 6, 2), date(2025, 6, 2)])),
        doi=DOIS[paper] if paper == "2606.00001" else None,
        labs=(LabClaim("heronry", "feed", item_id),),
        aliases=draw(st.sampled_from([(), ("heronry:b",), ("heronry:d",)])),
    )


@st.composite
def notes(draw: st.DrawFn) -> PaperRecord:
    """A deletion, or a link to code, said of a paper that may not be known."""
    item_id = draw(st.sampled_from([*PAPERS, "2606.00009"]))
    gone = draw(st.booleans())
    return PaperRecord(
        source="arxiv" if gone else "pwc-archive",
        id=item_id,
        arxiv_id=item_id,
        kind="paper",
        title="",
        as_of=draw(moments),
        withdrawn=gone or None,
        code=() if gone else (draw(links),),
    )


claims = st.lists(papers() | posts() | notes(), min_size=1, max_size=7)


@st.composite
def arrivals(draw: st.DrawFn, given_claims: list[PaperRecord]) -> list[tuple[Way, list[PaperRecord]]]:
    """All claims in some order, some of them twice, cut into batches that go either way."""
    rest = draw(st.permutations(given_claims + given_claims[:2]))
    batches: list[tuple[Way, list[PaperRecord]]] = []
    while rest:
        size = draw(st.integers(1, len(rest)))
        batches.append((draw(st.sampled_from([store, store_many])), rest[:size]))
        rest = rest[size:]
    return batches


def filled(sessions: Sessions, batches: Sequence[tuple[Way, Sequence[PaperRecord]]]) -> list[Tally]:
    """Begin with empty tables and store batch by batch, each in a transaction."""
    with sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
    return [more(sessions, way, batch) for way, batch in batches]


def more(sessions: Sessions, way: Way, batch: Sequence[PaperRecord]) -> Tally:
    with sessions.begin() as session:
        return way(session, batch, NOW)


def check_converging(sessions: Sessions, data: st.DataObject) -> None:
    given_claims = data.draw(claims)
    filled(sessions, [(store, given_claims)])
    expected = state(sessions)
    filled(sessions, data.draw(arrivals(given_claims)))
    assert differences(expected, state(sessions)) == []
    again = [more(sessions, way, batch) for way, batch in data.draw(arrivals(given_claims))]
    assert all((tally.new, tally.changed) == (0, 0) for tally in again)
    assert differences(expected, state(sessions)) == []


calm = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=60, **calm)  # type: ignore[arg-type]
@given(st.data())
def test_order_repetition_and_batches_leave_the_same_database(sqlite_sessions: Sessions, data: st.DataObject) -> None:
    check_converging(sqlite_sessions, data)


@settings(max_examples=8, **calm)  # type: ignore[arg-type]
@given(st.data())
def test_they_do_on_postgresql_too(postgres_sessions: Sessions, data: st.DataObject) -> None:
    check_converging(postgres_sessions, data)


@settings(max_examples=25, **calm)  # type: ignore[arg-type]
@given(claims)
def test_what_is_read_back_is_what_was_written(sqlite_sessions: Sessions, given_claims: list[PaperRecord]) -> None:
    filled(sqlite_sessions, [(store, given_claims)])
    with reading(sqlite_sessions) as session:
        rows = existing(session, session.scalars(select(Item.id)).all())
    assert [to_row(from_row(row), row["month"], row["updated"]) for row in rows] == rows


@dataclass(frozen=True)
class Told:
    """One entry of a lab's feed: where it leads, which paper it announces, and when."""

    path: str
    paper: str | None
    day: date | None

    def item(self, number: int) -> str:
        """Write it as the feed does, with a title and a guid of its own."""
        when = f"<pubDate>{self.day:%d %b %Y} 10:00:00 GMT</pubDate>" if self.day else ""
        link = f"https://h.example{self.path}".replace("&", "&amp;")
        text = f"https://arxiv.org/abs/{self.paper}" if self.paper else "Herons."
        named = f"<title>Heron {number}</title><link>{link}</link><guid isPermaLink='false'>{number}</guid>"
        return f"<item>{named}{when}<description>{text}</description></item>"


entries = st.builds(
    Told,
    st.sampled_from(
        ["/", "/?p=1", "/news", "/news?utm_content=1", "/news?utm_content=2", "/news?id=1", "/news?id=2", "/blog/owl",
         "/blog/owl?utm_source=rss", "/blog/a-small-boat", "/research/a-small-boat", "/#a", "/\u65b0"]
    ),
    st.sampled_from([None, None, "2608.00001", "2608.00002"]),
    st.sampled_from([None, date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 2)]),
)  # fmt: skip
feeds = st.dictionaries(st.sampled_from(["heronry", "owlery"]), st.lists(entries, min_size=1, max_size=4), min_size=1)


class Shelf:
    """Serves the feeds of labs."""

    def __init__(self, feeds: Mapping[str, Sequence[Told]]) -> None:
        self.bodies = {lab: "".join(told.item(n) for n, told in enumerate(feed)) for lab, feed in feeds.items()}

    def get(self, url: str, *_: Any, **__: Any) -> Answer:
        """Answer with one of them."""
        body = f'<?xml version="1.0"?><rss version="2.0"><channel>{self.bodies[url]}</channel></rss>'
        return Answer(200, {}, body.encode(), url)


def read_feeds(sessions: Sessions, feeds: Mapping[str, Sequence[Told]], at: datetime) -> Tally:
    """Read and store two months of all feeds."""
    source = LabFeeds({lab: lab for lab in feeds}, cast(Guard, Shelf(feeds)))
    return stored_from(sessions, source, date(2026, 8, 1), at)


@settings(max_examples=80, **calm)  # type: ignore[arg-type]
@given(feeds)
def test_feeds_read_again_change_nothing_and_their_posts_stay_apart(
    sqlite_sessions: Sessions, feeds: dict[str, list[Told]]
) -> None:
    """Posts of one page became one, and of two titles for one paper each took its turn at every reading."""
    filled(sqlite_sessions, [])
    read_feeds(sqlite_sessions, feeds, datetime(2026, 9, 19, tzinfo=UTC))
    for day in (20, 21):
        again = read_feeds(sqlite_sessions, feeds, datetime(2026, 9, day, tzinfo=UTC))
        assert (again.new, again.changed) == (0, 0)
    with reading(sqlite_sessions) as session:
        stored = set(session.scalars(select(Item.id)))
    assert stored == {told.paper or name for lab, feed in feeds.items() for told, name in called(lab, feed)}


def called(lab: str, feed: Sequence[Told]) -> Iterator[tuple[Told, str]]:
    """Pair each entry with the id of its post: one that posts at several addresses would have is none's."""
    links = [f"https://h.example{told.path}" for told in feed]
    listed = [Listed(link, str(number), f"Heron {number}") for number, link in enumerate(links)]
    slugs = [stable_slug(entry.link, entry.guid) for entry in listed]
    for told, slug, names in zip(feed, slugs, names_of(lab, listed), strict=True):
        shared = {link for link, same in zip(links, slugs, strict=True) if same == slug}
        yield told, names.narrow if len(shared) > 1 else f"{lab}:{slug}"


PLAIN = PaperRecord(
    "arxiv", "2606.00001", "paper", "Brass herons", START, arxiv_id="2606.00001", authors=(Author("Ada Moorhen"),),
    submitted=START + timedelta(hours=3), version=1, withdrawn=False,
)  # fmt: skip
GONE = PaperRecord(
    "arxiv", PLAIN.id, "paper", "", START + timedelta(days=9), arxiv_id=PLAIN.id, withdrawn=True
)  # fmt: skip
LINK = PaperRecord(
    "pwc-archive", PLAIN.id, "paper", "", START, arxiv_id=PLAIN.id, code=(CodeLink("https://github.com/a/b", True, 5),)
)


def test_a_note_about_an_unknown_paper_makes_no_item_and_waits_for_it(sessions: Sessions) -> None:
    (tally,) = filled(sessions, [(store, [GONE, LINK])])
    assert (tally.new, tally.changed, tally.unchanged) == (0, 0, 1)
    assert tally.ids == {PLAIN.id}
    with reading(sessions) as session:
        assert session.scalars(select(Item)).all() == []
        (note,) = session.scalars(select(Note))
    assert json.dumps(note.claims, sort_keys=True).count("2026-06-10T00:00:00Z") == 1
    later = NOW + timedelta(days=30)
    with sessions.begin() as session:
        assert store_many(session, [PLAIN], later).new == 1
    with reading(sessions) as session:
        assert session.scalars(select(Note)).all() == []
        (row,) = existing(session, [PLAIN.id])
    assert (row["withdrawn"], row["first_seen"], row["sources"]) == (True, later, ["arxiv"])  # not seen before
    assert [(link["url"], link["official"], link["stars"]) for link in row["code"]] == [
        ("https://github.com/a/b", True, 5)
    ]


def test_tables_hold_versions_numbers_and_former_names(sessions: Sessions) -> None:
    post = PaperRecord(
        "labs", "heronry:a", "post", "Brass Herons", START, url="https://h.example/a", authors=(Author("Ada Moorhen"),),
        feed_date=date(2026, 6, 2),
    )  # fmt: skip
    voted = PaperRecord("hf", PLAIN.id, "paper", "On brass herons", START, arxiv_id=PLAIN.id, votes=4)
    filled(sessions, [(store, [post]), (store, [PLAIN]), (store, [voted]), (store, [post])])
    with reading(sessions) as session:
        assert session.scalars(select(Item.id)).all() == [PLAIN.id]
        versions = session.execute(select(StoredVersion.number, StoredVersion.created)).all()
        told = session.execute(select(History.what, History.value, History.first_at)).all()
        names = session.execute(select(Alias.kind, Alias.value).order_by(Alias.kind, Alias.value)).all()
    assert [tuple(row) for row in versions] == [(1, PLAIN.submitted)]
    assert [tuple(row) for row in told] == [("votes", 4, START)]
    assert [tuple(row) for row in names] == [
        ("id", PLAIN.id), ("id", "heronry:a"), ("title", "brass herons"), ("title", "on brass herons"),
    ]  # fmt: skip


def test_a_link_that_comes_after_its_paper_is_stored_at_once(sessions: Sessions) -> None:
    tallies = filled(sessions, [(store, [PLAIN]), (store, [LINK]), (store, [LINK])])
    assert [(tally.new, tally.changed, tally.unchanged) for tally in tallies] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    with reading(sessions) as session:
        assert session.scalars(select(Note)).all() == []


def test_of_a_repository_in_two_spellings_one_row_is_left(sessions: Sessions) -> None:
    """Both rows were kept: the item counted as changed at every reading, and pages named one repository twice."""
    abstract, entry = (
        replace(PLAIN, source=source, code=(CodeLink(f"https://github.com/heronlab/{name}", None, stars),))
        for source, name, stars in (("arxiv", "wade", 5), ("hf", "Wade", 7))
    )
    tallies = filled(sessions, [(store, [abstract]), (store, [entry]), (store, [abstract]), (store, [entry])])
    assert [tally.changed for tally in tallies] == [0, 1, 0, 0]
    with reading(sessions) as session:
        (row,) = existing(session, [PLAIN.id])
    assert [link["url"] for link in row["code"]] == ["https://github.com/heronlab/Wade"]
    assert {(told["subject"], told["value"]) for told in row["history"]} == {(row["code"][0]["url"], n) for n in (5, 7)}


def test_what_a_claim_leads_to_is_looked_up_in_turn(sessions: Sessions) -> None:
    """The paper is found by its id; what it was told by before, together with the new author, names the post."""
    nameless = replace(PLAIN, authors=())
    post = PaperRecord(
        "labs", "heronry:a", "post", PLAIN.title, START, url="https://h.example/a", authors=PLAIN.authors,
        feed_date=date(2026, 6, 2),
    )  # fmt: skip
    authored = replace(PLAIN, source="hf", title="On brass herons")
    tallies = filled(sessions, [(store, [nameless]), (store, [post]), (store, [authored])])
    assert [tally.new for tally in tallies] == [1, 1, 0]
    with reading(sessions) as session:
        assert session.scalars(select(Item.id)).all() == [PLAIN.id]


def test_a_post_that_fits_two_papers_goes_to_the_one_known_first(sessions: Sessions) -> None:
    """The one case in which order matters (docs/decisions/0017); the two papers stay two whatever comes."""
    twin = replace(PLAIN, id="2606.00002", arxiv_id="2606.00002")
    post = PaperRecord(
        "labs", "heronry:a", "post", PLAIN.title, START, url="https://h.example/a", authors=PLAIN.authors,
        feed_date=date(2026, 6, 2),
    )  # fmt: skip
    for order, home in (([PLAIN, post, twin], PLAIN.id), ([twin, post, PLAIN], twin.id), ([post, twin], twin.id)):
        filled(sessions, [(store, [record]) for record in order])
        with reading(sessions) as session:
            found = {item.id: item.sources for item in session.scalars(select(Item))}
        assert {item_id for item_id, sources in found.items() if "labs" in sources} == {home}
        assert found.keys() == {record.id for record in order} - {post.id}
