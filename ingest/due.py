"""What is due: when a window of the ledger is asked again and how, and how long a backfill will take. Pure.

Nothing here knows the database: a window is anything with the properties of `Known`, such as db.windows.Standing.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from core.months import closing_time, month_of
from ingest.source import Counting, Source

REST = timedelta(hours=20)  # between two askings of a window that may still grow: once a day, whatever the hour
WEEK = timedelta(days=7)
HELD = timedelta(days=60)  # arXiv holds papers back for moderation; nearly all are announced this soon after their day

Kind = Literal["waits-for-the-day-to-end", "read-again", "recount", "retry", "settled"]


class Step(NamedTuple):
    """What happens next to a window, and when; a settled one is never asked again by itself (`when` is None).

    `read-again` is also said of a window never read yet. A `retry` follows a failed reading.
    """

    kind: Kind
    when: datetime | None

    def due(self, now: datetime) -> bool:
        """Tell whether a pull would ask the window now."""
        return self.when is not None and self.when <= now


@dataclass(frozen=True, slots=True)
class Rule:
    """How the windows of a source are asked again.

    `reread_days`: for so long after its last day a window may grow. `counting`: its total can be had by one request.
    `closing_day` is the day of the next month on which a month may become final (None: closing is no concern of the
    source); `final_months` have a final issue.
    """

    reread_days: int
    counting: bool = False
    closing_day: int | None = None
    final_months: Container[str] = frozenset()


@runtime_checkable
class Selecting(Counting, Protocol):
    """A counting source whose windows hold all papers in some categories: what came by other channels counts too."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Name the categories followed."""
        ...


class Known(Protocol):
    """What must be known of a window to tell what comes next."""

    @property
    def end(self) -> date:
        """Give its last day."""
        ...

    @property
    def state(self) -> str:
        """Give open, closed, stale or error."""
        ...

    @property
    def errors(self) -> int:
        """Count its entries that could not be read."""
        ...

    @property
    def checked_at(self) -> datetime | None:
        """Tell when it was last asked."""
        ...


def rule_of(source: Source, closing_day: int | None = None, final_months: Container[str] = frozenset()) -> Rule:
    """Make the rule of a source from what it says of itself.

    arXiv's lists of changes and of announcements keep no month open: of arXiv only what counts is asked at closing.
    """
    counting = isinstance(source, Counting)
    closes = counting or source.name != "arxiv"
    return Rule(source.reread_days(), counting, closing_day if closes else None, final_months)


def next_step(window: Known, now: datetime, rule: Rule, *, retry_errors: bool = False) -> Step:
    """Tell what happens next to a window and when; it is due once that moment has come.

    What is not closed is asked at the next pull. A closed window of a counting source is counted anew: once a day
    while it may grow, then weekly until 60 days after its last day; a count that fell due is made up for, however late.
    Any other is read anew once a day while it may grow: until its last day is over, and for `reread_days` after. Either
    is asked once after the closing time of its month while that has no final issue, however short or long its rest: a
    month closes when every source was asked since, and must not wait for the next day.
    """
    if window.state == "open":
        return Step("read-again", now)
    if window.state != "closed" or window.checked_at is None or (retry_errors and window.errors):
        return Step("retry", now)
    when = _recount(window, window.checked_at, rule) if rule.counting else _reread(window, window.checked_at, rule, now)
    if when is None:
        return Step("settled", None)
    if now < min(when, _over(window)):
        return Step("waits-for-the-day-to-end", when)
    return Step("recount" if rule.counting else "read-again", when)


def estimate(windows_due: int, delay_seconds: float, done: int, seconds_spent: float, pages_each: float = 2.0) -> float:
    """Tell how many seconds a pull will still take, of whose `windows_due` windows `done` were read.

    Before the first it is windows x pages x delay, and then the pace measured, but never quicker than one request a
    window: the source's delay is kept whatever this machine can do.
    """
    left = max(windows_due - done, 0)
    if done < 1:
        return left * pages_each * delay_seconds
    return left * max(seconds_spent / done, delay_seconds)


def _over(window: Known) -> datetime:
    return datetime.combine(window.end + timedelta(days=1), time(), UTC)


def _grows(window: Known, checked_at: datetime, rule: Rule, when: datetime) -> bool:
    """Tell whether an asking at `when` could find more for the plain reason that the window is young."""
    return checked_at < _over(window) or when < _over(window) + timedelta(days=rule.reread_days)


def _reread(window: Known, checked_at: datetime, rule: Rule, now: datetime) -> datetime | None:
    when = checked_at + REST
    daily = [when] if _grows(window, checked_at, rule, max(when, now)) else []
    return min([*daily, *_at_closing(window, checked_at, rule)], default=None)


def _recount(window: Known, checked_at: datetime, rule: Rule) -> datetime | None:
    """Give the first of the moments at which the total is to be asked again."""
    moments = _at_closing(window, checked_at, rule)
    if _grows(window, checked_at, rule, checked_at + REST):
        moments.append(checked_at + REST)
    if checked_at + WEEK <= _over(window) + HELD:
        moments.append(checked_at + WEEK)
    return min(moments, default=None)


def _at_closing(window: Known, checked_at: datetime, rule: Rule) -> list[datetime]:
    """Give the closing time of the window's month, unless it was asked since, or the month is final."""
    month = month_of(window.end)
    if rule.closing_day is None or month in rule.final_months:
        return []
    closing = closing_time(month, rule.closing_day)
    return [closing] if checked_at < closing else []
