"""What comes while others work: a month that grows, a text that changes under way, a run beside; both databases."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select

from db.engine import Sessions, reading
from db.models import Embedding, Item, Rating, TopicScore
from ranking.guide import Guide, make_guide
from ranking.service import Part, embed_new, rank_new, rating_months
from ranking.shards import ALL
from tests.fakes import HashEmbedder
from tests.ranking.test_service import HERONS, KITES, at, change, month, paper, prepared, ranker, rating, shelve
from tests.ranking.test_shards import trained
from tests.ranking.toy import TOY

FIRST = [paper("2606.00001", HERONS), paper("2606.00002", KITES)]
REST = [row for row in month(60) if row["id"] not in ("2606.00001", "2606.00002")]


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def fits(sessions: Sessions) -> dict[tuple[str, str], float]:
    with reading(sessions) as session:
        return {(row.item_id, row.topic): row.fit for row in session.scalars(select(TopicScore))}


def rank(sessions: Sessions, guide: Guide, hours: int, part: Part = ALL) -> int:
    return rank_new(sessions, ranker(guide), at(hours), part=part)


def test_without_trained_weights_a_paper_is_judged_by_its_whole_month_also_when_that_grows(
    sessions: Sessions, guide: Guide
) -> None:
    prepared(sessions, guide, FIRST)
    lonely = fits(sessions)
    shelve(sessions, *REST)
    embed_new(sessions, HashEmbedder(), at(3))
    assert rank(sessions, guide, 3) == 60
    grown = fits(sessions)
    assert grown["2606.00001", "brass-herons"] > lonely["2606.00001", "brass-herons"]
    assert rank(sessions, guide, 4) == 0
    assert rank_new(sessions, ranker(guide), at(5), rebuild=True) == 0
    assert fits(sessions) == grown


def test_the_month_a_paper_came_in_says_how_far_from_other_topics_it_is(sessions: Sessions, guide: Guide) -> None:
    old, new = "1506.00001", "2606.00001"
    shelve(sessions, paper(old, HERONS, month="2015-06"), paper(new, HERONS))
    embed_new(sessions, HashEmbedder(), at(2))
    timed = replace(trained(guide), times=np.array([[2, 0], [2, 0], [-2, 0]], np.float32))
    rank_new(sessions, ranker(guide, blend=timed), at(2))
    found, (first, second, third) = fits(sessions), guide.topics
    assert found[old, first] == found[new, first] >= 0.5
    assert 0.5 > found[old, second] > found[new, second]
    assert 0.5 > found[new, third] > found[old, third]


def test_a_text_that_changed_after_embedding_waits_for_its_vector(sessions: Sessions, guide: Guide) -> None:
    rows = ranker(guide, blend=trained(guide))
    shelve(sessions, *month())
    embed_new(sessions, HashEmbedder(), at(2))
    rank_new(sessions, rows, at(2))
    change(sessions, "2606.10000", 3, title=KITES[0], abstract=KITES[1])
    assert rank_new(sessions, rows, at(4)) == 0
    embed_new(sessions, HashEmbedder(), at(5))
    assert rank_new(sessions, rows, at(5)) == 1
    assert rank_new(sessions, rows, at(6), rebuild=True) == 0


def while_rating(monkeypatch: pytest.MonkeyPatch, what: Callable[[], None]) -> None:
    """Let something happen once, after a batch is rated and before it is saved."""
    rate, waiting = rating_months._rate, [what]

    def then(*given: Any) -> Any:
        made = rate(*given)
        for one in waiting[:]:
            waiting.clear()
            one()
        return made

    monkeypatch.setattr(rating_months, "_rate", then)


def test_what_changed_while_it_was_rated_is_rated_again(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(sessions, guide, month())
    shelve(sessions, paper("2606.20000", HERONS))
    embed_new(sessions, HashEmbedder(), at(4))
    # A reader of sources took the time before this run looked, and had to wait for its turn to write.
    while_rating(monkeypatch, lambda: change(sessions, "2606.00001", 4, withdrawn=True))
    change(sessions, "2606.00001", 3, comment="One page more")
    embed_new(sessions, HashEmbedder(), at(5))
    rank(sessions, guide, 5)
    embed_new(sessions, HashEmbedder(), at(6))
    assert rank(sessions, guide, 6) == 1
    assert rating(sessions, "2606.00001").worth == 0


def test_a_change_that_another_clock_dates_before_the_rating_is_rated(sessions: Sessions, guide: Guide) -> None:
    rows = ranker(guide, blend=trained(guide))
    shelve(sessions, *month())
    embed_new(sessions, HashEmbedder(), at(5))
    rank_new(sessions, rows, at(5))
    change(sessions, "2606.10000", 3, title=KITES[0], abstract=KITES[1])
    assert embed_new(sessions, HashEmbedder(), at(6)) == 1
    assert rank_new(sessions, rows, at(6)) == 1
    assert rank_new(sessions, rows, at(7), rebuild=True) == 0


def test_what_disappears_while_it_is_rated_or_embedded_stops_nothing(
    sessions: Sessions, guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(id_: str) -> None:
        with sessions.begin() as session:
            session.execute(delete(Item).where(Item.id == id_))

    class Slow(HashEmbedder):
        def embed(self, texts: Any) -> Any:
            gone("2606.10000")
            return super().embed(texts)

    shelve(sessions, *month())
    embed_new(sessions, Slow(), at(2))
    while_rating(monkeypatch, lambda: gone("2606.10001"))
    assert rank(sessions, guide, 2) == 28
    with reading(sessions) as session:
        assert len(session.scalars(select(Embedding.item_id)).all()) == 28
        assert len(session.scalars(select(Rating.item_id)).all()) == 28


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate a small month in several transactions, as a large one is."""
    monkeypatch.setattr(rating_months, "BATCH", 20)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("parts", [(ALL, ALL), (Part(1, 2), Part(2, 2))], ids=["whole", "shards"])
def test_two_runs_side_by_side_rate_a_month_of_many_batches(
    sessions: Sessions, guide: Guide, parts: tuple[Part, Part]
) -> None:
    shelve(sessions, *month(120))
    embed_new(sessions, HashEmbedder(), at(2))
    together, failed = threading.Barrier(2), list[BaseException]()

    def run(part: Part) -> None:
        try:
            together.wait()
            rank(sessions, guide, 2, part)
        except BaseException as problem:
            failed.append(problem)

    runs = [threading.Thread(target=run, args=(part,)) for part in parts]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert failed == []
    with reading(sessions) as session:
        assert len(session.scalars(select(Rating.item_id)).all()) == 120
    assert np.isfinite(list(fits(sessions).values())).all()
