"""Embedding in many workers: the result of one process, even when one of them is killed on the way."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from core.errors import ConfigError, ModelError
from db import storing
from db.engine import Sessions, reading
from db.models import Embedding
from ranking import bulk
from ranking.embedder import Embedder, Vectors, processes
from ranking.service import embed_new
from tests.db.shelf import THEN, stored
from tests.fakes import HashEmbedder

PAPERS = 1_200


class Marked(HashEmbedder):
    """An embedder that takes its time and leaves its process id, so that it can be killed at work."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Give the rows after leaving a note."""
        (self.folder / str(os.getpid())).touch()
        time.sleep(0.2)
        return super().embed(texts)


class Recipe:
    """Builds an embedder in a worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self) -> Embedder:
        """Build it."""
        return Marked(self.folder)


def batches(count: int, size: int = 7) -> list[list[str]]:
    return [[f"Paper {n} {i} on brass herons" for i in range(size + n % 3)] for n in range(count)]


def wanted(texts: list[list[str]]) -> list[Vectors]:
    return [HashEmbedder().embed(batch) for batch in texts]


def same(found: list[Vectors], texts: list[list[str]]) -> bool:
    return len(found) == len(texts) and all(map(np.array_equal, found, wanted(texts)))


def killing(rows: Iterator[Vectors], notes: Path) -> Iterator[Vectors]:
    """Kill one worker, as soon as the first rows have come."""
    for number, batch in enumerate(rows):
        if number == 0:
            victim = min(int(note.name) for note in notes.iterdir())
            os.kill(victim, signal.SIGKILL)
        yield batch


# Processes of this machine


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    texts = [*batches(12), []]
    with processes.in_processes(Recipe(tmp_path), 2) as stream:
        found = list(stream(iter(texts)))
    assert same(found[:-1], texts[:-1])
    assert len(found[-1]) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_process_that_dies_is_told_of(tmp_path: Path) -> None:
    with processes.in_processes(Recipe(tmp_path), 2) as stream, pytest.raises(ModelError, match="before its time"):
        list(killing(stream(iter(batches(40))), tmp_path))


def test_few_texts_stay_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 4)
    monkeypatch.setattr(processes, "_free_memory", lambda: 64 * processes.ROOM)
    assert processes.processes(processes.MANY - 1) == 1
    assert processes.processes(processes.MANY) == 4
    monkeypatch.setattr(processes, "_free_memory", lambda: 2 * processes.ROOM)
    assert processes.processes(processes.MANY) == 2
    monkeypatch.setattr(processes, "_free_memory", lambda: 0)
    assert processes.processes(processes.MANY) == 1


# A cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[bulk.Cluster, Path]]:
    """Two workers on this machine, and where they leave their notes."""
    if find_spec("ray") is None:  # looked for, not imported: it reads its settings when it is imported
        pytest.skip('Ray is not installed: pip install "shirube[cluster]"')
    notes = tmp_path / "notes"
    notes.mkdir()
    with bulk.cluster(Recipe(notes), 2) as found:
        yield found, notes


def vectors(sessions: Sessions) -> list[tuple[str, str, bytes]]:
    with reading(sessions) as session:
        query = select(Embedding.item_id, Embedding.text_hash, Embedding.vector).order_by(Embedding.item_id)
        return [(id_, hash_, vector) for id_, hash_, vector in session.execute(query)]


@pytest.mark.filterwarnings("ignore")  # of Ray's own
def test_a_cluster_gives_what_one_process_gives_though_a_worker_is_killed(
    sqlite_sessions: Sessions, cluster: tuple[bulk.Cluster, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers, notes = cluster
    rows = [stored(f"2606.{n:05d}", title=f"Brass herons {n}", abstract=f"A heron {n}.") for n in range(PAPERS)]
    with sqlite_sessions.begin() as session:
        storing.save(session, rows)
    monkeypatch.setattr("ranking.service.embedding.BATCH", 50)
    monkeypatch.setattr(bulk, "WAVE", 6)

    def stopped(texts: Iterator[list[str]]) -> Iterator[Vectors]:
        for number, batch in enumerate(killing(workers.encode(texts), notes)):
            yield batch
            if number == 8:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_new(sqlite_sessions, HashEmbedder(), lambda: THEN, stream=stopped)
    kept = len(vectors(sqlite_sessions))
    assert 0 < kept < PAPERS
    assert embed_new(sqlite_sessions, HashEmbedder(), lambda: THEN, stream=workers.encode) == PAPERS - kept
    by_cluster = vectors(sqlite_sessions)
    again = embed_alone(sqlite_sessions)
    assert by_cluster == again
    assert len(list(notes.iterdir())) >= 3  # the one that was killed has a successor


def embed_alone(sessions: Sessions) -> list[tuple[str, str, bytes]]:
    """Embed everything anew in this process."""
    with sessions.begin() as session:
        session.execute(Embedding.__table__.delete())  # type: ignore[attr-defined]
    assert embed_new(sessions, HashEmbedder(), lambda: THEN) == PAPERS
    return vectors(sessions)


@pytest.mark.filterwarnings("ignore")
def test_batches_of_all_lengths_come_back_in_order(cluster: tuple[bulk.Cluster, Path]) -> None:
    texts = [[], *batches(9), []]
    found = list(cluster[0].encode(iter(texts)))
    assert [len(rows) for rows in found] == [len(batch) for batch in texts]
    assert same(found[1:-1], texts[1:-1])


def block(*places: int) -> dict[str, Any]:
    return {"place": np.array(places), "vector": np.ones((len(places), 4), dtype=np.float32)}


@pytest.mark.parametrize("blocks", [[block(0, 1)], [block(0, 2, 1)], [block(1, 2, 3)], []])
def test_rows_missing_or_out_of_place_are_refused(blocks: list[dict[str, Any]]) -> None:
    with pytest.raises(ModelError, match="other texts"):
        list(bulk._cut(iter(blocks), [["a", "b"], ["c"]]))


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="not installed") as told, bulk.cluster(HashEmbedder):
        pass
    assert "shirube[cluster]" in str(told.value.advice)
