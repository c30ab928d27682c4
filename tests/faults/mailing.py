"""`python -m tests.faults.mailing DATABASE SMTP NOW`: one sender, as a process of its own, so that it can be killed."""

import sys
from datetime import datetime

from db.engine import make_engine, make_sessions
from digest.delivery.smtp import SmtpDelivery
from digest.service import fill_outbox, send_due
from tests.digest.mail import MAILER, SENDER, plain


def main(database: str, smtp: str, now: str) -> None:
    """Fill the outbox and send all that is due at a moment."""
    sessions = make_sessions(make_engine(database))
    moment = datetime.fromisoformat(now)
    with sessions.begin() as session:
        fill_outbox(session, None, lambda: moment, SENDER)
    send_due(sessions, SmtpDelivery(smtp, timeout=30), plain, lambda: moment, MAILER)


if __name__ == "__main__":
    main(*sys.argv[1:])
