"""arXiv's RSS feeds: what was announced today in each category followed, and nothing that is not proven to be today's.

Format: https://info.arxiv.org/help/rss_specifications.html. A feed is made anew at midnight in Ithaca; what it held the
day before is gone then. One is read per category: a combined one ends at 2,000 entries, and feeds go stale one by one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

from lxml import etree

from core.clock import Clock, system_clock
from core.errors import SourceError
from core.ids import arxiv_month, parse_arxiv_id
from core.months import month_of, shift
from core.record import PaperRecord
from core.text import clean
from ingest.body import is_html, refuse_depth, refuse_doctype
from ingest.conditional import asking, marks_of
from ingest.http import Answer, Guard
from ingest.source import NOTHING, Earlier, EntryError, Marks, Page, Window
from ingest.sources.author_line import authors_of

# An announcement repeats a part of what the API and OAI-PMH say, so it counts as older than anything they say: it makes
# a paper known, and never changes one.
AS_OF = datetime(1991, 8, 1, tzinfo=UTC)
ANNOUNCED = frozenset({"new", "cross"})
REPLACED = frozenset({"replace", "replace-cross"})
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ROOT = re.compile(rb"<rss\b[^>]*>")
_END = re.compile(rb"</rss\s*>\s*\Z")
_ITEM = re.compile(rb"<item\b[^>]*>.*?(?:</item\s*>|(?=<item\b|</channel\b))", re.DOTALL)
_DATE = re.compile(rb"<pubDate>([^<]{1,60})</pubDate>")
_SKIP = re.compile(rb"<day>\s*(\w{1,12})\s*</day>")
_GUID = re.compile(rb"<(?:guid|link)\b[^>]*>\s*([^<\s]{1,200})\s*</(?:guid|link)>")
_DESCRIPTION = re.compile(r"Announce Type:\s*(?P<type>[\w-]+)\s*(?:Abstract:\s*(?P<abstract>.*))?", re.DOTALL)
_ATOM = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is complete: its own day, the week days it skips, and its items as received."""

    day: date
    skipped: frozenset[str]
    items: tuple[bytes, ...]
    root: bytes  # the start tag, which declares the name spaces


class ArxivRss:
    """What was announced: the day, and the ids that the other channels must have given.

    Today's alone; a channel for each category followed.
    """

    name = "arxiv"

    def __init__(self, base_url: str, categories: Sequence[str], guard: Guard, clock: Clock = system_clock) -> None:
        """Take the address below which the feeds lie (https://rss.arxiv.org/rss)."""
        self._base = base_url.rstrip("/")
        self._categories = tuple(dict.fromkeys(categories))
        self._guard = guard
        self._clock = clock

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give one window per category of the one day there is, today in Ithaca, if it is among those asked for."""
        day = day_in_ithaca(self._clock())
        if not start <= day <= min(end, today):
            return []
        return [Window(self.name, f"rss:{category}", day, day) for category in self._categories]

    def reread_days(self) -> int:
        """None: tomorrow the feed is another one."""
        return 0

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read a category's announcements; `expected` counts them, 0 only where the feed proves it.

        It does by its own date, or by naming the week day among those it skips. A feed of another day raises
        SourceError that begins with "stale", but for a later one where the day's own was stored in full before.
        Replacements announce nothing and are left out.
        """
        category = window.channel.partition(":")[2]
        answer = self._ask(category, earlier.marks)
        if answer.status == 304:
            yield Page((), unchanged=True, marks=earlier.marks)
            return
        marks = marks_of(answer, self._address(category))
        feed = cut_feed(answer.body)
        if isinstance(feed, str):
            raise SourceError(f"arXiv's feed of {category} is not usable: {feed}")
        if feed.day < window.start and _DAYS[window.start.weekday()] in feed.skipped:
            yield Page((), expected=0, marks=marks)
            return
        if feed.day > window.start and earlier.marks != Marks():  # it was stored in full, and no feed tells more of it
            yield Page((), unchanged=True, marks=earlier.marks)
            return
        if feed.day != window.start:
            raise _stale(category, window.start, feed.day)
        yield _page(feed, category, marks)

    def _address(self, category: str) -> str:
        return f"{self._base}/{category}"

    def _ask(self, category: str, marks: Marks) -> Answer:
        headers = asking(marks, self._address(category))
        return self._guard.get(
            self._address(category),
            accept="application/rss+xml",
            expect=(200, 304) if headers else (200,),
            check=feed_check,
            headers=headers,
        )


def day_in_ithaca(moment: datetime) -> date:
    """Give the day in Ithaca at a moment (aware), by which the feeds are dated.

    4 hours behind UTC from the second Sunday of March, 2 am, to the first of November, 2 am, else 5 (15 U.S.C. 260a).
    Written out, since not every machine knows the time zones.
    """
    begins = datetime.combine(_sunday(date(moment.year, 3, 8)), time(7), UTC)
    ends = datetime.combine(_sunday(date(moment.year, 11, 1)), time(6), UTC)
    return (moment.astimezone(UTC) - timedelta(hours=4 if begins <= moment < ends else 5)).date()


def _sunday(day: date) -> date:
    """Give the first Sunday from a day on."""
    return day + timedelta(days=6 - day.weekday())


def cut_feed(body: bytes) -> Feed | str:
    """Cut a body into its items, or say why it is no complete feed; raises SourceError for a document type."""
    if is_html(body):
        return "an HTML page came where RSS was due (maintenance?)"
    refuse_doctype(body)
    refuse_depth(body)
    root = _ROOT.search(body[:4096])
    if not root:
        return "the answer is no RSS"
    if not _END.search(body[-256:]):
        return "the answer was cut short"
    items = tuple(match.group() for match in _ITEM.finditer(body))
    head = body[: body.find(items[0])] if items else body
    day = _day(head)
    if day is None:
        return "the feed does not say of which day it is"
    return Feed(day, frozenset(name.decode() for name in _SKIP.findall(head)), items, root.group())


def feed_check(answer: Answer) -> str | None:
    """Give the reason why an answer is no feed that can be used: it is asked for again then."""
    feed = cut_feed(answer.body) if answer.status != 304 else None
    return feed if isinstance(feed, str) else None


def read_item(raw: bytes, feed: Feed) -> PaperRecord | EntryError | None:
    """Read one item: a record with the feed's day as `announced` where that is its first; None for a replacement."""
    named = (parse_arxiv_id(match.decode("utf-8", "replace")) for match in _GUID.findall(raw))
    parsed = next((found for found in sorted(filter(None, named), key=lambda found: found[1] is None)), None)
    if parsed is None:
        return EntryError("no arXiv id", raw)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=False)
        item = etree.fromstring(feed.root + raw + b"</rss>", parser)[0]
    except (etree.XMLSyntaxError, IndexError) as problem:
        return EntryError(f"not readable: {clean(str(problem))[:200]}", raw, parsed[0])
    said = _DESCRIPTION.search(item.findtext("description") or "")
    kind = clean(item.findtext(f"{_ATOM}announce_type") or (said["type"] if said else "")).lower()
    if kind in REPLACED:
        return None
    title = clean(item.findtext("title") or "")
    if kind not in ANNOUNCED or not title:
        return EntryError("no title" if kind in ANNOUNCED else f"announced as {kind[:40]!r}", raw, parsed[0])
    abstract = clean(said["abstract"] or "") if said else ""
    first = kind == "new" or _is_young(*parsed, feed.day)
    return _record(item, parsed, title, abstract, feed.day if first else None)


def _is_young(arxiv_id: str, version: int | None, day: date) -> bool:
    """Tell whether a cross-listed paper is itself announced on the day, and not merely listed in one more category."""
    return version in (None, 1) and arxiv_month(arxiv_id) >= shift(month_of(day), -1)


def _record(
    item: etree._Element, parsed: tuple[str, int | None], title: str, abstract: str, day: date | None
) -> PaperRecord:
    names = (clean(category.text or "") for category in item.iterfind("category"))
    return PaperRecord(
        source="arxiv",
        id=parsed[0],
        kind="paper",
        title=title,
        as_of=AS_OF,
        arxiv_id=parsed[0],
        abstract=abstract or None,
        authors=authors_of(item.findtext(f"{_DC}creator")),
        categories=tuple(dict.fromkeys(name for name in names if name)),
        announced=day,
        version=parsed[1],
        url=f"https://arxiv.org/abs/{parsed[0]}",
    )


def _page(feed: Feed, category: str, marks: Marks) -> Page:
    """Read a feed of the right day; raises SourceError where all of its items bear an earlier one."""
    days = {_day(raw) or feed.day for raw in feed.items}
    if days and feed.day not in days:
        raise _stale(category, feed.day, max(days))
    records: dict[str, PaperRecord] = {}
    errors: list[EntryError] = []
    for raw in feed.items:
        entry = read_item(raw, feed)
        if isinstance(entry, EntryError):
            errors.append(entry)
        elif entry is not None:
            records.setdefault(entry.id, entry)
    return Page(tuple(records.values()), tuple(errors), len(records) + len(errors), marks=marks)


def _stale(category: str, wanted: date, found: date) -> SourceError:
    return SourceError(
        f"stale: arXiv's feed of {category} shows {found} and not {wanted}",
        "It says nothing about the day; it is read again with the next pull",
    )


def _day(raw: bytes) -> date | None:
    """Give the day of a date as its own zone has it: `Mon, 27 Apr 2026 00:00:00 -0400` is the 27th."""
    found = _DATE.search(raw)
    try:
        return parsedate_to_datetime(found[1].decode("ascii", "replace")).date() if found else None
    except (ValueError, OverflowError):
        return None
