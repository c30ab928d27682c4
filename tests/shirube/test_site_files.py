"""Addresses of the web service as files of a folder, and links rewritten for them."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shirube.site_files import Layout, Place, feed, links, page, posts

LAYOUT = Layout("https://road.example/sub", ("en", "ja"))
FRONT, ISSUE = Place("/", "en"), Place("/digests/2026-10", "ja")
PATHS = ("/", "/digests", "/digests/2026-10", "/stages/5", "/topics/rag", "/labs/qwen", "/status", "/about")


@pytest.mark.parametrize(
    ("place", "file"),
    [
        (FRONT, "index.html"),
        (Place("/", "ja"), "ja/index.html"),
        (ISSUE, "ja/digests/2026-10/index.html"),
        (Place("/digests/2026-10", "en", 30), "digests/2026-10/30/index.html"),
        (Place("/papers/math/0309136", "en"), "papers/math/0309136/index.html"),
        (Place("/papers/qwen:a-post", "ja"), "ja/papers/qwen:a-post/index.html"),
        (Place("/feeds/topics/rag.atom", "ja"), "ja/feeds/topics/rag.atom"),
        (Place("/static/style.css"), "static/style.css"),
    ],
)
def test_every_place_has_its_file(place: Place, file: str) -> None:
    assert LAYOUT.file(place) == file


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("/sub/stages/5", Place("/stages/5", "ja")),
        ("?lang=en", Place("/digests/2026-10", "en")),
        ("?lang=en&minutes=30", Place("/digests/2026-10", "en", 30)),
        ("https://road.example/sub/papers/2610.00001?lang=en", Place("/papers/2610.00001", "en")),
        ("/sub/feeds/topics/rag.atom?lang=ja", Place("/feeds/topics/rag.atom", "ja")),
        ("/sub/feeds/topics/rag.atom", Place("/feeds/topics/rag.atom", "en")),
        ("/sub/static/style.css?v=0a1b", Place("/static/style.css")),
        ("/sub/papers/math%2F0309136", Place("/papers/math/0309136", "ja")),
        ("/sub/search?q=sparse", None),
        ("/sub/subscribe", None),
        ("/sub/topics/rag?cursor=abc", None),
        ("/elsewhere", None),
        ("/sub/papers/../../etc/passwd", None),
        ("/sub/papers/%2e%2e/%2e%2e/etc/passwd", None),
        ("https://arxiv.org/abs/2610.00001", None),
        ("mailto:reader@road.example", None),
    ],
)
def test_addresses_are_read_in_the_language_of_their_page(address: str, place: Place | None) -> None:
    assert LAYOUT.read(address, ISSUE) == place


@given(
    st.sampled_from(PATHS), st.sampled_from(PATHS), st.sampled_from(LAYOUT.languages), st.sampled_from(LAYOUT.languages)
)
def test_a_relative_link_leads_from_any_page_to_any_other(here: str, there: str, one: str, other: str) -> None:
    within, target = Place(here, one), Place(there, other)
    base = posixpath.dirname(LAYOUT.file(within))
    found = posixpath.normpath(posixpath.join(base, LAYOUT.relative(target, within), "index.html"))
    assert found == LAYOUT.file(target)


def test_links_of_a_page_are_listed_once_and_only_those_of_the_site() -> None:
    text = (
        '<link rel="stylesheet" href="/sub/static/style.css?v=1"><a href="#main">x</a>'
        '<a class="t" href="/sub/stages/2"></a><a href="/sub/stages/2#canon"></a>'
        '<a href="https://arxiv.org/abs/1"></a><a href="/sub/search">s</a>'
    )
    assert links(LAYOUT, text, FRONT) == [Place("/static/style.css"), Place("/stages/2", "en")]


def test_a_page_keeps_links_that_lead_somewhere_and_loses_the_others() -> None:
    there = {Place("/stages/2", "ja"), Place("/static/style.css"), ISSUE}
    text = (
        '<link rel="canonical" href="https://road.example/sub/digests/2026-10?lang=ja">'
        '<link rel="alternate" href="/sub/feeds/picks.atom">'
        '<link rel="stylesheet" href="/sub/static/style.css?v=1">'
        '<a href="/sub/stages/2#canon">2</a> <a href="/sub/search?q=a&amp;b=1">search</a> '
        '<a href="/sub/papers/2610.00001">paper</a> <a href="#p-1">1</a> <a href="https://other.example/">o</a>'
    )
    assert page(LAYOUT, text, ISSUE, there) == (
        '<link rel="canonical" href="https://road.example/sub/ja/digests/2026-10/">'
        '<link rel="stylesheet" href="../../../static/style.css?v=1">'
        '<a href="../../stages/2/#canon">2</a> <a>search</a> '
        '<a href="https://arxiv.org/abs/2610.00001">paper</a> <a href="#p-1">1</a> <a href="https://other.example/">o</a>'
    )


def test_a_text_that_looks_like_a_link_is_left_alone() -> None:
    text = '<p title="x">href="/sub/search" &lt;a href=&#34;/sub/stages/2&#34;&gt;</p>'
    assert page(LAYOUT, text, FRONT, set()) == text


def test_a_feed_names_the_files_in_full() -> None:
    paper, own = Place("/papers/2610.00001", "ja"), Place("/feeds/topics/rag.atom", "ja")
    text = (
        '<link href="https://road.example/sub/feeds/topics/rag.atom?lang=ja" rel="self"/>'
        '<link href="https://road.example/sub/papers/2610.00001?lang=ja"/><id>tag:road.example,2026:2610.00001</id>'
        "<a>https://road.example/sub/papers/none:such</a>"
    )
    assert feed(LAYOUT, text, own, {paper, own}) == (
        '<link href="https://road.example/sub/ja/feeds/topics/rag.atom" rel="self"/>'
        '<link href="https://road.example/sub/ja/papers/2610.00001/"/><id>tag:road.example,2026:2610.00001</id>'
        "<a>https://road.example/sub/papers/none:such</a>"
    )


FORMS = (
    '<link href="{}"/>',
    "<link>{}</link><guid>{}</guid>",
    '{{"url":"{}","content_html":"<a href=\\"{}\\">x</a>"}}',
)


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_leads_to_arxiv_for_a_paper_without_a_file(form: str) -> None:
    own = Place("/feeds/topics/rag.atom", "en")
    for item_id in ("2610.00002", "math/0309136"):
        here, there = f"https://road.example/sub/papers/{item_id}", f"https://arxiv.org/abs/{item_id}"
        assert feed(LAYOUT, form.format(here, here), own, {own}) == form.format(there, there)


def test_a_feed_leads_on_to_posts_alone() -> None:
    text = (
        '<link>https://road.example/sub/papers/2610.00001</link><link href="https://road.example/sub/papers/qwen:a"/>'
        '{"url":"https://road.example/sub/papers/qwen:a","b":"https://road.example/sub/topics/rag"}'
    )
    assert posts(LAYOUT, text, Place("/feeds/picks.rss", "ja")) == [Place("/papers/qwen:a", "ja")]
