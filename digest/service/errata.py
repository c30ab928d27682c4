"""Note the errata of final issues: compare what they print with what is believed today. The caller commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from db import issues
from digest.errata import Row, Standing, corrections, mentions
from digest.service.reading import digest_of


def note_errata(session: Session, now: datetime) -> dict[str, list[Row]]:
    """Add an erratum to each final issue for what it printed and arXiv has withdrawn since, or a withdrawal taken back.

    Every issue's content stays as it is; each change is noted once, whoever else does so at the same moment. Gives the
    rows added (digest.errata) by month, oldest first.
    """
    issues.hold_closing(session)
    finals = [(issue, digest_of(issue)) for issue in issues.finals(session)]
    standings = _standings(session, {item_id for _, digest in finals for item_id in mentions(digest)})
    noted: dict[str, list[Row]] = {}
    for issue, digest in finals:
        if rows := corrections(digest, issue.erratum, standings, now.date()):
            issue.erratum = [*issue.erratum, *rows]
            noted[issue.month] = rows
    session.flush()
    return noted


def _standings(session: Session, ids: Collection[str]) -> dict[str, Standing]:
    return {id_: Standing(withdrawn, comment) for id_, withdrawn, comment in issues.standings(session, ids)}
