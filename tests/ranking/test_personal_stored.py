"""Personal scores as rows: written before a person is in the outbox, kept from then on, gone with the person."""

import numpy as np
from sqlalchemy import select

from db import feedback, personal, scores, subscribers
from db.engine import Sessions
from db.models import Subscriber
from db.models_readers import PersonalScore
from digest.service import fill_outbox, personal_data
from ranking.service.personal import score_readers, scores_of
from roadmap.model import Roadmap
from tests.digest.mail import NOW, SENDER, stock
from tests.digest.store import add_paper, shortlist

MODEL = "tiny"
MONTH = "2026-06"
WIDTH = 32


def papers(sessions: Sessions, roadmap: Roadmap, people: int = 3) -> None:
    """Store an issue and candidates in two camps, with an older paper of each camp, and some people."""
    stock(sessions, roadmap, people)
    with sessions.begin() as session:
        for number in range(1, 9):
            add_paper(session, roadmap, f"2606.1000{number}", MONTH)
        for number in (1, 2):
            add_paper(session, roadmap, f"2604.0000{number}", "2026-04")
        shortlist(session, MONTH)
        ids = [f"2606.1000{n}" for n in range(9)] + ["2604.00001", "2604.00002"]
        rows = [vector(id_, camp=int(id_[-1]) % 2, seed=n) for n, id_ in enumerate(ids)]
        scores.save_vectors(session, f"{MODEL}@float32", rows)


def vector(id_: str, camp: int, seed: int) -> dict[str, object]:
    values = np.random.default_rng(seed).normal(size=WIDTH) * 0.12
    values[camp] += 1.0
    row = (values / np.linalg.norm(values)).astype("<f2")
    return {"item_id": id_, "model": f"{MODEL}@float32", "text_hash": "0" * 32, "vector": row.tobytes(), "made_at": NOW}


def says(sessions: Sessions, person: int, item: str, verb: str) -> None:
    with sessions.begin() as session:
        feedback.add(session, person, item, verb, "", NOW)


def everyone(sessions: Sessions) -> list[int]:
    with sessions() as session:
        return list(session.scalars(select(Subscriber.id).order_by(Subscriber.id)))


def rows(sessions: Sessions) -> list[tuple[int, str, float, bool, list[str]]]:
    with sessions() as session:
        order = (PersonalScore.subscriber_id, PersonalScore.item_id)
        found = session.scalars(select(PersonalScore).order_by(*order))
        return [(r.subscriber_id, r.item_id, r.adjustment, r.hidden, [e["item"] for e in r.earned]) for r in found]


def test_each_readers_answers_move_their_own_candidates(sessions: Sessions, roadmap: Roadmap) -> None:
    papers(sessions, roadmap)
    first, second, third = everyone(sessions)
    says(sessions, first, "2604.00001", "more")
    says(sessions, second, "2604.00001", "less")
    says(sessions, third, "2604.00001", "seen")
    written = score_readers(sessions, MONTH, MODEL)
    found = rows(sessions)
    assert len(found) == written > 0
    assert {item[-1] for _, item, _, _, _ in found} <= {"1", "3", "5", "7"}
    assert {person for person, *_ in found} == {first, second}
    assert all((moved > 0) == (person == first) for person, _, moved, _, _ in found)
    assert all(earned == ["2604.00001"] for *_, earned in found)
    with sessions() as session:
        (one,) = {e["title"] for row in personal.scores(session, MONTH, first) for e in row.earned}
        assert one == "On the matter of 2604.00001"


def test_again_writes_the_same_and_what_was_said_since(sessions: Sessions, roadmap: Roadmap) -> None:
    papers(sessions, roadmap)
    first = everyone(sessions)[0]
    says(sessions, first, "2604.00001", "more")
    score_readers(sessions, MONTH, MODEL)
    before = rows(sessions)
    score_readers(sessions, MONTH, MODEL)
    assert rows(sessions) == before
    says(sessions, first, "2606.10002", "hide")
    score_readers(sessions, MONTH, MODEL)
    assert (first, "2606.10002", -1.0, True, ["2606.10002"]) in rows(sessions)
    with sessions.begin() as session:
        feedback.remove(session, first, "2604.00001", "more", "")
        feedback.remove(session, first, "2606.10002", "hide", "")
    score_readers(sessions, MONTH, MODEL)
    assert rows(sessions) == [], "what was taken back before the mail was written moves nothing"


def test_whoever_is_in_the_outbox_keeps_their_scores(sessions: Sessions, roadmap: Roadmap) -> None:
    papers(sessions, roadmap)
    first = everyone(sessions)[0]
    says(sessions, first, "2604.00001", "more")
    score_readers(sessions, MONTH, MODEL)
    before = rows(sessions)
    with sessions.begin() as session:
        fill_outbox(session, MONTH, lambda: NOW, SENDER)
    says(sessions, first, "2604.00002", "less")
    assert score_readers(sessions, MONTH, MODEL) == 0
    assert rows(sessions) == before


def test_scores_can_be_had_without_writing_them(sessions: Sessions, roadmap: Roadmap) -> None:
    papers(sessions, roadmap)
    first, second, _ = everyone(sessions)
    says(sessions, first, "2604.00001", "more")
    with sessions() as session:
        found = scores_of(session, MONTH, MODEL, [first, second])
    assert list(found) == [first]
    assert rows(sessions) == []
    score_readers(sessions, MONTH, MODEL)
    assert [(one.id, one.adjustment) for one in found[first]] == [
        (id_, moved) for _, id_, moved, _, _ in rows(sessions)
    ]


def test_scores_of_long_ago_go_and_a_persons_go_with_them(sessions: Sessions, roadmap: Roadmap) -> None:
    papers(sessions, roadmap)
    first, second, _ = everyone(sessions)
    for person in (first, second):
        says(sessions, person, "2604.00001", "more")
    old = {"month": "2026-02", "item_id": "2604.00001", "adjustment": 0.5, "hidden": False, "earned": []}
    with sessions.begin() as session:
        personal.replace(session, "2026-02", [first], [{**old, "subscriber_id": first}])
    score_readers(sessions, MONTH, MODEL)
    item = rows(sessions)[0][1]
    with sessions() as session:
        assert {row.month for row in personal.of(session, first)} == {MONTH}
        told = personal_data(session, session.get_one(Subscriber, first))["personal_scores"]
        assert told[0]["item"] == item
        assert told[0]["close_to"] == [{"item": "2604.00001", "title": "On the matter of 2604.00001", "verb": "more"}]
    with sessions.begin() as session:
        subscribers.erase(session, session.get_one(Subscriber, first))
    assert {person for person, *_ in rows(sessions)} == {second}


def test_vectors_of_another_model_say_nothing(sessions: Sessions, roadmap: Roadmap) -> None:
    papers(sessions, roadmap)
    says(sessions, everyone(sessions)[0], "2604.00001", "more")
    assert score_readers(sessions, MONTH, "another") == 0
    assert rows(sessions) == []
