"""Months that pass with restarts, kills and months asleep: each paper in one issue, each issue told and mailed once."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import NotFoundError, RefusedError
from core.months import closing_time, month_of, shift
from db import issues
from db.engine import Sessions
from db.models import Issue, IssueItem
from db.models_mail import Notice
from digest.delivery.webhook import Answered, Reply, Webhook
from digest.service import IssueOptions, add_subscribers, announce_due, build_issue, close_due, digest_of, fill_outbox
from digest.subscriptions import Subscription
from roadmap.model import Roadmap
from tests.digest.mail import MAILER, SENDER, Scripted, outbox_rows, send
from tests.digest.store import add_paper, at, close_windows, shortlist
from tests.digest.test_late import _empty, _has_ledger, papers_of_months

OPTIONS = IssueOptions(webhook=True, base_url="https://road.example")
FIRST, MONTHS, PEOPLE = "2026-06", 5, 2


class Killed(BaseException):
    """The process dies here; its transaction is never committed."""


def _restarted(step: Callable[[], object], *, kill: bool) -> None:
    """Close months, with `kill` dying when the first issue is written and not committed, and then once more."""
    original = issues.record_considered

    def record(*given: Any, **more: Any) -> None:
        original(*given, **more)
        raise Killed

    if kill:
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            patch.setattr(issues, "record_considered", record)
            step()
    step()


def _mail(sessions: Sessions, now: datetime, delivery: Scripted) -> None:
    """Run `send` as an operator's timer does, whatever there is to send."""
    with sessions.begin() as session:
        try:
            fill_outbox(session, None, lambda: now, SENDER)
        except NotFoundError:
            return
    send(sessions, delivery, now)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])  # emptied by _empty
@given(
    papers=papers_of_months,
    asleep=st.sets(st.integers(1, 4), max_size=2),
    kills=st.sets(st.integers(1, MONTHS), min_size=2),
)
def test_each_paper_stands_in_one_issue_and_each_issue_is_told_and_mailed_once(
    sessions: Sessions,
    roadmap: Roadmap,
    papers: list[tuple[int, int, int, float]],
    asleep: set[int],
    kills: set[int],
) -> None:
    _empty(sessions)
    with sessions.begin() as session:
        people = [Subscription(f"reader{n}@example.org") for n in range(PEOPLE)]
        add_subscribers(session, MAILER.keys, people, "form", lambda: at("2026-06-01"))
    delivery, told, stored = Scripted(), Counter[str](), set[str]()

    def hear(body: bytes, headers: Mapping[str, str]) -> Reply:
        told[headers["webhook-id"]] += 1
        return Answered(204)

    for step in sorted(set(range(1, MONTHS + 1)) - asleep):
        now = closing_time(shift(FIRST, step - 1), 5) + timedelta(hours=3)
        _arrive(sessions, roadmap, papers, stored, now)
        _restarted(lambda now=now: close_due(sessions, roadmap, lambda: now, OPTIONS), kill=step in kills)  # type: ignore[misc]
        _draft_is_refused(sessions, roadmap, now)
        for _ in range(2):
            announce_due(sessions, Webhook(hear, b"s" * 24), lambda now=now: now)  # type: ignore[misc]
            _mail(sessions, now, delivery)
    with sessions() as session:
        finals = {i.month: digest_of(i) for i in session.scalars(select(Issue).where(Issue.status == "final"))}
        considered = {row.item_id: row for row in session.scalars(select(IssueItem))}
        notices = session.scalars(select(Notice)).all()
    printed = Counter(entry for digest in finals.values() for entry in digest.entries)
    assert set(printed.values()) <= {1}
    assert set(printed) == {item for item, row in considered.items() if row.printed}
    assert {notice.month for notice in notices} == set(finals)
    assert told == Counter({notice.id: 1 for notice in notices})
    rows = outbox_rows(sessions)
    assert {row.month for row in rows} <= set(finals)
    assert {row.state for row in rows} <= {"sent"}
    assert len(delivery.mails) == len(rows) == PEOPLE * len({row.month for row in rows})
    assert len({str(mail["Message-ID"]) for _, mail in delivery.mails}) == len(rows)


def _arrive(
    sessions: Sessions, roadmap: Roadmap, papers: list[tuple[int, int, int, float]], stored: set[str], now: datetime
) -> None:
    """Store what was first seen by now, rank its months, and close their ledgers."""
    with sessions.begin() as session:
        months = set()
        for number, (offset, days, stage, worth) in enumerate(papers):
            month = shift(FIRST, offset)
            id_, seen = f"{month[2:].replace('-', '')}.{10000 + number}", at(f"{month}-03") + timedelta(days=days)
            if seen <= now and id_ not in stored:
                add_paper(session, roadmap, id_, month, stage=stage, worth=worth, seen=seen)
                stored.add(id_)
            if id_ in stored:
                months.add(month)
        for month in months:
            shortlist(session, month)
            if month < month_of(now) and not _has_ledger(session, month):
                close_windows(session, month)


def _draft_is_refused(sessions: Sessions, roadmap: Roadmap, now: datetime) -> None:
    """The running month has a draft at most, none while nothing of it is stored, and nobody gets it."""
    month = month_of(now)
    with sessions.begin() as session:
        status = build_issue(session, month, roadmap, lambda: now, OPTIONS).status
    assert status != "final"
    with sessions.begin() as session, pytest.raises((RefusedError, NotFoundError), match=f"{status}|no issue"):
        fill_outbox(session, month, lambda: now, SENDER)
