"""The labs' feeds: posts, links to papers, titles that scrapers spoiled, and pages that are no feed."""

import re
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import SourceError
from core.record import LabClaim, PaperRecord
from db.engine import Sessions, reading
from db.models import Item
from ingest.conditional import asking, marks_of
from ingest.http import Answer
from ingest.post_names import stable_slug
from ingest.service import store
from ingest.source import NOTHING, Earlier, Marks, Page, Window
from ingest.sources.lab_feeds import LabFeeds
from ingest.sources.post_text import plain, split_title
from tests.ingest.doubles import NOW, free_port, guarded
from tests.upstream import Upstream

SEPTEMBER = (date(2026, 9, 1), date(2026, 9, 30))
LABS = ("openai", "google-deepmind", "qwen", "anthropic", "meta-fair")


def read(up: Upstream, lab: str = "qwen", now: datetime = NOW, days: tuple[date, date] = SEPTEMBER) -> Page:
    """Read one month of one lab."""
    with guarded(up) as guard:
        (page,) = LabFeeds({lab: f"{up.url}/feeds/{lab}.xml"}, guard).fetch(Window("labs", lab, *days), now)
    return page


def served(up: Upstream, *items: str, lab: str = "qwen") -> Page:
    """Read September from a feed of these items."""
    body = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{"".join(items)}</channel></rss>'
    up.clear_faults()
    up.fault("/feeds/", status=200, body=body)
    return read(up, lab)


def item(
    link: str = "https://q.example/blog/a-small-boat/", title: str = "Boats", text: str = "", more: str = ""
) -> str:
    """One item of 3 September, unless `more` brings another date."""
    when = "" if "pubDate" in more else "<pubDate>Thu, 03 Sep 2026 10:00:00 +0000</pubDate>"
    return f"<item><title>{title}</title><link>{link}</link>{when}<description>{text}</description>{more}</item>"


@pytest.mark.parametrize("lab", LABS)
def test_posts_and_linked_papers_of_the_month_are_read(up: Upstream, lab: str) -> None:
    page = read(up, lab)
    mine = [p for p in up.catalogue.posts if p.lab == lab and p.published.month == 9]
    papers = {record.id: record for record in page.records if record.kind == "paper"}
    posts = [record for record in page.records if record.kind == "post"]
    assert set(papers) == {p.arxiv_id for p in mine if p.arxiv_id}
    assert len(posts) == len([p for p in mine if not p.arxiv_id])
    assert {p.title for p in mine if not p.arxiv_id} == {record.title for record in posts}
    assert page.errors == ()
    assert all(record.id.startswith(f"{lab}:") and record.feed_date for record in posts)
    assert all(claim.lab == lab and claim.kind == "feed" for record in page.records for claim in record.labs)


def test_a_linked_paper_carries_the_claim_and_no_other_fact(up: Upstream) -> None:
    text = '&lt;p&gt;Read the &lt;a href="https://arxiv.org/abs/2608.01234v2"&gt;report&lt;/a&gt;.&lt;/p&gt;'
    (record,) = served(up, item(text=text)).records
    assert record == PaperRecord(
        source="labs",
        id="2608.01234",
        kind="paper",
        title="Boats",
        as_of=NOW,
        told_in="2026-09-03 qwen",  # of two posts the newer names it at every reading
        post=record.post,
        arxiv_id="2608.01234",
        url="https://arxiv.org/abs/2608.01234",
        aliases=("qwen:a-small-boat",),
        labs=(LabClaim("qwen", "feed", "https://q.example/blog/a-small-boat/"),),
    )


def test_a_post_is_the_paper_it_announces_where_that_is_one(up: Upstream) -> None:
    two = "https://arxiv.org/abs/2609.00001 and https://arxiv.org/abs/2609.00002"
    page = served(up, item(text=two), item("https://arxiv.org/abs/2609.00003"))
    assert [(record.id, record.aliases) for record in page.records] == [
        ("2609.00001", ()), ("2609.00002", ()), ("2609.00003", ())
    ]  # fmt: skip


def test_a_post_that_is_edited_to_link_its_paper_becomes_it(up: Upstream, sessions: Sessions) -> None:
    link = "https://q.example/blog/a-small-boat/"
    for text in ("Report to follow.", "https://arxiv.org/abs/2609.00001", "The link is gone."):
        with sessions.begin() as session:
            store(session, served(up, item(link, text=text)).records, NOW)
    assert held(sessions) == [("2609.00001", "paper")]


def test_a_post_whose_address_or_guid_gains_something_is_the_same(up: Upstream, sessions: Sessions) -> None:
    addresses = [("/index/boats", "1"), ("/index/boats?utm_source=rss&amp;fbclid=9", "2"), ("/blog?id=7", "3"),
                 ("/blog?utm_medium=x&amp;id=7", "4"), ("/blog?id=7", "5"), ("/blog?id=8", "6")]  # fmt: skip
    for path, guid in addresses:
        with sessions.begin() as session:
            page = served(up, item(f"https://q.example{path}", more=f"<guid>{guid}</guid>"))
            store(session, page.records, NOW)
    assert len(held(sessions)) == 3
    assert ("qwen:index-boats", "post") in held(sessions)


@pytest.mark.parametrize("pages", ["/ / /", "/news?utm_content=1 /news?utm_content=2 /news?utm_content=3"])
def test_posts_whose_links_all_lead_to_one_page_stay_apart(up: Upstream, sessions: Sessions, pages: str) -> None:
    """They went by the name of their page too: three became one, and two that were stored were deleted."""
    told = [
        item(f"https://q.example{path}", f"Boats {number}", more=f"<guid>{number}</guid>")
        for number, path in enumerate(pages.split())
    ]
    for kept in (told, told, told[:1], told[1:]):  # a feed drops what is old
        with sessions.begin() as session:
            store(session, served(up, *kept).records, NOW)
    assert len(held(sessions)) == 3


def test_a_name_that_another_entry_goes_by_makes_no_post_a_paper(up: Upstream) -> None:
    paper, page = "https://arxiv.org/abs/2609.00001", "https://q.example/research"
    entries = [item(page, f"Boats {n}", text, f"<guid>{n}</guid>") for n, text in enumerate((paper, "none"))]
    same = [item(f"https://q.example/{part}/a-small-boat", text=text) for part, text in (("a", paper), ("b", "none"))]
    records = served(up, *entries).records
    assert [(record.id, record.aliases) for record in records] == [("2609.00001", ()), ("qwen:research", ())]
    paper_, post = served(up, *same).records
    assert post.id not in ("qwen:a-small-boat", *paper_.aliases)
    assert "qwen:a-small-boat" not in paper_.aliases


def held(sessions: Sessions) -> list[tuple[str, str]]:
    """What is stored: id and kind."""
    with reading(sessions) as session:
        return [(id_, kind) for id_, kind in session.execute(select(Item.id, Item.kind).order_by(Item.id))]


def test_an_old_paper_or_a_list_of_references_is_no_announcement(up: Upstream) -> None:
    old = "builds on https://arxiv.org/abs/2501.00001"
    many = " ".join(f"https://arxiv.org/abs/2609.0000{number}" for number in range(1, 5))
    page = served(
        up, item(text=old), item("https://q.example/blog/many-small-boats", text=many),
        item("https://arxiv.org/abs/2501.00001"),
    )  # fmt: skip
    assert [record.id for record in page.records] == ["qwen:a-small-boat", "qwen:many-small-boats", "2501.00001"]


def test_a_post_is_plain_text(up: Upstream) -> None:
    text = "&lt;p&gt;One &amp;amp; two&lt;/p&gt;&lt;p&gt;three&lt;script&gt;alert(1)&lt;/script&gt;&lt;/p&gt;"
    (record,) = served(up, item(title="A &amp;lt;b&amp;gt; &amp;amp; C", text=text)).records
    assert record.abstract == "One & two three"
    assert record.feed_date == date(2026, 9, 3)
    assert record.kind == "post"
    assert record.arxiv_id is None
    assert "alert" not in (record.abstract or "")


@pytest.mark.parametrize(
    "when",
    ["", "<pubDate>the day before yesterday</pubDate>", "<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>",
     "<pubDate>Wed, 03 Nov 2027 10:00:00 GMT</pubDate>"],
)  # fmt: skip
def test_a_post_without_a_usable_date_belongs_to_the_present_month(up: Upstream, when: str) -> None:
    more = when or "<!-- pubDate -->"
    assert served(up, item(more=more)).records == ()
    (record,) = read(up, days=(date(2026, 11, 1), date(2026, 11, 30))).records
    assert record.feed_date is None


def test_dates_are_those_of_utc(up: Upstream) -> None:
    late = "<pubDate>Tue, 01 Sep 2026 04:00:00 +0800</pubDate>"
    assert served(up, item(more=late)).records == ()
    (record,) = read(up, days=(date(2026, 8, 1), date(2026, 8, 31))).records
    assert record.feed_date == date(2026, 8, 31)


def test_an_item_without_title_or_address_is_kept_as_an_error(up: Upstream) -> None:
    page = served(up, item(title=""), item(link="javascript:alert(1)"), item())
    assert [error.reason for error in page.errors] == ["no title", "no address"]
    assert len(page.records) == 1


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("maintenance", "HTML"), ("json", "no XML"), ("cut", "cut short"), ("doctype", "refused"), ("deep", "nested"),
     ("billion-laughs", "refused"), ("empty-page", "no entries"), ("status", "status 503")],
)  # fmt: skip
def test_what_is_no_feed_is_a_failure_and_never_nothing_new(up: Upstream, kind: str, reason: str) -> None:
    up.fault("/feeds/", kind)
    with pytest.raises(SourceError, match=reason):
        read(up)


def test_a_web_page_without_a_doctype_is_no_feed(up: Upstream) -> None:
    up.fault("/feeds/", status=200, body="<div><p>We moved.</p></div>")
    with pytest.raises(SourceError, match="no feed"):
        read(up)


def test_the_months_of_one_pull_are_read_from_one_answer(up: Upstream) -> None:
    feeds = {"qwen": f"{up.url}/feeds/qwen.xml", "deepseek": ""}
    with guarded(up) as guard:
        source = LabFeeds(feeds, guard)
        windows = source.windows(date(2026, 7, 5), date(2026, 12, 31), date(2026, 9, 30))
        assert [(w.channel, w.start.month, w.end.day) for w in windows] == [
            ("qwen", 9, 30), ("qwen", 8, 31), ("qwen", 7, 31)
        ]  # fmt: skip
        for window in windows:
            list(source.fetch(window, NOW))
        assert len(up.log) == 1
        list(source.fetch(windows[0], NOW.replace(hour=12)))  # a pull may last longer than an answer stays fresh
        assert len(up.log) == 2
        up.fault("/feeds/", "maintenance")
        with pytest.raises(SourceError, match="HTML"):
            list(source.fetch(windows[0], NOW.replace(hour=15)))
        with pytest.raises(SourceError, match="has no feed"):
            list(source.fetch(Window("labs", "deepseek", *SEPTEMBER), NOW))


def test_a_feed_that_did_not_change_is_not_sent_again(up: Upstream) -> None:
    window, october = (Window("labs", "qwen", date(2026, m, 1), date(2026, m, 30)) for m in (9, 10))
    with guarded(up) as guard:

        def fetched(window: Window, earlier: Earlier) -> tuple[Page, int]:
            (page,) = source.fetch(window, NOW, earlier)
            return page, len(up.log)

        source = LabFeeds({"qwen": f"{up.url}/feeds/qwen.xml"}, guard)
        first, _ = fetched(window, NOTHING)
        assert first.records
        assert first.marks.etag
        assert first.marks.last_modified
        source, earlier = LabFeeds({"qwen": f"{up.url}/feeds/qwen.xml"}, guard), Earlier(marks=first.marks)
        assert fetched(window, earlier) == (Page((), unchanged=True, marks=first.marks), 2)
        assert up.log[1].headers["If-None-Match"] == first.marks.etag.partition(" ")[2]
        assert fetched(window, earlier) == (Page((), unchanged=True, marks=first.marks), 2)
        # A month that was never stored needs the feed itself, which then serves all others.
        new, asked = fetched(october, NOTHING)
        assert (new.unchanged, new.marks, asked) == (False, first.marks, 3)
        assert "If-None-Match" not in up.log[2].headers
        assert fetched(window, earlier) == (first, 3)


def test_a_feed_that_changed_is_read_whatever_its_marks_were(up: Upstream) -> None:
    before = read(up)
    with guarded(up) as guard:
        source = LabFeeds({"qwen": f"{up.url}/feeds/qwen.xml"}, guard)
        stale = Earlier(marks=Marks('"another"', "Thu, 01 Jan 2026 00:00:00 GMT"))
        assert list(source.fetch(Window("labs", "qwen", *SEPTEMBER), NOW, stale)) == [before]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [('"a"', '"a"'), ('W/"a"', 'W/"a"'), ("", None), ("x" * 1001, None), ('"gr\xfcn"', None), ("\x7f", None)],
)
def test_a_mark_that_cannot_be_sent_back_as_it_came_is_none(sent: str, kept: str | None) -> None:
    marks = marks_of(Answer(200, {"etag": sent}, b"", ""), "https://q.example/feed")
    assert (marks != Marks()) == (kept is not None)
    assert asking(marks, "https://q.example/feed") == ({"If-None-Match": kept} if kept else {})


def test_marks_are_shown_to_the_address_alone_that_gave_them() -> None:
    given = Answer(200, {"etag": '"a b"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT"}, b"", "")
    marks = marks_of(given, "https://q.example/feed")
    assert asking(marks, "https://q.example/news") == {}
    assert asking(Marks('"a b"', "Thu, 01 Jan 2026 00:00:00 GMT"), "https://q.example/feed") == {}  # stored before
    assert asking(marks, "https://q.example/feed") == {
        "If-None-Match": '"a b"', "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"
    }  # fmt: skip


def test_a_corrected_address_is_read_in_full_though_its_feed_is_older(up: Upstream) -> None:
    with guarded(up) as guard:
        feeds = [LabFeeds({"qwen": f"{up.url}/feeds/{name}.xml"}, guard) for name in ("openai", "qwen")]
        window = Window("labs", "qwen", *SEPTEMBER)
        (wrong,) = feeds[0].fetch(window, NOW)
        (right,) = feeds[1].fetch(window, NOW, Earlier(marks=replace(wrong.marks, etag=None)))  # an etag would differ
    assert right.records
    assert right.records != wrong.records
    assert not right.unchanged


def test_one_site_that_is_away_does_not_look_like_a_lost_network(up: Upstream) -> None:
    dead = free_port()
    away = f"http://127.0.0.1:{dead}/feed.xml"
    allowed = frozenset({f"127.0.0.1:{dead}", f"127.0.0.1:{up.port}"})
    with guarded(allow_private=allowed) as guard:
        for others, unreachable in (({}, True), ({"qwen": f"{up.url}/feeds/qwen.xml"}, False)):
            source = LabFeeds({"openai": away, **others}, guard)
            with pytest.raises(SourceError, match="cannot be reached") as failed:
                list(source.fetch(Window("labs", "openai", *SEPTEMBER), NOW))
            assert failed.value.unreachable is unreachable


@pytest.mark.parametrize(
    ("raw", "title", "rest"),
    [("Plain title", "Plain title", None), ("Aug 18, 2026ScienceHow boats float", "How boats float", None),
     ("Jul 9, 2026Frontier Red TeamBoats play", "Boats play", None), ("May 8, 2026Boats", "Boats", None),
     ("Jul 9, 2026Researchers find boats", "Researchers find boats", None),
     ("InterpretabilityJul 6, 2026A harbour in language modelsNew research shows how boats are moored.",
      "A harbour in language models", "New research shows how boats are moored."),
     ("Our plan for Aug 18, 2026", "Our plan for Aug 18, 2026", None),
     ("A &lt;script&gt;x&lt;/script&gt; &amp; B", "A <script>x</script> & B", None),
     ("<b>Bold</b> words", "Bold words", None)],
)  # fmt: skip
def test_titles_are_freed_from_what_scrapers_ran_into_them(raw: str, title: str, rest: str | None) -> None:
    assert split_title(raw, ["Research"]) == (title, rest)


@pytest.mark.parametrize(
    ("link", "slug"),
    [("https://openai.com/index/next-phase-of-boats", "next-phase-of-boats"),
     ("https://q.example/blog/qwen3/", "blog-qwen3"),
     ("https://x.example/2026/09/overview", "2026-09-overview"),
     ("https://x.example/News/A%20New%20Boat.html", "a-new-boat"),
     ("https://x.example/blog/2026/index.html", "blog-2026"), ("https://x.example/blog/caf\u00e9", "blog-cafe"),
     ("https://x.example/\u7814\u7a76/a-small-boat/", "a-small-boat")],
)  # fmt: skip
def test_slugs_come_from_the_address(link: str, slug: str) -> None:
    assert stable_slug(link, "guid") == slug


@pytest.mark.parametrize(
    ("one", "other", "begins"),
    [("/blog/\u8239", "/blog/\u6e2f", "blog-"), ("/\u8239/", "/\u6e2f/", ""), ("/\u8239/blog", "/\u6e2f/blog", "blog-"),
     ("/a-new-\u8239-2026", "/a-new-\u6e2f-2026", "a-new-2026-"), ("/blog/%91D", "/blog/%8D%60", "blog-")],
)  # fmt: skip
def test_a_path_that_loses_letters_is_told_by_all_of_it(one: str, other: str, begins: str) -> None:
    first, second = (stable_slug(f"https://x.example{path}", "guid") for path in (one, other))
    assert first != second
    assert first.startswith(begins)
    assert re.fullmatch(r"[a-z0-9-]+", first)
    assert stable_slug(f"https://x.example{quote(one, safe='/%')}", "another guid") == first


@given(
    st.sets(
        st.text("\u8239\u6e2f\u6ce2\u30ac\ud55c\u0431\u03b3ab1-", min_size=1).filter(lambda name: not name.isascii())
    )
)
def test_posts_in_letters_of_other_scripts_stay_apart(names: set[str]) -> None:
    assert len({stable_slug(f"https://x.example/news/{quote(name)}", "") for name in names}) == len(names)


def test_posts_under_addresses_in_japanese_are_all_kept(up: Upstream) -> None:
    links = [f"https://q.example/news/{name}" for name in ("\u8239", quote("\u6e2f"), "\u6ce2")]
    page = served(up, *(item(link) for link in links))
    assert len({record.id for record in page.records}) == 3


def test_slugs_differ_where_only_the_guid_does_and_stay_short() -> None:
    first, second = (stable_slug("https://x.example/?p=1", guid) for guid in ("a", "b"))
    assert first != second
    assert len(first) == 12
    long = [stable_slug(f"https://x.example/{'boat-' * 40}{end}", "") for end in ("one", "two")]
    assert long[0] != long[1]
    assert max(map(len, long)) <= 103


def test_plain_text_is_bounded_and_loses_the_footer() -> None:
    assert len(plain("boat " * 1000)) <= 2001
    footer = "<p>Read More...</p> <p>The post <a href='x'>Boats</a> appeared first on <a>Harbour</a>.</p>"
    assert plain("<p>We float.</p>" + footer) == "We float."
    assert plain("<p>a</p><p>b</p>c<b>d</b>") == "a b cd"
