"""What the frame of every page needs."""

from dataclasses import dataclass

from api import issues
from api.links import SiteLinks
from api.site import Site
from db.engine import reading


@dataclass(frozen=True, slots=True)
class Chrome:
    """The frame: which menu entry and which stage are marked, and the issue a reader is sent to."""

    links: SiteLinks
    menu: str = ""
    stage: int | None = None
    month: str | None = None
    here: bool = False  # the stages are sections of this very page
    query: str = ""  # of this page, beside the language: the links to other languages keep it
    place: int | None = None  # the reader's own stage
    asked: str | None = None  # the language, where the page's address names it

    @property
    def mine(self) -> int | None:
        """Give the stage marked "You are here": the reader's own, on pages that are about no stage."""
        return self.place if self.stage is None else None

    def stage_href(self, number: int) -> str:
        """Link a stone: to its section in an issue, elsewhere to the stage's page."""
        return f"#stage-{number}" if self.here else self.links.stage(number)


def chrome(site: Site, *, menu: str = "", stage: int | None = None, query: str = "") -> Chrome:
    """Make the frame of a page that is no issue; `query` is kept by the links to other languages."""
    with reading(site.sessions) as session:
        head = issues.to_show(issues.heads(session))
    return Chrome(site.links, menu, stage, head.month if head else None, query=query, place=site.here, asked=site.asked)
