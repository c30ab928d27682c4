"""A feed as RSS 2.0 (https://www.rssboard.org/rss-specification), with Dublin Core's word for authors."""

import re
from datetime import datetime
from typing import Any

from feedgenerator import Rss201rev2Feed

from api.feeds import xml
from api.feeds.model import Entry, Feed

MEDIA_TYPE = "application/rss+xml"
SUFFIX = "rss"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_WORD_JOINER = "\u2060"  # seen by nobody


def render(feed: Feed) -> bytes:
    """Write the feed; the same value gives the same bytes."""
    written = _Rss(
        title=plain(feed.title),
        link=feed.page,
        description=plain(feed.description),
        language=feed.lang,
        feed_url=feed.url,
        feed=feed,
    )
    for entry in feed.entries:
        written.add_item(
            title=plain(entry.title),
            link=entry.url,
            description=entry.html,
            pubdate=entry.published,
            unique_id=entry.id,
            unique_id_is_permalink=False,
            entry=entry,
        )
    return str(written.writeString("utf-8")).encode()


def plain(text: str) -> str:
    """Write a plain text so that no reader takes a part of it for a tag.

    RSS does not say whether a title is plain text or HTML, and readers differ: to escape twice shows the escape to
    some, to escape once makes `<b>` an element for others. A sign without width after `<` makes it neither.
    """
    return _TAG.sub(f"<{_WORD_JOINER}", text)


class _Rss(Rss201rev2Feed):  # type: ignore[misc]  # the library has no types
    """Adds what the library does not write: authors without an address, the domain of categories, foreign markup."""

    def latest_post_date(self) -> datetime:
        return self._value.updated

    @property
    def _value(self) -> Feed:
        value: Feed = self.feed["feed"]
        return value

    def rss_attributes(self) -> dict[str, str]:
        attributes: dict[str, str] = super().rss_attributes()
        return attributes | {"xmlns:dc": DUBLIN_CORE}

    def add_stylesheets(self, handler: Any) -> None:
        xml.stylesheet(handler, self._value)

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        handler.addQuickElement("generator", "Shirube")
        handler.addQuickElement("docs", "https://www.rssboard.org/rss-specification")
        xml.note(handler, self._value)

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        entry: Entry = item["entry"]
        if entry.authors:  # in one element: of several, readers show the last
            handler.addQuickElement("dc:creator", plain(", ".join(entry.authors)))
        for category in entry.categories:
            handler.addQuickElement("category", plain(category.label), {"domain": category.scheme})
        xml.heading(handler, entry)
