"""Every address of the site in one place, quoted as RFC 3986 asks."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from core.ids import anchor

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

    def whole(self, month: str) -> str:
        """Give a month's issue with every stage in full, whatever place its reader chose."""
        return f"{self.issue(month)}?whole=1"

    def issue_stage(self, month: str, number: int) -> str:
        """Give one stage of a month's issue."""
        return f"{self.issue(month)}/stages/{number}"

    def stage(self, number: int) -> str:
        """Give the page of a stage."""
        return f"{self.root}/stages/{number}"

    def topic(self, key: str) -> str:
        """Give the page of a topic."""
        return f"{self.root}/topics/{quote(key)}"

    def lab(self, key: str) -> str:
        """Give the page of a lab."""
        return f"{self.root}/labs/{quote(key)}"

    def search(self, query: str = "") -> str:
        """Give the search page, with an encoded query where there is one."""
        return f"{self.root}/search" + (f"?{query}" if query else "")

    def status(self) -> str:
        """Give the page about sources and coverage."""
        return f"{self.root}/status"

    def about(self) -> str:
        """Give the page that tells how papers are chosen."""
        return f"{self.root}/about"

    def place(self) -> str:
        """Give the page where a reader chooses their place on the road."""
        return f"{self.root}/place"

    def paper(self, item_id: str) -> str:
        """Give the page of an item."""
        return f"{self.root}/papers/{quote(item_id, safe=_PLAIN)}"

    def entry(self, month: str, item_id: str) -> str:
        """Give the place of an item in the issue that printed it."""
        return f"{self.issue(month)}#{anchor(item_id)}"

    def doubt(self, item_id: str, name: str, key: str) -> str:
        """Give the page that says what becomes of a wrong `topic` or `lab` of an item, with a button."""
        return f"{self.root}/report?{urlencode({'item': item_id, 'verb': f'wrong-{name}', name: key})}"

    def paper_as(self, item_id: str, suffix: str) -> str:
        """Give an item in another format: `bib`, `ris`, `csl.json`, `md`."""
        return f"{self.paper(item_id)}.{suffix}"

    def issue_as(self, month: str, suffix: str) -> str:
        """Give the items of a month's issue, or the issue itself (`md`, `txt`), in another format."""
        return f"{self.issue(month)}.{suffix}"

    def feed(self, name: str, suffix: str = "atom") -> str:
        """Give a feed by its name (`topics/rag`, `labs/qwen`, `stages/5`, `digests`, `picks`, `search`) and format."""
        return f"{self.root}/feeds/{quote(name)}.{suffix}"

    def topic_feed(self, key: str) -> str:
        """Give the Atom feed of a topic."""
        return self.feed(f"topics/{key}")

    def feeds(self) -> str:
        """Give the page that lists all feeds."""
        return f"{self.root}/feeds"

    def opml(self) -> str:
        """Give the list of all feeds for feed readers."""
        return f"{self.root}/feeds.opml"

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

    def api_similar(self, item_id: str) -> str:
        """Give what is close to an item in the API."""
        return f"{self.api_paper(item_id)}/similar"

    def docs(self) -> str:
        """Give the page that describes the API."""
        return f"{self.root}/docs"
