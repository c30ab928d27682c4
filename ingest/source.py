"""What every source looks like from outside: windows to read, pages of records, results as values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from core.errors import SourceError
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
class Marks:
    """What a server gave to tell an unchanged answer by (RFC 9110, section 8.8), as ingest.conditional writes it."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier reading of a window left: where to go on, and the marks of the answer stored in full."""

    token: str | None = None
    marks: Marks = Marks()


NOTHING = Earlier()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a window's answer; `expected` is the source's own total for the window, where it gives one.

    `token` tells where a reading that is interrupted after this page goes on; None: it begins again. `marks` are kept
    once the window is stored in full. `unchanged`: the source proved by them that nothing changed since, and the page
    holds nothing.
    """

    records: tuple[PaperRecord, ...]
    errors: tuple[EntryError, ...] = ()
    expected: int | None = None
    token: str | None = None
    marks: Marks = Marks()
    unchanged: bool = False


class Source(Protocol):
    """A place papers come from. Adding one is one module here; the contract test covers it by itself."""

    name: str

    def windows(self, start: date, end: date, today: date) -> list[Window]:
        """List the windows that cover the days from start to end, newest first; none after today."""
        ...

    def reread_days(self) -> int:
        """Tell for how many days after its end a closed window is read again, because its facts still grow."""
        ...

    def fetch(self, window: Window, now: datetime, earlier: Earlier = NOTHING) -> Iterator[Page]:
        """Read a window page by page, or what is left of it after `earlier.token`; raises core.errors.SourceError.

        A source whose pages carry no token or marks ignores `earlier`. A token that the source no longer knows raises
        TokenExpiredError, and the window is read from its beginning.
        """
        ...


@runtime_checkable
class Counting(Protocol):
    """A source that tells a window's total by one request: a closed window that grew is noticed at that price."""

    def total(self, window: Window) -> int:
        """Ask how many entries the window has now; raises core.errors.SourceError."""
        ...


@runtime_checkable
class Moving(Protocol):
    """A source whose entries leave a window when they change: one that held some may rightly hold none later."""

    entries_move: bool


class TokenExpiredError(SourceError):
    """A resumption token that the source no longer knows: the window must be read from its beginning."""


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
    passed_over: int = 0  # entries of an import that are about no paper on arXiv
    noted: int = 0  # entries of an import about papers not stored, kept until they are
