"""Which issues there are and which one a reader means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from api.errors import Problem, for_readers
from core.errors import UsageError
from core.months import parse_month
from core.text import clean, text_hash
from db import issues
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


@dataclass(frozen=True, slots=True)
class Listed:
    """An issue as the archive lists it."""

    month: str
    status: str
    published: datetime | None
    considered: int
    chosen: int
    minutes: int
    errata: int


def listed(session: Session) -> list[Listed]:
    """List all issues with their figures, newest first; the content of none is read whole."""
    sums = [Issue.digest[name].as_integer() for name in ("considered", "chosen", "minutes")]
    query = select(Issue.month, Issue.status, Issue.published_at, *sums, Issue.erratum).order_by(Issue.month.desc())
    return [_listed(row) for row in session.execute(query)]


def _listed(row: Any) -> Listed:
    month, status, published, considered, chosen, minutes, erratum = row
    return Listed(month, status, published, considered, chosen, minutes, len(erratum))


def newest_final(found: Sequence[IssueHead]) -> IssueHead | None:
    """Choose the newest final issue of a list that is newest first."""
    return next((head for head in found if head.status == "final"), None)


def to_show(found: Sequence[IssueHead]) -> IssueHead | None:
    """Choose the issue for a reader who names none: the newest final one, else the newest draft or sample."""
    return newest_final(found) or (found[0] if found else None)


def fingerprint(session: Session, month: str) -> str:
    """Name everything an answer about an issue depends on, without parsing it: its row and its neighbours.

    Raises an error answered with 404 for a word that is no month and for a month without an issue.
    """
    return state(session, month)[0]


def state(session: Session, month: str) -> tuple[str, datetime | None]:
    """Give the fingerprint and the moment since which nothing of the answer changed, None where that is not known.

    The moment is that of the last change of any issue, since an issue links its neighbours; of an erratum only the day
    is known. Raises as `fingerprint` does.
    """
    columns = (cast(Issue.digest, Text), cast(Issue.erratum, Text), Issue.status, Issue.published_at)
    newest = [select(func.max(moment)).scalar_subquery() for moment in (Issue.made_at, Issue.published_at)]
    row = session.execute(select(*columns, *newest).where(Issue.month == _month(month))).one_or_none()
    if row is None:
        raise for_readers(
            404,
            lambda v: v.t("There is no issue of %(month)s.", month=month),
            lambda v: v.t("The list of all issues names those there are."),
        )
    *own, made, published = row
    changed = max(made, published or made) if own[1] == "[]" else None
    return text_hash(repr((month, *own, issues.statuses(session)))), changed


def find_digest(session: Session, month: str) -> Digest:
    """Read the issue of a month as an address names it; raises an error answered with 404 otherwise."""
    return read_digest(session, _month(month))


def no_stage(month: str, number: int, numbers: Sequence[int]) -> Problem:
    """Say that an issue has no such stage, and which it has."""
    return for_readers(
        404,
        lambda v: v.t("The issue of %(month)s has no stage %(number)s.", month=month, number=str(number)),
        lambda v: v.t("Its stages are %(numbers)s.", numbers=v.join(map(str, numbers))),
    )


def _month(text: str) -> str:
    try:
        return parse_month(text)
    except UsageError as problem:  # in an address a word that is no month is a page that is not there
        name = clean(text[:100])
        raise for_readers(
            404,
            lambda v: v.t("%(text)s is no month.", text=name),
            lambda v: v.t("Write it as YYYY-MM, for example 2026-06; arXiv began in 1991-08."),
        ) from problem
