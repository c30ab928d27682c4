"""The mail commands: an issue sent, the outbox looked at. Thin: the rules are digest's."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from core.errors import RefusedError
from db import holds, issues, outbox, subscribers
from db.engine import reading
from digest.delivery.folder import FolderDelivery
from digest.delivery.message import make_sender
from digest.mailing import Mailer
from digest.press import Press
from digest.service import Preview, fill_outbox, missed, perhaps_mailed, preview, send_due
from digest.service.sending import mailable
from shirube.closing import refuse_ahead
from shirube.personal import unwritten_scores, write_scores
from shirube.terminal import plain
from shirube.wiring import Wiring

FRESH = timedelta(days=3)  # so long after an issue became final its mailing begins by itself
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
KEPT = timedelta(days=30)  # contract.md, Data at rest: a sent mail holds an address and stays no longer


@dataclass(frozen=True, slots=True)
class Sending:
    """How a run of `send` ended: the issue, the mails by how they ended, whether any still waits, and why."""

    month: str
    ended: dict[str, int]
    waits: bool
    next_at: datetime | None
    reasons: list[tuple[str, int]]  # of those that wait, with how many mails
    missed: int = 0  # failed, and perhaps by the relay's own fault
    refused: int = 0  # readers who are suppressed by a relay's word alone

    @property
    def says(self) -> str:
        """Tell it in one line; a moment that has come is told as now."""
        told = ", ".join(f"{count} {state}" for state, count in sorted(self.ended.items())) or "nothing was due"
        if not self.waits:
            return f"{self.month}: {told}"
        when = f"from {self.next_at:%Y-%m-%d %H:%M} UTC on" if self.next_at else "now"
        return f"{self.month}: {told}; some wait: run it again {when}"


def send(wiring: Wiring, month: str | None) -> Sending:
    """Score the issue for readers who said something, fill the outbox and send what is due.

    Mails written as files 30 days ago or more are deleted first, whichever way mail leaves today. Raises RefusedError
    where mails would begin by a clock that is ahead.
    """
    mailer = make_mailer(wiring)
    prune(wiring)
    with reading(wiring.sessions) as session:
        found = mailable(session, month)
        begins = bool(outbox.people_without_row(session, found))
    if begins:
        refuse_ahead(wiring)
    write_scores(wiring, found)
    with wiring.sessions.begin() as session:
        refuse_held(session)
        fill_outbox(session, found, wiring.clock, mailer.sender)
    ended = send_due(wiring.sessions, wiring.delivery(), Press(), wiring.clock, mailer)
    with reading(wiring.sessions) as session:
        waits, due = not outbox.finished(session, found), outbox.next_at(session, found)
        later = due if due is not None and due > wiring.clock() else None
        failed, refused = missed(session, found).failed, subscribers.refused(session)
        return Sending(found, ended, waits, later, outbox.reasons(session, found), failed, refused)


def begin(wiring: Wiring) -> int:
    """Begin the mailing of an issue that became final within the last days, once; gives the mails written down.

    Nothing where no sender or no base URL is set, where mail is held, and where it was begun already. Whether an older
    issue, or one that may have been mailed before a restore, is still to be mailed is for a person to say, with `send`.
    Raises RefusedError where the clock is ahead.
    """
    if not _can_send(wiring):
        return 0
    with reading(wiring.sessions) as session:
        issue = issues.latest_final(session)
        fresh = issue is not None and (issue.published_at or NEVER) > wiring.clock() - FRESH
        if issue is None or not fresh or holds.held(session) is not None or outbox.counts(session, issue.month):
            return 0
        if perhaps_mailed(session, wiring.settings.closing_day):
            return 0
        people = outbox.people_without_row(session, issue.month)
    if people:  # else it would be asked every few minutes, for nobody
        refuse_ahead(wiring)
    write_scores(wiring, issue.month)
    with wiring.sessions.begin() as session:
        return fill_outbox(session, issue.month, wiring.clock, make_mailer(wiring).sender)[1]


def send_rest(wiring: Wiring, stopped: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Go on with mails that an earlier `send` began and that are due by now; begins nothing of its own.

    It ends between two mails once it was `stopped`.
    """
    with reading(wiring.sessions) as session:
        due = outbox.next_at(session)
    if due is None or due > wiring.clock():
        return {}
    mailer = make_mailer(wiring)
    return send_due(wiring.sessions, wiring.delivery(), Press(), wiring.clock, mailer, stopped=stopped)


def dry_run(wiring: Wiring, month: str | None) -> Iterator[Preview]:
    """Make the mails `send` would send now, one at a time; nothing is written, nothing is sent."""
    mailer = make_mailer(wiring)
    with reading(wiring.sessions) as session:
        yield from preview(session, month, Press(), wiring.clock, mailer, partial(unwritten_scores, wiring))


def refuse_held(session: Session) -> None:
    """Stop where mail is held after a restore; raises RefusedError that says how to let it go."""
    held = holds.held(session)
    if held is not None:
        raise RefusedError(
            f"Mail is held since {held.since:%Y-%m-%d %H:%M} UTC: {held.reason}",
            "See shirube outbox for what waits; shirube outbox --release lets it go, with --skip-waiting without it",
        )


def release(wiring: Wiring, *, skip: bool) -> int:
    """Let mail leave again after a restore; with `skip` what waits is never sent. Gives how many that were.

    An issue that was closed again is among what waits.
    """
    with wiring.sessions.begin() as session:
        if skip and _can_send(wiring) and perhaps_mailed(session, wiring.settings.closing_day):
            fill_outbox(session, None, wiring.clock, make_mailer(wiring).sender)
        return holds.release(session, skip=skip)


def again(wiring: Wiring) -> list[str]:
    """Say which issue is left to a person after a restore, in a line; nothing where none is."""
    with reading(wiring.sessions) as session:
        found = perhaps_mailed(session, wiring.settings.closing_day)
    return [told_again(*found)] if found else []


def told_again(month: str, people: int) -> str:
    """Say that a restore leaves an issue to a person, and what each of the two words does."""
    return (
        f"The issue of {month} was due before mail was held, and was perhaps mailed: it would go to {people:,} people. "
        "If nobody has it, run shirube send; else shirube outbox --release --skip-waiting"
    )


def told_missed(month: str, mails: int) -> str:
    """Say that readers are without an issue, and the way back."""
    readers = "1 reader is" if mails == 1 else f"{mails:,} readers are"
    return (
        f"{readers} without the issue of {month}, perhaps by the relay's own fault: shirube outbox says why. "
        "Once it is mended: shirube outbox --retry-failed, then shirube send"
    )


def told_refused(readers: int) -> str:
    """Say that readers are suppressed by a relay's word alone, who they are, and the way back."""
    get = "1 reader gets no mail" if readers == 1 else f"{readers:,} readers get no mail"
    return (
        f"{get} any more: a relay refused them for good (shirube subscribers list --state suppressed). "
        "Where it was wrong: shirube subscribers suppress --lift ADDRESS"
    )


def _can_send(wiring: Wiring) -> bool:
    return wiring.settings.mail_from is not None and wiring.settings.base_url is not None


def why(reasons: Iterable[tuple[str, int]]) -> list[str]:
    """Say why mails wait, a line for each reason."""
    return [f"{mails:,} {'mail waits' if mails == 1 else 'mails wait'}: {plain(said)}" for said, mails in reasons]


def make_mailer(wiring: Wiring) -> Mailer:
    """Build what sending needs; raises ConfigError where a setting is missing."""
    settings = wiring.settings
    sender = make_sender(settings.mail_from, settings.base_url, settings.reply_to)
    # A file needs no pause: the domains it goes to are not asked.
    seconds = settings.mail_pause_seconds if settings.smtp_url is not None else 0.0
    return Mailer(
        sender=sender,
        keys=tuple(wiring.secret_keys()),
        unknown=settings.mail_unknown,
        domain_pause=timedelta(seconds=seconds),
        roadmap=wiring.roadmap,
    )


def prune(wiring: Wiring) -> int:
    """Delete the mails kept as files for longer than they may be; gives how many."""
    return FolderDelivery(wiring.mail_dir).prune(wiring.clock() - KEPT)
