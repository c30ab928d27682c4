"""A type reaches the database with the rating: told once, anew where the words that tell it have changed."""

from typing import Any

import pytest
from sqlalchemy import select, update

from db.engine import Sessions, reading
from db.models import Rating
from ranking import kinds
from ranking.guide import Guide, make_guide
from ranking.service import embed_new, rank_new
from tests.fakes import HashEmbedder
from tests.ranking.test_kinds import METHOD, SURVEY
from tests.ranking.test_service import HERONS, at, dump, paper, ranker, shelve
from tests.ranking.toy import TOY


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def shelf() -> list[dict[str, Any]]:
    return [
        paper("2606.00001", SURVEY),
        paper("2606.00002", METHOD),
        paper("2606.00003", HERONS),
        paper("2606.00004", (SURVEY[0], None)),
        paper("millpond:survey", SURVEY, kind="post", arxiv_id=None),
    ]


def types(sessions: Sessions) -> dict[str, str | None]:
    with reading(sessions) as session:
        return {row.item_id: row.type for row in session.scalars(select(Rating))}


def test_papers_have_a_type_where_they_say_it_and_posts_have_none(sessions: Sessions, guide: Guide) -> None:
    shelve(sessions, *shelf())
    embed_new(sessions, HashEmbedder(), at(2))
    rank_new(sessions, ranker(guide), at(2))
    assert types(sessions) == {
        "2606.00001": "survey",
        "2606.00002": "method",
        "2606.00003": None,
        "2606.00004": None,
        "millpond:survey": None,
    }


def test_ratings_from_before_get_it_once(sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    shelve(sessions, *shelf())
    embed_new(sessions, HashEmbedder(), at(2))
    with monkeypatch.context() as before:
        before.setattr(kinds, "fingerprint", lambda: "")
        rank_new(sessions, ranker(guide), at(2))
    with sessions.begin() as session:
        session.execute(update(Rating).values(type=None))
    assert rank_new(sessions, ranker(guide), at(3)) == 5
    assert types(sessions)["2606.00001"] == "survey"
    stood = dump(sessions)
    assert rank_new(sessions, ranker(guide), at(4)) == 0
    assert dump(sessions) == stood
