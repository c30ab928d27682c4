"""A source that gives what it is told, and a dump of all tables to compare stores by."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select

from core.months import days
from db.engine import Sessions, reading
from db.models import Base
from ingest.source import NOTHING, Earlier, Page, Window

LEDGER_NOISE = {"checked_at", "attempts", "stored", "unchanged"}


@dataclass
class Fake:
    """One window a day; `pages` by day, an exception among them is raised in its place."""

    pages: dict[date, Sequence[Page | BaseException]]
    name: str = "arxiv"
    reread: int = 0
    asked: list[date] = field(default_factory=list)

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """One window per day, newest first."""
        return [Window(self.name, "api", day, day) for day in reversed(list(days(start, min(end, today))))]

    def reread_days(self) -> int:
        """As told."""
        return self.reread

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Give the pages of the day; a day without any has an empty one."""
        self.asked.append(window.start)
        for page in self.pages.get(window.start, [Page((), expected=0)]):
            if isinstance(page, BaseException):
                raise page
            yield page


def dump(sessions: Sessions) -> str:
    """Hash every row of every table, but for when the ledger was last looked at and what was new then."""
    digest = hashlib.sha256()
    with reading(sessions) as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.c if column.name not in LEDGER_NOISE]
            for row in session.execute(select(*columns).order_by(*table.primary_key)):
                digest.update(repr((table.name, *row)).encode())
    return digest.hexdigest()
