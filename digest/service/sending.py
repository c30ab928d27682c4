"""Mail an issue: one row of the outbox for each person first, then one mail at a time (reliability.md, 2)."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy.orm import Session

from core.clock import Clock
from core.errors import ConfigError, NotFoundError, RefusedError
from core.text import text_hash
from db import issues, outbox
from db.engine import Sessions, reading
from db.models import Issue
from digest.delivery import Delivery, Later, Outcome
from digest.delivery.message import Sender, build_message
from digest.formats.email import MailParts
from digest.mailing import (
    Broken,
    Doubted,
    Ending,
    Job,
    LeaseLostError,
    Mailer,
    Render,
    Unwritable,
    after,
    domain_wait,
    doubtful_wait,
    job_of,
    message_id,
    reader_of,
)
from digest.model import Digest
from digest.own import Bench, Wishes
from digest.refusals import Ended, Refusals, ends_run
from digest.service.own import Score, load_bench, load_own
from digest.service.reading import read_digest
from digest.subscriptions import writable

_log = logging.getLogger(__name__)
_REMEMBERED = timedelta(days=1)  # how long a domain's refusals are remembered after it was free again


def fill_outbox(session: Session, month: str | None, clock: Clock, sender: Sender) -> tuple[str, int]:
    """Write one row per active subscriber for an issue, before anything is sent; again adds only who is missing.

    What still waits of an older issue is sent no more: nobody gets two at once.
    `month` None means the newest final issue. Gives the month and the rows written. Raises NotFoundError without
    such an issue, and RefusedError for a draft, a sample, or an issue that a newer one already links.
    """
    found, now = _mailable(session, month).month, clock()
    outbox.forget_domains(session, now - _REMEMBERED)
    outbox.supersede(session, found, now)
    return found, outbox.fill(session, found, now, lambda id_: message_id(found, id_, now, sender.domain))


def mailable(session: Session, month: str | None) -> str:
    """Name the issue that `fill_outbox` would mail; raises as it does."""
    return _mailable(session, month).month


def _mailable(session: Session, month: str | None) -> Issue:
    newest = issues.latest_final(session)
    issue = newest if month is None else issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue {f'of {month}' if month else 'to send'}", "Make one: shirube digest")
    if issue.status != "final":
        raise RefusedError(
            f"The issue of {issue.month} is a {issue.status}, and only a final issue is mailed",
            "Read it with: shirube digest; it closes after its closing day, when every source was read",
        )
    if newest is not None and newest.month != issue.month:
        raise RefusedError(f"{issue.month} is not the newest issue", f"Send {newest.month}: it links the earlier ones")
    return issue


@dataclass(frozen=True, slots=True)
class Preview:
    """One mail as it would be sent now: a masked address, what it says, and its size in bytes as sent."""

    address: str
    lang: str
    wishes: Wishes
    subject: str
    size: int
    state: str  # of its row in the outbox; `new` where it has none yet, `unwritable` where the address is none


def preview(
    session: Session, month: str | None, render: Render, clock: Clock, mailer: Mailer, score: Score | None = None
) -> Iterator[Preview]:
    """Make every mail that `send` would send now, one at a time, and send and store nothing.

    `score` tells the personal scores that `send` would write first for those who have no row yet. Raises as
    `fill_outbox` does, at the first mail.
    """
    now, found = clock(), _mailable(session, month).month
    digest = read_digest(session, found)
    bench = load_bench(session, digest, mailer.roadmap)
    rows = outbox.people_waiting(session, found, now, mailer.resend)
    everyone = [(row.state, row.message_id, row.created, person) for row, person in rows]
    new = outbox.people_without_row(session, found)
    everyone += [("new", message_id(found, person.id, now, mailer.sender.domain), now, person) for person in new]
    scores = score(session, found, [person.id for person in new]) if score else {}
    for state, name, created, person in everyone:
        unwritten = scores.get(person.id, {}) if score and state == "new" else None
        reader = reader_of(person, mailer, load_own(session, found, person.id, unwritten))
        if not writable(person.email):
            yield Preview(reader.address, person.lang, reader.wishes, "", 0, "unwritable")
            continue
        parts = render(digest, person.lang, reader, bench)
        message = build_message(parts, mailer.sender, person.email, name, created, reader.unsubscribe_url)
        size = len(message.as_bytes())
        yield Preview(reader.address, person.lang, reader.wishes, parts.subject, size, state)


def send_due(
    sessions: Sessions,
    delivery: Delivery,
    render: Render,
    clock: Clock,
    mailer: Mailer,
    limit: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
    stopped: Callable[[], bool] = lambda: False,
) -> dict[str, int]:
    """Send what the outbox holds, one mail at a time, and give the number of mails by how they ended.

    Stopping at any instant loses nothing: see reliability.md, 2, and db.outbox. Once `stopped` it takes no other mail.
    It waits where only the pause between two mails to one domain is to be kept, and ends early when the server would
    refuse everyone, or where it seems to (digest.refusals); a wrong setting raises ConfigError and its row waits.
    Once a mail was taken those that were doubted have their turn, before others that may be taken after them.
    """
    run = _Run(sessions, delivery, render, clock, mailer)
    ended: Counter[str] = Counter()
    refusals: Refusals[Job] = Refusals()
    try:
        while (limit is None or ended.total() + len(refusals) < limit) and not stopped():
            job = run.next(sleep, doubted_first=ended["sent"] > 0 and refusals.room)
            if job is None:
                break
            known = refusals.hear(job, _send(run, job))
            ended.update(run.settled(known))
            run.keep_leased(refusals.kept)
            if ends_run(known):
                break
        ended.update(run.settled(refusals.doubted()))
    finally:
        delivery.close()
    return dict(ended)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of sending: what it works with, and the issues it has read so far."""

    sessions: Sessions
    delivery: Delivery
    render: Render
    clock: Clock
    mailer: Mailer
    issues: dict[str, tuple[Digest, Bench]] = field(default_factory=dict)

    def next(self, sleep: Callable[[float], None], *, doubted_first: bool) -> Job | None:
        """Lease the next row; waits for the pause between two mails to a domain where nothing else is due."""
        mailer = self.mailer
        while True:
            now = self.clock()
            with self.sessions.begin() as session:
                if taken := outbox.take(session, now, mailer.resend, mailer.domain_pause, doubted_first=doubted_first):
                    row, person = taken
                    return job_of(row, person, mailer, load_own(session, row.month, person.id))
                free = outbox.free_at(session, now)
            if free is None or free - now > mailer.domain_pause:
                return None
            sleep((free - now).total_seconds())

    def issue(self, month: str) -> tuple[Digest, Bench]:
        """Read an issue once, and what mails may print beyond it."""
        if month not in self.issues:
            with reading(self.sessions) as session:
                digest = read_digest(session, month)
                self.issues[month] = digest, load_bench(session, digest, self.mailer.roadmap)
        return self.issues[month]

    def settled(self, known: Iterable[tuple[Job, Ended | Doubted]]) -> list[str]:
        """Write down what is certain; gives the rows' new states."""
        return [self.settle(job, outcome) for job, outcome in known]

    def settle(self, job: Job, outcome: Ended | Doubted) -> str:
        """Write down how one mail ended; gives the row's new state, `lost` when it is another sender's by now."""
        with reading(self.sessions) as session:
            any_sent = isinstance(outcome, Doubted) and outbox.any_sent(session, job.month)
        now = self.clock()
        return _settle(self.sessions, job, after(job, outcome, now, self.mailer, any_sent), now)

    def keep_leased(self, kept: Sequence[Job]) -> None:
        """Let nobody else try what is not certain yet, however long the others take."""
        if kept:
            now = self.clock()
            with self.sessions.begin() as session:
                for job in kept:
                    outbox.keep(session, job.row_id, job.attempt, now)


@dataclass(slots=True)
class _Attempt:
    """One mail on its way; `begun` once a server may have heard of its message."""

    run: _Run
    job: Job
    digest: Digest
    bench: Bench
    begun: bool = False

    def deliver(self) -> Outcome:
        """Render the mail, note what it says, and hand it over."""
        run, job = self.run, self.job
        parts = run.render(self.digest, job.lang, job.reader, self.bench)
        message = _message(parts, run.mailer, job)
        with run.sessions.begin() as session:
            _keep(outbox.note_body(session, job.row_id, job.attempt, text_hash(parts.text + parts.html)), job)
        return run.delivery.deliver(message, job.email, self._begin)

    def _begin(self) -> None:
        job = self.job
        with self.run.sessions.begin() as session:
            _keep(outbox.start_data(session, job.row_id, job.attempt, self.run.clock()), job)
        self.begun = True


def _send(run: _Run, job: Job) -> Ended:
    """Make and hand over one mail; whatever raises before the message began gives the row back at once.

    After that a fault leaves the lease to run out: then the row is unknown, which is the truth. A mail that cannot be
    made is logged, and waits: it must not keep the others waiting, and nobody is given up for a fault of ours.
    """
    attempt = _Attempt(run, job, *run.issue(job.month))
    try:
        return attempt.deliver()
    except LeaseLostError as problem:
        return Later(problem.message)
    except ConfigError as problem:
        if not attempt.begun:  # it could not be tried, for a reason that holds for every other as well
            run.settle(job, Later(problem.message, delays="everyone"))
        raise
    except Exception as problem:
        if attempt.begun:
            raise
        return _unmade(job, problem)


def _unmade(job: Job, problem: Exception) -> Unwritable | Broken:
    """Tell what becomes of a mail that could not be made: it fails where no header can hold its address."""
    if not writable(job.email):
        return Unwritable(f"the address cannot be written in a header: {type(problem).__name__}")
    _log.exception("mail failed row=%d attempt=%d", job.row_id, job.attempt)
    return Broken(f"the mail could not be made or handed over: {type(problem).__name__}")


def _message(parts: MailParts, mailer: Mailer, job: Job) -> EmailMessage:
    unsubscribe_url = job.reader.unsubscribe_url
    return build_message(parts, mailer.sender, job.email, job.message_id, job.created, unsubscribe_url)


def _keep(mine: bool, job: Job) -> None:
    if not mine:
        raise LeaseLostError(f"Another sender has taken over row {job.row_id} of the outbox")


def _settle(sessions: Sessions, job: Job, ending: Ending, now: datetime) -> str:
    """Write down an outcome; gives the row's new state, `lost` when it belongs to another sender by now."""
    with sessions.begin() as session:
        if not outbox.settle(session, job.row_id, job.attempt, **ending.values):
            return "lost"
        if ending.suppress:
            outbox.suppress(session, job.subscriber_id, now)
        if ending.domain == "delay":
            outbox.delay_domain(session, job.domain, now, domain_wait)
        elif ending.domain == "doubt":
            outbox.delay_domain(session, job.domain, now, doubtful_wait)
        elif ending.domain == "trust":
            outbox.trust_domain(session, job.domain)
    return str(ending.values["state"])
