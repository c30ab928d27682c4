"""Issues made, closed, corrected, read and mailed: the one place of this package that opens the database."""

from digest.closing import IssueOptions
from digest.service.announcing import announce_due
from digest.service.answering import VERBS, Said, read_said, say, unsay
from digest.service.errata import add_statement, note_errata, read_errata
from digest.service.making import build_issue, close_due, due_months
from digest.service.outbox import Missed, give_up_mail, missed, outbox_state, perhaps_mailed, retry_failed, retry_mail
from digest.service.people import (
    add_subscribers,
    choose,
    erase,
    erase_address,
    find_person,
    keep_out,
    lift_suppression,
    personal_data,
    speaks_of,
    suppress_address,
    undo,
    unsubscribe,
)
from digest.service.reading import digest_of, read_digest, shown
from digest.service.reporting import Outcome, doubts, report
from digest.service.sending import Preview, fill_outbox, preview, send_due
from digest.service.signing_up import Caps, confirm, prune_people, request_signup, send_letters, waiting
from digest.service.standing import Collecting, standing

__all__ = [
    "VERBS",
    "Caps",
    "Collecting",
    "IssueOptions",
    "Missed",
    "Outcome",
    "Preview",
    "Said",
    "add_statement",
    "add_subscribers",
    "announce_due",
    "build_issue",
    "choose",
    "close_due",
    "confirm",
    "digest_of",
    "doubts",
    "due_months",
    "erase",
    "erase_address",
    "fill_outbox",
    "find_person",
    "give_up_mail",
    "keep_out",
    "lift_suppression",
    "missed",
    "note_errata",
    "outbox_state",
    "perhaps_mailed",
    "personal_data",
    "preview",
    "prune_people",
    "read_digest",
    "read_errata",
    "read_said",
    "report",
    "request_signup",
    "retry_failed",
    "retry_mail",
    "say",
    "send_due",
    "send_letters",
    "shown",
    "speaks_of",
    "standing",
    "suppress_address",
    "undo",
    "unsay",
    "unsubscribe",
    "waiting",
]
