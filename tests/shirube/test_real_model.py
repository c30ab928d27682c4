"""The street walked once with nothing replaced: the packaged model, the trained weights, a few invented papers."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Rating
from ranking.embedder import Embedder, SentenceTransformerEmbedder
from tests.shirube.command import DRAFT, Alone, run
from tests.shirube.conftest import Store
from tests.shirube.test_digest import digest, sections, state
from tests.upstream import Catalogue, Upstream, catalogue

FEW = 40
WANTED = ("rag", "diffusion-image-generation", "quantization")


@pytest.fixture(scope="module")
def small() -> Iterator[Upstream]:
    """The stand-in with some papers of October: those of two topics, and others."""
    world = catalogue()
    papers = [paper for paper in world if paper.submitted.month == 10 and paper.mark is None]
    chosen = [paper for paper in papers if paper.topic in WANTED] + [p for p in papers if p.topic not in WANTED]
    about = {None, *(paper.arxiv_id for paper in chosen[:FEW])}
    posts = [post for post in world.posts if post.arxiv_id in about]
    with Upstream(world=Catalogue(chosen[:FEW], posts, DRAFT.date())) as upstream:
        yield upstream


def test_invented_papers_find_their_topics(small: Upstream, tmp_path: Path, model: SentenceTransformerEmbedder) -> None:
    class Real(Alone):
        """The real wiring; the model is the one this session has loaded."""

        @cached_property
        def embedder(self) -> Embedder:
            """Give the packaged model."""
            return model

    env = {**small.environment(), "SHIRUBE_DATA_DIR": str(tmp_path / "var")}
    ended = run("digest", "2026-10", env=env, wiring=Real)
    store = Store(small, env, ended)
    assert ended.code == 0, ended.err
    assert sections(store.page()) == [f"stage-{number}" for number in range(1, 9)]
    found = digest(store)
    assert found.coverage.stored == found.coverage.ranked == FEW
    topics = dict(state(store, select(Rating.item_id, Rating.best_topic)))
    mine = [paper for paper in small.catalogue if paper.topic in WANTED]
    wrong = {paper.title: topics[paper.arxiv_id] for paper in mine if topics[paper.arxiv_id] != paper.topic}
    assert len(mine) >= 10
    assert len(wrong) <= 0.2 * len(mine), wrong
    printed = {entry.id for entry in found.entries.values()}
    assert len([paper for paper in mine if paper.arxiv_id in printed]) >= 0.5 * len(mine)
    assert len(list((tmp_path / "var" / "cache").glob("guide-*.npy"))) == 1
