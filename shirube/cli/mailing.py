"""Commands that mail an issue and look after the mails that could not be sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.clock import iso
from core.errors import UsageError
from core.months import parse_month
from shirube import terminal
from shirube.cli.options import PARTLY

if TYPE_CHECKING:
    from digest.own import Wishes
    from shirube.wiring import Wiring

commands = typer.Typer()
Month = Annotated[str | None, typer.Argument(metavar="[YYYY-MM]", help="Default: the last final issue.")]


@commands.command(epilog="Examples:  shirube send --dry-run    shirube send 2026-10")
def send(
    context: typer.Context,
    month: Month = None,
    dry_run: Annotated[bool, typer.Option(help="Only say who would get what, and how large it is.")] = False,
) -> None:
    """Mail a final issue to every subscriber; a draft or a sample is refused."""
    from shirube import mail

    wanted = parse_month(month) if month else None
    if dry_run:
        _previewed(context.obj, wanted)
        return
    ended = mail.send(context.obj, wanted)
    terminal.out(ended.says)
    if ended.reasons:
        terminal.say("\n".join(mail.why(ended.reasons)))
        terminal.say("shirube doctor tries the mail server.")
    if ended.missed:
        terminal.say(mail.told_missed(ended.month, ended.missed))
    if ended.refused:
        terminal.say(mail.told_refused(ended.refused))
    if ended.waits or ended.missed:
        raise typer.Exit(PARTLY)


def _previewed(wiring: Wiring, month: str | None) -> None:
    from shirube import mail

    count = size = largest = 0
    for one in mail.dry_run(wiring, month):
        about = f"{one.address}\t{one.lang}\t{_wanted(one.wishes)}"
        terminal.out(f"{about}\t{one.size / 1000:.1f} kB\t{one.state}\t{one.subject}")
        count, size, largest = count + 1, size + one.size, max(largest, one.size)
    sizes = f"{size / 1e6:.1f} MB in all, the largest {largest / 1000:.1f} kB"
    terminal.say(f"{count:,} mails would be sent, {sizes}; nothing was sent")


def _wanted(wishes: Wishes) -> str:
    """Name what somebody chose by its keys: stages, topics and labs, separated by commas; all, where they did not."""
    return ",".join((*map(str, wishes.stages), *wishes.topics, *wishes.labs)) or "all"


@commands.command(epilog="Examples:  shirube outbox    shirube outbox --json    shirube outbox --retry 17")
def outbox(
    context: typer.Context,
    month: Annotated[str | None, typer.Argument(metavar="[YYYY-MM]", help="Default: all issues.")] = None,
    retry: Annotated[
        int | None, typer.Option(metavar="ID", help="Send this mail again: one that failed or is unknown.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option(help="Send all mails of the newest issue again that failed, but to who is suppressed.")
    ] = False,
    give_up: Annotated[int | None, typer.Option(metavar="ID", help="Send this mail no more.")] = None,
    release: Annotated[bool, typer.Option(help="Let mail go that a restore holds back.")] = False,
    skip_waiting: Annotated[bool, typer.Option(help="With --release: never send what waits now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as values, for programs.")] = False,
) -> None:
    """Count mails by state, say why some wait, and list those that failed or may have arrived or not."""
    if [retry is not None, give_up is not None, retry_failed, release].count(True) > 1:
        raise UsageError(
            "A mail is sent again or given up, not both", "Give one of --retry, --retry-failed, --give-up and --release"
        )
    if skip_waiting and not release:
        raise UsageError("--skip-waiting says what becomes of mails that are let go", "Give it with --release")
    wiring: Wiring = context.obj
    wanted = parse_month(month) if month else None
    if release:
        _released(wiring, skip=skip_waiting)
    elif retry is not None or give_up is not None or retry_failed:
        _decided(wiring, retry, give_up, wanted)
    else:
        _shown(wiring, wanted, as_json=as_json)


def _released(wiring: Wiring, *, skip: bool) -> None:
    from shirube import mail

    terminal.out(f"Mail may leave again; {mail.release(wiring, skip=skip):,} mails that waited are skipped")
    for line in mail.again(wiring):
        terminal.out(line)


def _decided(wiring: Wiring, retry: int | None, give_up: int | None, month: str | None) -> None:
    """Write down a person's word about one mail, else that all that failed are sent again."""
    from digest import service as digests

    with wiring.sessions.begin() as session:
        if retry is not None:
            terminal.out(f"{digests.retry_mail(session, retry, wiring.clock())} will be sent by the next send")
        elif give_up is not None:
            terminal.out(f"{digests.give_up_mail(session, give_up)} is given up")
        else:
            newest, mails = digests.retry_failed(session, month, wiring.clock())
            terminal.out(f"{mails:,} mails of {newest} will be sent by the next send")


def _shown(wiring: Wiring, month: str | None, *, as_json: bool) -> None:
    from db.engine import reading
    from digest import service as digests

    with reading(wiring.sessions) as session:
        found = digests.outbox_state(session, wiring.settings.closing_day, month)
    lines = [] if as_json else _lines(found, iso(wiring.clock()))
    terminal.out(json.dumps(found, indent=2, ensure_ascii=False) if as_json else "\n".join(lines))


def _lines(found: dict[str, Any], now: str) -> list[str]:
    """Write the state of the outbox for people; a moment that has come is told as now."""
    from shirube import mail

    counts = ", ".join(f"{number} {state}" for state, number in found["counts"].items())
    lines = [counts or "The outbox is empty"]
    if found["held"]:
        lines.insert(0, f"Mail is held since {found['held']['since']}: {found['held']['reason']}")
    if found["perhaps_mailed"]:
        lines.append(mail.told_again(**found["perhaps_mailed"]))
    if found["next_at"]:
        lines.append(f"next due: {found['next_at'] if found['next_at'] > now else 'now'}")
    lines += mail.why([(row["reason"], row["mails"]) for row in found["waiting"]])
    for row in found["troubled"]:
        again = f", again at {row['again_at']}" if row["again_at"] else ""
        reason = terminal.plain(row["reason"] or "no reason noted")
        lines.append(f"{row['id']}\t{row['month']}\t{row['address']}\t{row['state']}{again}\t{reason}")
    lines += [f"and {found['more']:,} more"] if found["more"] else []
    for notice in found["notices"]:
        reason = f"\t{terminal.plain(notice['reason'])}" if notice["reason"] else ""
        lines.append(f"webhook\t{notice['month']}\t{notice['state']} after {notice['attempts']} calls{reason}")
    return lines
