"""What every source looks like from outside: windows to read, pages of records, results as values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from core.record import PaperRecord


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of days, both ends included, asked of one channel of one source."""

    source: str
    channel: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class EntryError:
    """One entry that could not be read: kept, never fatal."""

    reason: str
    raw: bytes
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a window's answer; `expected` is the source's own total for the window, where it gives one."""

    records: tuple[PaperRecord, ...]
    errors: tuple[EntryError, ...] = ()
    expected: int | None = None


class Source(Protocol):
    """A place papers come from. Adding one is one module here; the contract test covers it by itself."""

    name: str

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """List the windows that cover the days from start to end, newest first; none after today."""
        ...

    def reread_days(self) -> int:
        """Tell for how many days after its end a closed window is read again, because its facts still grow."""
        ...

    def fetch(self, window: Window, now: datetime) -> Iterator[Page]:
        """Read a window page by page; raises core.errors.SourceError when the source fails."""
        ...


@dataclass(frozen=True, slots=True)
class SourceResult:
    """What a pull of one source came to; its failure is a value, so that the others go on."""

    source: str
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: int = 0
    windows_closed: int = 0
    windows_open: int = 0
    failure: str | None = None
    unreachable: bool = False  # no connection was ever made
    advice: str = field(default="")
