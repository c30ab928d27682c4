"""Make, close and read issues: load what is stored, let compose decide, save. The caller commits."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import NotFoundError
from core.months import closing_time, first_day, last_day, month_of, shift
from db import issues
from db.engine import Sessions
from db.issues import MonthCounts
from db.models import Issue
from digest import coverage as ledger
from digest import rows
from digest.candidates import Facts, Place
from digest.compose import FIT_SHOWN, LATE_BUDGET, WORTH_FLOOR, compose
from digest.coverage import Stored, WindowFact
from digest.formats.json import from_json, to_json
from digest.model import Banner, Coverage, Digest
from roadmap.model import Roadmap

GRACE = timedelta(days=7)
# What of a digest is not made from its inputs: the moment, the state and the neighbours.
_NOT_INPUTS = ("made", "published", "status", "banners", "closes", "previous", "next", "making")


@dataclass(frozen=True, slots=True)
class IssueOptions:
    """What making an issue must be told: the closing day of the next month, the program, the model, the sources."""

    closing_day: int = 5
    version: str = ""
    model: str = ""
    sources: tuple[str, ...] = ("arxiv", "hf", "pwc", "labs")


@dataclass(frozen=True, slots=True)
class _Month:
    """Everything loaded about a month before anything is decided."""

    month: str
    closes: datetime
    counts: MonthCounts
    windows: tuple[WindowFact, ...]
    open: tuple[str, ...]  # what keeps it from closing
    statuses: dict[str, str]  # of every issue in the store


def build_issue(
    session: Session, month: str, roadmap: Roadmap, clock: Clock, options: IssueOptions, offline: bool = False
) -> Issue:
    """Make the issue of a month from what is stored, and close it when contract.md allows.

    A final issue comes back as it is. Earlier months that are due are closed first, in order; while one of them
    cannot be closed this one stays a draft. `offline` is a view: the row that is stored stays a draft, and an issue
    that belongs to no session comes back, with the banner.
    """
    issues.hold_closing(session)
    now = clock()
    blocked = offline
    if not offline and now >= closing_time(month, options.closing_day):
        earlier = [m for m in due_months(session, now, options.closing_day) if m < month]
        blocked = not all(_make(session, m, roadmap, now, options).status == "final" for m in earlier)
    issue = _make(session, month, roadmap, now, options, blocked=blocked)
    return _offline_copy(issue) if offline else issue


def close_due(sessions: Sessions, roadmap: Roadmap, clock: Clock, options: IssueOptions) -> list[str]:
    """Close every month that is due, oldest first, each in its own transaction; gives the months that became final.

    It stops at the first that cannot be closed yet, since months close in order.
    """
    now = clock()
    closed: list[str] = []
    with sessions.begin() as session:
        due = due_months(session, now, options.closing_day)
    for month in due:
        with sessions.begin() as session:
            issues.hold_closing(session)
            if _make(session, month, roadmap, now, options).status != "final":
                break
        closed.append(month)
    return closed


def due_months(session: Session, now: datetime, closing_day: int) -> list[str]:
    """List the months that should be closed by now and hold something real, oldest first.

    These are the drafts, and every month after the newest final issue; in a store without one, the newest month due.
    """
    newest = month_of(now)
    while closing_time(newest, closing_day) > now:
        newest = shift(newest, -1)
    statuses = issues.statuses(session)
    finals = {month for month, status in statuses.items() if status == "final"}
    drafts = [month for month, status in statuses.items() if status == "draft" and month <= newest]
    missed = issues.months_with_items(session, max(finals, default=shift(newest, -1)), newest)
    return sorted((issues.real_among(session, drafts) | set(missed)) - finals)


def read_digest(session: Session, month: str) -> Digest:
    """Read a stored issue as a digest, with the neighbours of today and its errata said first.

    Raises NotFoundError when the month has no issue.
    """
    issue = issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue of {month}", f"Make it with: shirube digest {month}")
    before, after = _neighbours(month, issues.statuses(session))
    errata = tuple(Banner("erratum", row) for row in issue.erratum)
    digest = digest_of(issue)
    return replace(digest, previous=before, next=after, banners=digest.banners + errata)


def digest_of(issue: Issue) -> Digest:
    """Read the value an issue's row holds."""
    return from_json(_in_order(issue.digest))


def _in_order(value: Any) -> Any:
    """Sort the keys of stored JSON: PostgreSQL keeps them in another order than they were written in."""
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(inner) for inner in value] if isinstance(value, list) else value


def _make(
    session: Session, month: str, roadmap: Roadmap, now: datetime, options: IssueOptions, blocked: bool = False
) -> Issue:
    stored = issues.get(session, month)
    if stored is not None and stored.status == "final":
        return stored
    loaded = _load(session, month, options)
    status, overdue = _decide(loaded, now, blocked)
    facts, shortlists = _facts(session, loaded, status, now, options, overdue)
    digest = compose(shortlists, roadmap, _coverage(session, loaded, status, options), facts)
    digest = _dated(session, digest, stored)
    issue = _save(session, digest, stored)
    if status == "final":
        issues.record_considered(session, month, list(digest.entries), late=_takes_late(loaded))
    return issue


def _load(session: Session, month: str, options: IssueOptions) -> _Month:
    closes = closing_time(month, options.closing_day)
    counts = issues.month_counts(session, month)
    windows = tuple(rows.window(row) for row in issues.windows(session, month))
    open_ = ledger.open_sources(month, windows, options.sources, issues.last_reads(session), closes)
    if counts.recorded:
        open_ += ("recorded",)
    if counts.unranked or not _listed(session, month):
        open_ += ("ranking",)
    return _Month(month, closes, counts, windows, open_, issues.statuses(session))


def _listed(session: Session, month: str) -> bool:
    """Tell whether every stage that has a worthy item has a shortlist: ratings alone are only half of ranking."""
    listed = {row.stage for row in issues.shortlist(session, month)}
    return issues.worthy_stages(session, month, WORTH_FLOOR, FIT_SHOWN) <= listed


def _decide(loaded: _Month, now: datetime, blocked: bool) -> tuple[str, bool]:
    """Choose draft, sample or final, and tell whether a final one closes with something open."""
    counts = loaded.counts
    if counts.items and counts.items == counts.recorded:
        return "sample", False
    if blocked or counts.first_seen is None or now < loaded.closes:
        return "draft", False
    if not loaded.open:
        return "final", False
    # A month first pulled long after its closing time has its seven days as well, from its first item on:
    # otherwise an interrupted pull of an old month would be frozen at once.
    overdue = now >= max(loaded.closes, counts.first_seen) + GRACE
    return ("final", True) if overdue else ("draft", False)


def _takes_late(loaded: _Month) -> bool:
    """Tell whether this is the next issue to be closed: late items compete in that one alone."""
    return not any(month < loaded.month and status == "draft" for month, status in loaded.statuses.items())


def _facts(
    session: Session, loaded: _Month, status: str, now: datetime, options: IssueOptions, overdue: bool
) -> tuple[Facts, list[Place]]:
    month, real = loaded.month, status == "final"
    late, late_total = _late_ids(session, loaded)
    shortlists, found = _shortlists(session, month, late, real)
    before, after = _neighbours(month, loaded.statuses)
    facts = Facts(
        month=month,
        status=status,
        made=now,
        published=now if status == "final" else None,
        closes=loaded.closes,
        previous=before,
        next=after,
        banners=_banners(loaded, status, overdue, options),
        considered=issues.considered(session, month, real),
        topics=issues.filed_under(session, month, real, FIT_SHOWN),
        lab_items=tuple(rows.lab_item(*row) for row in issues.from_labs(session, month, real, FIT_SHOWN)),
        late=tuple(rows.candidate(found[id_]) for id_ in late),
        late_total=late_total,
        printed_before=issues.considered_elsewhere(session, list(found), month),
        version=options.version,
        model=options.model,
        inputs_hash="",
    )
    return facts, shortlists


def _late_ids(session: Session, loaded: _Month) -> tuple[list[str], int]:
    if not _takes_late(loaded):
        return [], 0
    return issues.late_worthy(session, loaded.month, WORTH_FLOOR, FIT_SHOWN, LATE_BUDGET)


def _shortlists(session: Session, month: str, more: Sequence[str], real: bool) -> tuple[list[Place], dict[str, Any]]:
    """Load the month's shortlists and the items they and `more` name; `real` leaves out what is only recorded."""
    listed = issues.shortlist(session, month)
    ids = {row.item_id for row in listed} | {twin for row in listed for twin in row.twins} | set(more)
    found = issues.items(session, ids)
    kept = {id_: item for id_, item in found.items() if not (real and item.sources == ["recorded"])}
    return rows.places(listed, kept), found


def _banners(loaded: _Month, status: str, overdue: bool, options: IssueOptions) -> tuple[Banner, ...]:
    finals = [month for month, found in loaded.statuses.items() if found == "final"]
    through = _through(loaded, status)
    counted = ledger.coverage(loaded.month, loaded.windows, options.sources, Stored(0, 0, 0), through)
    until = ledger.horizon(loaded.month, loaded.windows)
    first = (ledger.overdue(loaded.open),) if overdue else ()
    return first + ledger.banners(
        status, loaded.counts.papers, until, loaded.closes, max(finals, default=None), counted.failed
    )


def _through(loaded: _Month, status: str) -> date:
    """Choose the day coverage is judged up to: of a draft the last one asked for, else the month's end."""
    asked = ledger.horizon(loaded.month, loaded.windows)
    return last_day(loaded.month) if status == "final" or asked is None else asked


def _coverage(session: Session, loaded: _Month, status: str, options: IssueOptions) -> Coverage:
    late = issues.late_count(session, loaded.month) if _takes_late(loaded) else 0
    stored = Stored(loaded.counts.papers, loaded.counts.ranked_papers, late)
    return ledger.coverage(loaded.month, loaded.windows, options.sources, stored, _through(loaded, status))


def _neighbours(month: str, statuses: dict[str, str]) -> tuple[str | None, str | None]:
    before = max((m for m in statuses if m < month), default=None)
    return before, min((m for m in statuses if m > month), default=None)


def _dated(session: Session, digest: Digest, stored: Issue | None) -> Digest:
    """Set the hash of the inputs and the time they last changed, so that the same rows give the same bytes."""
    plain = {key: value for key, value in to_json(digest).items() if key not in _NOT_INPUTS}
    plain["made_by"] = [digest.making.version, digest.making.model]
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    inputs_hash = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if stored is not None and stored.inputs_hash == inputs_hash:
        made = stored.made_at
    else:
        start = datetime.combine(first_day(digest.month), time(), tzinfo=digest.closes.tzinfo)
        made = (issues.last_change(session, digest.month) or start).replace(microsecond=0)
    return replace(digest, made=made, making=replace(digest.making, inputs_hash=inputs_hash))


def _save(session: Session, digest: Digest, stored: Issue | None) -> Issue:
    """Write the issue's row, or leave it alone when nothing changed."""
    plain = _in_order(to_json(digest))
    issue = stored
    if issue is None:
        issue = Issue(month=digest.month, digest=plain, erratum=[])
        session.add(issue)
    elif _in_order(issue.digest) != plain:
        issue.digest = plain
    issue.status, issue.inputs_hash = digest.status, digest.making.inputs_hash
    issue.made_at, issue.published_at = digest.made, digest.published
    session.flush()
    return issue


def _offline_copy(issue: Issue) -> Issue:
    """Give the issue as it looks without a connection; it belongs to no session and is never stored."""
    digest = digest_of(issue)
    shown = replace(digest, banners=(*digest.banners, Banner("offline", {})))
    return Issue(
        month=issue.month,
        status=issue.status,
        digest=_in_order(to_json(shown)),
        inputs_hash=issue.inputs_hash,
        made_at=issue.made_at,
        published_at=issue.published_at,
        erratum=issue.erratum,
    )
