"""Papers with Code, as revived at paperswithcode.co: repositories, organisations, tasks, project pages.

The server confirms the filters it applied. An unconfirmed one was ignored, and then the list is not the one asked for.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from urllib.parse import quote

from core.errors import SourceError
from core.ids import parse_arxiv_id
from core.months import first_day, last_day, month_of, shift
from core.record import Author, CodeLink, PaperRecord
from ingest import loose
from ingest.body import json_fault
from ingest.http import Answer, Guard
from ingest.links import repository
from ingest.source import NOTHING, Earlier, EntryError, Page, Window

_PAGE = 100
_MOST_PAGES = 200
_MOST_BEGINNINGS = 3  # of one list in one reading
_REREAD_DAYS = 30
_WEEKS = ((1, 7), (8, 14), (15, 21), (22, 28), (29, 31))


@dataclass(slots=True)
class _Listing:
    """One reading of a list, page by page, as long as it holds still; `edition` tells its entries from other weeks'."""

    edition: int
    count: int | None = None
    seen: set[str] = field(default_factory=set)  # arXiv ids
    names: set[str] = field(default_factory=set)  # the catalogue's own, of all entries
    aside: int = 0  # entries that are not on arXiv, hence not ours to track, and other entries of one paper
    ended: bool = False

    def moved(self, body: Mapping[str, object]) -> bool:
        """Tell whether the list is another than on the pages before: so many entries, or one of theirs once more.

        What changed its place may have moved another one to a page already read.
        """
        count = loose.whole(body.get("count"))
        grown = self.count is not None and count is not None and count != self.count
        return grown or not self.names.isdisjoint(_names(body))

    def take(self, body: Mapping[str, object], now: datetime) -> Page:
        """Read one page; the last one tells the total."""
        results = loose.items(body.get("results"))
        read = [_read(entry, now, self.edition) for entry in results]
        errors = tuple(entry for entry in read if isinstance(entry, EntryError))
        records = {e.id: e for e in read if isinstance(e, PaperRecord) and e.id not in self.seen}
        self.seen.update(records)
        self.names.update(_names(body))
        self.aside += len(results) - len(records) - len(errors)
        self.ended = not results or not body.get("next_page")
        count = loose.whole(body.get("count"))
        self.count = count if count is not None else self.count
        return Page(tuple(records.values()), errors, self._total(count))

    def _total(self, count: int | None) -> int | None:
        return None if count is None or not self.ended else max(0, count - self.aside)


class PwcApi:
    """Papers with Code (paperswithcode.co): code with stars and "official", organisations, tasks, project pages."""

    name = "pwc"

    def __init__(self, base_url: str, guard: Guard) -> None:
        self._url = base_url.rstrip("/") + "/papers/"
        self._guard = guard

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give the weeks of each month (1-7, 8-14, 15-21, 22-28, the rest) that touch the days, newest first.

        Windows never move, so that the ledger knows them again: the last may reach beyond `today`, none begins later.
        """
        return [
            Window(self.name, "papers", first, last)
            for first, last in reversed(list(_weeks(start, min(end, today))))
            if first <= min(end, today) and last >= start
        ]

    def reread_days(self) -> int:
        """A month: code is often released after the paper."""
        return _REREAD_DAYS

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read a week of papers page by page; only the last page tells the total. Raises SourceError.

        A list that changes meanwhile is read from its beginning.
        """
        listing, number, beginnings = _Listing(window.start.toordinal()), 1, 1
        for _ in range(_MOST_PAGES):
            body = self._list(window, number)
            if listing.moved(body):
                if beginnings == _MOST_BEGINNINGS:
                    raise SourceError(
                        f"partial: Papers with Code's list of {window.start} changes while it is read",
                        "The window stays open and is read again with the next pull",
                    )
                listing, number, beginnings = _Listing(window.start.toordinal()), 1, beginnings + 1
                continue
            page = listing.take(body, now)
            yield page
            if listing.ended:
                return
            number += 1
        raise SourceError(f"partial: Papers with Code has no end after {_MOST_PAGES} pages for {window.start}")

    def single(self, arxiv_id: str, now: datetime) -> PaperRecord | None:
        """Read one paper with its repositories; None when the catalogue does not know it. Raises SourceError."""
        address = self._url + quote(arxiv_id, safe="")
        answer = self._guard.get(
            address, {"include_resources": "true"}, "application/json", expect=(200, 404), check=_no_object
        )
        if answer.status == 404:
            return None
        entry = read_entry(json.loads(answer.body), now)
        if isinstance(entry, EntryError):
            raise SourceError(f"Papers with Code's entry for {arxiv_id} cannot be read: {entry.reason}")
        return entry if entry.id == arxiv_id else None

    def _list(self, window: Window, page: int) -> dict[str, object]:
        dates = {"start_date": window.start.isoformat(), "end_date": window.end.isoformat()}
        params = {
            **dates,
            "include_resources": "true",
            "order_by": "date_published",
            "order_dir": "asc",
            "page": str(page),
            "page_size": str(_PAGE),
        }
        answer = self._guard.get(self._url, params, "application/json", check=results_check)
        body = loose.mapping(json.loads(answer.body))
        applied = loose.mapping(body.get("applied_filters"))
        ignored = [name for name, day in dates.items() if str(applied.get(name, ""))[:10] != day]
        if ignored:
            raise SourceError(
                f"Papers with Code did not confirm the filter {' and '.join(ignored)}, so its list is not used",
                "The service may have changed; what it gave before is kept",
            )
        return body


def read_entry(entry: object, now: datetime) -> PaperRecord | EntryError:
    """Read one paper of the catalogue, from a list or by itself; `now` is when its stars were true."""
    paper = loose.mapping(entry)
    named = loose.text(paper.get("arxiv_id"))
    parsed = parse_arxiv_id(named) if named else None
    title = loose.text(paper.get("title"))
    if parsed is None or title is None:
        reason = "no title" if parsed else "no arXiv id"
        return EntryError(reason, json.dumps(entry).encode(), parsed[0] if parsed else None)
    pages = [page for value in loose.items(paper.get("project_pages")) if (page := _page_address(value))]
    return PaperRecord(
        source="pwc",
        id=parsed[0],
        kind="paper",
        title=title,
        as_of=now,
        arxiv_id=parsed[0],
        abstract=loose.text(paper.get("abstract")),
        authors=tuple(Author(name) for name in loose.texts(paper.get("authors"))),
        url=f"https://arxiv.org/abs/{parsed[0]}",
        organizations=loose.texts(paper.get("organizations")),
        project_url=pages[0] if pages else None,
        tasks=loose.texts(paper.get("tasks")),
        code=_code(paper.get("repositories")),
    )


def _read(entry: object, now: datetime, edition: int) -> PaperRecord | EntryError | None:
    """Read an entry of a list; None when the catalogue itself says that it is not on arXiv.

    Of a paper in several weeks' lists the newest entry tells, whichever is read last: else each won in its turn.
    """
    if isinstance(entry, dict) and "arxiv_id" in entry and not entry["arxiv_id"]:
        return None
    read = read_entry(entry, now)
    return replace(read, edition=edition) if isinstance(read, PaperRecord) else read


def _names(body: Mapping[str, object]) -> set[str]:
    """Give what the catalogue calls the entries of a page; one without a name is told by no other."""
    named = (loose.text(loose.mapping(entry).get("id")) for entry in loose.items(body.get("results")))
    return {name for name in named if name}


def _code(value: object) -> tuple[CodeLink, ...]:
    """List repositories, each once; `is_official` and stars as the catalogue has them."""
    found: dict[str, CodeLink] = {}
    for repo in map(loose.mapping, loose.items(value)):
        if link := loose.address(repo.get("url")):
            official = repo.get("is_official")
            url = repository(link) or link
            stars = loose.whole(repo.get("num_stars"))
            found.setdefault(url.casefold(), CodeLink(url, official if isinstance(official, bool) else None, stars))
    return tuple(found.values())


def _page_address(value: object) -> str | None:
    """Read a project page: an address, or an object that holds one."""
    return loose.address(loose.mapping(value).get("url") if isinstance(value, dict) else value)


def _weeks(start: date, end: date) -> Iterator[tuple[date, date]]:
    month = month_of(start)
    while first_day(month) <= end:
        close = last_day(month)
        for first, last in _WEEKS:
            if first <= close.day:
                yield close.replace(day=first), close.replace(day=min(last, close.day))
        month = shift(month, 1)


def _no_object(answer: Answer) -> str | None:
    return json_fault(answer.body, dict, "JSON object")


def results_check(answer: Answer) -> str | None:
    """Give the reason why an answer is no list of results: it is asked for again then."""
    reason = _no_object(answer)
    if reason is None and not isinstance(json.loads(answer.body).get("results"), list):
        return "the answer holds no list of results"
    return reason
