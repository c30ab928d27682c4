"""Tell another program that an issue was published: noted with the issue itself, told until it is taken."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.clock import Clock
from db import notices
from db.engine import Sessions
from digest.closing import IssueOptions
from digest.delivery.webhook import Webhook, after_call, notice_body, notice_id, signed_headers
from digest.model import Digest


def note_published(session: Session, digest: Digest, options: IssueOptions, now: datetime) -> None:
    """Note, in the transaction that closes an issue, that it is to be told of; nothing where no webhook is set."""
    if options.webhook:
        body = notice_body(digest, options.base_url)
        notices.add(session, notice_id(digest), digest.month, body, now)


def announce_due(sessions: Sessions, webhook: Webhook, clock: Clock) -> dict[str, int]:
    """Make every call that is due, once each; gives the number of calls by how they ended.

    A kill between an answer and its note means one more call later, with the same id.
    """
    ended: dict[str, int] = {}
    while True:
        with sessions.begin() as session:
            notice = notices.take(session, now := clock())
        if notice is None:
            return ended
        body = notice.body.encode()
        reply = webhook.post(body, signed_headers(webhook.secret, notice.id, body, now))
        values = after_call(reply, notice.attempts, clock())
        with sessions.begin() as session:
            kept = notices.settle(session, notice.id, notice.attempts, **values)
        state = str(values.get("state", "waiting")) if kept else "lost"
        ended[state] = ended.get(state, 0) + 1
