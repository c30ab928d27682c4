"""What `doctor` looks at beyond the machine: the schedule, backups, mail and the webhook."""

from datetime import datetime, timedelta
from pathlib import Path

from core.clock import iso
from db import holds, outbox, subscribers, windows
from db.engine import reading
from digest.delivery.smtp import SmtpDelivery
from digest.service import Missed, missed
from shirube import backups, ticking
from shirube.checks import Check
from shirube.mail import again, told_missed, told_refused, why
from shirube.telling import span
from shirube.webhook import knock
from shirube.wiring import Wiring

OLD = timedelta(days=2)  # a backup is made every night: older than this, two of them failed
TRIAL = 10.0  # seconds that a mail server or a webhook has for each step of a trial
_NEEDED = ("base_url", "mail_from")


def scheduler(wiring: Wiring) -> list[Check]:
    """Tell whether anybody runs the schedule; a store that is filled by hand needs nobody."""
    now = wiring.clock()
    with reading(wiring.sessions) as session:
        found = ticking.scheduler(session, now)
    if found["last_tick"] is None:
        return [Check("scheduler", well=True, found="off: it never ran here")]
    fix = "Start shirube work (or shirube serve --work); if it runs, see its log and shirube jobs"
    ago, well = (now - datetime.fromisoformat(found["last_tick"])).total_seconds(), found["state"] == "ticking"
    when = f"{span(max(ago, 0.0))} ago" if well or ago > 0 else ticking.AHEAD
    return [Check("scheduler", well=well, found=f"last heard of {found['last_tick']}, {when}", fix=fix)]


def ledger(wiring: Wiring) -> list[Check]:
    """Tell of windows that a clock that was ahead noted as asked; nothing where there are none.

    Days to come are asked when they come; those that are over wait for a pull that goes back to them.
    """
    now = wiring.clock()
    with reading(wiring.sessions) as session:
        noted = windows.ahead(session, now)
    if not noted:
        return []
    over = [start for start, end in noted if end < now.date()]
    said = f"{len(noted):,} windows were asked {ticking.AHEAD}, {len(over):,} of them of days that are over"
    fix = f"If the clock is right now, shirube pull --since {min(over, default=now.date())} asks them again"
    return [Check("ledger", well=not over, found=said, fix=fix)]


def backup(wiring: Wiring) -> list[Check]:
    """Tell how old the newest backup is, and whether it holds much less than an older one.

    Old ones are not well where the schedule, which makes them, has run.
    """
    now = wiring.clock()
    newest = _newest(wiring.backups_dir, now)
    with reading(wiring.sessions) as session:
        runs = ticking.scheduler(session, now)["last_tick"] is not None
    fix = "Run shirube db backup; shirube jobs backup tells how the last ones went"
    if newest is None:
        return [Check("backups", well=not runs, found=f"none in {_shown(wiring.backups_dir)}", fix=fix)]
    if less := backups.poorer(wiring.backups_dir):
        return [Check("backups", well=False, found=f"the newest {less}", fix=backups.POORER)]
    said = f"the newest is of {iso(newest)}, {span(max((now - newest).total_seconds(), 0.0))} old"
    return [Check("backups", well=not runs or now - newest <= OLD, found=said, fix=fix)]


def mail(wiring: Wiring) -> list[Check]:
    """Tell whether mail could leave, and by which way, by a session without a mail; half a setting up is not well."""
    settings = wiring.settings
    missing = [f"SHIRUBE_{name.upper()}" for name in _NEEDED if getattr(settings, name) is None]
    begun = settings.smtp_url is not None or settings.mail_from is not None
    if missing and begun:
        fix = f"Set {' and '.join(missing)}: mails come from one, and link to the other"
        return [Check("mail", well=False, found=f"cannot be sent: {' and '.join(missing)} not set", fix=fix)]
    if missing:
        return [Check("mail", well=True, found=f"off: {' and '.join(missing)} not set")]
    if settings.smtp_url is None:
        return [Check("mail", well=True, found="on, by a folder of .eml files")]
    reason = SmtpDelivery(settings.smtp_url.get_secret_value(), TRIAL).trial()
    if reason is None:
        return [Check("mail", well=True, found="on, by SMTP; the server takes the session")]
    fix = "See that the server runs and may be reached from here; else mend SHIRUBE_SMTP_URL"
    return [Check("mail", well=False, found=f"the mail server gives no session: {reason}", fix=fix)]


def waiting(wiring: Wiring) -> list[Check]:
    """Tell of the mails there are, why some wait, and that they are held, where they are.

    Where readers lack the newest issue, perhaps by the relay's own fault, that is not well.
    """
    with reading(wiring.sessions) as session:
        hold, counts, reasons = holds.held(session), outbox.counts(session), outbox.reasons(session)
        newest = outbox.newest(session)
        lacking = missed(session, newest) if newest else Missed()
    doubtful = again(wiring)
    if hold is None and not any(counts.values()) and not doubtful:
        return []
    said = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items())) or "nothing waits"
    said += f" ({'; '.join(why(reasons))})" if reasons else ""
    said = "; ".join((said, *doubtful))
    if hold is not None:
        said = f"mail is held since {iso(hold.since)}: {hold.reason}; {said}"
        fix = "Look at shirube outbox, then let it go: shirube outbox --release, with --skip-waiting to send none of it"
        return [Check("outbox", well=False, found=said, fix=fix)]
    if newest and lacking.failed:
        return [Check("outbox", well=False, found=said, fix=told_missed(newest, lacking.failed))]
    fix = "Mend the relay, which refuses these; an address that is gone: shirube subscribers suppress"
    return [Check("outbox", well=not lacking.waits, found=said, fix=fix)]


def refused(wiring: Wiring) -> list[Check]:
    """Tell how many readers are suppressed by a relay's word alone; that is well, as mailboxes do cease to be."""
    with reading(wiring.sessions) as session:
        readers = subscribers.refused(session)
    return [Check("readers", well=True, found=told_refused(readers))] if readers else []


def webhook(wiring: Wiring) -> list[Check]:
    """Tell whether calls of the webhook could be signed, and would reach somebody; nothing where none is set."""
    url = wiring.settings.webhook_url
    if url is None:
        return []
    wiring.webhook  # noqa: B018 - raises ConfigError where the secret is missing or none
    knock(url.get_secret_value(), wiring.guard.policy, TRIAL)
    return [Check("webhook", well=True, found="set, its calls are signed")]


def _newest(folder: Path, now: datetime) -> datetime | None:
    """Tell of which moment the newest backup in a folder is; its name says it.

    One that was made while the clock was ahead tells nothing: it would hide for years that none is made any more.
    """
    return max((moment for file in backups.found(folder) if (moment := backups.made(file)) <= now), default=None)


def _shown(folder: Path) -> str:
    """Write a folder as short as it is clear."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)
