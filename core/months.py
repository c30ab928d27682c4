"""Months as people write them (YYYY-MM), and the rule that puts each item in exactly one."""

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from core.errors import UsageError
from core.ids import arxiv_month

_FORM = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def parse_month(text: str) -> str:
    """Check a month given by a person; raises UsageError that shows the form."""
    if not _FORM.fullmatch(text) or text < "1991-08":
        raise UsageError(f"{text!r} is no month", "Write it as YYYY-MM, for example 2026-06; arXiv began in 1991-08")
    return text


def month_of(moment: date) -> str:
    """Give the YYYY-MM of a date or of a UTC datetime."""
    return f"{moment.year:04d}-{moment.month:02d}"


def shift(month: str, months: int) -> str:
    """Move a month forwards or back."""
    year, number = int(month[:4]), int(month[5:])
    index = year * 12 + number - 1 + months
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def first_day(month: str) -> date:
    """Give the first day of a month."""
    return date(int(month[:4]), int(month[5:]), 1)


def last_day(month: str) -> date:
    """Give the last day of a month."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, calendar.monthrange(year, number)[1])


def days(start: date, end: date) -> Iterator[date]:
    """Walk from one day to another, both included."""
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)


def item_month(
    kind: str, arxiv_id: str | None, submitted: datetime | None, feed_date: date | None, first_seen: datetime
) -> str:
    """Decide the month of an item (contract.md): v1 date, else the id's YYMM; a post: feed date, else first seen.

    Never a listing day. All datetimes are aware and read in UTC.
    """
    if kind == "post":
        return month_of(feed_date or first_seen.astimezone(UTC))
    if submitted is not None:
        return month_of(submitted.astimezone(UTC))
    if arxiv_id is not None:
        return arxiv_month(arxiv_id)
    return month_of(first_seen.astimezone(UTC))


def closing_time(month: str, closing_day: int) -> datetime:
    """Give the moment a month may become final: the closing day of the next month, 06:00 UTC."""
    return datetime.combine(first_day(shift(month, 1)).replace(day=closing_day), time(6), tzinfo=UTC)


def growing_months(now: datetime, closing_day: int) -> tuple[str, ...]:
    """List the months that have begun and may not become final yet: this one, before it the last where it is so."""
    month = month_of(now)
    last = shift(month, -1)
    return (last, month) if now < closing_time(last, closing_day) else (month,)


def default_month(now: datetime) -> str:
    """Choose the month a person means who names none: this one, in its first seven days the previous one."""
    month = month_of(now)
    return shift(month, -1) if now.day <= 7 else month
