"""The page of an issue: the digest's own fragment within the frame of the site."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from api import issues
from api.links import SiteLinks
from api.pages import Chrome
from api.site import Site
from core.ids import anchor
from digest import sentences
from digest.formats.html import fragment
from digest.links import Links
from digest.model import Digest
from digest.words import voice


class IssueLinks(Links):
    """Where an issue's page leads on this site; what has no page yet has no link."""

    def __init__(self, site: SiteLinks, month: str) -> None:
        self._site, self._month = site, month
        self.permalink = site.issue(month)

    def paper(self, item_id: str) -> str:
        """Link an item's page."""
        return self._site.paper(item_id)

    def entry(self, item_id: str) -> str:
        """Link an entry of this very issue."""
        return f"#{anchor(item_id)}"

    def issue(self, month: str) -> str:
        """Link the issue of another month."""
        return self._site.issue(month)

    def exports(self) -> tuple[tuple[str, str], ...]:
        """List the other forms that have an address: the API's JSON."""
        return (("JSON", self._site.api(f"/digests/{self._month}")),)


def issue_page(site: Site, session: Session, month: str, lang: str) -> bytes:
    """Give the page of a month's issue, rendered once for each state of its row; raises a 404 error without one."""
    key = ("page", lang, issues.fingerprint(session, month))
    return site.rendered.get(key, lambda: _render(site, issues.find_digest(session, month), lang).encode())


def _render(site: Site, digest: Digest, lang: str) -> str:
    html = fragment(digest, lang, IssueLinks(site.links, digest.month))
    v = voice(lang)
    return site.templates.render(
        "issue.html",
        lang,
        chrome=Chrome(site.links, menu="digest", month=digest.month, here=True),
        d=digest,
        month=v.month(digest.month),
        about=str(sentences.description(v, digest)),
        fragment=Markup(html),  # noqa: S704 - escaped by its own template
    )
