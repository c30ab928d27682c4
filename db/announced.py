"""What was announced lately, and which of it is known from the announcement alone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import iso
from core.months import month_of, shift
from db.models import Item, Window

_ARXIV = Window.source == "arxiv"


@dataclass(frozen=True, slots=True)
class Told:
    """A paper with the day arXiv announced it; `alone`: nothing but the announcement tells of it so far."""

    id: str
    announced: date
    categories: frozenset[str]
    alone: bool


def announced_since(session: Session, since: date, until: date, mark: datetime) -> list[Told]:
    """List the papers announced on these days, both included, by id.

    `mark` is the moment that announcements are dated with, so that any other word of arXiv's is newer. A paper of an
    older month than the one before `since` is not looked for: it was only listed in one more category.
    """
    months = [shift(month_of(since), -1)]
    while months[-1] < month_of(until):
        months.append(shift(months[-1], 1))
    query = (
        select(Item.id, Item.announced, Item.categories, Item.provenance)
        .where(Item.month.in_([*months, shift(months[-1], 1)]), Item.announced.between(since, until))
        .order_by(Item.id)
    )
    return [
        Told(row.id, row.announced, frozenset(row.categories), row.provenance.get("title") == ["arxiv", iso(mark)])
        for row in session.execute(query)
    ]


def followed_since(session: Session) -> date | None:
    """Tell since which day (UTC) the store follows arXiv's changes; None where nothing was read yet.

    It is the first day whose changes were ever asked for, or on which a day of submissions was read in full, or the
    newest that an imported dump told of, however much later it was read.
    """
    oai = session.scalar(select(func.min(Window.from_day)).where(_ARXIV, Window.channel.startswith("oai:")))
    api = session.scalar(select(func.min(Window.closed_at)).where(_ARXIV, Window.channel == "api"))
    dump = session.scalar(select(func.min(Window.newest)).where(Window.source == "arxiv-snapshot"))
    days = (oai, api.astimezone(UTC).date() if api else None, dump)
    return min((day for day in days if day is not None), default=None)
