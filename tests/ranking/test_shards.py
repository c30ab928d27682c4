"""Parts of all items: disjoint, complete, and together what one run makes, on both databases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from db.engine import Sessions
from ranking import shards
from ranking.guide import Guide, make_guide
from ranking.network import Network
from ranking.service import Part, Ranker, embed_new, rank_new
from ranking.topics import SIGNALS, Blend
from tests.fakes import HashEmbedder
from tests.ranking.test_service import at, dump, listed, month, shelve
from tests.ranking.toy import TOY


@given(st.lists(st.text(min_size=1)), st.integers(1, 9))
def test_each_id_is_in_exactly_one_part(ids: list[str], count: int) -> None:
    for item_id in ids:
        assert sum(Part(index, count).holds(item_id) for index in range(1, count + 1)) == 1


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "half", "¹/2"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no part"):
        shards.parse(text)


def test_a_part_is_read() -> None:
    assert shards.parse("2/4") == Part(2, 4)


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def trained(guide: Guide) -> Blend:
    """Make weights for the toy's topics that look at queries and words alone."""
    import numpy as np

    topics = len(guide.topics)
    weights = np.zeros((topics, len(SIGNALS)), dtype=np.float32)
    weights[:, SIGNALS.index("queries")] = 6
    weights[:, SIGNALS.index("words")] = 3
    none = np.zeros(topics, dtype=np.float32)
    heads = np.zeros((2 * topics, 384), dtype=np.float32)
    name = HashEmbedder().identity.partition("@")[0]
    return Blend(
        name,
        guide.topics,
        heads,
        heads[:, 0],
        (),
        none[:0],
        heads.T[:0],
        Network.silent(0, 384, len(heads)),
        np.zeros(385, np.float32),
        weights,
        none - 3,
        np.eye(1, 3)[0],
        np.zeros((topics, 1), np.float32),
    )


def fresh(guide: Guide, *, weights: bool) -> Ranker:
    return Ranker(TOY, guide, HashEmbedder(), trained(guide) if weights else None)


def fill(sessions: Sessions) -> None:
    """Shelve two months, some of it with votes."""
    rows = [*month(40), *month(25, of="2607")]
    for number, row in enumerate(rows):
        if number % 9 == 0:
            row |= {"votes": 3 + number, "votes_at": at(1)()}
    shelve(sessions, *rows)


@pytest.mark.parametrize("weights", [True, False])
def test_two_parts_make_what_one_run_makes(sessions: Sessions, guide: Guide, weights: bool) -> None:
    fill(sessions)
    first, second = Part(1, 2), Part(2, 2)
    made = []
    for part in (first, second):
        embed_new(sessions, HashEmbedder(), at(2), part=part)
        made.append(rank_new(sessions, fresh(guide, weights=weights), at(2), part=part))
    assert sum(made) == 65
    assert weights == (made[0] > 0)  # without weights a fit depends on its whole month: the last part rates it all
    parts = dump(sessions)
    lists = listed(sessions, "2026-06") + listed(sessions, "2026-07")
    assert len(lists) > 3
    for part in (first, second):  # the same part again does nothing
        assert embed_new(sessions, HashEmbedder(), at(3), part=part) == 0
        assert rank_new(sessions, fresh(guide, weights=weights), at(3), part=part) == 0
    assert dump(sessions) == parts
    wipe(sessions)
    assert embed_new(sessions, HashEmbedder(), at(2)) == 65
    assert rank_new(sessions, fresh(guide, weights=weights), at(2)) == 65
    assert dump(sessions) == parts


def wipe(sessions: Sessions) -> None:
    """Forget all that ranking has written."""
    from db.models import Embedding, LabScore, Rating, Shortlist, TopicScore

    with sessions.begin() as session:
        for table in (Shortlist, Rating, LabScore, TopicScore, Embedding):
            session.query(table).delete()
