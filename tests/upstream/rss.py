"""The arXiv RSS feeds: the announcements of the world's day for one or more categories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone

from tests.upstream.answer import RSS, Answer, attribute, text
from tests.upstream.catalogue import Catalogue
from tests.upstream.decoration import SATURDAY
from tests.upstream.model import Paper

# Daylight saving time all year: the hour it would move decides no test.
ITHACA = timezone(timedelta(hours=-4))
DEADLINE = 14
FRIDAY = 4


def answer(world: Catalogue, names: str) -> Answer:
    """The feed of categories joined by `+`; empty at weekends."""
    wanted = [name for name in names.replace(" ", "+").split("+") if name]
    items = "".join(_item(world.today, paper, kind, number) for paper, kind, number in _announced(world, wanted))
    return Answer(_channel(", ".join(wanted), "+".join(wanted), world.today, items).encode(), RSS, conditional=True)


def announced_on(at: datetime) -> date:
    """The day whose feed carries what came in at that time: weekends wait, Friday's papers come on Monday."""
    local = at.astimezone(ITHACA)
    deadline = local.date() if local.hour < DEADLINE else local.date() + timedelta(days=1)
    while deadline.weekday() >= SATURDAY:
        deadline += timedelta(days=1)
    return deadline + timedelta(days=3 if deadline.weekday() == FRIDAY else 1)


def _announced(world: Catalogue, wanted: list[str]) -> Iterator[tuple[Paper, str, int]]:
    """The day's papers with the kind of announcement and the version announced."""
    for paper in world.visible():
        if not any(_within(category, wanted) for category in paper.categories):
            continue
        cross = not _within(paper.categories[0], wanted)
        for number, at in enumerate(paper.versions, start=1):
            if announced_on(at) == world.today:
                yield paper, _kind(number, cross), number


def _within(category: str, wanted: list[str]) -> bool:
    """Whether a category, or the archive it belongs to, is wanted."""
    return category in wanted or category.split(".")[0] in wanted


def _kind(number: int, cross: bool) -> str:
    """The announce type."""
    if number > 1:
        return "replace-cross" if cross else "replace"
    return "cross" if cross else "new"


def _channel(title: str, name: str, day: date, items: str) -> str:
    """The document around the items."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:atom="http://www.w3.org/2005/Atom" \
xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
  <channel>
    <title>{text(title)} updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/{text(name)}</link>
    <description>{text(title)} updates on the arXiv.org e-print archive.</description>
    <atom:link href="http://rss.arxiv.org/rss/{attribute(name)}" rel="self" type="application/rss+xml" />
    <docs>http://www.rssboard.org/rss-specification</docs>
    <language>en-us</language>
    <lastBuildDate>{day:%a, %d %b %Y} 04:00:02 +0000</lastBuildDate>
    <managingEditor>rss-help@arxiv.org</managingEditor>
    <pubDate>{_midnight(day)}</pubDate>
    <skipDays>
      <day>Saturday</day>
      <day>Sunday</day>
    </skipDays>
{items}    </channel>
</rss>"""


def _item(day: date, paper: Paper, kind: str, number: int) -> str:
    """One announcement."""
    categories = "".join(f"      <category>{text(name)}</category>\n" for name in paper.categories)
    creators = ", ".join(author.name for author in paper.authors)
    return f"""    <item>
      <title>{text(paper.title)}</title>
      <link>https://arxiv.org/abs/{paper.arxiv_id}</link>
      <description>arXiv:{paper.arxiv_id}v{number} Announce Type: {kind} 
Abstract: {text(paper.abstract)}</description>
      <guid isPermaLink="false">oai:arXiv.org:{paper.arxiv_id}v{number}</guid>
{categories}      <pubDate>{_midnight(day)}</pubDate>
      <arxiv:announce_type>{kind}</arxiv:announce_type>
      <dc:rights>{text(paper.license)}</dc:rights>
      <dc:creator>{text(creators)}</dc:creator>
    </item>
"""


def _midnight(day: date) -> str:
    """Midnight in Ithaca, as the feed writes it."""
    return f"{day:%a, %d %b %Y} 00:00:00 -0400"
