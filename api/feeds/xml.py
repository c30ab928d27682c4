"""What the two XML formats share: the stylesheet, and links that a browser lets people follow.

Browsers are giving up XSLT (https://github.com/whatwg/html/issues/11523), and a stylesheet in CSS makes no link of an
address. So a feed carries a few elements of XHTML, which both formats allow as foreign markup (RFC 4287, 6; RSS 2.0,
Extending RSS): browsers show them, feed readers pass them over.
"""

from typing import Any

from api.feeds.model import Entry, Feed

XHTML = "http://www.w3.org/1999/xhtml"


def stylesheet(handler: Any, feed: Feed) -> None:
    """Name the stylesheet for browsers (https://www.w3.org/TR/xml-stylesheet/); before the first element."""
    handler.processingInstruction("xml-stylesheet", f'type="text/css" href="{feed.stylesheet}"')


def note(handler: Any, feed: Feed) -> None:
    """Tell people who opened the feed in a browser what it is, and where its page is."""
    what, lead = feed.note
    handler.startElement("p", {"xmlns": XHTML, "lang": feed.lang})
    handler.characters(f"{what} ")
    handler.addQuickElement("a", lead, {"href": feed.page})
    handler.endElement("p")


def heading(handler: Any, entry: Entry) -> None:
    """Give the title of an entry once more, as a link."""
    handler.addQuickElement("a", entry.title, {"xmlns": XHTML, "href": entry.url})
