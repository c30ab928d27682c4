"""A feed as Atom (RFC 4287)."""

from datetime import datetime
from typing import Any

from feedgenerator import Atom1Feed
from feedgenerator.django.utils.xmlutils import SimplerXMLGenerator

from api.feeds import xml
from api.feeds.model import Entry, Feed

MEDIA_TYPE = "application/atom+xml"
SUFFIX = "atom"


def render(feed: Feed) -> bytes:
    """Write the feed; the same value gives the same bytes."""
    written = _Atom(
        title=feed.title,
        link=feed.page,
        description=feed.description,
        language=feed.lang,
        author_name="Shirube",
        feed_url=feed.url,
        feed_guid=feed.id,
        feed=feed,
    )
    for entry in feed.entries:
        written.add_item(
            title=entry.title,
            link=entry.url,
            description=None,
            content=entry.html,
            pubdate=entry.published,
            updateddate=entry.updated,
            unique_id=entry.id,
            entry=entry,
        )
    return str(written.writeString("utf-8")).encode()


class _Atom(Atom1Feed):  # type: ignore[misc]  # the library has no types
    """Adds what the library does not write: several authors, categories with scheme and label, foreign markup."""

    def latest_post_date(self) -> datetime:
        return self._value.updated

    @property
    def _value(self) -> Feed:
        value: Feed = self.feed["feed"]
        return value

    def write(self, outfile: Any, encoding: str) -> None:
        handler = SimplerXMLGenerator(outfile, encoding, short_empty_elements=True)
        handler.startDocument()
        xml.stylesheet(handler, self._value)  # the library names one in RSS only
        handler.startElement("feed", self.root_attributes())
        self.add_root_elements(handler)
        self.write_items(handler)
        handler.endElement("feed")

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        handler.addQuickElement("icon", self._value.icon)
        handler.addQuickElement("generator", "Shirube")
        xml.note(handler, self._value)

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        entry: Entry = item["entry"]
        for name in entry.authors:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")
        for category in entry.categories:
            named = {"term": category.term, "scheme": category.scheme, "label": category.label}
            handler.addQuickElement("category", "", named)
        if entry.source:
            handler.addQuickElement("link", "", {"rel": "related", "href": entry.source})
        xml.heading(handler, entry)
