"""The table of what visitors without an account say is filed wrongly: a number, and nothing about who."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class Report(Base):
    """How often visitors said that a topic or lab is wrong for an item."""

    __tablename__ = "report"
    __table_args__ = (CheckConstraint("verb IN ('wrong-topic', 'wrong-lab')", name="verb"),)

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    verb: Mapped[str] = mapped_column(String(12), primary_key=True)
    detail: Mapped[str] = mapped_column(primary_key=True)  # the topic or lab
    times: Mapped[int]
    newest: Mapped[datetime]
