"""Make the catch-up view of several months out of what is stored; it stores and freezes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, time

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import NotFoundError, UsageError
from core.months import first_day, shift
from db import issues
from db.models import Issue
from digest.candidates import Facts, Place
from digest.catchup import MOST_MONTHS, covered, merged, named, together
from digest.closing import IssueOptions, decide, inputs_hash
from digest.compose import compose
from digest.formats.json import to_json
from digest.model import Coverage, Digest
from digest.service.loading import facts_of, load
from digest.service.reading import in_order
from roadmap.model import Roadmap


def months_between(since: str, month: str) -> list[str]:
    """List the months of a catch-up view, oldest first; raises UsageError for too many, or for none."""
    if since > month:
        raise UsageError(f"{since} is after {month}", "Give --since a month before the month named")
    found = [since]
    while found[-1] < month:
        found.append(shift(found[-1], 1))
        if len(found) > MOST_MONTHS:
            raise UsageError(f"{since} to {month} is too long", f"A catch-up view holds {MOST_MONTHS} months at most")
    return found


def catch_up(session: Session, since: str, month: str, roadmap: Roadmap, clock: Clock, options: IssueOptions) -> Issue:
    """Give the view from `since` to `month` as an issue that belongs to no session.

    Raises UsageError for more months than a view holds, NotFoundError where nothing is stored of any of them.
    """
    months = months_between(since, month)
    facts, places, coverages, empty = _load(session, months, clock(), options)
    if not facts:
        raise NotFoundError(f"Nothing is stored from {since} to {month}", "Run it without --offline, or: shirube pull")
    whole = merged(facts, empty)
    digest = compose(together(places), roadmap, covered(coverages), whole)
    own = {place.candidate.id: place.candidate.month for rows in places for place in rows}
    stored = {row.month: row.digest | {"status": row.status} for row in issues.since(session, since)}
    shown = _dated(session, named(digest, since, own, stored), months)
    return Issue(
        month=month,
        status=shown.status,
        digest=in_order(to_json(shown)),
        inputs_hash=shown.making.inputs_hash,
        made_at=shown.made,
        published_at=None,
        erratum=[],
    )


def _load(
    session: Session, months: list[str], now: datetime, options: IssueOptions
) -> tuple[list[Facts], list[list[Place]], list[Coverage], list[str]]:
    """Load each month as its own issue would be; gives those that hold something, and the names of the others."""
    facts, places, coverages, empty = [], [], [], []
    for month in months:
        loaded = load(session, month, options, now)
        status = loaded.statuses.get(month) or decide(loaded, now, blocked=True)[0]
        coverages.append(loaded.coverage(status))
        if not loaded.counts.items:
            empty.append(month)
            continue
        one, rows = facts_of(session, loaded, status, now, options, overdue=False)
        facts.append(one)
        places.append(rows)
    return facts, places, coverages, empty


def _dated(session: Session, digest: Digest, months: list[str]) -> Digest:
    """Set the hash of the inputs and the time they last changed, so that the same rows give the same bytes."""
    changes = [found for month in months if (found := issues.last_change(session, month))]
    made = max(changes, default=datetime.combine(first_day(digest.month), time(), tzinfo=UTC)).replace(microsecond=0)
    return replace(digest, made=made, making=replace(digest.making, inputs_hash=inputs_hash(digest)))
