"""What the frame of every page needs, and the page that tells of an error."""

from dataclasses import dataclass

from fastapi import Request

from api import issues, language
from api.errors import Problem
from api.headers import request_id
from api.links import SiteLinks
from api.site import Site, site_of
from core.clock import iso
from core.ids import parse_arxiv_id
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
    return Chrome(site.links, menu, stage, head.month if head else None, query=query, place=site.here)


def error_page(request: Request, problem: Problem) -> str:
    """Write the page for an error: what was asked, the nearest addresses, the id to report."""
    site = site_of(request)
    frame = Chrome(site.links, place=site.here) if problem.bare else chrome(site)
    return site.templates.render(
        "error.html",
        language.choose(request, site.options.languages),
        chrome=frame,
        problem=problem,
        path="/s/…" if request.url.path.startswith("/s/") else request.url.path[:300],  # a signed link is a key
        arxiv_id=_arxiv_id(request.url.path),
        request_id=request_id(request.scope),
        moment=iso(site.clock()),
    )


def _arxiv_id(path: str) -> str | None:
    """Read the arXiv id out of the address of a paper that is not stored."""
    _, found, rest = path.partition("/papers/")
    parsed = parse_arxiv_id(rest) if found else None
    return parsed[0] if parsed else None
