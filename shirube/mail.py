"""The mail commands: people added, an issue sent. Thin: the rules are digest's."""

from collections.abc import Sequence
from datetime import timedelta

from core.errors import UsageError
from digest.delivery.folder import FolderDelivery
from digest.delivery.message import make_sender
from digest.formats.email import message_parts
from digest.mailing import Mailer
from digest.service import add_subscribers, fill_outbox, send_due
from digest.subscriptions import Subscription
from shirube.wiring import Wiring

KEPT = timedelta(days=30)  # contract.md, Data at rest: a sent mail holds an address and stays no longer


def add(
    wiring: Wiring, emails: Sequence[str], consent: str, lang: str, stages: Sequence[int], minutes: int | None
) -> list[tuple[str, str]]:
    """Write people down with where they agreed; gives (address, outcome) for each."""
    if not consent.strip():
        raise UsageError("How the person agreed is missing", "Say it with --consent, such as 'asked by mail'")
    wanted = [Subscription(email, lang, tuple(stages), minutes=minutes) for email in emails]
    with wiring.sessions.begin() as session:
        return add_subscribers(session, wanted, consent.strip(), wiring.clock)


def send(wiring: Wiring, month: str | None, *, dry_run: bool) -> str:
    """Fill the outbox for a final issue and send what is due; gives one line on how it ended.

    Mails written as files 30 days ago or more are deleted first, whichever way mail leaves today.
    """
    mailer = make_mailer(wiring)
    if not dry_run:
        prune(wiring)
    with wiring.sessions() as session, session.begin():
        found, added = fill_outbox(session, month, wiring.clock, mailer.sender)
        if dry_run:
            session.rollback()
            return f"{found}: {added} mails would be queued; nothing was sent"
    ended = send_due(wiring.sessions, wiring.delivery(), message_parts, wiring.clock, mailer)
    told = ", ".join(f"{count} {state}" for state, count in sorted(ended.items())) or "nothing was due"
    return f"{found}: {told}"


def make_mailer(wiring: Wiring) -> Mailer:
    """Build what sending needs; raises ConfigError where a setting is missing."""
    settings = wiring.settings
    sender = make_sender(settings.mail_from, settings.base_url, settings.reply_to)
    return Mailer(sender=sender, keys=tuple(wiring.secret_keys()))


def prune(wiring: Wiring) -> int:
    """Delete the mails kept as files for longer than they may be; gives how many."""
    return FolderDelivery(wiring.mail_dir).prune(wiring.clock() - KEPT)
