"""Hugging Face Daily Papers, one day at a time: votes, comments, organisations, code and project pages.

Fields came over the years; each is read by itself, so old and new shapes need no switch. `ai_summary` is not used:
what a stranger's model wrote about a paper is no fact about it.
"""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime

from core.errors import SourceError
from core.ids import parse_arxiv_id
from core.months import days
from core.record import Author, CodeLink, PaperRecord
from ingest import loose
from ingest.body import json_fault
from ingest.http import Answer, Guard
from ingest.links import repository
from ingest.source import NOTHING, Earlier, EntryError, Page, Window

_PAGE = 100
_MOST_PAGES = 20
_REREAD_DAYS = 21  # votes keep growing for weeks


class HfPapers:
    """Hugging Face Daily Papers: votes, comments, organisation, repository, project page."""

    name = "hf"

    def __init__(self, base_url: str, guard: Guard, reread_days: int = _REREAD_DAYS) -> None:
        self._url = base_url.rstrip("/") + "/api/daily_papers"
        self._guard = guard
        self._reread_days = reread_days

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """Give one window per day of the list, newest first, none after today."""
        return [Window(self.name, "daily", day, day) for day in reversed(list(days(start, min(end, today))))]

    def reread_days(self) -> int:
        """Three weeks unless told otherwise: the first number of votes is never the last."""
        return self._reread_days

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read one day's list as one page, since its total is known only at its end; raises SourceError."""
        entries = self._entries(window.start)
        read = [read_entry(entry, window.start, now) for entry in entries]
        records = {entry.id: entry for entry in read if isinstance(entry, PaperRecord)}
        errors = tuple(entry for entry in read if isinstance(entry, EntryError))
        yield Page(tuple(records.values()), errors, len(records) + len(errors))

    def _entries(self, day: date) -> list[object]:
        entries: list[object] = []
        for page in range(_MOST_PAGES):
            params = {"date": day.isoformat(), "limit": str(_PAGE), "p": str(page)}
            answer = self._guard.get(self._url, params, "application/json", check=list_check)
            part = loose.items(json.loads(answer.body))
            entries.extend(part)
            if len(part) < _PAGE:
                return entries
        raise SourceError(f"partial: Hugging Face's list for {day} has no end after {_MOST_PAGES} pages")


def read_entry(entry: object, day: date, now: datetime) -> PaperRecord | EntryError:
    """Read one entry of the list of a day; `now` is when its votes were true."""
    outer = loose.mapping(entry)
    paper = loose.mapping(outer.get("paper"))
    named = loose.text(paper.get("id"))
    parsed = parse_arxiv_id(named) if named else None
    title = loose.text(paper.get("title", outer.get("title")))
    if parsed is None or title is None:
        reason = "no title" if parsed else "no arXiv id"
        return EntryError(reason, json.dumps(entry).encode(), parsed[0] if parsed else named)
    return PaperRecord(
        source="hf",
        id=parsed[0],
        kind="paper",
        title=title,
        as_of=now,
        arxiv_id=parsed[0],
        abstract=loose.text(paper.get("summary")),
        authors=_authors(paper.get("authors")),
        submitted=loose.moment(paper.get("publishedAt")),
        url=f"https://arxiv.org/abs/{parsed[0]}",
        votes=loose.whole(paper.get("upvotes")),
        discussion=loose.whole(outer.get("numComments")),
        daily_date=day,
        organization=_organization(paper) or _organization(outer),
        project_url=loose.address(paper.get("projectPage")),
        keywords=loose.texts(paper.get("ai_keywords")),
        code=_code(paper),
    )


def _authors(value: object) -> tuple[Author, ...]:
    names = (loose.text(loose.mapping(author).get("name")) for author in loose.items(value))
    return tuple(Author(name) for name in names if name)


def _organization(holder: dict[str, object]) -> str | None:
    return loose.text(loose.mapping(holder.get("organization")).get("name"))


def _code(paper: dict[str, object]) -> tuple[CodeLink, ...]:
    link = loose.address(_unbroken(paper.get("githubRepo")))
    if link is None:
        return ()
    return (CodeLink(repository(link) or link, stars=loose.whole(paper.get("githubStars"))),)


def _unbroken(value: object) -> object:
    """Take line breaks out of an address, as a browser does (https://url.spec.whatwg.org/#url-parsing)."""
    return re.sub(r"[\t\r\n]", "", value) if isinstance(value, str) else value


def list_check(answer: Answer) -> str | None:
    """Give the reason why an answer is no list of papers: it is asked for again then."""
    return json_fault(answer.body, list, "list of papers")
