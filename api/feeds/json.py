"""A feed as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from typing import Any

import msgspec

from api.feeds.model import Entry, Feed
from core.clock import iso

MEDIA_TYPE = "application/feed+json"
SUFFIX = "json"
VERSION = "https://jsonfeed.org/version/1.1"


def render(feed: Feed) -> bytes:
    """Write the feed; the same value gives the same bytes."""
    return msgspec.json.encode(
        {
            "version": VERSION,
            "title": feed.title,
            "home_page_url": feed.page,
            "feed_url": feed.url,
            "description": feed.description,
            "favicon": feed.icon,
            "authors": [{"name": "Shirube"}],
            "language": feed.lang,
            "items": [_item(entry) for entry in feed.entries],
        }
    )


def _item(entry: Entry) -> dict[str, Any]:
    external = {"external_url": entry.source} if entry.source else {}
    authors = {"authors": [{"name": name} for name in entry.authors]} if entry.authors else {}
    return {
        "id": entry.id,
        "url": entry.url,
        **external,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": iso(entry.published),
        "date_modified": iso(entry.updated),
        **authors,
        "tags": list(dict.fromkeys(category.label for category in entry.categories)),
    }
