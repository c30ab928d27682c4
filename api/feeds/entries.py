"""Makes entries of feeds: of a paper or post with the reasons it was chosen, of an issue with all it prints."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from api.feeds.model import Category, Entry, tag_uri
from api.paper_page import PaperPage, paper_page, stored_reasons
from api.schemas import TOPICS_SHOWN
from api.site import Site
from core.ids import anchor
from core.months import first_day
from core.text import clean
from db.feeds import FinalIssue, Printed
from db.models import Item
from db.papers import SHOWN
from digest import front, notices
from digest.links import Links
from digest.maths import to_text
from digest.model import Digest
from digest.quotes import told
from digest.reasons import brief, names_in, names_of, say_all
from digest.words import Voice, voice

AUTHORS = 50  # named of one paper; some have thousands
ARXIV = "http://arxiv.org/schemas/atom"  # the scheme of categories in arXiv's own feeds


def item_entry(site: Site, item: Item, lang: str, versioned: datetime | None, printed: Printed | None = None) -> Entry:
    """Make the entry of an item with code, topics, labs and rating loaded.

    `versioned` is the moment of its newest version; `printed`, given in feeds of what issues printed, dates it by them.
    """
    page = paper_page(item, site.roadmap, lang)
    why = say_all(stored_reasons(item), lang, names_of(site.roadmap)) if page.worth is not None else []
    updated = changed(item, versioned)
    return Entry(
        id=tag_uri(site.options.tag_authority, item.id),
        title=clean(_title(page)),
        url=site.options.absolute(site.links.paper(item.id)),
        source=page.url,
        published=printed.published if printed else _published(item),
        updated=max(updated, printed.published) if printed else updated,
        authors=tuple(clean(name) for name in (*page.authors, *page.more_authors)[:AUTHORS]),
        categories=_categories(site, item, lang),
        html=_html(site, "feed_item.html", lang, page=page, printed=printed, why=why, text=to_text),
    )


def changed(item: Item, versioned: datetime | None) -> datetime:
    """Tell when an item last changed as a reader sees it: it came, a version or code came, it was withdrawn.

    Votes, stars and its place in an order are none of these: with them the text is renewed, and nobody is told.
    A post has nothing but its text, so any change is one.
    """
    if item.kind == "post":
        return item.updated
    moments = [item.first_seen, *(code.first_seen for code in item.code)]
    moments += [versioned] if versioned else []
    moments += _withdrawn(item.provenance) if item.withdrawn else []
    return max(moments)


def issue_entry(site: Site, issue: FinalIssue, digest: Digest, lang: str) -> Entry:
    """Make the entry of a final issue: what it says of itself, its errata first, and every paper with its reason."""
    v = voice(lang)
    links = FeedLinks(site, digest.month)
    names = names_in(digest)
    html = _html(
        site,
        "feed_issue.html",
        lang,
        d=digest,
        v=v,
        at=links,
        front=front,
        banners=notices.banners(v, digest, links),
        text=to_text,
        why=lambda entry: brief(told(entry), lang, names, beside=False),
    )
    return Entry(
        id=tag_uri(site.options.tag_authority, f"digests/{issue.month}"),
        title=_issue_title(v, issue.month),
        url=links.permalink or "",
        source=None,
        published=issue.published,
        updated=corrected(issue.published, issue.errata),
        authors=(),
        categories=(),
        html=html,
    )


def corrected(published: datetime, errata: Sequence[Mapping[str, Any]]) -> datetime:
    """Tell when an issue last changed: published, or corrected since.

    Corrections are dated by the day; the second of one day counts a second more, so that it is a change of its own.
    """
    days = [datetime.combine(date.fromisoformat(row["date"]), time(), UTC) for row in errata]
    return max([published, *(day + timedelta(seconds=number) for number, day in enumerate(days, 1))])


class FeedLinks(Links):
    """Where the text of an issue's entry leads: always to whole addresses."""

    def __init__(self, site: Site, month: str) -> None:
        self._site = site
        self.permalink = site.options.absolute(site.links.issue(month))

    def paper(self, item_id: str) -> str:
        """Link an item's page."""
        return self._site.options.absolute(self._site.links.paper(item_id))

    def entry(self, item_id: str) -> str:
        """Link an entry on the issue's page."""
        return self.within(anchor(item_id))

    def within(self, name: str) -> str:
        """Link an anchor of the issue's page."""
        return f"{self.permalink}#{name}"

    def issue(self, month: str) -> str:
        """Link the issue of another month."""
        return self._site.options.absolute(self._site.links.issue(month))


def _html(site: Site, template: str, lang: str, **context: Any) -> str:
    return clean(site.templates.render(template, lang, **context))


def _title(page: PaperPage) -> str:
    """Give the title as a list of entries shows it: what was withdrawn says so there already."""
    return f"{page.plain_title} ({page.v.t('withdrawn')})" if page.item.withdrawn else page.plain_title


def _issue_title(v: Voice, month: str) -> str:
    return str(v.t("Digest of %(month)s", month=v.month(month)))


def _published(item: Item) -> datetime:
    """Date an item: submitted or published, else by the month its number tells, else first seen."""
    if item.submitted is not None:
        return item.submitted
    if item.feed_date is not None:
        return datetime.combine(item.feed_date, time(), UTC)
    return datetime.combine(first_day(item.month), time(), UTC) if item.arxiv_id else item.first_seen


def _withdrawn(provenance: Mapping[str, Any]) -> list[datetime]:
    """Read when arXiv says that it was withdrawn or deleted."""
    said = (provenance.get(name) for name in ("withdrawn", "deleted"))
    return [datetime.fromisoformat(origin[1]) for origin in said if origin]


def _categories(site: Site, item: Item, lang: str) -> tuple[Category, ...]:
    """List arXiv's categories, then the topics it is shown under."""
    scheme = tag_uri(site.options.tag_authority, "topics")
    words = dict.fromkeys(clean(str(category)) for category in item.categories)
    keys = [score.topic for score in item.topics if score.fit >= SHOWN and score.topic in site.roadmap.topics]
    topics = [site.roadmap.topics[key] for key in keys[:TOPICS_SHOWN]]
    return (
        *(Category(word, word, ARXIV) for word in words if word),
        *(Category(topic.key, topic.name.in_(lang), scheme) for topic in topics),
    )
