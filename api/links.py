"""Every address of the site in one place, quoted as RFC 3986 asks."""

from dataclasses import dataclass
from urllib.parse import quote

_PLAIN = "/:.-_~"  # RFC 3986: these may stand in a path as they are; an old arXiv id keeps its slash


@dataclass(frozen=True, slots=True)
class SiteLinks:
    """Addresses within the site; `root` is the path the site lives under."""

    root: str = ""

    def home(self) -> str:
        """Give the front page."""
        return f"{self.root}/"

    def issue(self, month: str) -> str:
        """Give the page of a month's issue."""
        return f"{self.root}/digests/{quote(month)}"

    def archive(self) -> str:
        """Give the list of all issues."""
        return f"{self.root}/digests"

    def shrunk(self, month: str, minutes: int) -> str:
        """Give a month's issue shrunk to a reading time."""
        return f"{self.issue(month)}?minutes={minutes}"

    def stage(self, month: str, number: int) -> str:
        """Give the place of a stage within an issue."""
        return f"{self.issue(month)}#stage-{number}"

    def paper(self, item_id: str) -> str:
        """Give the page of an item."""
        return f"{self.root}/papers/{quote(item_id, safe=_PLAIN)}"

    def topic_feed(self, key: str) -> str:
        """Give the Atom feed of a topic."""
        return f"{self.root}/feeds/topics/{quote(key)}.atom"

    def subscribe(self) -> str:
        """Give the sign-up page."""
        return f"{self.root}/subscribe"

    def signed(self, token: str, action: str) -> str:
        """Give the page of an action on a signed link."""
        return f"{self.root}/s/{quote(token)}/{action}"

    def api(self, path: str = "") -> str:
        """Give an address of the API."""
        return f"{self.root}/api/v1{path}"

    def api_paper(self, item_id: str) -> str:
        """Give an item's address in the API."""
        return self.api(f"/papers/{quote(item_id, safe=_PLAIN)}")

    def docs(self) -> str:
        """Give the page that describes the API."""
        return f"{self.root}/docs"
