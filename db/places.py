"""Places requests go to, shared by all processes of one database: whose turn it is, and how long to stay away.

A clock may be set back. Nothing waits for it to catch up: a last request in the future counts as now, and what was to
last until a moment after it lasts as long from now.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Table, delete, func, select
from sqlalchemy.orm import Session

from db.models import Place
from db.upsert import chunks, upsert

LOOK = 0.1  # seconds after which a turn that somebody has is looked for again
_PLACE: Table = Place.__table__  # type: ignore[assignment]


def moment(session: Session) -> datetime:
    """Tell the hour by the clock that all processes of this database share: PostgreSQL's own, else this machine's."""
    if session.get_bind().dialect.name == "postgresql":
        found: datetime = session.scalars(select(func.clock_timestamp())).one()
        return found.astimezone(UTC)
    return datetime.now(UTC)


def claim(
    session: Session,
    name: str,
    holder: str,
    now: datetime,
    *,
    delay: float,
    lease: float,
    gone: Callable[[str], bool] = lambda holder: False,
) -> float:
    """Give a holder the turn at a place and 0, or the seconds after which to try again; the caller commits at once.

    `delay` and `lease` are seconds. `gone` tells whether a holder surely lives no more: then its lease is over too.
    Whoever lost a turn may have asked at this very moment, so that the delay counts from now.
    """
    place = _locked(session, name)
    _settle(place, now)
    if place.holder is not None:
        until = min(place.lease_until or now, now + timedelta(seconds=lease))
        if until > now and place.holder != holder and not gone(place.holder):
            place.lease_until = until
            return min(LOOK, (until - now).total_seconds())
        place.last_at, place.holder, place.lease_until = now, None, None
    rest = delay - (now - place.last_at).total_seconds() if place.last_at else 0.0
    if rest > 0:
        return rest
    place.holder, place.lease_until = holder, now + timedelta(seconds=lease)
    return 0.0


def give_back(session: Session, name: str, holder: str, last_at: datetime) -> None:
    """End a holder's turn and note when the server had begun; who lost the turn meanwhile changes nothing."""
    place = _locked(session, name)
    if place.holder == holder:
        place.holder, place.lease_until, place.last_at = None, None, last_at


def pause_of(session: Session, name: str) -> Place | None:
    """Find a place that is left alone, or was until it is asked again; writes nothing."""
    return session.scalars(select(Place).where(Place.name == name, Place.closed_until.is_not(None))).one_or_none()


def settle(session: Session, name: str, now: datetime) -> None:
    """Move a place's moments to a clock that was set back."""
    _settle(_locked(session, name), now)


def pause(session: Session, name: str, until: datetime, why: str, now: datetime) -> None:
    """Leave a place alone until a moment, or for longer where that was noted before."""
    place = _locked(session, name)
    _settle(place, now)
    place.last_at = now  # what the pause is measured from, should the clock be set back
    if place.closed_until is None or place.closed_until < until:
        place.closed_until, place.why = until, why


def resume(session: Session, name: str, now: datetime) -> None:
    """Forget a pause that is over; one that was noted meanwhile stays."""
    place = _locked(session, name)
    if place.closed_until is not None and place.closed_until <= now:
        place.closed_until, place.why = None, None


def paused(session: Session, names: Iterable[str], now: datetime) -> set[str]:
    """Tell which of these places are still left alone; writes nothing.

    A pause noted later than now, since the clock was set back, counts as none.
    """
    found: set[str] = set()
    for part in chunks(names, 5_000):
        query = select(Place.name).where(Place.closed_until > now, Place.last_at <= now)
        found.update(session.scalars(query.where(Place.name.in_(part))))
    return found


def forget(session: Session, prefix: str, now: datetime) -> None:
    """Delete the places under a prefix whose pause is over."""
    under = Place.name.startswith(prefix, autoescape=True)
    session.execute(delete(Place).where(under, Place.closed_until <= now))


def _locked(session: Session, name: str) -> Place:
    """Give a place's row, made where it is new, which no other transaction changes until this one ends."""
    upsert(session, _PLACE, [{"name": name}])
    return session.get_one(Place, name, with_for_update=True, populate_existing=True)


def _settle(place: Place, now: datetime) -> None:
    if place.last_at is None or place.last_at <= now:
        return
    step = place.last_at - now
    place.last_at = now
    if place.closed_until is not None:
        place.closed_until -= step
    if place.lease_until is not None:
        place.lease_until -= step
