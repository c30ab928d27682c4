"""The people who get the digest, for the commands and for the web service behind them."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.clock import iso
from core.errors import ConfigError, NotFoundError, UsageError
from db import signups, subscribers, suppressions
from db.engine import reading
from db.feedback import Doubt
from db.models import Subscriber
from digest import service
from digest.subscriptions import Subscription, normalise
from digest.wishes import read_answers
from shirube import mail
from shirube.wiring import Wiring

COLUMNS = ("email", "lang", "state", "stages", "topics", "labs", "minutes", "consent_source", "consent_at", "created")
FORMATS = ("csv", "json")
OUT = ("left", "suppressed")
STATES = ("active", *OUT)
_FORMULA = ("=", "+", "-", "@")  # a spreadsheet would run a cell that begins so


def add(wiring: Wiring, emails: Sequence[str], consent: str, choice: Subscription) -> list[tuple[str, str]]:
    """Write people down with where they agreed and one choice for all; gives (address, outcome) for each."""
    if not consent.strip():
        raise UsageError("How the person agreed is missing", "Say it with --consent, such as 'asked by mail'")
    wanted = [replace(choice, email=email) for email in emails]
    with wiring.sessions.begin() as session:
        return service.add_subscribers(session, wiring.secret_keys(), wanted, consent.strip(), wiring.clock)


def can_send(wiring: Wiring) -> bool:
    """Tell whether mail is set up."""
    try:
        mail.make_mailer(wiring)
    except ConfigError:
        return False
    return True


def send_letters(wiring: Wiring) -> dict[str, int]:
    """Delete what was kept long enough, and send the letters of sign-ups that are due."""
    mailer = mail.make_mailer(wiring)
    prune(wiring)
    delivery = wiring.delivery()
    try:
        return service.send_letters(wiring.sessions, delivery, wiring.clock, mailer)
    finally:
        delivery.close()


def prune(wiring: Wiring) -> int:
    """Delete sign-ups that nobody confirmed, and people who left 30 days ago; gives how many."""
    with wiring.sessions.begin() as session:
        return service.prune_people(session, wiring.secret_keys(), wiring.clock())


def forget_files(folder: Path, email: str) -> int:
    """Delete the mails to one address that are kept as files; gives how many."""
    key, parser, gone = normalise(email).key, BytesHeaderParser(), 0
    for file in folder.glob("*.eml"):
        try:
            with file.open("rb") as content:
                to = parser.parse(content)["To"]
        except FileNotFoundError:  # it was 30 days old, and another process has just deleted it
            continue
        if str(to).strip().casefold() == key:
            file.unlink(missing_ok=True)
            gone += 1
    return gone


def listed(wiring: Wiring, state: str | None) -> tuple[list[Subscriber], dict[str, int]]:
    """Give the people of a state, or all, and how many more there are: not confirmed, and known by a hash alone."""
    if state is not None and state not in STATES:
        raise UsageError(f"There is no state {state!r}", f"States are {', '.join(STATES)}")
    with reading(wiring.sessions) as session:
        hashes = {f"hash: {reason}": number for reason, number in suppressions.counts(session).items()}
        return list(subscribers.everyone(session, state)), {"not confirmed": signups.count(session), **hashes}


def export(wiring: Wiring, form: str) -> str:
    """Write everyone down with their consent, as CSV or JSON; `import_people` reads the CSV."""
    if form not in FORMATS:
        raise UsageError(f"There is no format {form!r}", f"Formats are {', '.join(FORMATS)}")
    with reading(wiring.sessions) as session:
        rows = [_row(person) for person in subscribers.everyone(session)]
    return _csv(rows) if form == "csv" else json.dumps(rows, ensure_ascii=False, indent=2)


def export_one(wiring: Wiring, email: str) -> str:
    """Write down all that is kept of one person, as they get it by the link in their mails; raises NotFoundError."""
    with reading(wiring.sessions) as session:
        person = service.find_person(session, email)
        if person is None:
            raise NotFoundError("Nobody here has this address", "shirube subscribers list shows who there is")
        return json.dumps(service.personal_data(session, person), ensure_ascii=False, indent=2)


def _row(person: Subscriber) -> dict[str, Any]:
    values = {name: getattr(person, name) for name in COLUMNS}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _csv(rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a file to import: who, when and where they agreed, and the state they were in."""

    wanted: Subscription
    source: str
    at: datetime | None
    state: str
    fault: str = ""


def import_people(wiring: Wiring, text: str, consent: str) -> list[tuple[str, str]]:
    """Add people from CSV with a heading; only `email` is needed, `consent` stands in where a line names no source.

    Gives (address, outcome) in the order of the lines. Who had left or was suppressed elsewhere is so here as well.
    """
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if "email" not in (table.fieldnames or ()):
        raise UsageError("The file has no column called email", f"Its first line names columns: {', '.join(COLUMNS)}")
    lines = [_read_line(wiring, row, consent) for row in table]
    keys, now = wiring.secret_keys(), wiring.clock()
    with wiring.sessions.begin() as session:
        return [_import_line(session, keys, line, now) for line in lines]


def _import_line(session: Session, keys: Sequence[str], line: _Line, now: datetime) -> tuple[str, str]:
    if line.fault:
        return line.wanted.email, f"invalid: {line.fault}"
    if line.state in OUT:
        return line.wanted.email, service.keep_out(session, keys, line.wanted.email, line.state, now)
    return service.add_subscribers(session, keys, [line.wanted], line.source, lambda: now, line.at)[0]


def _read_line(wiring: Wiring, row: dict[str, str | None], consent: str) -> _Line:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    cells = {
        name: text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text for name, text in cells.items()
    }
    lists = {name: re.split(r"[\s,]+", cells[name]) if cells[name] else [] for name in ("stages", "topics", "labs")}
    minutes = int(cells["minutes"]) if cells["minutes"].isdecimal() else None
    given = {"email": [cells["email"]], "lang": [cells["lang"] or "en"], "minutes": [cells["minutes"]], **lists}
    answers = read_answers(given, wiring.roadmap, keep=minutes)
    state = cells["state"].casefold() or "active"
    if state in OUT:  # a refusal holds whatever else the line says, such as a topic that is none any more
        faults = [f"email: {fault.words}" for fault in answers.faults if fault.field == "email"]
        return _Line(Subscription(cells["email"]), "", None, state, "; ".join(faults))
    faults = [f"{fault.field}: {fault.words}" for fault in answers.faults]
    try:
        at = _moment(cells["consent_at"])
    except ValueError:
        faults, at = [*faults, f"consent_at is no moment: {cells['consent_at']!r}"], None
    # What another program calls somebody who refused is not known here: who is called so is not subscribed.
    faults += [] if state in STATES else [f"state: {cells['state']!r} is none of {', '.join(STATES)}"]
    source = cells["consent_source"] or consent
    faults += [] if source else ["nobody says where this person agreed: use --consent, or a column consent_source"]
    wanted = answers.wanted if not faults else Subscription(cells["email"])
    return _Line(wanted, source, at, state, "; ".join(faults))


def _moment(text: str) -> datetime | None:
    """Read a moment of RFC 3339, or a day, which begins in UTC."""
    found = datetime.fromisoformat(text) if text else None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def erase(wiring: Wiring, emails: Sequence[str]) -> list[tuple[str, str]]:
    """Erase whoever has these addresses, mails kept as files included; gives (address, outcome) for each."""
    outcomes = []
    for email in emails:
        with wiring.sessions.begin() as session:
            known = service.erase_address(session, wiring.secret_keys(), email, wiring.clock())
        forget_files(wiring.mail_dir, email)
        outcomes.append((email, "erased" if known else "unknown"))
    return outcomes


def suppress(wiring: Wiring, emails: Sequence[str], why: str, *, lift: bool) -> list[tuple[str, str]]:
    """Never write to these addresses again, or let them sign up again; gives (address, outcome) for each."""
    keys, now = wiring.secret_keys(), wiring.clock()
    with wiring.sessions.begin() as session:
        if lift:
            return [(email, service.lift_suppression(session, keys, email, now)) for email in emails]
        return [(email, service.suppress_address(session, keys, email, why, now)) for email in emails]


def doubts(wiring: Wiring) -> Sequence[Doubt]:
    """List the topics and labs that readers say are wrong."""
    with reading(wiring.sessions) as session:
        return service.doubts(session)
