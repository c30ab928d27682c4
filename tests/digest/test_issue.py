"""A month from its stored scores to its issue: when it closes, what it freezes, what its banners say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, select

from core.errors import NotFoundError
from db.engine import Sessions
from db.models import Issue, IssueItem, Item, Shortlist, Window
from digest.formats import text
from digest.service import close_due, digest_of, read_digest
from roadmap.model import Roadmap
from tests.digest.store import OPTIONS, add_paper, add_window, at, build, close_windows, ready, shortlist
from tests.ingest.fake import dump


def test_a_complete_month_closes_after_its_closing_time(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        early = build(session, "2026-06", roadmap, at("2026-07-05", 5))
        assert (early.status, early.published_at) == ("draft", None)
        issue = build(session, "2026-06", roadmap, at("2026-07-05", 9))
        digest = digest_of(issue)
    assert issue.status == digest.status == "final"
    assert digest.published == at("2026-07-05", 9)
    assert [entry.number for entry in digest.entries.values()] == ["5.1", "5.2", "5.3"]
    assert digest.coverage.expected == 10
    assert digest.coverage.failed == ()
    assert not digest.banners


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("arxiv", {"state": "open"}),
        ("arxiv", {"received": 9}),
        ("arxiv", {"state": "stale"}),
        ("arxiv", {"checked_at": at("2026-06-30", 12)}),
        ("hf", {"state": "error", "error": "answered 503"}),
        ("labs", {"checked_at": at("2026-07-05", 5)}),
        ("pwc", {"checked_at": None, "state": "open"}),
    ],
)
def test_anything_open_keeps_a_draft_for_seven_days(
    sessions: Sessions, roadmap: Roadmap, source: str, change: dict[str, Any]
) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        window = session.scalars(select(Window).where(Window.source == source)).one()
        for name, value in change.items():
            setattr(window, name, value)
        session.flush()
        assert build(session, "2026-06", roadmap, at("2026-07-12", 5)).status == "draft"
        issue = build(session, "2026-06", roadmap, at("2026-07-12", 6))
        first = digest_of(issue).banners[0]
    assert issue.status == "final"
    assert (first.kind, first.facts) == ("overdue", {"open": source})


def test_a_gap_between_arxiv_windows_keeps_a_draft(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        window = session.scalars(select(Window).where(Window.source == "arxiv")).one()
        window.to_day -= timedelta(days=2)
        session.flush()
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-06")))
    assert digest.status == "draft"


def test_a_final_issue_says_which_days_were_never_asked_about(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        window = session.scalars(select(Window).where(Window.source == "arxiv")).one()
        window.to_day -= timedelta(days=2)
        session.flush()
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-20")))
    arxiv = digest.coverage.sources[0]
    assert (digest.status, arxiv.source, arxiv.state) == ("final", "arxiv", "partial")
    assert (arxiv.missing_days, arxiv.expected) == ((date(2026, 6, 29), date(2026, 6, 30)), None)
    assert digest.coverage.failed == ("arxiv",)
    assert [banner.kind for banner in digest.banners] == ["overdue", "partial"]
    assert digest.banners[1].facts == {"sources": "arxiv", "days": "2026-06-29, 2026-06-30"}
    page = text.render(digest, "en")
    assert "3 of 4 sources complete" in " ".join(page.split())


def test_ranking_must_be_done(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        add_paper(session, roadmap, "2606.20000", "2026-06", ranked=False)
        assert build(session, "2026-06", roadmap, at("2026-07-06")).status == "draft"


def test_ratings_without_shortlists_are_half_of_ranking(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        session.execute(delete(Shortlist))
        assert build(session, "2026-06", roadmap, at("2026-07-06")).status == "draft"


def test_an_old_month_pulled_for_the_first_time_has_its_seven_days_too(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_paper(session, roadmap, "2606.10001", "2026-06", seen=at("2026-11-20"))
        shortlist(session, "2026-06")
        add_window(session, "arxiv", "2026-06", state="open")
        assert build(session, "2026-06", roadmap, at("2026-11-26")).status == "draft"
        assert build(session, "2026-06", roadmap, at("2026-11-27")).status == "final"


def test_a_final_issue_is_frozen(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        before = build(session, "2026-06", roadmap, at("2026-07-06")).digest
        add_paper(session, roadmap, "2606.20000", "2026-06", worth=0.99)
        shortlist(session, "2026-06")
        again = build(session, "2026-06", roadmap, at("2026-07-20"))
        assert again.digest == before
        assert again.published_at == at("2026-07-06")


def test_a_month_of_recorded_items_is_a_sample_and_real_data_replace_it(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_paper(session, roadmap, "2606.10001", "2026-06", sources=["recorded"])
        add_paper(session, roadmap, "2606.10002", "2026-06", sources=["recorded"])
        shortlist(session, "2026-06")
        sample = digest_of(build(session, "2026-06", roadmap, at("2026-11-20")))
        assert sample.status == "sample"
        assert [b.kind for b in sample.banners] == ["sample"]
        assert all(entry.recorded for entry in sample.entries.values())
        session.get_one(Item, "2606.10001").sources = ["arxiv", "recorded"]
        close_windows(session, "2026-06")
        session.flush()
        mixed = build(session, "2026-06", roadmap, at("2026-07-06"))
        assert mixed.status == "draft"
        issue = build(session, "2026-06", roadmap, at("2026-07-20"))
        assert issue.status == "final"
        assert list(digest_of(issue).entries) == ["2606.10001"]
        assert session.scalars(select(IssueItem.item_id)).all() == ["2606.10001"]


def test_strays_make_no_issue_and_block_nobody(sessions: Sessions, roadmap: Roadmap) -> None:
    """A paper of June turns up on another source's list in September; arXiv was never asked about June and July."""
    with sessions.begin() as session:
        ready(session, roadmap, "2026-05")
        build(session, "2026-05", roadmap, at("2026-06-06"))
        add_paper(session, roadmap, "2606.10001", "2026-06", sources=["hf", "recorded"])
        add_paper(session, roadmap, "2606.10002", "2026-06", sources=["recorded"])
        add_paper(session, roadmap, "2607.10001", "2026-07", sources=["hf"])
        ready(session, roadmap, "2026-08")
        assert build(session, "2026-06", roadmap, at("2026-09-30")).status == "sample"
        assert build(session, "2026-07", roadmap, at("2026-09-30")).status == "draft"
    assert close_due(sessions, roadmap, lambda: at("2026-09-30"), OPTIONS) == ["2026-08"]


def test_offline_is_a_view_and_writes_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
    before = dump(sessions)
    with sessions.begin() as session:
        shown = build(session, "2026-06", roadmap, at("2026-07-06"), offline=True)
    assert (shown.status, digest_of(shown).banners[-1].kind) == ("draft", "offline")
    assert dump(sessions) == before


def test_offline_leaves_the_stored_row_as_it_is(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        build(session, "2026-06", roadmap, at("2026-07-01"))
        add_paper(session, roadmap, "2606.20000", "2026-06", worth=0.99)
        shortlist(session, "2026-06")
    before = dump(sessions)
    with sessions.begin() as session:
        draft = build(session, "2026-06", roadmap, at("2026-07-02"), offline=True)
    assert "2606.20000" in {entry.id for entry in digest_of(draft).entries.values()}
    assert dump(sessions) == before
    with sessions.begin() as session:
        final = build(session, "2026-06", roadmap, at("2026-07-06")).digest
        shown = digest_of(build(session, "2026-06", roadmap, at("2026-07-07"), offline=True))
        assert (shown.status, shown.banners[-1].kind) == ("final", "offline")
        assert session.get_one(Issue, "2026-06").digest == final


def test_offline_needs_something_stored(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        with pytest.raises(NotFoundError, match="Nothing is stored for 2026-05"):
            build(session, "2026-05", roadmap, at("2026-07-06"), offline=True)
    with sessions.begin() as session:
        assert session.scalars(select(Issue)).all() == []


def test_a_draft_depends_on_its_rows_and_not_on_the_clock(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        for window in session.scalars(select(Window)):
            window.checked_at = window.closed_at = at("2026-07-01")
        first = build(session, "2026-06", roadmap, at("2026-07-02")).digest
    with sessions.begin() as session:
        for window in session.scalars(select(Window)):
            window.checked_at = at("2026-07-03")
        second = digest_of(build(session, "2026-06", roadmap, at("2026-07-04")))
        session.expire_all()
        assert digest_of(session.get_one(Issue, "2026-06")) == second
    assert second.made == at("2026-07-01")
    with sessions.begin() as session:
        assert session.get_one(Issue, "2026-06").digest == first


def test_a_draft_says_how_far_it_reaches(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, "2026-05")
        build(session, "2026-05", roadmap, at("2026-06-06"))
        add_paper(session, roadmap, "2606.10001", "2026-06")
        read = at("2026-06-11")
        add_window(session, "arxiv", "2026-06", to_day=at("2026-06-10").date(), checked_at=read, closed_at=read)
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-06-11")))
    facts = {"papers": 1, "until": "2026-06-10", "closes": "2026-07-05", "last_final": "2026-05"}
    assert [(b.kind, b.facts) for b in digest.banners] == [("draft", facts)]


def test_a_failed_source_is_said_first_and_in_the_coverage(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap)
        window = session.scalars(select(Window).where(Window.source == "pwc")).one()
        window.state, window.error, window.closed_at = (
            "error",
            "example.org cannot be reached: connection refused",
            None,
        )
        session.flush()
        digest = digest_of(build(session, "2026-06", roadmap, at("2026-07-06")))
    assert digest.banners[-1].kind == "partial"
    assert digest.banners[-1].facts == {"sources": "pwc"}
    assert digest.coverage.failed == ("pwc",)
    assert {s.source: s.state for s in digest.coverage.sources}["pwc"] == "unreachable"


def test_missed_months_close_in_order(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for month in ("2026-06", "2026-07", "2026-08"):
            ready(session, roadmap, month)
        build(session, "2026-06", roadmap, at("2026-07-06"))
        session.scalars(select(Window).where(Window.source == "hf", Window.from_day == at("2026-07-01").date())).one()
    assert close_due(sessions, roadmap, lambda: at("2026-09-06"), OPTIONS) == ["2026-07", "2026-08"]
    assert close_due(sessions, roadmap, lambda: at("2026-09-06"), OPTIONS) == []


def test_a_month_waits_for_the_earlier_one(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        for month in ("2026-06", "2026-07", "2026-08"):
            ready(session, roadmap, month)
        build(session, "2026-06", roadmap, at("2026-07-06"))
        july = select(Window).where(Window.source == "arxiv", Window.from_day == at("2026-07-01").date())
        session.scalars(july).one().state = "error"
        session.get_one(Item, "2607.10000").first_seen = at("2026-09-05")
        for number in (1, 2):
            session.get_one(Item, f"2607.1000{number}").first_seen = at("2026-09-05")
        session.flush()
        assert build(session, "2026-08", roadmap, at("2026-09-06")).status == "draft"
        assert session.get_one(Issue, "2026-07").status == "draft"
        assert build(session, "2026-08", roadmap, at("2026-09-12")).status == "final"
        assert session.get_one(Issue, "2026-07").status == "final"


def test_closing_writes_down_everything_considered(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, papers=11)
        add_paper(session, roadmap, "2606.30000", "2026-06", worth=None, fit=0.1)
        build(session, "2026-06", roadmap, at("2026-07-06"))
        rows = {row.item_id: row.printed for row in session.scalars(select(IssueItem))}
    assert len(rows) == 12
    assert sum(rows.values()) == 8
    assert rows["2606.30000"] is False


def test_reading_an_issue_knows_its_neighbours_and_errata(sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        ready(session, roadmap, "2026-06")
        ready(session, roadmap, "2026-07")
        build(session, "2026-06", roadmap, at("2026-07-06"))
        build(session, "2026-07", roadmap, at("2026-08-06"))
        session.get_one(Issue, "2026-06").erratum = [
            {"date": "2026-08-07", "item_id": "2606.10000", "kind": "withdrawn", "detail": ""}
        ]
        session.flush()
        digest = read_digest(session, "2026-06")
        assert (digest.previous, digest.next) == (None, "2026-07")
        assert digest.banners[-1].facts["item_id"] == "2606.10000"
        with pytest.raises(NotFoundError, match="2026-01"):
            read_digest(session, "2026-01")


def test_building_costs_the_same_number_of_queries_for_few_and_many(
    sqlite_sessions: Sessions, roadmap: Roadmap
) -> None:
    counts = []
    for first, papers in ((0, 5), (100, 5), (200, 60)):
        with sqlite_sessions.begin() as session:
            for number in range(first, first + papers):
                add_paper(session, roadmap, f"2606.{10000 + number}", "2026-06", worth=0.9 - number / 1000)
            shortlist(session, "2026-06")
            engine = session.get_bind()
            assert isinstance(engine, Engine)
            with counting(engine) as statements:
                build(session, "2026-06", roadmap, at("2026-06-20"))
        counts.append(len(statements))
    assert counts[1] == counts[2] < 30


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_a_final_issue_names_its_inputs_by_their_hashes(sessions: Sessions, roadmap: Roadmap) -> None:
    def inputs(number: int) -> dict[str, str]:
        with sessions() as session:
            if number:
                ready(session, roadmap, "2026-06", papers=number)
            return dict(digest_of(build(session, "2026-06", roadmap, at("2026-07-06"))).making.inputs)

    one, same, more = inputs(3), inputs(3), inputs(4)
    assert set(one) == {"shortlists", "counts", "ledger", "curriculum"}
    assert one == same
    assert {name for name in one if one[name] != more[name]} == {"shortlists", "counts"}
    assert all(len(value) == 32 for value in one.values())
