"""arXiv's query API, one day of submissions at a time, through the `arxiv` package and the guard.

Manual: https://info.arxiv.org/help/api/user-manual.html
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import arxiv

from core.errors import SourceError
from core.ids import parse_arxiv_id
from core.months import days
from core.record import PaperRecord
from ingest.http import Check, Guard, GuardAdapter
from ingest.source import NOTHING, Earlier, EntryError, Page, Window
from ingest.sources.arxiv_page import ArxivPage, cut, list_check, page_check, read_entry

# Submissions of a Friday are announced on Monday evening (US Eastern time): a day fills up for this long.
_REREAD_DAYS = 4
PAGE_SIZE = 500  # entries asked for at once
IDS_AT_ONCE = 200  # ids in one request: an address of some 3 kB
# Deep paging fails beyond some tens of thousands; a day has a few thousand at most.
_MOST_REQUESTS = 60


class ArxivApi:
    """Papers submitted in the categories followed: title, abstract, authors, categories, dates, version.

    The API's own total is counted against.
    """

    name = "arxiv"

    def __init__(self, base_url: str, categories: Sequence[str], guard: Guard, page_size: int = PAGE_SIZE) -> None:
        if not 1 <= page_size <= 2000:
            raise ValueError(f"a page holds 1 to 2000 entries, not {page_size}")
        self.categories = tuple(categories)
        self._page_size = page_size
        self._adapter = GuardAdapter(guard, accept="application/atom+xml")
        self._client = _client(base_url, page_size, self._adapter)

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give one window per day of submission (UTC), newest first, none after today."""
        return [Window(self.name, "api", day, day) for day in reversed(list(days(start, min(end, today))))]

    def reread_days(self) -> int:
        """Four days: announcements lag behind submissions over a weekend."""
        return _REREAD_DAYS

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read a window page by page, each entry once; raises SourceError when a page stays empty, cut or absent."""
        seen: set[str] = set()
        start, total = 0, 1
        for _ in range(_MOST_REQUESTS):
            if start >= total:
                return
            page = self._page(window, start)
            if start and page.total < total:
                # Something is gone, and what followed it moved up: this page may begin beyond an entry never seen.
                start, total = 0, page.total
                seen.clear()
                continue
            # The place counts entries received, readable or not, or the next page would repeat or skip some.
            start, total = start + len(page.entries), page.total
            read = _read(page, seen)
            if page.entries and not read.records and not read.errors:
                break  # the server repeats itself
            yield read
        if start < total:
            raise SourceError(
                f"partial: arXiv gave {len(seen)} of {total} results for {window.start}",
                "The window stays open and is read again with the next pull",
            )

    def total(self, window: Window) -> int:
        """Ask how many papers the window has now, by one request; raises SourceError."""
        page = self._page(window, 0, size=1)
        for entry in page.entries[:1]:
            read_entry(page, entry)  # raises where it is arXiv's own error, which counts as one result
        return page.total

    def by_ids(self, ids: Sequence[str], now: datetime) -> Iterator[Page]:
        """Look papers up by their ids, 200 a request; an id that arXiv does not know is simply absent.

        What is no arXiv id is given back as an error and not asked for, since it would spoil the request (status 400).
        `expected` is the number found of one request. Raises SourceError.
        """
        parsed = [(text, parse_arxiv_id(text)) for text in dict.fromkeys(ids)]
        strange = tuple(EntryError("no arXiv id", text.encode("utf-8", "replace")) for text, id_ in parsed if not id_)
        if strange:
            yield Page((), strange)
        known = list(dict.fromkeys(id_[0] for _, id_ in parsed if id_))
        for start in range(0, len(known), IDS_AT_ONCE):
            some = known[start : start + IDS_AT_ONCE]
            yield _read(self._ask(arxiv.Search(id_list=some), 0, len(some), list_check), set())

    def query(self, window: Window) -> str:
        """Write the search expression: any of the categories, and the first version submitted within the window."""
        either = " OR ".join(f"cat:{name}" for name in self.categories)
        return f"({either}) AND submittedDate:[{window.start:%Y%m%d}0000 TO {window.end:%Y%m%d}2359]"

    def _page(self, window: Window, start: int, size: int | None = None) -> ArxivPage:
        # Ascending: papers that come in meanwhile go to the end and move no page.
        search = arxiv.Search(
            query=self.query(window),
            max_results=None,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Ascending,
        )
        return self._ask(search, start, size or self._page_size, page_check(start))

    def _ask(self, search: arxiv.Search, start: int, size: int, check: Check) -> ArxivPage:
        self._adapter.check = check
        response = self._client._session.get(self._client._format_url(search, start, size))
        page = cut(response.content)
        if isinstance(page, str):
            raise SourceError(f"arXiv's answer is not usable: {page}")
        return page


def _client(base_url: str, page_size: int, adapter: GuardAdapter) -> arxiv.Client:
    """Make the package's client speak to `base_url` through the guard, which alone keeps pace and retries."""
    client = arxiv.Client(page_size=page_size, delay_seconds=0, num_retries=0)
    client.query_url_format = base_url.rstrip("/").replace("{", "{{").replace("}", "}}") + "/api/query?{}"
    client._session.trust_env = False
    client._session.mount("http://", adapter)
    client._session.mount("https://", adapter)
    return client


def _read(page: ArxivPage, seen: set[str]) -> Page:
    records: list[PaperRecord] = []
    errors: list[EntryError] = []
    for raw in page.entries:
        entry = read_entry(page, raw)
        if isinstance(entry, EntryError):
            errors.append(entry)
        elif entry.id not in seen:
            seen.add(entry.id)
            records.append(entry)
    return Page(tuple(records), tuple(errors), page.total)
