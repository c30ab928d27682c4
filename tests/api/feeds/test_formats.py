"""Every feed in every format obeys the rules of the format, whatever words strangers put into it."""

import json
import re
from collections.abc import Callable
from typing import Any

import feedparser
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError
from lxml import etree

from api.feeds.rss import plain
from core.text import clean
from db.engine import Sessions
from db.models import Item
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, add_item, make_issue
from tests.api.feeds.rules import ATOM, DUBLIN_CORE, XHTML, check_atom, check_json_feed, check_opml, check_rss, parsed
from tests.api.feeds.store import FORMATS, JULY, NAMES, address, fill_all
from tests.api.test_pages import HOSTILE, assert_inert

CHECKS: dict[str, Callable[[bytes], None]] = {"atom": check_atom, "rss": check_rss, "json": check_json_feed}
ODD = [
    *HOSTILE,
    "bell \x07 null \x00 escape \x1b and half \ud800 of a pair",
    "left \u202e thgir \u2066 again",
    "A & B &amp; C &lt;b&gt; 5 < 6",
    "]]> <![CDATA[ x ]]> <!-- y --> <?z?>",
    r"$O(n^{2})$ and \emph{words}, \'{e}",
    "\U0001f980 \uffff 蟹",
]


def test_every_feed_obeys_the_rules_of_its_format(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    for name in NAMES:
        for suffix in FORMATS:
            CHECKS[suffix](client.get(address(name, suffix)).content)
    fill_all(sessions, roadmap)
    for name in NAMES:
        for suffix in FORMATS:
            check_filled(client, name, suffix)


def check_filled(client: TestClient, name: str, suffix: str) -> None:
    """Check a feed of three papers, or of the one issue that printed them, in both languages."""
    for lang in ("en", "ja"):
        body = client.get(address(name, suffix), params={"lang": lang, **_query(name)}).content
        CHECKS[suffix](body)
        assert len(_texts(body, suffix)) == (1 if name == "digests" else 3)


@pytest.mark.parametrize("suffix", FORMATS)
def test_words_of_strangers_are_inert_in_every_format(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, suffix: str
) -> None:
    _hostile(sessions, roadmap)
    for name in (*NAMES[:-1], "search"):
        query = {"topic": TOPIC, "q": ""} if name == "search" else {}
        body = client.get(f"/feeds/{name}.{suffix}", params=query).content
        CHECKS[suffix](body)
        texts = _texts(body, suffix)
        assert texts, name
        for title, html in texts:
            assert_inert(html)
            assert "<svg" not in html
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", title + html)


def test_titles_are_the_same_plain_text_in_every_format(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", title=r"R&D: $\alpha^2$ is <b>5</b> \& more", categories=["cs.LG"])
    expected = "R&D: α² is <b>5</b> & more"
    bodies = {suffix: client.get(address(f"topics/{TOPIC}", suffix)).content for suffix in FORMATS}
    assert parsed(bodies["atom"]).findtext(f"{ATOM}entry/{ATOM}title") == expected
    assert parsed(bodies["rss"]).findtext("channel/item/title") == plain(expected)
    assert plain(expected).replace("\u2060", "") == expected
    assert json.loads(bodies["json"])["items"][0]["title"] == expected


def test_a_title_of_rss_is_no_markup_to_a_reader_that_takes_it_for_html() -> None:
    assert etree.HTML(f"<p>{plain('<script>x</script> 1<2 <!-- y -->')}</p>").findall(".//script") == []
    assert plain("5 < 6 and a<5") == "5 < 6 and a<5"


def test_the_formats_say_the_same(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill_all(sessions, roadmap, 2)
    for name in NAMES:
        atom = parsed(client.get(address(name)).content)
        rss = parsed(client.get(address(name, "rss")).content)[0]
        feed = json.loads(client.get(address(name, "json")).content)
        ids = [entry.findtext(f"{ATOM}id") for entry in atom.findall(f"{ATOM}entry")]
        assert ids == [item.findtext("guid") for item in rss.findall("item")] == [item["id"] for item in feed["items"]]
        contents = [entry.findtext(f"{ATOM}content") for entry in atom.findall(f"{ATOM}entry")]
        assert contents == [item.findtext("description") for item in rss.findall("item")]
        assert contents == [item["content_html"] for item in feed["items"]]
        assert feed["feed_url"] == f"https://road.example{address(name, 'json')}"


def test_authors_are_named_one_by_one(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    names = [f"Reed {number}" for number in range(60)]
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", authors=[{"name": name, "affiliation": None} for name in names])
    atom = parsed(client.get(address(f"topics/{TOPIC}")).content)
    assert [one.text for one in atom.findall(f"{ATOM}entry/{ATOM}author/{ATOM}name")] == names[:50]
    rss = parsed(client.get(address(f"topics/{TOPIC}", "rss")).content)
    assert [one.text for one in rss.findall(f"channel/item/{DUBLIN_CORE}creator")] == [", ".join(names[:50])]
    assert "and 55 more" in (atom.findtext(f"{ATOM}entry/{ATOM}content") or "")


def test_links_for_browsers_lead_where_the_feed_does(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill_all(sessions, roadmap, 1)
    for suffix in ("atom", "rss"):
        body = client.get(address(f"topics/{TOPIC}", suffix)).content
        links = [link.get("href") for link in parsed(body).iter(f"{XHTML}a")]
        assert links == [f"https://road.example/topics/{TOPIC}", "https://road.example/papers/2606.00001"]
        sheet = re.search(rb'<\?xml-stylesheet type="text/css" href="([^"]+)"\?>', body)
        assert sheet is not None
        assert client.get(sheet[1].decode()).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(
    ("suffix", "broken"),
    [
        ("atom", lambda body: re.sub(rb"<updated>[^<]*</updated>", b"", body, count=1)),
        ("atom", lambda body: re.sub(rb"<updated>[^<]*</updated>", b"<updated>yesterday</updated>", body)),
        ("atom", lambda body: body.replace(b"</entry>", b"<title>twice</title></entry>")),
        ("atom", lambda body: body.replace(b"<icon>", b"<logos/><icon>")),
        ("atom", lambda body: re.sub(rb"<entry>(.*?)</entry>", rb"<entry>\1</entry><entry>\1</entry>", body)),
        ("rss", lambda body: body.replace(b' isPermaLink="false"', b"")),
        ("rss", lambda body: re.sub(rb"<pubDate>[^<]*", b"<pubDate>2026-06-01", body)),
        ("rss", lambda body: body.replace(b"<item>", b"<item><author2/>")),
        ("json", lambda body: body.replace(b'"content_html"', b'"content"')),
        ("json", lambda body: body.replace(b"version/1.1", b"version/1")),
    ],
)
def test_the_rules_are_rules(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, suffix: str, broken: Callable[[bytes], bytes]
) -> None:
    fill_all(sessions, roadmap, 1)
    body = client.get(address(f"topics/{TOPIC}", suffix)).content
    CHECKS[suffix](body)
    bad = broken(body)
    assert bad != body
    with pytest.raises((AssertionError, etree.DocumentInvalid, ValidationError, ValueError)):
        CHECKS[suffix](bad)


@given(words=st.text(max_size=60), name=st.text(max_size=20))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_title_breaks_a_feed(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, words: str, name: str
) -> None:
    with sessions.begin() as session:
        known = session.get(Item, "2606.00001") or add_item(session, roadmap, "2606.00001")
        known.title = known.abstract = clean(words) + "."
        known.authors, known.categories = [{"name": clean(name), "affiliation": None}], [clean(words), clean(name)]
    for suffix, check in CHECKS.items():
        check(client.get(address(f"topics/{TOPIC}", suffix)).content)


@given(words=st.text(max_size=80))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_breaks_the_feed_of_a_search(client: TestClient, words: str) -> None:
    for suffix, check in CHECKS.items():
        answer = client.get(f"/feeds/search.{suffix}", params={"q": words.encode("utf-8", "replace").decode()})
        if answer.status_code == 200:
            check(answer.content)
        else:
            assert (answer.status_code, clean(words)) == (422, "")


def test_the_list_of_feeds_obeys_the_rules(client: TestClient, roadmap: Roadmap) -> None:
    answer = client.get("/feeds.opml")
    assert answer.headers["content-type"].startswith("text/x-opml")
    assert answer.headers["access-control-allow-origin"] == "*"
    check_opml(answer.content)
    groups = {group.get("text"): [one.get("xmlUrl") for one in group] for group in parsed(answer.content)[1]}
    assert list(groups) == ["The whole road", "Stages", "Topics", "Labs"]
    feeds = [url for urls in groups.values() for url in urls if url]
    assert len(feeds) == len(set(feeds)) == 2 + 8 + len(roadmap.topics) + len(roadmap.labs)
    for url in feeds:
        assert client.get(url.removeprefix("https://road.example")).status_code == 200


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_page_of_feeds_has_all_of_the_list_in_every_format(client: TestClient, lang: str) -> None:
    outlines = parsed(client.get("/feeds.opml", params={"lang": lang}).content).iter("outline")
    feeds = [one.get("xmlUrl", "").removeprefix("https://road.example") for one in outlines if one.get("xmlUrl")]
    page = client.get("/feeds", params={"lang": lang})
    assert "access-control-allow-origin" not in page.headers  # a page for people, as all others
    found = re.findall(r'<a href="(/feeds/[^"]+)"', page.text)
    assert sorted(found) == sorted(feed.replace(".atom", f".{suffix}") for feed in feeds for suffix in CHECKS)


def test_a_choice_of_feeds_in_a_language(client: TestClient) -> None:
    chosen = {"topic": ["rag", "rag"], "lab": "qwen", "stage": ["3", "5"], "lang": "ja"}
    answer = client.get("/feeds.opml", params=chosen)
    check_opml(answer.content)
    feeds = [one.get("xmlUrl", "") for one in parsed(answer.content).iter("outline") if one.get("type")]
    names = ("stages/3", "stages/5", "topics/rag", "labs/qwen")
    assert feeds == [f"https://road.example/feeds/{name}.atom?lang=ja" for name in names]
    wrong = client.get("/feeds.opml", params={"topic": "ragg"})
    assert wrong.status_code == 422
    assert "rag" in wrong.text


def _query(name: str) -> dict[str, str]:
    return {"q": "clockwork"} if name == "search" else {}


def _hostile(sessions: Sessions, roadmap: Roadmap) -> None:
    """Store odd words as ingest stores them: cleaned of what no database takes; and a few as they should never be."""
    with sessions.begin() as session:
        for number, words in enumerate(ODD):
            stored = clean(words) if "\x00" in words or "\ud800" in words else words
            given: dict[str, Any] = dict.fromkeys(("title", "abstract", "comment", "journal_ref", "doi"), stored)
            given |= {"authors": [{"name": stored, "affiliation": stored}], "categories": [stored]}
            given |= {"project_url": "javascript:alert(1)", "url": "javascript:alert(1)"}
            script = ["javascript:alert(1)"]
            add_item(session, roadmap, f"2606.000{number:02d}", code=script, labs={"qwen": 0.9}, **given)
    assert make_issue(sessions, roadmap, "2026-06", JULY) == "final"


def _texts(body: bytes, suffix: str) -> list[tuple[str, str]]:
    """Read titles and contents back as a reader's parser gives them."""
    if suffix == "json":
        return [(item["title"], item["content_html"]) for item in json.loads(body)["items"]]
    feed = feedparser.parse(body, sanitize_html=False)
    assert not feed.bozo
    return [(one.title, one.content[0].value if suffix == "atom" else one.summary) for one in feed.entries]
