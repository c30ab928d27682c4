"""Load what an issue is made from: the counts of a month, its ledger, the shortlists and the late arrivals."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from core.months import closing_time, shift
from db import issues, looks
from digest import changes, rows
from digest import coverage as ledger
from digest.candidates import Facts, Place
from digest.closing import IssueOptions, Loaded
from digest.compose import FIT_SHOWN, LATE_BUDGET, WORTH_FLOOR
from digest.looks import LEAST_VOTES, second_looks
from digest.model import Filed, SecondLook


def load(session: Session, month: str, options: IssueOptions, now: datetime) -> Loaded:
    """Load what decides whether a month may close, and what its issue says of itself."""
    closes = closing_time(month, options.closing_day)
    statuses, counts = issues.statuses(session), issues.month_counts(session, month)
    windows = ledger.noted_by([rows.window(row) for row in issues.windows(session, month)], now)
    open_ = ledger.open_sources(month, windows, options.sources, issues.last_reads(session, now), closes)
    if counts.recorded:
        open_ += (ledger.RECORDED,)
    if counts.unranked or not _listed(session, month):
        open_ += ("ranking",)
    takes_late = not closable(session, [m for m, status in statuses.items() if m < month and status == "draft"])
    late = issues.late_count(session, month) if takes_late else 0
    return Loaded(month, closes, counts, late, windows, options.sources, open_, statuses, takes_late)


def closable(session: Session, months: Collection[str]) -> list[str]:
    """Give those of the months that may ever close, oldest first: arXiv was asked of them, and something real is there.

    A draft of any other stays one for ever, such as that of a month with a stray paper of another source.
    """
    found = sorted(issues.real_among(session, months)) if months else []
    return [month for month in found if issues.was_asked(session, month, ledger.ARXIV)]


def _listed(session: Session, month: str) -> bool:
    """Tell whether every stage that has a worthy item has a shortlist: ratings alone are only half of ranking."""
    listed = {row.stage for row in issues.shortlist(session, month)}
    return issues.worthy_stages(session, month, WORTH_FLOOR, FIT_SHOWN) <= listed


def facts_of(
    session: Session, loaded: Loaded, status: str, now: datetime, options: IssueOptions, overdue: bool
) -> tuple[Facts, list[Place]]:
    """Load everything that an issue is composed from; for a final one, items that are only recorded are left out."""
    month, real = loaded.month, status == "final"
    late, late_total = _late_ids(session, loaded)
    shortlists, found = _shortlists(session, month, late, real)
    before, after = loaded.neighbours
    facts = Facts(
        month=month,
        status=status,
        made=now,
        published=now if status == "final" else None,
        closes=loaded.closes,
        previous=before,
        next=after,
        banners=loaded.banners(status, overdue),
        considered=issues.considered(session, month, real),
        posts=issues.considered(session, month, real, kind="post"),
        topics=issues.filed_under(session, month, real, FIT_SHOWN),
        lab_items=tuple(rows.lab_item(*row) for row in issues.from_labs(session, month, real, FIT_SHOWN)),
        late=tuple(rows.candidate(found[id_]) for id_ in late),
        late_total=late_total,
        printed_before=issues.considered_elsewhere(session, list(found), month),
        version=options.version,
        model=options.model,
        inputs_hash="",
        coded=issues.coded(session, month, real),
        filed=_filed(session, month, real),
        new_code=looks.new_code(session, month, FIT_SHOWN) if loaded.pulled else {},
        before=_before(session, loaded),
        second=_second(session, loaded),
        shortlisted=len({place.candidate.id for place in shortlists}),
    )
    return facts, shortlists


def _before(session: Session, loaded: Loaded) -> dict[str, dict[int, int]] | None:
    """Count the six months before by stage, those alone that are stored and ranked in full.

    None while the month itself is not: a month half read falls short of every other.
    """
    if not loaded.whole:
        return None
    months = [shift(loaded.month, -back) for back in range(changes.MONTHS, 0, -1)]
    whole = [month for month in months if _whole(session, month)]
    return {m: {stage: one.papers for stage, one in _filed(session, m, real=True).items()} for m in whole}


def _filed(session: Session, month: str, real: bool) -> dict[int, Filed]:
    return {stage: Filed(*counts) for stage, counts in issues.filed(session, month, real, FIT_SHOWN).items()}


def _whole(session: Session, month: str) -> bool:
    windows = [rows.window(row) for row in issues.windows(session, month)]
    return ledger.whole(month, windows) and not issues.unranked(session, month)


def _second(session: Session, loaded: Loaded) -> tuple[SecondLook, ...]:
    """Look again at what the issues of the six months before considered; like late items, in the next issue alone."""
    month = loaded.month
    if not loaded.takes_late or not loaded.pulled:
        return ()
    earlier = [issue.digest for issue in looks.finals_before(session, month)]
    if not earlier:
        return ()
    coded = [(since, rows.code(code)) for since, code in looks.with_code_since(session, month)]
    return second_looks(coded, looks.noticed_since(session, month, LEAST_VOTES, WORTH_FLOOR, FIT_SHOWN), earlier)


def _late_ids(session: Session, loaded: Loaded) -> tuple[list[str], int]:
    if not loaded.takes_late:
        return [], 0
    return issues.late_worthy(session, loaded.month, WORTH_FLOOR, FIT_SHOWN, LATE_BUDGET)


def _shortlists(session: Session, month: str, more: Sequence[str], real: bool) -> tuple[list[Place], dict[str, Any]]:
    """Load the month's shortlists and the items they and `more` name; `real` leaves out what is only recorded."""
    listed = issues.shortlist(session, month)
    ids = {row.item_id for row in listed} | {twin for row in listed for twin in row.twins} | set(more)
    found = issues.items(session, ids)
    kept = {id_: item for id_, item in found.items() if not (real and item.sources == ["recorded"])}
    return rows.places(listed, kept), found
