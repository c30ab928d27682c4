"""The page of an issue: the digest's own fragment within the frame of the site."""

from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy.orm import Session

from api import issues
from api.errors import for_readers
from api.links import SiteLinks
from api.pages import Chrome
from api.site import Site
from core.ids import anchor
from digest import front
from digest.formats.html import fragment
from digest.links import Links
from digest.model import Digest
from digest.views import view
from digest.words import voice
from roadmap.model import Roadmap

BUDGETS = (30, 90, 240)  # minutes
EXPORTS = (("BibTeX", "bib"), ("RIS", "ris"), ("CSL-JSON", "csl.json"), ("CSV", "csv"), ("Markdown", "md"))


class IssueLinks(Links):
    """Where an issue's page leads on this site, for a reader at the stage `here`; `whole` folds no other stage.

    `permalink` is the issue's full address, `static` leaves out what needs a server behind it. A final issue may name
    what another roadmap had: only what `road` has is linked.
    """

    def __init__(
        self,
        site: SiteLinks,
        month: str,
        minutes: int | None = None,
        *,
        here: int | None = None,
        whole: bool = False,
        permalink: str,
        road: Roadmap,
        static: bool = False,
    ) -> None:
        self._site, self._month, self._road, self._static = site, month, road, static
        self.permalink, self.archive, self.status = permalink, site.archive(), site.status()
        self.here, self.minutes, self.place = here, minutes, site.place()
        if here is not None:
            self.whole = site.whole(month) if not whole and minutes is None else None
            self.folded = site.issue(month) if not self.whole else None

    def topic(self, key: str) -> str | None:
        """Link a topic's page."""
        return self._site.topic(key) if key in self._road.topics else None

    def stage(self, number: int) -> str | None:
        """Link a stage's page."""
        return self._site.stage(number) if any(one.number == number for one in self._road.stages) else None

    def lab(self, key: str) -> str | None:
        """Link a lab's page."""
        return self._site.lab(key) if key in self._road.labs else None

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
        return (*shrunk, (None, self._site.issue(self._month) if self.here is None else self._site.whole(self._month)))

    def exports(self) -> tuple[tuple[str, str], ...]:
        """List the other forms that have an address: references to its items, the issue itself, the API's JSON."""
        files = tuple((name, self._site.issue_as(self._month, suffix)) for name, suffix in EXPORTS)
        return files if self._static else (*files, ("JSON", self._site.api(f"/digests/{self._month}")))


@dataclass(frozen=True, slots=True)
class Part:
    """What of an issue is shown: all, a reading time of it, or one stage; `whole` folds no stage of a reader's own."""

    minutes: int | None = None
    whole: bool = False
    stage: int | None = None

    def query(self) -> str:
        """Write it as the query of the issue's address; a stage has an address of its own."""
        asked = [("minutes", self.minutes)] if self.minutes is not None else [("whole", 1)] if self.whole else []
        return urlencode(asked)


def issue_page(site: Site, session: Session, month: str, lang: str, part: Part = Part()) -> bytes:
    """Give the page of a month's issue, rendered once for each state of its row; raises a 404 error without one.

    A reading time that is none of BUDGETS and a stage that the issue does not have are answered with 404. Where the
    reader chose a place on the road, the other stages are folded, unless a part is asked for.
    """
    if part.minutes not in (None, *BUDGETS):
        minutes = str(part.minutes)
        raise for_readers(
            404,
            lambda v: v.t("No issue is shrunk to %(n)s minutes.", n=minutes),
            lambda v: v.t("Choose one of %(numbers)s.", numbers=v.join(map(str, BUDGETS))),
        )
    key = ("page", lang, site.asked, part, site.here, issues.fingerprint(session, month))

    def made() -> bytes:
        return _render(site, _shown(issues.find_digest(session, month), part), lang, part).encode()

    return site.rendered.get(key, made)


def _shown(digest: Digest, part: Part) -> Digest:
    numbers = [stage.number for stage in digest.stages]
    if part.stage is not None and part.stage not in numbers:
        raise issues.no_stage(digest.month, part.stage, numbers)
    return view(digest, [part.stage] if part.stage is not None else None, part.minutes)


def _render(site: Site, digest: Digest, lang: str, part: Part) -> str:
    html, v = fragment(digest, lang, _links(site, digest, part)), voice(lang)
    return site.templates.render(
        "issue.html",
        lang,
        chrome=Chrome(
            site.links,
            menu="digest",
            month=digest.month,
            here=part.stage is None,
            stage=part.stage,
            query=part.query(),
            place=site.here,
            asked=site.asked,
        ),
        d=digest,
        month=v.month(digest.month),
        stage=part.stage,
        whole=part.minutes is None and part.stage is None,
        about=str(front.description(v, digest)),
        fragment=Markup(html),  # noqa: S704 - escaped by its own template
    )


def _links(site: Site, digest: Digest, part: Part) -> IssueLinks:
    """Give the addresses of an issue's parts; the reader's own stage is marked where the whole road is shown."""
    here = site.here if part.stage is None and any(stage.number == site.here for stage in digest.stages) else None
    return IssueLinks(
        site.links,
        digest.month,
        part.minutes,
        here=here,
        whole=part.whole,
        permalink=site.options.absolute(site.links.issue(digest.month)),
        road=site.roadmap,
        static=site.options.static,
    )
