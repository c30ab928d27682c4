"""Issues made, closed, corrected, read and mailed: the one place of this package that opens the database."""

from digest.closing import IssueOptions
from digest.service.errata import note_errata
from digest.service.making import build_issue, close_due, due_months
from digest.service.people import add_subscribers, unsubscribe
from digest.service.reading import digest_of, read_digest, shown
from digest.service.sending import fill_outbox, send_due

__all__ = [
    "IssueOptions",
    "add_subscribers",
    "build_issue",
    "close_due",
    "digest_of",
    "due_months",
    "fill_outbox",
    "note_errata",
    "read_digest",
    "send_due",
    "shown",
    "unsubscribe",
]
