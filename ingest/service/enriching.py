"""Enriching: single papers are looked up where a source's lists said nothing of them."""

from collections.abc import Callable, Container, Sequence
from datetime import datetime

from core.clock import Clock
from core.errors import SourceError
from core.record import PaperRecord
from db import storing
from db.engine import Sessions, reading
from ingest.batch import Tally
from ingest.results import Failure
from ingest.service.pulling import PATIENCE
from ingest.service.saving import store
from ingest.source import SourceResult


def enrich(
    sessions: Sessions,
    single: Callable[[str, datetime], PaperRecord | None],
    ids: Sequence[str],
    clock: Clock,
    *,
    limit: int = 200,
    final_months: Container[str] = frozenset(),
) -> SourceResult:
    """Look up papers without code one by one (`single` is the Papers with Code source's), at most `limit` of them."""
    with reading(sessions) as session:
        wanted = storing.without_code(session, ids)[:limit]
    tally, failures = Tally(), list[Failure]()
    for item_id in wanted:
        found = _looked_up(single, item_id, clock())
        if isinstance(found, Failure):
            failures.append(found)
            if found.unreachable or len(failures) >= PATIENCE:
                break
        elif found is not None:
            with sessions.begin() as session:
                tally += store(session, [found], clock(), final_months)
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


def _looked_up(
    single: Callable[[str, datetime], PaperRecord | None], item_id: str, now: datetime
) -> PaperRecord | Failure | None:
    try:
        return single(item_id, now)
    except SourceError as problem:
        return Failure(problem.message, problem.advice, problem.unreachable)
