"""The table of API keys: what a program of the operator may write, and proof that it may."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from db.models import Base


class ApiKey(Base):
    """A key by its public prefix and the SHA-256 of the whole; a revoked one stays, so that it is known as such."""

    __tablename__ = "api_key"

    prefix: Mapped[str] = mapped_column(String(8), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64))
    name: Mapped[str]  # the operator's word for what uses it
    scopes: Mapped[list[Any]]  # names of core.apikeys.SCOPES
    created: Mapped[datetime]
    last_used: Mapped[datetime | None]  # to the hour
    revoked: Mapped[datetime | None]
