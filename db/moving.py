"""An item that proves to be another: what people said of it, and the issue it was in, go with it.

The rest that hangs on an item needs no moving: what sources said is part of what is believed of the whole
(db.storing.CHILDREN), and vectors, ratings, scores and shortlists are made anew of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, exists, select, update
from sqlalchemy.orm import Session

from db import feedback
from db.models import IssueItem
from db.models_readers import Feedback, PersonalScore
from db.models_reports import Report
from db.upsert import chunks, upsert

_CHUNK = 500  # ids looked up at once


def move(session: Session, became: Mapping[str, str]) -> None:
    """Give to items what was said of those that became them (old id -> new id), before the old ones are removed."""
    for part in chunks(sorted(became), _CHUNK):
        _answers(session, part, became)
        _reports(session, part, became)
        _issues(session, part, became)
        _copied(session, PersonalScore, part, became)


def _answers(session: Session, ids: Sequence[str], became: Mapping[str, str]) -> None:
    """Move what readers said; of `more` and `less` the later word counts."""
    said = select(Feedback).where(Feedback.item_id.in_(ids)).order_by(Feedback.created, Feedback.id)
    for one in session.scalars(said).all():
        now = became[one.item_id]
        theirs = (Feedback.subscriber_id == one.subscriber_id, Feedback.item_id == now, Feedback.created > one.created)
        opposite = exists().where(*theirs, Feedback.verb == feedback.OPPOSITE.get(one.verb))
        if not session.scalar(select(opposite)):
            feedback.add(session, one.subscriber_id, now, one.verb, one.detail, one.created)


def _reports(session: Session, ids: Sequence[str], became: Mapping[str, str]) -> None:
    """Add up what visitors said of either."""
    for one in session.scalars(select(Report).where(Report.item_id.in_(ids))).all():
        key = (became[one.item_id], one.verb, one.detail)
        whole = session.get(Report, key) or Report(
            item_id=key[0], verb=key[1], detail=key[2], times=0, newest=one.newest
        )
        whole.times, whole.newest = whole.times + one.times, max(whole.newest, one.newest)
        session.add(whole)
    session.flush()


def _issues(session: Session, ids: Sequence[str], became: Mapping[str, str]) -> None:
    """Remember the issue of an item; what was printed under either id is printed."""
    printed = session.scalars(select(IssueItem.item_id).where(IssueItem.item_id.in_(ids), IssueItem.printed)).all()
    _copied(session, IssueItem, ids, became)
    now = [became[item_id] for item_id in printed]
    session.execute(update(IssueItem).where(IssueItem.item_id.in_(now)).values(printed=True))


def _copied(session: Session, model: Any, ids: Sequence[str], became: Mapping[str, str]) -> None:
    """Write rows under the new ids too, unless there is one already."""
    table: Table = model.__table__
    rows = [dict(row) for row in session.execute(select(table).where(table.c.item_id.in_(ids))).mappings()]
    upsert(session, table, [row | {"item_id": became[row["item_id"]]} for row in rows], keep=table.columns.keys())
