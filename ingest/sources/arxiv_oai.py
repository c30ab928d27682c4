"""arXiv's OAI-PMH: what changed on a day in the categories followed, with the history of versions, and what is gone.

Protocol: https://www.openarchives.org/OAI/openarchivesprotocol.html, arXiv: https://info.arxiv.org/help/oa/index.html

The list is read here and not by oaipmh-scythe, though that is a good client: it keeps its own HTTP session, it parses a
page as a whole, so that one malformed record costs a page of two thousand, and it hides the resumption token, which the
ledger must store after every page.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from urllib.parse import urlencode

from core.errors import SourceError
from core.months import days
from core.record import PaperRecord
from ingest.http import Guard
from ingest.source import NOTHING, Earlier, EntryError, Page, TokenExpiredError, Window
from ingest.sources.arxiv_raw import OaiPage, cut_list, list_check, read_record

# A record may be booked under a day that was read already; arXiv books overnight.
_REREAD_DAYS = 3
_MOST_REQUESTS = 500
_GROUPS = frozenset({"cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"})  # all other archives belong to physics


class ArxivOai:
    """What changed: corrections, the history of versions, withdrawals, papers that arXiv held back.

    Of the categories followed, by the day arXiv booked it (UTC).
    """

    name = "arxiv"
    entries_move = True  # a record changed again is listed under its new day alone

    def __init__(
        self, url: str, categories: Sequence[str], guard: Guard, since: Callable[[], date] | None = None
    ) -> None:
        """Take the service's own address (https://oaipmh.arxiv.org/oai).

        `since` tells from which day on changes matter: what was read later than a change holds it already.
        """
        self._url = url
        self._sets = tuple(dict.fromkeys(set_of(name) for name in categories))
        self._guard = guard
        self._since = since

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give one window per day of change and set (channel `oai:<set>`), newest day first, none after today."""
        first = max(start, self._since()) if self._since else start
        wanted = reversed(list(days(first, min(end, today))))
        return [Window(self.name, f"oai:{name}", day, day) for day in wanted for name in self._sets]

    def reread_days(self) -> int:
        """Three days: records are booked overnight, now and then for a day before."""
        return _REREAD_DAYS

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read a list page by page, or what is left of it after `earlier.token`, each record once.

        An empty list is proven by the server's noRecordsMatch (`expected` 0). Raises TokenExpiredError for a token the
        server does not know, or after which it has nothing although it promised more; SourceError else.
        """
        token, seen, count = earlier.token, set[str](), 0
        for _ in range(_MOST_REQUESTS):
            page = self._ask(window, token)
            read = _read(page, seen)
            count += len(read.records) + len(read.errors)
            if page.token is None and page.size is None and earlier.token is None:
                yield Page(read.records, read.errors, count)  # the list ended as the protocol has it: this is all
                return
            yield read
            if page.token is None:
                return
            if page.token == token:
                break
            token = page.token
        raise SourceError(
            f"arXiv's list of changes of {window.start} does not end", "It is read anew with the next pull"
        )

    def _ask(self, window: Window, token: str | None) -> OaiPage:
        """Ask for one page; a page with an error the protocol knows is raised, but an empty list is one."""
        answer = self._guard.get(f"{self._url}?{_arguments(window, token)}", accept="text/xml", check=list_check)
        page = cut_list(answer.body)
        if isinstance(page, str):
            raise SourceError(f"arXiv's list is not usable: {page}")
        if page.error == "noRecordsMatch" and token is None:
            return OaiPage(size=0)
        if page.error == "badResumptionToken" or (page.error and token is not None):
            raise TokenExpiredError(
                f"arXiv does not go on with its list of {window.start}: {page.reason or page.error}",
                "The list is read from its beginning",
            )
        if page.error:
            raise SourceError(f"arXiv refused the list of {window.start}: {page.reason or page.error}")
        return page


def set_of(category: str) -> str:
    """Name the set of a category: `cs.LG` is `cs:cs:LG`, `quant-ph` is `physics:quant-ph`."""
    archive, _, subject = category.partition(".")
    group = archive if archive in _GROUPS else "physics"
    return f"{group}:{archive}:{subject}" if subject else f"{group}:{archive}"


def _arguments(window: Window, token: str | None) -> str:
    # A token is url-encoded as it comes and once more here, as any argument is (protocol, section 3.1.1.3).
    if token is not None:
        return urlencode({"verb": "ListRecords", "resumptionToken": token})
    span = {"from": window.start.isoformat(), "until": window.end.isoformat()}
    name = window.channel.partition(":")[2]
    return urlencode({"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": name, **span})


def _read(page: OaiPage, seen: set[str]) -> Page:
    records: list[PaperRecord] = []
    errors: list[EntryError] = []
    for raw in page.records:
        entry = read_record(raw)
        if isinstance(entry, EntryError):
            errors.append(entry)
        elif entry.id not in seen:
            seen.add(entry.id)
            records.append(entry)
    return Page(tuple(records), tuple(errors), page.size, page.token)
