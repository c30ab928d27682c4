"""Enriching: single papers are looked up where a source's lists said nothing of them, and not every day."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import SourceError
from core.ids import arxiv_month
from core.months import last_day
from core.record import PaperRecord
from db import places, storing
from db.engine import Sessions, reading, writing
from ingest.batch import Tally
from ingest.results import Failure
from ingest.service.pulling import PATIENCE
from ingest.service.saving import store
from ingest.source import SourceResult

YOUNG = timedelta(days=30)  # after its month; until then code is most likely to come
RESTS = (timedelta(days=2), timedelta(days=30))  # until a paper without code is asked for again: young, older
_PLACE = "pwc/papers/"


def enrich(
    sessions: Sessions,
    single: Callable[[str, datetime], PaperRecord | None],
    ids: Sequence[str],
    clock: Clock,
    *,
    limit: int = 200,
) -> SourceResult:
    """Look up papers without code one by one (`single` is the Papers with Code source's), at most `limit` of them.

    One that the source does not know, or knows without code, is asked for again every other day until 30 days after
    its month, and then every 30 days.
    """
    wanted = _wanted(sessions, ids, clock())[:limit]
    tally, failures = Tally(), list[Failure]()
    for item_id in wanted:
        found = _looked_up(single, item_id, clock())
        if isinstance(found, Failure):
            failures.append(found)
            if found.unreachable or len(failures) >= PATIENCE:
                break
        else:
            with writing(sessions) as session:
                tally += store(session, [found] if found else [], clock())
                if found is None or not found.code:
                    _rest(session, item_id, clock())
    failed = failures[-1] if failures else Failure("")
    return SourceResult(
        source="pwc",
        new=tally.new,
        changed=tally.changed,
        unchanged=tally.unchanged,
        errors=tally.errors,
        failure=failed.message or None,
        unreachable=failed.unreachable and tally == Tally(),
        advice=failed.advice,
    )


def _wanted(sessions: Sessions, ids: Sequence[str], now: datetime) -> list[str]:
    with sessions.begin() as session:
        places.forget(session, _PLACE, now)
    with reading(sessions) as session:
        lacking = storing.without_code(session, ids)
        resting = places.paused(session, [_PLACE + item_id for item_id in lacking], now)
    return [item_id for item_id in lacking if _PLACE + item_id not in resting]


def _rest(session: Session, item_id: str, now: datetime) -> None:
    young = now.date() <= last_day(arxiv_month(item_id)) + YOUNG
    places.pause(session, _PLACE + item_id, now + RESTS[0 if young else 1], "no code there", now)


def _looked_up(
    single: Callable[[str, datetime], PaperRecord | None], item_id: str, now: datetime
) -> PaperRecord | Failure | None:
    try:
        return single(item_id, now)
    except SourceError as problem:
        return Failure(problem.message, problem.advice, problem.unreachable)
