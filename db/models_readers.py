"""The tables around readers: sign-ups not confirmed yet, caps on them, who is never written to, what was answered.

With `subscriber` they are the only tables about people; `signup` is the only other one that holds an address.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class Signup(Base):
    """Somebody typed an address at the sign-up page; deleted when it is confirmed or, unconfirmed, after 48 hours."""

    __tablename__ = "signup"
    # An id is never given twice, so that a link to confirm never speaks of somebody else.
    __table_args__ = (Index("ix_signup_due_at", "due_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(index=True)
    lang: Mapped[str] = mapped_column(String(2))
    stages: Mapped[list[Any]]
    topics: Mapped[list[Any]]
    labs: Mapped[list[Any]]
    minutes: Mapped[int | None]
    asked_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]  # of the next try to send the link; null: nothing more to send


class Allowance(Base):
    """How often something was done since its window began: a cap that one statement decides (db.signups.spend)."""

    __tablename__ = "allowance"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)  # what is capped, and a keyed hash of whom
    began: Mapped[datetime] = mapped_column(index=True)
    used: Mapped[int]


class Suppression(Base):
    """An address that must not be written to, known by nothing but a keyed hash."""

    __tablename__ = "suppression"
    __table_args__ = (CheckConstraint("reason IN ('erased', 'left', 'refused', 'operator')", name="reason"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(8))
    created: Mapped[datetime]


class Feedback(Base):
    """What a reader said of an item; `detail` is the topic or lab that is wrong, else empty."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "item_id", "verb", "detail"),
        CheckConstraint("verb IN ('more', 'less', 'seen', 'hide', 'wrong-topic', 'wrong-lab')", name="verb"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), index=True)
    verb: Mapped[str] = mapped_column(String(12))
    detail: Mapped[str] = mapped_column(default="")
    created: Mapped[datetime]


class PersonalScore(Base):
    """How a reader's `more`, `less` and `hide` move one candidate of a month, written before the month is mailed."""

    __tablename__ = "personal_score"
    __table_args__ = (CheckConstraint("adjustment BETWEEN -1 AND 1", name="adjustment"),)

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True, index=True)
    adjustment: Mapped[float] = mapped_column(Float)
    hidden: Mapped[bool]  # a near-twin of what the reader hid
    earned: Mapped[list[Any]]  # [{"item", "title", "verb"}]: the answers that earned it, strongest first
