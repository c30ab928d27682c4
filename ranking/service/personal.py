"""Personal scores as rows: what readers said moves the candidates of a month, before that month is mailed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from db import personal, scores
from db.engine import Sessions, reading
from db.upsert import chunks
from ranking.personal import Adjusted, Answer, Vectors, adjust

READERS = 200  # scored in one transaction, so that the web never waits long for its turn to write


def score_readers(sessions: Sessions, month: str, model: str) -> int:
    """Write how each reader's feedback moves the candidates of an issue, for those not mailed yet; gives the rows.

    Whoever is in the outbox keeps the scores their mail was made with. `model` is a name without precision. Doing it
    again changes nothing but what readers said since.
    """
    with reading(sessions) as session:
        people = personal.readers(session, month)
        known = _vectors(session, model, personal.candidates(session, month)) if people else {}
    written = 0
    for part in chunks(people, READERS):
        with sessions.begin() as session:
            rows = _rows(session, month, model, part, known)
            personal.replace(session, month, part, rows)
        written += len(rows)
    return written


def scores_of(session: Session, month: str, model: str, subscriber_ids: Sequence[int]) -> dict[int, list[Adjusted]]:
    """Give the scores that would be written for some people now; nothing is written."""
    taught = personal.taught(session, subscriber_ids)
    candidates = _vectors(session, model, personal.candidates(session, month)) if taught else {}
    return _adjusted(session, model, taught, candidates)


def _rows(
    session: Session, month: str, model: str, people: Sequence[int], candidates: Mapping[str, Vectors]
) -> list[dict[str, Any]]:
    found = _adjusted(session, model, personal.taught(session, people), candidates)
    return [_row(person, month, score) for person, scores_ in found.items() for score in scores_]


def _adjusted(
    session: Session,
    model: str,
    taught: Mapping[int, Sequence[tuple[str, str, str]]],
    candidates: Mapping[str, Vectors],
) -> dict[int, list[Adjusted]]:
    ids = {item for said in taught.values() for item, _, _ in said}
    known = _vectors(session, model, sorted(ids - candidates.keys())) | dict(candidates)
    return {person: adjust([Answer(*one) for one in said], known, candidates) for person, said in taught.items()}


def _vectors(session: Session, model: str, ids: Sequence[str]) -> dict[str, Vectors]:
    return scores.vectors(session, model, ids)


def _row(person: int, month: str, score: Adjusted) -> dict[str, Any]:
    return {
        "subscriber_id": person,
        "month": month,
        "item_id": score.id,
        "adjustment": score.adjustment,
        "hidden": score.hidden,
        "earned": [{"item": one.id, "title": one.title, "verb": one.verb} for one in score.earned],
    }
