"""A feed as a value: what every format writes, and nothing it must look up."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

STILL = datetime(2026, 1, 1, tzinfo=UTC)  # when an empty feed changed: never now, so that the same rows give same bytes


@dataclass(frozen=True, slots=True)
class Category:
    """A heading an entry stands under; `label` is for people, `scheme` the URI of the list that `term` is from."""

    term: str
    label: str
    scheme: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to read. Titles and names are plain text, `html` is a fragment that is safe as it is."""

    id: str  # a tag: URI, for ever
    title: str
    url: str  # its page on this site
    source: str | None  # where it was published
    published: datetime
    updated: datetime
    authors: tuple[str, ...]
    categories: tuple[Category, ...]
    html: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed in one language; every address is absolute."""

    id: str
    title: str
    description: str
    lang: str
    url: str  # its own
    page: str  # for people
    icon: str
    stylesheet: str  # for browsers; a path of the site
    note: tuple[str, str]  # for people who open it in a browser: what it is, and the words that lead to the page
    entries: tuple[Entry, ...]

    @property
    def updated(self) -> datetime:
        """Tell when an entry last changed; of an empty feed a fixed moment."""
        return max((entry.updated for entry in self.entries), default=STILL)


def tag_uri(authority: str, name: str) -> str:
    """Make the permanent id of something (RFC 4151): it knows no version, no title and no host of this service."""
    return f"tag:{authority},2026:{quote(name, safe='/:.-_~')}"
