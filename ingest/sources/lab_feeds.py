"""What the labs publish on their own sites: posts, and links from a lab's own feed to papers on arXiv.

feedparser is given bytes only: a text it might open as an address or a local file. An entry belongs to the month of its
date (UTC); one without a usable date belongs to the month in which it is read, and its `feed_date` stays None.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import feedparser

from core.errors import SourceError
from core.ids import arxiv_month, find_arxiv_ids
from core.months import first_day, last_day, month_of, shift
from core.record import LabClaim, PaperRecord, PostNames
from ingest import loose
from ingest.body import is_html, refuse_depth, refuse_doctype
from ingest.conditional import asking, marks_of
from ingest.http import Answer, Guard, reachable
from ingest.post_names import Listed, names_of, unmarked
from ingest.source import NOTHING, Earlier, EntryError, Marks, Page, Window
from ingest.sources.post_text import plain, split_title

_REREAD_DAYS = 40
_FRESH = timedelta(minutes=10)  # the months of one pull are read from one answer
_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL)
_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"
_MOST_PAPERS = 3  # a post that links more has a list of references, not an announcement
_EARLIEST = date(1991, 8, 1)


@dataclass(frozen=True, slots=True)
class _Read:
    at: datetime
    marks: Marks
    entries: tuple[Any, ...] | None  # None: the feed is as it was when it bore these marks


class LabFeeds:
    """The labs' own feeds: posts, and links to the papers they announce.

    A lab without a feed is no window and no failure.
    """

    name = "labs"

    def __init__(self, feeds: Mapping[str, str], guard: Guard) -> None:
        self._feeds = {lab: url for lab, url in feeds.items() if url}
        self._guard = guard
        self._last: dict[str, _Read] = {}

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give one window per calendar month and lab with a feed, newest month first, none that begins after today.

        Windows never move, so that the ledger knows them again: the present month's reaches beyond `today`.
        """
        months = []
        month = month_of(min(end, today))
        while last_day(month) >= start:
            months.append(month)
            month = shift(month, -1)
        return [Window(self.name, lab, first_day(m), last_day(m)) for m in months for lab in self._feeds]

    def reread_days(self) -> int:
        """Forty days: feeds are edited, and a month's last posts may be listed late."""
        return _REREAD_DAYS

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read a lab's feed and give the entries of the window's month; raises SourceError.

        A feed holds only its newest entries and no total, so `expected` stays None. One that did not change since the
        window was stored is not sent again.
        """
        read = self._read(window.channel, earlier.marks, now)
        if read.entries is None:
            yield Page((), unchanged=True, marks=read.marks)
            return
        records, errors = _entries(window, read.entries, now)
        yield Page(records, errors, marks=read.marks)

    def _read(self, lab: str, marks: Marks, now: datetime) -> _Read:
        """Give the feed as it was read in this pull, or ask whether it changed since it bore these marks."""
        last = self._last.get(lab)
        known = last is not None and (last.entries is not None or last.marks == marks)
        if last is None or not known or not timedelta(0) <= now - last.at < _FRESH:
            answer = self._ask(lab, marks)
            unchanged = answer.status == 304
            new = marks if unchanged else marks_of(answer, self._feeds[lab])
            last = _Read(now, new, None if unchanged else _parsed(answer, lab))
            self._last[lab] = last
        return last

    def _ask(self, lab: str, marks: Marks) -> Answer:
        url = self._feeds.get(lab)
        if url is None:
            raise SourceError(f"The lab {lab} has no feed", "Name one in SHIRUBE_LAB_FEEDS or in roadmap/labs.toml")
        headers = asking(marks, url)
        expect = (200, 304) if headers else (200,)
        try:
            return self._guard.get(url, accept=_ACCEPT, expect=expect, check=feed_check, headers=headers)
        except SourceError as problem:
            if not problem.unreachable or not self._others_reachable(lab):
                raise
            # One lab's site is away, not the network: the other labs must still be read.
            raise SourceError(problem.message, "Check the address; the other labs are read all the same") from problem

    def _others_reachable(self, lab: str) -> bool:
        return any(reachable([url for key, url in self._feeds.items() if key != lab], self._guard).values())


def _entries(
    window: Window, entries: Iterable[Any], now: datetime
) -> tuple[tuple[PaperRecord, ...], tuple[EntryError, ...]]:
    """Read those entries of a feed that belong to a window's month: all that they say, also of one item."""
    found: list[PaperRecord | EntryError] = []
    for entry, names in _named(window.channel, entries):
        day = _day(entry, now)
        if window.start <= (day or now.astimezone(UTC).date()) <= window.end:
            found += _read_entry(window.channel, entry, names, day, now)
    errors = tuple(item for item in found if isinstance(item, EntryError))
    return tuple(item for item in found if isinstance(item, PaperRecord)), errors


def _named(lab: str, entries: Iterable[Any]) -> Iterator[tuple[Any, PostNames | None]]:
    """Pair all entries of a feed with the names of their posts; None for those without an address."""
    with_link = [(entry, _link(entry)) for entry in entries]
    listed = [Listed(link, str(e.get("id") or ""), str(e.get("title") or "")) for e, link in with_link if link]
    names = iter(names_of(lab, listed))
    for entry, link in with_link:
        yield entry, next(names) if link else None


def _read_entry(
    lab: str, entry: Any, names: PostNames | None, day: date | None, now: datetime
) -> list[PaperRecord | EntryError]:
    """Read one entry: a record for each paper it announces, else one for the post itself.

    A record for a paper carries the claim of the lab; its title is the post's, of last resort, and nothing else is said
    about the paper.
    """
    category = [str(tag.get("term") or "") for tag in entry.get("tags") or []]
    title, rest = split_title(str(entry.get("title") or ""), category)
    link = _link(entry)
    if not title or not link or not names:
        raw = json.dumps({k: str(entry.get(k)) for k in ("title", "link", "id", "summary")}).encode()
        return [EntryError("no title" if link else "no address", raw)]
    post = _post(lab, entry, title, rest, names, unmarked(link), day, now)
    papers = _announced(entry, link, day or now.astimezone(UTC).date())
    # A post that announces one paper is that paper; it may be stored from before it said so.
    same = len(papers) == 1 and names.sole and not find_arxiv_ids(link)
    return [_paper(post, paper, same=same) for paper in papers] or [post]


def _paper(post: PaperRecord, arxiv_id: str, *, same: bool) -> PaperRecord:
    return PaperRecord(
        source=post.source,
        id=arxiv_id,
        kind="paper",
        title=post.title,
        as_of=post.as_of,
        arxiv_id=arxiv_id,
        url=f"https://arxiv.org/abs/{arxiv_id}",
        labs=post.labs,
        aliases=(post.id, *post.aliases) if same else (),
        post=post.post if same else None,
        told_in=post.told_in,
    )


def _post(
    lab: str, entry: Any, title: str, rest: str | None, names: PostNames, address: str, day: date | None, now: datetime
) -> PaperRecord:
    summary = plain(_bodies(entry)[0]) if _bodies(entry) else ""
    # A scraped feed repeats the title where it has no summary.
    repeated = not summary or summary == title or summary == plain(str(entry.get("title") or ""))
    return PaperRecord(
        source="labs",
        id=names.narrow if names.crowded else names.name,
        kind="post",
        title=title,
        as_of=now,
        abstract=rest if repeated else summary,
        feed_date=day,
        url=address,
        labs=(LabClaim(lab, "feed", address),),
        aliases=(names.page,) if names.page else (),
        post=names,
        # Of one day the labs take no turns: their feeds are read one after the other, again and again.
        told_in=f"{day or ''} {lab}",
    )


def _link(entry: Any) -> str | None:
    return loose.address(entry.get("link")) or loose.address(entry.get("id"))


def _announced(entry: Any, link: str, day: date) -> list[str]:
    """List the papers an entry announces: its own link, else the few recent ones that its text links."""
    if own := find_arxiv_ids(link):
        return own
    links = [str(part.get("href") or "") for part in entry.get("links") or []]
    found = list(dict.fromkeys(find_arxiv_ids(" ".join([*links, *_bodies(entry)]))))
    # An older paper is one the post builds on, perhaps somebody else's.
    recent = [paper for paper in found if shift(month_of(day), -12) <= arxiv_month(paper) <= shift(month_of(day), 1)]
    return recent if len(found) <= _MOST_PAPERS else []


def _bodies(entry: Any) -> list[str]:
    contents = [part.get("value") for part in entry.get("content") or []]
    return [str(body) for body in (entry.get("summary"), *contents) if body]


def _day(entry: Any, now: datetime) -> date | None:
    """Give the UTC day of an entry; None when it is absent, before arXiv, or in the future."""
    # feedparser's own `get` would answer "updated" with "published", and warn.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    if parsed is None:
        return None
    try:
        day = date(*parsed[:3])
    except ValueError:
        return None
    return day if _EARLIEST <= day <= (now.astimezone(UTC) + timedelta(days=1)).date() else None


def _parsed(answer: Answer, lab: str) -> tuple[Any, ...]:
    headers = {"content-type": answer.headers.get("content-type", ""), "content-location": answer.url}
    try:
        feed = feedparser.parse(io.BytesIO(answer.body), response_headers=headers)
    except (ValueError, RecursionError) as problem:
        raise SourceError(f"The feed of {lab} cannot be read: {type(problem).__name__}") from problem
    if not feed.get("version"):
        raise SourceError(f"The address for {lab} holds no feed", "Check SHIRUBE_LAB_FEEDS and roadmap/labs.toml")
    if not feed.entries:
        raise SourceError(f"The feed of {lab} holds no entries at all", "Check whether it has moved")
    return tuple(feed.entries)


def feed_check(answer: Answer) -> str | None:
    """Say why an answer is no complete feed; raises SourceError for a document type."""
    if answer.status == 304:
        return None
    if is_html(answer.body):
        return "an HTML page came where a feed was due (maintenance?)"
    refuse_doctype(answer.body)
    refuse_depth(answer.body)
    return None if _END.search(answer.body[-2048:]) else "the answer is no feed, or was cut short"
