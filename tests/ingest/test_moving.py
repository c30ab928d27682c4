"""A post that proves to be a paper: what people said of it is the paper's."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.record import PaperRecord
from db import feedback, reports
from db.engine import Sessions, reading
from db.models import Base, Item, Subscriber
from db.models_readers import Feedback, PersonalScore
from db.models_reports import Report
from db.storing import CHILDREN
from ingest.service.saving import store
from tests.conftest import NOW
from tests.ingest.test_converging import calm

THEN = datetime(2026, 9, 3, tzinfo=UTC)
PAPER, POST, OTHER = "2609.00001", "heronry:a-small-boat", "owlery:a-small-boat"
TOLD = PaperRecord(
    "labs", POST, "post", "A small boat", THEN, url="https://h.example/a-small-boat", feed_date=date(2026, 9, 3)
)
ANNOUNCED = PaperRecord("labs", PAPER, "paper", "A small boat", THEN, arxiv_id=PAPER, aliases=(POST, OTHER))
LISTED = replace(ANNOUNCED, source="arxiv", aliases=())


def begun(sessions: Sessions, *records: PaperRecord) -> None:
    """Begin with these items and two readers."""
    with sessions.begin() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
        store(session, records, NOW)
        for number in (1, 2):
            session.add(
                Subscriber(
                    id=number, email=f"{number}@h.example", email_key=f"{number}@h.example", lang="en", state="active",
                    stages=[], topics=[], labs=[], consent_source="operator", consent_at=NOW, created=NOW,
                )
            )  # fmt: skip


def joined(sessions: Sessions) -> None:
    """Let the posts prove to be the paper."""
    with sessions.begin() as session:
        store(session, [ANNOUNCED], NOW)
    with reading(sessions) as session:
        assert session.scalars(select(Item.id)).all() == [PAPER]


def answers(sessions: Sessions) -> list[Any]:
    with reading(sessions) as session:
        columns = (Feedback.subscriber_id, Feedback.item_id, Feedback.verb, Feedback.detail, Feedback.created)
        return [tuple(row) for row in session.execute(select(*columns).order_by(*columns))]


def test_what_readers_and_visitors_said_of_a_post_is_said_of_its_paper(sessions: Sessions) -> None:
    """It was deleted with the post: a reader saw again what they had hidden."""
    begun(sessions, TOLD, replace(TOLD, id=OTHER, url="https://o.example/a-small-boat"), LISTED)
    with sessions.begin() as session:
        for verb, detail in (("hide", ""), ("more", ""), ("wrong-lab", "heronry")):
            feedback.add(session, 1, POST, verb, detail, NOW)
        feedback.add(session, 2, OTHER, "seen", "", NOW)
        for item in (POST, POST, OTHER, PAPER):
            reports.count_one(session, item, "wrong-lab", "heronry", NOW)
        reports.count_one(session, OTHER, "wrong-lab", "heronry", NOW + timedelta(hours=1))
        session.add(
            PersonalScore(subscriber_id=1, month="2026-09", item_id=POST, adjustment=-1, hidden=True, earned=[])
        )
    joined(sessions)
    assert answers(sessions) == [
        (1, PAPER, "hide", "", NOW), (1, PAPER, "more", "", NOW), (1, PAPER, "wrong-lab", "heronry", NOW),
        (2, PAPER, "seen", "", NOW),
    ]  # fmt: skip
    with reading(sessions) as session:
        assert [(one.item_id, one.times, one.newest) for one in session.scalars(select(Report))] == [
            (PAPER, 5, NOW + timedelta(hours=1))
        ]
        assert [(one.item_id, one.hidden) for one in session.scalars(select(PersonalScore))] == [(PAPER, True)]


words = st.tuples(st.sampled_from([POST, OTHER, PAPER]), st.sampled_from(["more", "less", "hide", "seen"]))


@settings(max_examples=40, **calm)  # type: ignore[arg-type]
@given(st.lists(words, max_size=6))
def test_it_is_as_if_all_had_been_said_of_the_paper(sqlite_sessions: Sessions, said: list[tuple[str, str]]) -> None:
    begun(sqlite_sessions, TOLD, replace(TOLD, id=OTHER, url="https://o.example/a-small-boat"), LISTED)
    whole: set[str] = set()
    with sqlite_sessions.begin() as session:
        for hour, (item, verb) in enumerate(said):
            feedback.add(session, 1, item, verb, "", NOW + timedelta(hours=hour))
            whole = whole - {feedback.OPPOSITE.get(verb, "")} | {verb}
    joined(sqlite_sessions)
    assert {(row[1], row[2]) for row in answers(sqlite_sessions)} == {(PAPER, verb) for verb in whole}


MOVED = {"feedback", "report", "personal_score"}
STAYS = {"issue_item"}  # what a final issue considered becomes no other item: tests/ingest/test_matching.py
MADE_ANEW = {"embedding", "topic_score", "lab_score", "rating", "shortlist"}
OF_PAPERS = {"imported"}  # lines of arXiv's dump: a post has none


def test_of_every_table_that_hangs_on_items_it_is_decided_what_becomes_of_its_rows() -> None:
    hanging = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.target_fullname == "item.id" for key in table.foreign_keys)
    }
    assert hanging == {table.name for table in CHILDREN.values()} | MOVED | STAYS | MADE_ANEW | OF_PAPERS
