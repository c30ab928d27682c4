"""A feed of items as Atom (RFC 4287): ids that never change, full text with the reasons, links both ways."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from feedgenerator import Atom1Feed
from markupsafe import Markup

from api.paper_page import PaperPage, paper_page
from api.site import Site
from core.text import clean
from db.models import Item
from digest.words import voice
from roadmap.model import Topic

MEDIA_TYPE = "application/atom+xml"
AUTHORS = 5


class SteadyFeed(Atom1Feed):  # type: ignore[misc]  # the library has no types
    """Atom whose date comes from its entries alone, so that the same rows give the same bytes."""

    def latest_post_date(self) -> datetime:
        """Give the last change of any entry; of an empty feed a fixed moment, never the present one."""
        return max((item["updateddate"] for item in self.items), default=datetime(2026, 1, 1, tzinfo=UTC))


def tag_uri(authority: str, name: str) -> str:
    """Make the permanent id of an item (RFC 4151): it knows no version, no title and no host of this service."""
    return f"tag:{authority},2026:{quote(name, safe='/:.-_~')}"


def topic_feed(site: Site, topic: Topic, items: Sequence[Item], lang: str) -> str:
    """Write the feed of a topic; items need code, topics, labs and rating loaded."""
    self_link = site.links.topic_feed(topic.key) + ("" if lang == site.options.languages[0] else f"?lang={lang}")
    feed = SteadyFeed(
        title=f"{topic.name.in_(lang)}: Shirube",
        link=site.options.absolute(site.links.home()),
        description=topic.description.in_(lang),
        language=lang,
        author_name="Shirube",
        feed_url=site.options.absolute(self_link),
        feed_guid=tag_uri(site.options.tag_authority, f"feeds/topics/{topic.key}"),
    )
    for item in items:
        _add(feed, site, item, lang)
    return str(feed.writeString("utf-8"))


def _add(feed: SteadyFeed, site: Site, item: Item, lang: str) -> None:
    page = paper_page(item, site.roadmap, lang)
    feed.add_item(
        title=clean(_title(page)),
        link=site.options.absolute(site.links.paper(item.id)),
        description=None,
        content=clean(_content(site, page, lang)),
        author_name=clean(_authors(page)),
        pubdate=item.submitted,
        updateddate=item.updated,
        unique_id=tag_uri(site.options.tag_authority, item.id),
        categories=[clean(str(category)) for category in item.categories],
    )


def _title(page: PaperPage) -> str:
    """Give the title as a list of entries shows it: what was withdrawn says so there already."""
    return f"{page.plain_title} ({page.v.t('withdrawn')})" if page.item.withdrawn else page.plain_title


def _authors(page: PaperPage) -> str:
    names = (*page.authors, *page.more_authors)
    rest = len(names) - AUTHORS
    v = voice("en")
    shown = ", ".join(names[:AUTHORS])
    return f"{shown} {v.n('and %(n)s more', 'and %(n)s more', rest)}" if rest > 0 else shown or "Shirube"


def _content(site: Site, page: PaperPage, lang: str) -> Markup:
    return Markup(site.templates.render("entry.html", lang, page=page))  # noqa: S704 - the template escapes
