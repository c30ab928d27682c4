"""The month rule (contract.md), over simulated months: papers turn up, dates are learned, issues close, it restarts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.months import closing_time, month_of, shift
from core.record import Author, PaperRecord
from db.engine import Sessions, reading
from db.models import Base, Item
from ingest.service import store
from ingest.service.arriving import store_many
from tests.faults.dump import differences, state
from tests.ingest.doubles import make_final

START = datetime(2026, 5, 20, tzinfo=UTC)
MONTHS = ("2026-05", "2026-06", "2026-07", "2026-08")
DATES = {  # v1 dates that a paper can have whose id carries the month: of it, of the one before, of its first hour
    month: tuple(
        datetime.fromisoformat(f"{day}T{hour}+00:00")
        for day, hour in (
            (f"{month}-01", "00:00:00"), (f"{month}-15", "12:00:00"), (f"{shift(month, -1)}-28", "23:59:59"),
        )
    )
    for month in MONTHS
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """What one source says of one item, and how many days after the start."""

    day: int
    item_id: str
    source: str
    submitted: datetime | None = None
    feed_date: date | None = None

    @property
    def at(self) -> datetime:
        return START + timedelta(days=self.day)

    @property
    def record(self) -> PaperRecord:
        post = ":" in self.item_id
        return PaperRecord(
            source=self.source,
            id=self.item_id,
            arxiv_id=None if post else self.item_id,
            kind="post" if post else "paper",
            title=f"On item {self.item_id}",
            as_of=self.at,
            authors=(Author("Ada Moorhen"),),
            submitted=self.submitted,
            feed_date=self.feed_date,
            announced=None if post else self.at.date(),  # a listing day: never a month
            daily_date=None if post else self.at.date(),
            url="https://labs.example/post" if post else None,
        )


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """A claim of some day between May and September; a paper has one v1 date by arXiv, and HF may have another.

    Nobody tells a date that has not come yet.
    """
    day = draw(st.integers(0, 110))
    now = START + timedelta(days=day)
    if draw(st.integers(0, 3)) == 0:
        told = draw(st.sampled_from([None, date(2026, 5, 31), date(2026, 7, 1)]))
        told = told if told and told <= now.date() else None
        return Claim(day, draw(st.sampled_from(["heronry:a", "heronry:b"])), "labs", feed_date=told)
    month, number = draw(st.sampled_from(MONTHS)), draw(st.integers(1, 2))
    item_id = f"{month[2:4]}{month[5:]}.{number:05d}"
    source = draw(st.sampled_from(["arxiv", "hf", "pwc"]))
    dates = DATES[month]
    submitted = {"arxiv": dates[number], "hf": draw(st.sampled_from([None, *dates])), "pwc": dates[0]}[source]
    return Claim(day, item_id, source, submitted=submitted if submitted and submitted <= now else None)


@dataclass
class Rule:
    """The rule told once more, as plainly as the contract does; one item at a time, nothing stored."""

    said: dict[str, list[Claim]] = field(default_factory=dict)
    months: dict[str, str] = field(default_factory=dict)

    def hear(self, claim: Claim, final: set[str]) -> None:
        known = self.said.setdefault(claim.item_id, [])
        known.append(claim)
        right, had = self._right(claim.item_id, known), self.months.get(claim.item_id)
        if had is None or not {right, had} & final:
            self.months[claim.item_id] = right

    def _right(self, item_id: str, known: list[Claim]) -> str:
        if ":" in item_id:
            told = [claim for claim in known if claim.feed_date]
            newest = max(told, key=lambda claim: (claim.at, str(claim.feed_date)), default=None)
            return month_of(newest.feed_date) if newest and newest.feed_date else month_of(min(c.at for c in known))
        for source in ("arxiv", "hf"):
            told = [claim for claim in known if claim.source == source and claim.submitted]
            if told:
                newest = max(told, key=lambda claim: (claim.at, str(claim.submitted)))
                return month_of(newest.submitted or newest.at)
        return f"20{item_id[:2]}-{item_id[2:4]}"


def closings(delays: dict[str, int]) -> dict[str, datetime]:
    """When each month's issue is made: after its closing time, the machine having been off for some days."""
    return {month: closing_time(month, 5) + timedelta(days=delays.get(month, 0)) for month in MONTHS}


def told(given_claims: list[Claim], closes: dict[str, datetime]) -> Iterator[tuple[Claim, set[str]]]:
    """Give the claims in the order of time, each with the months that have a final issue by then."""
    for claim in sorted(given_claims, key=lambda c: (c.day, c.item_id, c.source, str(c.submitted), str(c.feed_date))):
        yield claim, {month for month, at in closes.items() if at <= claim.at}


def months(sessions: Sessions) -> dict[str, str]:
    with reading(sessions) as session:
        return {row.id: row.month for row in session.execute(select(Item.id, Item.month))}


def close(session: Session, final: set[str]) -> None:
    """Make the issues of these months final."""
    for month in final:
        make_final(session, month)


def emptied(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))


def check_the_rule(sessions: Sessions, given_claims: list[Claim], delays: dict[str, int], restarts: set[int]) -> None:
    emptied(sessions)
    rule, before, closed = Rule(), dict[str, str](), set[str]()
    for number, (claim, final) in enumerate(told(given_claims, closings(delays))):
        if number in restarts:
            sessions.kw["bind"].dispose()  # nothing but the database remembers
        with sessions.begin() as session:
            close(session, final)
            (store_many if number % 2 else store)(session, [claim.record], claim.at)
        rule.hear(claim, final)
        found = months(sessions)
        assert found == rule.months  # every item in exactly one month, and in which one
        for item_id, month in before.items():
            moved = found[item_id] != month
            assert not moved or not {month, found[item_id]} & final
        assert closed <= final
        before, closed = found, final


calm: dict[str, Any] = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}
given_months = {
    "given_claims": st.lists(claims(), min_size=1, max_size=12),
    "delays": st.dictionaries(st.sampled_from(MONTHS), st.integers(0, 45), max_size=2),
    "restarts": st.sets(st.integers(0, 11), max_size=2),
}


@settings(max_examples=60, **calm)
@given(**given_months)
def test_every_item_is_in_one_month_and_leaves_it_only_while_neither_is_final(
    sqlite_sessions: Sessions, given_claims: list[Claim], delays: dict[str, int], restarts: set[int]
) -> None:
    check_the_rule(sqlite_sessions, given_claims, delays, restarts)


@settings(max_examples=6, **calm)
@given(**given_months)
def test_the_same_on_postgresql(
    postgres_sessions: Sessions, given_claims: list[Claim], delays: dict[str, int], restarts: set[int]
) -> None:
    check_the_rule(postgres_sessions, given_claims, delays, restarts)


@settings(max_examples=25, **calm)
@given(given_months["given_claims"], st.sets(st.integers(0, 11), min_size=1, max_size=3))
def test_a_pull_that_was_cut_off_and_made_again_changes_no_month(
    sqlite_sessions: Sessions, given_claims: list[Claim], repeated: set[int]
) -> None:
    """What was stored just before the cut comes once more, in the same hour."""
    ordered = list(told(given_claims, closings({})))
    states = []
    for again in (set[int](), repeated):
        emptied(sqlite_sessions)
        for number, (claim, final) in enumerate(ordered):
            for _ in range(1 + (number in again)):
                with sqlite_sessions.begin() as session:
                    close(session, final)
                    store(session, [claim.record], claim.at)
        states.append(state(sqlite_sessions))
    assert differences(*states) == []


PAPER = "2606.00001"
MAY = datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)


def learned(sessions: Sessions, *final: str) -> str:
    """Hear of a paper by its id alone, and later, with these months final, that it was submitted in May."""
    for claim, months_final in (
        (Claim(20, PAPER, "pwc"), set[str]()),
        (Claim(60, PAPER, "arxiv", submitted=MAY), set(final)),
    ):
        with sessions.begin() as session:
            close(session, months_final)
            store(session, [claim.record], claim.at)
    return months(sessions)[PAPER]


def test_a_date_learned_later_moves_a_paper(sessions: Sessions) -> None:
    assert learned(sessions) == "2026-05"


def test_but_not_into_a_final_month(sessions: Sessions) -> None:
    assert learned(sessions, "2026-05") == "2026-06"


def test_nor_out_of_one(sessions: Sessions) -> None:
    assert learned(sessions, "2026-06") == "2026-06"


def test_the_date_learned_is_kept_though_the_paper_stays(sessions: Sessions) -> None:
    learned(sessions, "2026-05")
    with reading(sessions) as session:
        assert session.scalars(select(Item.submitted)).one() == MAY
