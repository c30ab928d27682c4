"""What is followed: windows know which categories they were asked for, and those asked for less are open."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import Window

EVERYTHING = "*"


def noted(categories: Iterable[str] | None) -> str:
    """Write down what was asked for: the categories in order, or all there are."""
    return EVERYTHING if categories is None else " ".join(sorted(set(categories)))


def covers(had: str, wanted: str) -> bool:
    """Tell whether what was asked for once holds all that is wanted."""
    return had == EVERYTHING or (wanted != EVERYTHING and set(wanted.split()) <= set(had.split()))


def take_up(session: Session, source: str, channels: Iterable[str], asked: str) -> None:
    """Bring a source's complete windows of all days in line with what it is asked for now.

    One that was asked for less becomes open; if that was taken back meanwhile, it is complete as it was. One of which
    nobody noted what it was asked for is taken for what is asked now.
    """
    own = (Window.source == source, Window.channel.in_(sorted(channels)), Window.closed_at.is_not(None))
    session.execute(update(Window).where(*own, Window.asked.is_(None)).values(asked=asked))
    for had in session.scalars(select(Window.asked).where(*own).distinct()).all():
        now, before = ("closed", "open") if covers(had or "", asked) else ("open", "closed")
        session.execute(update(Window).where(*own, Window.asked == had, Window.state == before).values(state=now))
