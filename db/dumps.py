"""Imported dumps of arXiv's metadata: which papers each was read for, up to which day it tells, which months it holds.

A dump's window bears the name of its file and no day of its own; several dumps may have borne that name.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.months import days, first_day, last_day
from db.followed import EVERYTHING, covers, noted
from db.models import Item, Window
from db.windows import names

SOURCE = "arxiv-snapshot"
HELD_BACK = timedelta(days=31)  # a dump that tells of a day so long after a month's end has what arXiv held back in it


Word = tuple[str | None, date]  # what a dump was read for (None: nobody noted it), and the newest day it told of


def note(session: Session, window_id: int, asked: str, newest: date | None) -> None:
    """Note of a dump read to its end what it was read for, and the newest day it told of; the caller commits.

    None: it told of no day. What an earlier dump of the name told is not forgotten (`joined`).
    """
    window = session.get_one(Window, window_id)
    if newest is not None:
        had = (window.asked, window.newest) if window.newest else None
        window.asked, window.newest = joined(had, (asked, newest))


def joined(had: Word | None, told: Word) -> Word:
    """Make one word of what two dumps of a name tell: no category is said to be told of up to a later day than it was.

    One that tells of all that the other does, up to no earlier day, stands alone; else both together tell of the
    categories of either, up to the earlier day. What nobody noted may have been everything.
    """
    if had is None or (covers(told[0] or "", had[0] or EVERYTHING) and told[1] >= had[1]):
        return told
    if covers(had[0] or "", told[0] or EVERYTHING) and had[1] >= told[1]:
        return had
    asked = f"{had[0] or ''} {told[0] or ''}".split()
    return EVERYTHING if EVERYTHING in asked else noted(asked), min(had[1], told[1])


def newest_day(session: Session, asked: str) -> date | None:
    """Give the newest day that a dump of all that is asked for tells of, else the first on which any dump ends.

    A newer dump of less says nothing of the rest.
    """
    query = select(Window.asked, Window.newest).where(Window.source == SOURCE)
    told = [(had, newest) for had, newest in session.execute(query) if newest is not None]
    whole = [newest for had, newest in told if covers(had or "", asked)]
    return max(whole) if whole else min((newest for _, newest in told), default=None)


def held_months(session: Session, months: Iterable[str]) -> frozenset[str]:
    """Give those of the months that a dump holds in full, in all categories that are followed.

    Its newest day must lie well behind the month, and every day of the month must have a paper that a dump told of:
    a part of a dump proves nothing about what it leaves out.
    """
    asked = _followed(session)
    query = select(Window.asked, func.max(Window.newest)).where(Window.source == SOURCE).group_by(Window.asked)
    reach = max((newest for had, newest in session.execute(query) if newest and covers(had or "", asked)), default=None)
    if reach is None:
        return frozenset()
    behind = (month for month in months if last_day(month) + HELD_BACK <= reach)
    return frozenset(month for month in behind if _every_day(session, month, asked))


def _followed(session: Session) -> str:
    """Tell what arXiv was last asked for, day by day; everything where it never was."""
    query = select(Window.asked).where(Window.source == "arxiv", Window.asked.is_not(None))
    return session.scalars(query.order_by(Window.checked_at.desc()).limit(1)).first() or EVERYTHING


def _every_day(session: Session, month: str, asked: str) -> bool:
    told = [names(Item.sources, [SOURCE])]
    if asked != EVERYTHING:
        told.append(names(Item.categories, asked.split()))
    found = []
    for day in days(first_day(month), last_day(month)):
        start = datetime.combine(day, time(), UTC)
        within = (Item.submitted >= start, Item.submitted < start + timedelta(days=1))
        found.append(select(Item.id).where(*within, *told).exists())
    return all(session.execute(select(*found)).one())
