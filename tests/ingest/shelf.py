"""A source with tokens and totals: it gives its papers by pages, counts them on request, and fails where it is told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Engine, select, text

from core.clock import Clock
from core.months import days
from core.record import Author, PaperRecord
from db.engine import Sessions, reading
from db.models import Base, IngestError, Item, Window
from ingest.source import NOTHING, Earlier, EntryError, Page, TokenExpiredError
from ingest.source import Window as Stretch

DAY, NEXT = date(2026, 6, 2), date(2026, 6, 3)
NOW = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)
Entry = PaperRecord | EntryError


def paper(number: int, day: date = DAY, **given: Any) -> PaperRecord:
    """An invented paper submitted at noon of a day."""
    noon = datetime.combine(day, time(12), UTC)
    item_id = f"{day:%y%m}.{number:05d}"
    base: dict[str, Any] = {
        "source": "arxiv",
        "title": f"Lanterns of tin, part {number}",
        "as_of": noon,
        "submitted": noon,
        "authors": (Author("Ida Teal"),),
        "abstract": "Tin lanterns glow.",
        "categories": ("cs.LG", "stat.ML"),
    }
    return PaperRecord(id=item_id, arxiv_id=item_id, kind="paper", **(base | given))


@dataclass
class Shelf:
    """`papers` by day in the order they are given, `size` to a page; `asked` lists every request.

    `faults` holds what is raised in place of an answer, by the number of the request counted from 1.
    """

    papers: dict[date, list[Entry]]
    size: int = 2
    name: str = "arxiv"
    channel: str = "api"
    reread: int = 4
    faults: dict[int, BaseException] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def windows(self, start: date, end: date, today: date) -> list[Stretch]:
        """One window per day, newest first."""
        return [Stretch(self.name, self.channel, day, day) for day in reversed(list(days(start, min(end, today))))]

    def reread_days(self) -> int:
        """As told."""
        return self.reread

    def fetch(self, window: Stretch, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Give the pages of a day, or those from the token on."""
        place = int(earlier.token or 0)
        while True:
            self._answer(f"{window.start:%d} from {place}")
            entries = self.papers.get(window.start, [])
            if place > len(entries):
                raise TokenExpiredError(f"{place} is beyond the end")
            part, place = entries[place : place + self.size], place + self.size
            token = str(place) if place < len(entries) else None
            records = tuple(entry for entry in part if isinstance(entry, PaperRecord))
            errors = tuple(entry for entry in part if isinstance(entry, EntryError))
            yield Page(records, errors, len(entries), token)
            if token is None:
                return

    def _answer(self, request: str) -> None:
        self.asked.append(request)
        if fault := self.faults.get(len(self.asked)):
            raise fault


class CountingShelf(Shelf):
    """The same, and it tells a day's total by one request."""

    categories: tuple[str, ...] = ("cs.LG", "cs.CL")

    def total(self, window: Stretch) -> int:
        """Count the entries of a day."""
        self._answer(f"{window.start:%d} total")
        return len(self.papers.get(window.start, []))


def window(sessions: Sessions, day: date = DAY) -> Window:
    """Read the window of a day from the ledger."""
    with reading(sessions) as session:
        return session.scalars(select(Window).where(Window.from_day == day)).one()


def ids(sessions: Sessions) -> set[str]:
    """Name everything stored."""
    with reading(sessions) as session:
        return set(session.scalars(select(Item.id)))


def facts(sessions: Sessions) -> list[tuple[Any, ...]]:
    """Give what must be the same whatever went wrong on the way; sequences leave gaps where work was undone."""
    with reading(sessions) as session:
        items = session.scalars(select(Item).order_by(Item.id))
        found: list[tuple[Any, ...]] = [(i.id, i.title, i.month, i.updated, i.provenance) for i in items]
        for w in session.scalars(select(Window).order_by(Window.source, Window.channel, Window.from_day)):
            found.append((w.channel, w.from_day, w.state, w.expected, w.received, w.errors, w.error, w.token))
        kept = session.execute(select(IngestError.reason, IngestError.raw, IngestError.item_id).order_by("raw"))
        return found + [tuple(row) for row in kept]


def empty(engine: Engine) -> None:
    """Empty every table."""
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(text(f'DELETE FROM "{table.name}"'))  # noqa: S608 - the program's own names


def still(moment: datetime) -> Clock:
    """A clock that stands at a moment."""
    return lambda: moment


def after(days_later: float) -> datetime:
    """Give a moment so many days after NOW."""
    return NOW + timedelta(days=days_later)
