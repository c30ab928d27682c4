"""An item that proves to be another: what people said of it goes with it.

The rest that hangs on an item needs no moving: what sources said is part of what is believed of the whole
(db.storing.CHILDREN), and vectors, ratings, scores and shortlists are made anew of it. What a final issue considered
becomes no other item (ingest.matching), so that its place in the issue stays where it is.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Table, exists, select
from sqlalchemy.orm import Session

from db import feedback
from db.models_readers import Feedback, PersonalScore
from db.models_reports import Report
from db.upsert import chunks, upsert

_CHUNK = 500  # ids looked up at once
_SCORE: Table = PersonalScore.__table__  # type: ignore[assignment]


def move(session: Session, became: Mapping[str, str]) -> None:
    """Give to items what was said of those that became them (old id -> new id), before the old ones are removed."""
    for part in chunks(sorted(became), _CHUNK):
        _answers(session, part, became)
        _reports(session, part, became)
        _scores(session, part, became)


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


def _scores(session: Session, ids: Sequence[str], became: Mapping[str, str]) -> None:
    """Write readers' scores under the new ids too, unless there is one already."""
    rows = [dict(row) for row in session.execute(select(_SCORE).where(_SCORE.c.item_id.in_(ids))).mappings()]
    upsert(session, _SCORE, [row | {"item_id": became[row["item_id"]]} for row in rows], keep=_SCORE.columns.keys())
