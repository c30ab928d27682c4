"""The rules of each format, as checks that say what is wrong: RFC 4287, RSS 2.0, JSON Feed 1.1, OPML 2.0."""

import json
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from lxml import etree

HERE = Path(__file__).parent
ATOM = "{http://www.w3.org/2005/Atom}"
XHTML = "{http://www.w3.org/1999/xhtml}"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
# Of an item and of a channel, as https://www.rssboard.org/rss-specification lists them; those here are used once.
ITEM = ("title", "link", "description", "comments", "enclosure", "guid", "pubDate", "source")
CHANNEL = ("title", "link", "description", "language", "pubDate", "lastBuildDate", "docs", "generator", "ttl")
_GRAMMAR = etree.RelaxNG(etree.parse(HERE / "atom.rng"))
_JSON_FEED = Draft202012Validator(json.loads((HERE / "jsonfeed.schema.json").read_text(encoding="utf-8")))


def parsed(body: bytes) -> etree._Element:
    """Parse XML as strictly as it can be."""
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))


def check_atom(body: bytes) -> None:
    """Check a feed by the grammar, and by the rules of RFC 4287 that no grammar tells."""
    root = parsed(body)
    _GRAMMAR.assertValid(root)
    entries = root.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids), "two entries have one id"
    assert root.find(f"{ATOM}author") is not None or all(entry.find(f"{ATOM}author") is not None for entry in entries)
    for holder in (root, *entries):
        plain = [link for link in holder.findall(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
        assert len(plain) == 1, "one alternate link of one type and language"
    selves = [link.get("href") for link in root.findall(f"{ATOM}link[@rel='self']")]
    assert len(selves) == 1, "a feed names its own address"


def check_rss(body: bytes) -> None:
    """Check a feed by the rules of RSS 2.0."""
    root = parsed(body)
    assert (root.tag, root.get("version"), len(root)) == ("rss", "2.0", 1)
    channel = root[0]
    assert channel.tag == "channel"
    for name in ("title", "link", "description"):
        assert channel.findtext(name), f"a channel needs a {name}"
    _known(channel, (*CHANNEL, "item"))
    _once(channel, CHANNEL)
    _address(channel.findtext("link"))
    _date(channel.findtext("lastBuildDate"))
    for item in channel.findall("item"):
        _check_item(item)


def check_json_feed(body: bytes) -> None:
    """Check a feed by the rules of JSON Feed 1.1."""
    feed = json.loads(body)
    _JSON_FEED.validate(feed)
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids), "two items have one id"


def check_opml(body: bytes) -> None:
    """Check a list of feeds by the rules of OPML 2.0 for subscription lists."""
    root = parsed(body)
    assert (root.tag, root.get("version"), [part.tag for part in root]) == ("opml", "2.0", ["head", "body"])
    head, listed = root
    assert {part.tag for part in head} <= {"title", "docs", "dateCreated", "dateModified", "ownerName"}
    outlines = list(listed.iter("outline"))
    assert outlines, "a body holds one outline at least"
    for outline in outlines:
        assert outline.get("text"), "every outline has a text"
        if outline.get("type") == "rss":
            _address(outline.get("xmlUrl"))
            _address(outline.get("htmlUrl"))
        else:
            assert len(outline), "an outline that is no feed groups some"


def _check_item(item: etree._Element) -> None:
    assert item.findtext("title") or item.findtext("description"), "an item needs a title or a description"
    _known(item, (*ITEM, "category", "author"))
    _once(item, ITEM)
    _address(item.findtext("link"))
    _date(item.findtext("pubDate"))
    guid = item.find("guid")
    assert guid is not None
    assert guid.get("isPermaLink") == "false"
    assert (guid.text or "").startswith("tag:")


def _known(holder: etree._Element, names: tuple[str, ...]) -> None:
    """Check that every element is one of RSS or has a namespace of its own."""
    for part in holder:
        assert part.tag in names or str(part.tag).startswith("{"), f"RSS 2.0 knows no {part.tag}"


def _once(holder: etree._Element, names: tuple[str, ...]) -> None:
    for name in names:
        assert len(holder.findall(name)) <= 1, f"more than one {name}"


def _address(text: str | None) -> None:
    assert text
    parts = urlsplit(text)
    assert parts.scheme in ("http", "https"), text
    assert parts.netloc, text


def _date(text: str | None) -> None:
    assert text
    assert parsedate_to_datetime(text).tzinfo is not None, f"{text} is no date of RFC 822 with a zone"
