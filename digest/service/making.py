"""Make and close issues: load, let the pure parts decide and compose, save. The caller commits."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import NotFoundError
from core.months import closing_time, first_day, month_of, shift
from db import issues
from db.engine import Sessions
from db.models import Issue
from digest import coverage as ledger
from digest import rows
from digest.closing import IssueOptions, Loaded, decide, inputs_hash, inputs_of
from digest.compose import compose
from digest.formats.json import to_json
from digest.model import Banner, Digest
from digest.service.announcing import note_published
from digest.service.loading import closable, facts_of, load
from digest.service.reading import digest_of, in_order
from roadmap.model import Roadmap


def build_issue(
    session: Session,
    month: str,
    roadmap: Roadmap,
    clock: Clock,
    options: IssueOptions,
    offline: bool = False,
    growing: bool = False,
) -> Issue:
    """Make the issue of a month from what is stored, and close it when contract.md allows.

    A final issue comes back as it is; of a month of which nothing is stored, one that is not stored either. Earlier
    months that are due are closed first, in order; while one of them cannot be closed this one stays a draft. `offline`
    is a view: an issue that belongs to no session comes back, with
    the banner, and nothing is stored; it raises NotFoundError where the month has no item. `growing`: its days are
    being read at this moment, so nothing closes, overdue or not.
    """
    now = clock()
    if offline:
        return _view(session, month, roadmap, now, options)
    issues.hold_closing(session)
    blocked = growing
    if not growing and now >= closing_time(month, options.closing_day):
        earlier = [m for m in due_months(session, now, options.closing_day) if m < month]
        blocked = not all(_make(session, m, roadmap, now, options).status == "final" for m in earlier)
    return _make(session, month, roadmap, now, options, blocked=blocked)


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
    """List the months that should be closed by now, were pulled and hold something real, oldest first.

    These are the drafts, and every month after the newest final issue; in a store without one, the newest month due.
    """
    newest = month_of(now)
    while closing_time(newest, closing_day) > now:
        newest = shift(newest, -1)
    statuses = issues.statuses(session)
    finals = {month for month, status in statuses.items() if status == "final"}
    drafts = [month for month, status in statuses.items() if status == "draft" and month <= newest]
    missed = issues.months_with_items(session, max(finals, default=shift(newest, -1)), newest)
    return closable(session, {*drafts, *missed} - finals)


def _make(
    session: Session, month: str, roadmap: Roadmap, now: datetime, options: IssueOptions, blocked: bool = False
) -> Issue:
    stored = issues.get(session, month)
    if stored is not None and stored.status == "final":
        return stored
    loaded = load(session, month, options, now)
    digest = _composed(session, loaded, roadmap, now, options, stored, blocked)
    if stored is None and not loaded.counts.items:
        return _unstored(digest)  # a slip of the pen would stand among the issues for ever
    issue = _save(session, digest, stored)
    if digest.status == "final":
        issues.record_considered(session, month, list(digest.entries), late=loaded.takes_late)
        note_published(session, digest, options, now)
    return issue


def _composed(
    session: Session,
    loaded: Loaded,
    roadmap: Roadmap,
    now: datetime,
    options: IssueOptions,
    stored: Issue | None,
    blocked: bool,
) -> Digest:
    """Compose and date the digest of a month; this writes nothing."""
    status, overdue = decide(loaded, now, blocked)
    facts, shortlists = facts_of(session, loaded, status, now, options, overdue)
    facts = replace(facts, inputs=inputs_of(loaded, facts, shortlists, roadmap))
    return _dated(session, compose(shortlists, roadmap, loaded.coverage(status), facts), stored)


def _view(session: Session, month: str, roadmap: Roadmap, now: datetime, options: IssueOptions) -> Issue:
    """Give the issue as it looks without a connection; it belongs to no session, and the stored row stays as it is."""
    stored = issues.get(session, month)
    if stored is not None and stored.status == "final":
        digest = digest_of(stored)
    else:
        loaded = load(session, month, options, now)
        if not loaded.counts.items:
            raise NotFoundError(f"Nothing is stored for {month}", "Run it without --offline, or first: shirube pull")
        digest = _composed(session, loaded, roadmap, now, options, stored, blocked=True)
    shown = replace(digest, banners=(*digest.banners, _offline(session, month)))
    return _unstored(shown, stored.erratum if stored is not None else None)


def _unstored(digest: Digest, erratum: list[dict[str, Any]] | None = None) -> Issue:
    """Give an issue that belongs to no session."""
    return Issue(
        month=digest.month,
        status=digest.status,
        digest=in_order(to_json(digest)),
        inputs_hash=digest.making.inputs_hash,
        made_at=digest.made,
        published_at=digest.published,
        erratum=erratum or [],
    )


def _offline(session: Session, month: str) -> Banner:
    """Say that nothing was asked now, and when a source was asked last: what ships with the program is no answer."""
    windows = [rows.window(row) for row in issues.windows(session, month) if row.source != ledger.RECORDED]
    read = ledger.last_read(windows)
    return Banner("offline", {"read": read.date().isoformat()} if read else {})


def _dated(session: Session, digest: Digest, stored: Issue | None) -> Digest:
    """Set the hash of the inputs and the time they last changed, so that the same rows give the same bytes."""
    made_from = inputs_hash(digest)
    if stored is not None and stored.inputs_hash == made_from:
        made = stored.made_at
    else:
        start = datetime.combine(first_day(digest.month), time(), tzinfo=UTC)
        made = (issues.last_change(session, digest.month) or start).replace(microsecond=0)
    return replace(digest, made=made, making=replace(digest.making, inputs_hash=made_from))


def _save(session: Session, digest: Digest, stored: Issue | None) -> Issue:
    """Write the issue's row, or leave it alone when nothing changed."""
    plain = in_order(to_json(digest))
    issue = stored
    if issue is None:
        issue = Issue(month=digest.month, digest=plain, erratum=[])
        session.add(issue)
    elif in_order(issue.digest) != plain:
        issue.digest = plain
    issue.status, issue.inputs_hash = digest.status, digest.making.inputs_hash
    issue.made_at, issue.published_at = digest.made, digest.published
    session.flush()
    return issue
