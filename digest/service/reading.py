"""Read issues: the stored value, with the neighbours of today and what was corrected since."""

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from core.errors import NotFoundError
from db import issues
from db.models import Issue
from digest.closing import neighbours
from digest.errata import corrected
from digest.formats.json import from_json
from digest.model import Digest


def read_digest(session: Session, month: str) -> Digest:
    """Read a stored issue as a digest, with the neighbours of today and its errata said first.

    Raises NotFoundError when the month has no issue.
    """
    issue = issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue of {month}", f"Make it with: shirube digest {month}")
    before, after = neighbours(month, issues.statuses(session))
    return replace(shown(issue), previous=before, next=after)


def shown(issue: Issue) -> Digest:
    """Read an issue as people see it: the value stored, its errata said, and what was withdrawn since marked."""
    return corrected(digest_of(issue), issue.erratum)


def digest_of(issue: Issue) -> Digest:
    """Read the value an issue's row holds."""
    return from_json(in_order(issue.digest))


def in_order(value: Any) -> Any:
    """Sort the keys of stored JSON: PostgreSQL keeps them in another order than they were written in."""
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value)}
    return [in_order(inner) for inner in value] if isinstance(value, list) else value
