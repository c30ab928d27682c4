"""Papers that come late: the issue they compete in, and that each is printed at most once."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.months import closing_time, month_of, shift
from db.engine import Sessions
from db.models import Base, Issue, IssueItem, Window
from digest.model import Digest
from digest.service import close_due, digest_of, due_months
from roadmap.model import Roadmap
from tests.digest.store import OPTIONS, add_paper, at, build, close_windows, ready, shortlist


def test_late_papers_compete_once_in_the_next_issue(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, "2026-06")
        build(session, "2026-06", roadmap, at("2026-07-06"))
        for number in range(10):
            add_paper(session, roadmap, f"2606.2000{number}", "2026-06", worth=0.5 + number / 100, stage=number % 8 + 1)
        add_paper(session, roadmap, "2606.30000", "2026-06", worth=0.1)
        add_paper(session, roadmap, "2603.30000", "2026-03")  # March never had an issue: not late
        for month in ("2026-07", "2026-08"):
            ready(session, roadmap, month)
        july = digest_of(build(session, "2026-07", roadmap, at("2026-08-06")))
        august = digest_of(build(session, "2026-08", roadmap, at("2026-09-06")))
    assert [entry.id for entry in july.late] == [f"2606.2000{number}" for number in range(9, 1, -1)]
    assert [entry.number for entry in july.late][:2] == ["L1", "L2"]
    assert july.late_more == 2
    assert july.coverage.late == 11
    assert august.late == ()
    assert august.coverage.late == 0


def test_a_draft_of_a_month_that_never_closes_keeps_late_papers_from_nobody(
    sessions: Sessions, roadmap: Roadmap
) -> None:
    """A month that arXiv was never asked about holds strays at most, and stays a draft for ever."""
    with sessions.begin() as session:
        ready(session, roadmap, "2026-06")
        build(session, "2026-06", roadmap, at("2026-07-06"))
        add_paper(session, roadmap, "1610.10000", "2016-10", sources=["hf"])
        assert build(session, "2016-10", roadmap, at("2026-07-07")).status == "draft"
        add_paper(session, roadmap, "2606.20000", "2026-06")
        ready(session, roadmap, "2026-07")
        july = digest_of(build(session, "2026-07", roadmap, at("2026-08-06")))
        assert [entry.id for entry in july.late] == ["2606.20000"]
        assert session.scalars(select(IssueItem.month).where(IssueItem.item_id == "2606.20000")).one() == "2026-07"


def test_late_papers_wait_for_an_earlier_month_that_will_close(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, "2026-05")
        build(session, "2026-05", roadmap, at("2026-06-06"))
        ready(session, roadmap, "2026-06")
        ready(session, roadmap, "2026-07")
        assert build(session, "2026-06", roadmap, at("2026-07-01")).status == "draft"
        add_paper(session, roadmap, "2605.20000", "2026-05")
        july = digest_of(build(session, "2026-07", roadmap, at("2026-07-31")))
        june = digest_of(build(session, "2026-06", roadmap, at("2026-07-31")))
    assert [entry.id for entry in july.late] == []
    assert [entry.id for entry in june.late] == ["2605.20000"]


def test_a_month_of_which_nothing_is_stored_leaves_no_draft(sessions: Sessions, roadmap: Roadmap) -> None:
    """Perhaps a slip of the pen: it would stand among the issues, and be the neighbour of one, for ever."""
    with sessions.begin() as session:
        assert digest_of(build(session, "2016-10", roadmap, at("2026-07-07"))).considered == 0
    with sessions() as session:
        assert session.scalars(select(Issue)).all() == []


def test_papers_more_than_three_months_late_stay_out(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, "2026-02")
        build(session, "2026-02", roadmap, at("2026-03-06"))
        add_paper(session, roadmap, "2602.20000", "2026-02")
        ready(session, roadmap, "2026-06")
        assert digest_of(build(session, "2026-06", roadmap, at("2026-07-06"))).late == ()


papers_of_months = st.lists(
    st.tuples(
        st.integers(0, 3),  # months after June
        st.integers(0, 120),  # days after submission until it is first seen
        st.integers(1, 8),  # stage
        st.sampled_from([0.2, 0.36, 0.6, 0.9]),  # worth
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])  # emptied by _empty
@given(papers=papers_of_months, gaps=st.sets(st.integers(1, 4), max_size=2))
def test_each_paper_is_considered_in_one_issue_and_printed_at_most_once(
    sessions: Sessions, roadmap: Roadmap, papers: list[tuple[int, int, int, float]], gaps: set[int]
) -> None:
    """Simulate five months in which papers turn up at any time and the machine is off in some of them."""
    _empty(sessions)
    arrivals = [
        (
            f"{shift('2026-06', offset)[2:].replace('-', '')}.{10000 + number}",
            shift("2026-06", offset),
            days,
            stage,
            worth,
        )
        for number, (offset, days, stage, worth) in enumerate(papers)
    ]
    closed: list[str] = []
    stored: set[str] = set()
    for step in range(1, 6):
        if step in gaps:
            continue
        now = closing_time(shift("2026-06", step - 1), 5) + timedelta(hours=3)
        with sessions.begin() as session:
            for id_, month, days, stage, worth in arrivals:
                seen = at(f"{month}-03") + timedelta(days=days)
                if seen <= now and id_ not in stored:
                    add_paper(session, roadmap, id_, month, stage=stage, worth=worth, seen=seen)
                    stored.add(id_)
            for month in {month for id_, month, *_ in arrivals if id_ in stored}:
                shortlist(session, month)
                if month < month_of(now) and not _has_ledger(session, month):
                    close_windows(session, month)
        closed += close_due(sessions, roadmap, lambda now=now: now, OPTIONS)  # type: ignore[misc]
    with sessions.begin() as session:
        finals = [digest_of(issue) for issue in session.scalars(select(Issue).where(Issue.status == "final"))]
        rows = {row.item_id: row for row in session.scalars(select(IssueItem))}
        assert due_months(session, closing_time("2026-10", 5), 5) == [] or 5 in gaps
    assert closed == sorted(closed)
    assert sorted(closed) == sorted(digest.month for digest in finals)
    _printed_once(finals, rows)


def _printed_once(finals: list[Digest], rows: dict[str, IssueItem]) -> None:
    printed = [(entry_id, digest.month) for digest in finals for entry_id in digest.entries]
    assert len(printed) == len({entry_id for entry_id, _ in printed})
    assert dict(printed) == {row.item_id: row.month for row in rows.values() if row.printed}
    for digest in finals:
        for entry in digest.late:
            month = "20" + entry.id[:2] + "-" + entry.id[2:4]
            assert shift(digest.month, -3) <= month < digest.month


def _has_ledger(session: Session, month: str) -> bool:
    return bool(session.scalar(select(func.count()).where(Window.from_day == at(f"{month}-01").date())))


def _empty(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
