"""Note the errata of final issues: what is believed otherwise today, what an operator corrects. The caller commits."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from core.errors import NotFoundError, RefusedError
from db import issues
from db.models import Issue
from digest.errata import Row, Standing, corrections, ids_in, same, statement
from digest.service.reading import digest_of


def note_errata(session: Session, now: datetime) -> dict[str, list[Row]]:
    """Add an erratum to each final issue for what it printed and arXiv has withdrawn since, or a withdrawal taken back.

    Every issue's content stays as it is; each change is noted once, whoever else does so at the same moment. Gives the
    rows added (digest.errata) by month, oldest first.
    """
    issues.hold_closing(session)
    finals = [(issue, ids_in(issue.digest)) for issue in issues.finals(session)]
    standings = _standings(session, {item_id for _, ids in finals for item_id in ids})
    noted: dict[str, list[Row]] = {}
    for issue, ids in finals:
        if rows := _rows(issue, ids, standings, now):
            issue.erratum = [*issue.erratum, *rows]
            noted[issue.month] = rows
    session.flush()
    return noted


def add_statement(session: Session, month: str, item: str, texts: Mapping[str, str], now: datetime) -> tuple[Row, bool]:
    """Add what an operator corrects to a final issue (digest.errata.statement); the issue itself stays as it is.

    Gives the row and whether it is new: the same words about the same item are noted once. Raises NotFoundError,
    RefusedError for an issue that is not final, UsageError for words that cannot be printed.
    """
    issues.hold_closing(session)
    issue = _final(session, month)
    row = statement(digest_of(issue), item, texts, now.date())
    said = next((old for old in issue.erratum if same(old, row)), None)
    if said is not None:
        return said, False
    issue.erratum = [*issue.erratum, row]
    session.flush()
    return row, True


def read_errata(session: Session, month: str) -> list[Row]:
    """List the errata of a final issue in the order they were noted; raises as add_statement does."""
    return list(_final(session, month).erratum)


def _final(session: Session, month: str) -> Issue:
    issue = issues.get(session, month)
    if issue is None:
        raise NotFoundError(f"There is no issue of {month}", f"Make it with: shirube digest {month}")
    if issue.status != "final":
        now = "Correct the data and run the digest again: until it is final it is made anew"
        raise RefusedError(f"The issue of {month} is {issue.status} and has no errata", now)
    return issue


def _rows(issue: Issue, ids: Collection[str], standings: Mapping[str, Standing], now: datetime) -> list[Row]:
    """Give the rows an issue lacks; one in which nothing is or was withdrawn is not read as a value at all."""
    if not issue.erratum and not any(item_id in standings and standings[item_id].withdrawn for item_id in ids):
        return []
    return corrections(digest_of(issue), issue.erratum, standings, now.date())


def _standings(session: Session, ids: Collection[str]) -> dict[str, Standing]:
    return {id_: Standing(withdrawn, comment) for id_, withdrawn, comment in issues.standings(session, ids)}
