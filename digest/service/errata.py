"""Note the errata of final issues: compare what they print with what is believed today. The caller commits."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from db import issues
from db.models import Issue
from digest.errata import Row, Standing, corrections, ids_in
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


def _rows(issue: Issue, ids: Collection[str], standings: Mapping[str, Standing], now: datetime) -> list[Row]:
    """Give the rows an issue lacks; one in which nothing is or was withdrawn is not read as a value at all."""
    if not issue.erratum and not any(item_id in standings and standings[item_id].withdrawn for item_id in ids):
        return []
    return corrections(digest_of(issue), issue.erratum, standings, now.date())


def _standings(session: Session, ids: Collection[str]) -> dict[str, Standing]:
    return {id_: Standing(withdrawn, comment) for id_, withdrawn, comment in issues.standings(session, ids)}
