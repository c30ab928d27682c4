"""The tables of what leaves by itself: mails to people, the pace of their domains, calls of the webhook."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class Outbox(Base):
    """One mail to one person: its identity is fixed before anything is sent (reliability.md, 2)."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("month", "subscriber_id"),
        CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'retry', 'failed', 'unknown', 'skipped')", name="state"
        ),
        Index("ix_outbox_state_retry_at", "state", "retry_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(ForeignKey("issue.month"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int] = mapped_column(default=0)
    domain: Mapped[str] = mapped_column(String(32), default="", server_default=text("''"))  # see db.outbox.domain_of
    refusals: Mapped[int] = mapped_column(default=0, server_default="0")  # attempts refused for this person's sake
    silences: Mapped[int] = mapped_column(default=0, server_default="0")  # attempts begun and never answered
    body_hash: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    data_started_at: Mapped[datetime | None]  # of the last attempt
    retry_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]
    created: Mapped[datetime]


class MailDomain(Base):
    """When the next mail to a domain may go: the pause between two, or the wait after it asked to be left alone."""

    __tablename__ = "mail_domain"

    domain: Mapped[str] = mapped_column(String(32), primary_key=True)
    free_at: Mapped[datetime]
    refusals: Mapped[int] = mapped_column(default=0)  # in a row


class Notice(Base):
    """One call of the webhook: that an issue was published, told until it is taken or given up."""

    __tablename__ = "notice"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),)

    id: Mapped[str] = mapped_column(primary_key=True)  # the same at every attempt
    month: Mapped[str] = mapped_column(ForeignKey("issue.month"), unique=True)
    body: Mapped[str]
    state: Mapped[str] = mapped_column(String(9))
    attempts: Mapped[int] = mapped_column(default=0)
    created: Mapped[datetime]
    due_at: Mapped[datetime]  # of the next attempt; while one is made, when another may take over
    delivered_at: Mapped[datetime | None]
    error: Mapped[str | None]


class Hold(Base):
    """Why nothing may be mailed, and since when; without a reason all may, and no row where none was ever held."""

    __tablename__ = "mail_hold"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reason: Mapped[str]
    since: Mapped[datetime]
