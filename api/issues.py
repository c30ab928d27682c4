"""Which issues there are and which one a reader means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.errors import Problem
from core.errors import UsageError
from core.months import parse_month
from db.models import Issue
from digest.model import Digest
from digest.service import read_digest


@dataclass(frozen=True, slots=True)
class IssueHead:
    """An issue without its content."""

    month: str
    status: str
    made: datetime
    published: datetime | None


def heads(session: Session) -> list[IssueHead]:
    """List all issues, newest first, without reading their content."""
    query = select(Issue.month, Issue.status, Issue.made_at, Issue.published_at).order_by(Issue.month.desc())
    return [IssueHead(*row) for row in session.execute(query)]


def newest_final(found: Sequence[IssueHead]) -> IssueHead | None:
    """Choose the newest final issue of a list that is newest first."""
    return next((head for head in found if head.status == "final"), None)


def to_show(found: Sequence[IssueHead]) -> IssueHead | None:
    """Choose the issue for a reader who names none: the newest final one, else the newest draft or sample."""
    return newest_final(found) or (found[0] if found else None)


def find_digest(session: Session, month: str) -> Digest:
    """Read the issue of a month as an address names it; raises Problem 404 for another word or a month without one."""
    try:
        return read_digest(session, parse_month(month))
    except UsageError as problem:
        raise Problem(404, problem.message, problem.advice) from problem
