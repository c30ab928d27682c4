"""The rules of the ledger over simulated weeks: what is asked when, and that no paper stays unseen."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import SourceError
from core.months import closing_time
from db.engine import Sessions, make_engine, make_sessions
from ingest.batch import Tally
from ingest.due import HELD, REST, WEEK, Rule, Step, estimate, next_step
from ingest.results import Sums, breach, shortfall, uneven
from ingest.source import EntryError, Page, TokenExpiredError
from tests.ingest.doubles import pull_all
from tests.ingest.shelf import CountingShelf, Shelf, ids, paper, window

DAY = date(2026, 6, 5)
OVER = datetime(2026, 6, 6, tzinfo=UTC)
CLOSING = closing_time("2026-06", 5)


@dataclass(frozen=True)
class Row:
    """As much of a window as the rules know of."""

    end: date = DAY
    state: str = "closed"
    errors: int = 0
    checked_at: datetime | None = None


moments = st.integers(0, 120 * 24).map(lambda hours: OVER + timedelta(hours=hours - 24))
rules = st.builds(
    Rule,
    reread_days=st.integers(0, 40),
    counting=st.booleans(),
    closing_day=st.none() | st.integers(1, 28),
    final_months=st.sampled_from([frozenset(), frozenset({"2026-06"})]),
)
gaps = st.lists(st.integers(1, 12 * 24), min_size=1, max_size=60)  # hours between pulls


def asked_at(rule: Rule, hours: list[int], first: datetime = OVER - timedelta(hours=9)) -> list[datetime]:
    """Pull at these moments, each reading or count a success; gives when the window was asked."""
    row, now, asked = Row(state="open"), first, list[datetime]()
    for gap in [0, *hours]:
        now += timedelta(hours=gap)
        if next_step(row, now, rule).due(now):
            asked.append(now)
            row = replace(row, state="closed", checked_at=now)
    return asked


@given(moments, moments, rules, st.sampled_from(["open", "closed", "stale", "error"]), st.integers(0, 2), st.booleans())
def test_every_window_has_one_next_step(
    now: datetime, checked: datetime, rule: Rule, state: str, errors: int, retry: bool
) -> None:
    step = next_step(Row(state=state, errors=errors, checked_at=checked), now, rule, retry_errors=retry)
    assert (step.kind == "settled") == (step.when is None)
    if state != "closed" or (retry and errors):
        assert step.due(now)
        assert step == ("read-again" if state == "open" else "retry", now)
    elif step.when is not None:
        assert step.when > checked
        assert step.kind == "waits-for-the-day-to-end" or (step.kind == "recount") == rule.counting
        assert step.kind != "waits-for-the-day-to-end" or (now < OVER and not step.due(now))


@given(gaps, rules)
def test_a_closed_window_is_left_in_peace_for_a_day_at_least(hours: list[int], rule: Rule) -> None:
    asked = asked_at(rule, hours)
    close = [b for a, b in pairwise(asked) if b - a < REST]
    assert all(a < CLOSING.replace(day=rule.closing_day or 1) <= b for a, b in pairwise(asked) if b in close)
    assert len(close) <= 1


@given(gaps, rules)
def test_what_is_settled_stays_settled(hours: list[int], rule: Rule) -> None:
    asked = asked_at(rule, hours)
    row = Row(checked_at=asked[-1])
    step = next_step(row, asked[-1] + timedelta(days=400), rule)
    later = asked_at(rule, [*hours, 400 * 24, 24, 24, 24, 24 * 30])
    assert len(later) - len(asked) <= 2
    if step.kind == "settled":
        assert later == asked


@given(st.integers(0, 20), st.booleans(), st.integers(0, 19))
def test_with_six_pulls_a_day_no_total_is_older_than_a_week_for_sixty_days(
    reread: int, final: bool, offset: int
) -> None:
    rule = Rule(reread, True, 5, frozenset({"2026-06"} if final else ()))
    asked = asked_at(rule, [offset, *[4] * 6 * 90])
    slack = timedelta(hours=4)
    assert max(b - a for a, b in pairwise(asked)) <= WEEK + slack
    assert OVER + HELD - WEEK <= asked[-1] <= OVER + HELD + slack
    daily = [moment for moment in asked if moment < OVER + timedelta(days=reread)]
    assert all(b - a <= REST + slack for a, b in pairwise(daily))
    first_after = min(moment for moment in asked if moment >= CLOSING)
    assert first_after - CLOSING <= (WEEK + slack if final else slack)
    assert len(asked) <= 2 + reread * 24 / 20 + 60 / 7 + 1


def test_a_source_that_cannot_count_is_read_while_it_may_grow_and_no_longer() -> None:
    asked = asked_at(Rule(3), [4] * 6 * 40)
    assert OVER + timedelta(days=2) < asked[-1] < OVER + timedelta(days=3)
    assert asked_at(Rule(0), [4] * 60)[1:] == [OVER - timedelta(hours=9) + REST]
    assert asked_at(Rule(3), [24, 24 * 30]) == asked_at(Rule(3), [24])  # after a long rest it is not made up for


@given(st.integers(0, 40), st.integers(0, 19), st.booleans())
def test_with_six_pulls_a_day_every_source_is_asked_within_four_hours_of_the_closing_time(
    reread: int, offset: int, counting: bool
) -> None:
    asked = asked_at(Rule(reread, counting, closing_day=5), [offset, *[4] * 6 * 40])
    assert min(moment for moment in asked if moment >= CLOSING) - CLOSING <= timedelta(hours=4)


def test_a_list_that_no_longer_grows_is_read_once_after_its_month_may_close_and_then_no_more() -> None:
    hours = [4] * 6 * 60
    open_, final = Rule(3, closing_day=5), Rule(3, closing_day=5, final_months=frozenset({"2026-06"}))
    assert len(asked_at(open_, hours)) == len(asked_at(final, hours)) + 1
    assert asked_at(final, hours) == asked_at(Rule(3), hours)
    forgotten = asked_at(open_, [24, 24 * 150, 4, 24])
    assert len(forgotten) == 3
    assert forgotten[-1] > CLOSING + timedelta(days=90)


def test_the_calendar_waits_while_the_day_runs() -> None:
    noon = OVER - timedelta(hours=12)
    row = Row(checked_at=noon - timedelta(hours=2))
    assert next_step(row, noon, Rule(4, True)) == Step("waits-for-the-day-to-end", noon + timedelta(hours=18))
    assert next_step(row, noon + timedelta(hours=13), Rule(4, True)).kind == "recount"
    assert next_step(row, noon + timedelta(hours=13), Rule(4)).kind == "read-again"


@pytest.mark.parametrize(
    ("done", "spent", "left"), [(0, 0.0, 180.0), (10, 100.0, 200.0), (10, 1.0, 60.0), (30, 500.0, 0.0), (31, 1.0, 0.0)]
)
def test_an_estimate_goes_by_pages_then_by_the_pace_never_under_the_delay(done: int, spent: float, left: float) -> None:
    assert estimate(30, 3.0, done, spent) == left


def test_sums_must_come_out_even() -> None:
    two = Page((paper(1), paper(2)))
    both = frozenset({"2606.00001", "2606.00002"})
    assert breach(two, Tally(new=1, unchanged=1, ids=both)) is None
    lost = breach(two, Tally(new=1, ids=frozenset({"2606.00001"})))
    assert lost is not None
    assert "2606.00002 missing" in lost.message
    assert breach(two, Tally(new=1, ids=both)) is not None
    assert breach(two, Tally(new=3, ids=both)) is not None
    refused = (EntryError("no title", b"", "2606.00002"),)
    assert breach(two, Tally(new=1, ids=frozenset({"2606.00001"}), refused=refused)) is None
    assert uneven(Sums(3, 2, 1)) is None
    assert uneven(Sums(3, 2, 2)) is not None
    assert uneven(Sums(3, 4, -1)) is not None
    assert shortfall(0, 0) is None
    assert shortfall(0, 0, known=1) is not None
    assert shortfall(1, None, known=5) is None


@contextmanager
def a_store(template: Path) -> Iterator[Sessions]:
    with TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{shutil.copy(template, folder)}")
        yield make_sessions(engine)
        engine.dispose()


FAULTS = (None, None, None, SourceError("503"), TokenExpiredError("expired"), SourceError("gone", unreachable=True))
weeks = st.lists(
    st.tuples(st.integers(1, 5 * 24), st.integers(0, 3), st.booleans(), st.lists(st.sampled_from(FAULTS), max_size=4)),
    max_size=10,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([(30, 3, True, [None, SourceError("503")]), (5, 2, True, [TokenExpiredError("expired")])], True)
@given(weeks, st.booleans())
def test_whatever_happens_for_weeks_everything_announced_is_stored_and_booked(
    sqlite_template: Path, events: list[tuple[int, int, bool, list[SourceError | None]]], counting: bool
) -> None:
    """Hours pass, papers come at the end or at the front, requests fail; then it is quiet and all must be there."""
    kind = CountingShelf if counting else Shelf
    source, numbers, now = kind({DAY: []}, reread=90), count(1), OVER
    with a_store(sqlite_template) as sessions:

        def pulled() -> None:
            pull_all(sessions, [source], DAY, DAY, lambda: now, closing_day=5)
            stand = window(sessions, DAY)
            assert (stand.state == "closed") == (stand.error is None)
            assert stand.state != "closed" or stand.received + stand.errors == stand.expected
            assert stand.received == stand.stored + stand.unchanged
            assert stand.token is None or stand.closed_at is None

        for hours, papers, at_end, faults in events:
            now += timedelta(hours=hours)
            for number in (next(numbers) for _ in range(papers)):
                place = len(source.papers[DAY]) if at_end else 0
                source.papers[DAY].insert(place, paper(number, DAY))
            source.faults = {len(source.asked) + n: fault for n, fault in enumerate(faults, 1) if fault}
            pulled()
        source.faults = {}
        for _ in range(2):
            now += timedelta(days=7)
            pulled()
        announced = {entry.id for entry in source.papers[DAY] if not isinstance(entry, EntryError)}
        assert ids(sessions) == announced
        assert (window(sessions, DAY).state, window(sessions, DAY).received) == ("closed", len(announced))
