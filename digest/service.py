"""Make, close, read and mail issues: load what is stored, let the pure parts decide, save. The caller commits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import NotFoundError, RefusedError, UsageError
from core.months import closing_time, first_day, month_of, shift
from core.text import text_hash
from db import issues, outbox, subscribers
from db.engine import Sessions
from db.models import Issue
from digest import coverage as ledger
from digest import rows
from digest.candidates import Facts, Place
from digest.closing import IssueOptions as IssueOptions
from digest.closing import Loaded, decide, inputs_hash, neighbours, takes_late
from digest.compose import FIT_SHOWN, LATE_BUDGET, WORTH_FLOOR, compose
from digest.delivery import Delivery, Later, Outcome
from digest.delivery.message import Sender, build_message
from digest.formats.json import from_json, to_json
from digest.mailing import Job, LeaseLostError, Mailer, Render, after, job_of, message_id
from digest.model import Banner, Digest
from digest.subscriptions import Subscription, normalise, read_token
from roadmap.model import Roadmap


def build_issue(
    session: Session, month: str, roadmap: Roadmap, clock: Clock, options: IssueOptions, offline: bool = False
) -> Issue:
    """Make the issue of a month from what is stored, and close it when contract.md allows.

    A final issue comes back as it is. Earlier months that are due are closed first, in order; while one of them
    cannot be closed this one stays a draft. `offline` is a view: an issue that belongs to no session comes back, with
    the banner, and nothing is stored; it raises NotFoundError where the month has no item.
    """
    now = clock()
    if offline:
        return _view(session, month, roadmap, now, options)
    issues.hold_closing(session)
    blocked = False
    if now >= closing_time(month, options.closing_day):
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
    found = (issues.real_among(session, drafts) | set(missed)) - finals
    return sorted(month for month in found if issues.was_asked(session, month, ledger.ARXIV))


def read_digest(session: Session, month: str) -> Digest:
    """Read a stored issue as a digest, with the neighbours of today and its errata said first.

    Raises NotFoundError when the month has no issue.
    """
    issue = issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue of {month}", f"Make it with: shirube digest {month}")
    before, after = neighbours(month, issues.statuses(session))
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
    digest = _composed(session, loaded, roadmap, now, options, stored, blocked)
    issue = _save(session, digest, stored)
    if digest.status == "final":
        late = takes_late(month, loaded.statuses)
        issues.record_considered(session, month, list(digest.entries), late=late)
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
    facts, shortlists = _facts(session, loaded, status, now, options, overdue)
    return _dated(session, compose(shortlists, roadmap, loaded.coverage(status), facts), stored)


def _view(session: Session, month: str, roadmap: Roadmap, now: datetime, options: IssueOptions) -> Issue:
    """Give the issue as it looks without a connection; it belongs to no session, and the stored row stays as it is."""
    stored = issues.get(session, month)
    if stored is not None and stored.status == "final":
        digest = digest_of(stored)
    else:
        loaded = _load(session, month, options)
        if not loaded.counts.items:
            raise NotFoundError(f"Nothing is stored for {month}", "Run it without --offline, or first: shirube pull")
        digest = _composed(session, loaded, roadmap, now, options, stored, blocked=True)
    shown = replace(digest, banners=(*digest.banners, Banner("offline", {})))
    return Issue(
        month=month,
        status=digest.status,
        digest=_in_order(to_json(shown)),
        inputs_hash=digest.making.inputs_hash,
        made_at=digest.made,
        published_at=digest.published,
        erratum=stored.erratum if stored is not None else [],
    )


def _load(session: Session, month: str, options: IssueOptions) -> Loaded:
    closes = closing_time(month, options.closing_day)
    statuses, counts = issues.statuses(session), issues.month_counts(session, month)
    windows = tuple(rows.window(row) for row in issues.windows(session, month))
    open_ = ledger.open_sources(month, windows, options.sources, issues.last_reads(session), closes)
    if counts.recorded:
        open_ += ("recorded",)
    if counts.unranked or not _listed(session, month):
        open_ += ("ranking",)
    late = issues.late_count(session, month) if takes_late(month, statuses) else 0
    return Loaded(month, closes, counts, late, windows, options.sources, open_, statuses)


def _listed(session: Session, month: str) -> bool:
    """Tell whether every stage that has a worthy item has a shortlist: ratings alone are only half of ranking."""
    listed = {row.stage for row in issues.shortlist(session, month)}
    return issues.worthy_stages(session, month, WORTH_FLOOR, FIT_SHOWN) <= listed


def _facts(
    session: Session, loaded: Loaded, status: str, now: datetime, options: IssueOptions, overdue: bool
) -> tuple[Facts, list[Place]]:
    month, real = loaded.month, status == "final"
    late, late_total = _late_ids(session, loaded)
    shortlists, found = _shortlists(session, month, late, real)
    before, after = loaded.neighbours
    facts = Facts(
        month=month,
        status=status,
        made=now,
        published=now if status == "final" else None,
        closes=loaded.closes,
        previous=before,
        next=after,
        banners=loaded.banners(status, overdue),
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


def _late_ids(session: Session, loaded: Loaded) -> tuple[list[str], int]:
    if not takes_late(loaded.month, loaded.statuses):
        return [], 0
    return issues.late_worthy(session, loaded.month, WORTH_FLOOR, FIT_SHOWN, LATE_BUDGET)


def _shortlists(session: Session, month: str, more: Sequence[str], real: bool) -> tuple[list[Place], dict[str, Any]]:
    """Load the month's shortlists and the items they and `more` name; `real` leaves out what is only recorded."""
    listed = issues.shortlist(session, month)
    ids = {row.item_id for row in listed} | {twin for row in listed for twin in row.twins} | set(more)
    found = issues.items(session, ids)
    kept = {id_: item for id_, item in found.items() if not (real and item.sources == ["recorded"])}
    return rows.places(listed, kept), found


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


_CHUNK = 500  # addresses looked up at once


def add_subscribers(
    session: Session, wanted: Sequence[Subscription], source: str, clock: Clock
) -> list[tuple[str, str]]:
    """Write down people who agreed elsewhere; `source` says where, and with the date it is kept as their consent.

    Gives (address as given, outcome) in order: `added`, `known`, `left` or `suppressed` (both stay as they are: who
    left comes back by their own hand only), or `invalid: ...`.
    """
    outcomes: list[tuple[str, str]] = []
    for start in range(0, len(wanted), _CHUNK):
        outcomes += _add_chunk(session, wanted[start : start + _CHUNK], source, clock())
    return outcomes


def _add_chunk(session: Session, wanted: Sequence[Subscription], source: str, now: datetime) -> list[tuple[str, str]]:
    read = [_read(one) for one in wanted]
    known = subscribers.by_keys(session, [key for key in (r[1] for r in read) if key])
    outcomes = []
    for one, (email, key) in zip(wanted, read, strict=True):
        if not key:
            outcomes.append((one.email, f"invalid: {email}"))
        elif key in known:
            state = known[key].state
            outcomes.append((one.email, "known" if state in ("active", "pending") else state))
        else:
            wishes: dict[str, object] = {name: list(getattr(one, name)) for name in ("stages", "topics", "labs")}
            wishes["minutes"] = one.minutes
            known[key] = subscribers.add(session, email, key, one.lang, wishes, source, now)
            outcomes.append((one.email, "added"))
    return outcomes


def _read(one: Subscription) -> tuple[str, str]:
    """Give the address and its key, or what is wrong and no key."""
    try:
        address = normalise(one.email)
    except UsageError as problem:
        return problem.message, ""
    return address.email, address.key


def unsubscribe(session: Session, keys: Sequence[str], text: str) -> bool:
    """Let the person a token speaks of leave; the second time changes nothing. False when the token is none.

    Rows of the outbox need no change: sending reads the person again before every mail.
    """
    claim = read_token(keys, "unsubscribe", text)
    person = subscribers.get(session, claim.subscriber_id) if claim else None
    if claim is None or person is None or int(person.created.timestamp()) != claim.created:
        return False
    if person.state in ("active", "pending"):
        person.state = "left"
        session.flush()
    return True


def fill_outbox(session: Session, month: str | None, clock: Clock, sender: Sender) -> tuple[str, int]:
    """Write one row per active subscriber for an issue, before anything is sent; again adds only who is missing.

    `month` None means the newest final issue. Gives the month and the rows written. Raises NotFoundError without
    such an issue, and RefusedError for a draft, a sample, or an issue that a newer one already links.
    """
    issue = issues.latest_final(session) if month is None else issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue {f'of {month}' if month else 'to send'}", "Make one: shirube digest")
    if issue.status != "final":
        raise RefusedError(
            f"The issue of {issue.month} is a {issue.status}, and only a final issue is mailed",
            "Read it with: shirube digest; it closes after its closing day, when every source was read",
        )
    newest = issues.latest_final(session)
    if newest is not None and newest.month != issue.month:
        raise RefusedError(f"{issue.month} is not the newest issue", f"Send {newest.month}: it links the earlier ones")
    now, found = clock(), issue.month
    return found, outbox.fill(session, found, now, lambda id_: message_id(found, id_, now, sender.domain))


def send_due(
    sessions: Sessions, delivery: Delivery, render: Render, clock: Clock, mailer: Mailer, limit: int | None = None
) -> dict[str, int]:
    """Send what the outbox holds, one mail at a time, and give the number of mails by how they ended.

    Stopping at any instant loses nothing: see reliability.md, 2, and db.outbox. It ends early when the server would
    refuse everyone; a wrong setting raises ConfigError and its row waits.
    """
    ended: dict[str, int] = {}
    digests: dict[str, Digest] = {}
    while limit is None or sum(ended.values()) < limit:
        job = _lease(sessions, clock(), mailer)
        if job is None:
            break
        if job.month not in digests:
            with sessions.begin() as session:
                digests[job.month] = read_digest(session, job.month)
        outcome = _send(sessions, delivery, render, clock, mailer, job, digests[job.month])
        state = _settle(sessions, job, outcome, clock())
        ended[state] = ended.get(state, 0) + 1
        if isinstance(outcome, Later) and outcome.everyone:
            break
    return ended


def _lease(sessions: Sessions, now: datetime, mailer: Mailer) -> Job | None:
    with sessions.begin() as session:
        taken = outbox.take(session, now, resend=mailer.unknown == "resend")
        return job_of(*taken, mailer) if taken else None


def _send(
    sessions: Sessions, delivery: Delivery, render: Render, clock: Clock, mailer: Mailer, job: Job, digest: Digest
) -> Outcome:
    """Render and hand over one mail; whatever raises before the message began gives the row back at once.

    After that a fault leaves the lease to run out: then the row is unknown, which is the truth.
    """
    begun = False

    def before_data() -> None:
        nonlocal begun
        with sessions.begin() as session:
            if not outbox.start_data(session, job.row_id, job.attempt, clock(), body_hash):
                raise LeaseLostError(f"Another sender has taken over row {job.row_id} of the outbox")
        begun = True

    try:
        parts = render(digest, job.lang, job.reader)
        unsubscribe_url = job.reader.unsubscribe_url
        message = build_message(parts, mailer.sender, job.email, job.message_id, job.created, unsubscribe_url)
        body_hash = text_hash(parts.text + parts.html)
        return delivery.deliver(message, job.email, before_data)
    except LeaseLostError as problem:
        return Later(problem.message)
    except Exception:
        if not begun:
            _settle(sessions, job, Later("the mail could not be made or handed over", everyone=True), clock())
        raise


def _settle(sessions: Sessions, job: Job, outcome: Outcome, now: datetime) -> str:
    """Write down an outcome; gives the row's new state, `lost` when it belongs to another sender by now."""
    values = after(job, outcome, now)
    with sessions.begin() as session:
        kept = outbox.settle(session, job.row_id, job.attempt, **values)
    return str(values["state"]) if kept else "lost"
