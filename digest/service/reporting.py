"""What is filed wrongly: a visitor's word, counted once a day from one place; and all that the operator sees of it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from db import feedback, reports, signups
from db.feedback import Doubt
from digest.service.answering import Said
from digest.subscriptions import hashes

DAY = timedelta(days=1)
PER_PLACE = 20  # doubts a day from one network
IN_ALL = 1_000  # a day, from all together: the operator's list is read by a person


class Outcome(StrEnum):
    """What became of a visitor's word."""

    counted = "counted"
    again = "again"  # from this network it was counted today already
    too_many = "too-many"


def report(session: Session, keys: Sequence[str], said: Said, place: str, now: datetime) -> Outcome:
    """Count a visitor's doubt, or tell why not; `place` is where it came from, kept as a keyed hash for a day."""
    origin = hashes(keys, "reports", place)[0]
    this = hashes(keys, "report", f"{place}\n{said.item_id}\n{said.verb}\n{said.detail}")[0]
    if not signups.spend(session, f"report:{this}", 1, DAY, now):
        return Outcome.again
    for key, most in ((f"reports:{origin}", PER_PLACE), ("reports", IN_ALL)):
        if not signups.spend(session, key, most, DAY, now):
            return Outcome.too_many
    reports.count_one(session, said.item_id, said.verb, said.detail, now)
    return Outcome.counted


def doubts(session: Session) -> list[Doubt]:
    """List the topics and labs that readers say are wrong, most often said first; it tells nobody who."""
    return joined(feedback.doubts(session), reports.reported(session))


def joined(readers: Iterable[Doubt], visitors: Iterable[Doubt]) -> list[Doubt]:
    """Put what subscribers and visitors say of the same into one line, most often said first."""
    found = {(one.verb, one.detail, one.item_id): one for one in readers}
    for one in visitors:
        other = found.get((one.verb, one.detail, one.item_id))
        known = replace(other, visitors=one.visitors, newest=max(other.newest, one.newest)) if other else one
        found[one.verb, one.detail, one.item_id] = known
    return sorted(found.values(), key=_often)


def _often(one: Doubt) -> tuple[int, float, str, str]:
    return -one.readers - one.visitors, -one.newest.timestamp(), one.item_id, one.detail
