"""The page of an issue: the digest's own fragment within the frame of the site."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from api import issues
from api.errors import Problem
from api.links import SiteLinks
from api.pages import Chrome
from api.site import Site
from core.ids import anchor
from digest import sentences
from digest.formats.html import fragment
from digest.links import Links
from digest.model import Digest
from digest.views import view
from digest.words import voice

BUDGETS = (30, 90, 240)  # minutes
EXPORTS = (("BibTeX", "bib"), ("RIS", "ris"), ("CSL-JSON", "csl.json"), ("CSV", "csv"), ("Markdown", "md"))


class IssueLinks(Links):
    """Where an issue's page leads on this site; what has no page yet has no link."""

    def __init__(self, site: SiteLinks, month: str, minutes: int | None = None) -> None:
        self._site, self._month = site, month
        self.permalink, self.archive, self.minutes = site.issue(month), site.archive(), minutes

    def paper(self, item_id: str) -> str:
        """Link an item's page."""
        return self._site.paper(item_id)

    def entry(self, item_id: str) -> str:
        """Link an entry of this very issue."""
        return f"#{anchor(item_id)}"

    def issue(self, month: str) -> str:
        """Link the issue of another month."""
        return self._site.issue(month)

    def budgets(self) -> tuple[tuple[int | None, str], ...]:
        """List the reading times this issue shrinks to, and the whole of it."""
        shrunk = ((minutes, self._site.shrunk(self._month, minutes)) for minutes in BUDGETS)
        return (*shrunk, (None, self._site.issue(self._month)))

    def exports(self) -> tuple[tuple[str, str], ...]:
        """List the other forms that have an address: references to its items, the issue itself, the API's JSON."""
        files = tuple((name, self._site.issue_as(self._month, suffix)) for name, suffix in EXPORTS)
        return (*files, ("JSON", self._site.api(f"/digests/{self._month}")))


def issue_page(site: Site, session: Session, month: str, lang: str, minutes: int | None = None) -> bytes:
    """Give the page of a month's issue, rendered once for each state of its row; raises a 404 error without one.

    `minutes` shrinks it to a reading time, one of BUDGETS; another is answered with 404.
    """
    if minutes not in (None, *BUDGETS):
        raise Problem(404, f"No issue is shrunk to {minutes} minutes", f"Choose one of {BUDGETS}")
    key = ("page", lang, minutes, issues.fingerprint(session, month))

    def made() -> bytes:
        return _render(site, view(issues.find_digest(session, month), minutes=minutes), lang, minutes).encode()

    return site.rendered.get(key, made)


def _render(site: Site, digest: Digest, lang: str, minutes: int | None) -> str:
    html = fragment(digest, lang, IssueLinks(site.links, digest.month, minutes))
    v = voice(lang)
    return site.templates.render(
        "issue.html",
        lang,
        chrome=Chrome(site.links, menu="digest", month=digest.month, here=True),
        d=digest,
        month=v.month(digest.month),
        whole=minutes is None,
        about=str(sentences.description(v, digest)),
        fragment=Markup(html),  # noqa: S704 - escaped by its own template
    )
