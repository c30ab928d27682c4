"""Search behind the web: words alone until vectors and model are ready, both got ready in the background."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from api import finder as module
from api.finder import Finder
from core.clock import Clock
from core.errors import ModelError
from db.engine import Sessions, reading
from db.papers import PaperFilter
from ranking.embedder import Vectors
from ranking.matrix import Matrix
from ranking.service import embed_new, vector_matrix
from roadmap.model import Roadmap
from tests.api.factory import add_item
from tests.fakes import HashEmbedder

TITLES = ("Herons that wind clocks", "Marsh birds of brass", "A survey of springs")
NAME = HashEmbedder().identity.partition("@")[0]
WAIT = 20.0  # seconds until a test gives up on a thread; it takes milliseconds


class Failing(HashEmbedder):
    """A model that cannot be loaded."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Fail as a model does whose file is gone."""
        raise ModelError("The model is not there", "Install it again")


class Held(HashEmbedder):
    """A model whose loading waits until the test lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Wait, then answer."""
        self.begun.set()
        assert self.go.wait(WAIT)
        return super().embed(texts)


@pytest.fixture
def stored(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Sessions:
    """Three papers with vectors."""
    with sessions.begin() as session:
        for number, title in enumerate(TITLES, 1):
            add_item(session, roadmap, f"2606.0000{number}", title=title, abstract=None)
    embed_new(sessions, HashEmbedder(), clock)
    return sessions


@pytest.fixture
def vectors(stored: Sessions, tmp_path: Path) -> Callable[[Matrix | None], Matrix]:
    """Open the matrix of the stored vectors."""
    return lambda held: vector_matrix(stored, NAME, tmp_path / "cache", held)


def found(finder: Finder, sessions: Sessions, query: str, **wanted: object) -> tuple[tuple[str, ...], bool]:
    with reading(sessions) as session:
        results = finder.search(session, finder.understand(query), PaperFilter(limit=20, **wanted))  # type: ignore[arg-type]
    return results.found.ids, results.by_meaning


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end, "the background thread did not get there"
        time.sleep(0.005)


def test_words_alone_decide_until_meaning_is_ready(
    stored: Sessions, vectors: Callable[[Matrix | None], Matrix], roadmap: Roadmap
) -> None:
    finder = Finder(roadmap, vectors, HashEmbedder())
    assert found(finder, stored, "brass herons") == (("2606.00001", "2606.00002"), False)
    assert (finder.vectors, finder.coming) == (0, True)
    finder.refresh()
    ids, by_meaning = found(finder, stored, "brass herons")
    assert by_meaning
    assert set(ids) == {"2606.00001", "2606.00002", "2606.00003"}
    assert (finder.vectors, finder.coming) == (3, False)


def test_without_vectors_words_alone_are_searched(stored: Sessions, roadmap: Roadmap) -> None:
    with Finder(roadmap) as finder:
        assert found(finder, stored, "springs") == (("2606.00003",), False)
        assert (finder.vectors, finder.coming) == (0, False)


def test_filters_hold_for_meaning_too(
    stored: Sessions, vectors: Callable[[Matrix | None], Matrix], roadmap: Roadmap
) -> None:
    finder = Finder(roadmap, vectors, HashEmbedder())
    finder.refresh()
    with stored.begin() as session:
        add_item(session, roadmap, "2606.00009", title="Herons in code", code=["https://github.com/heron/clock"])
    assert found(finder, stored, "herons", has_code=True) == (("2606.00009",), True)


def threads() -> set[threading.Thread]:
    """The threads of finders: another test's site may have one."""
    return {thread for thread in threading.enumerate() if thread.name == "finder"}


def test_entered_it_gets_ready_by_itself_and_ends_with_its_thread(
    stored: Sessions, vectors: Callable[[Matrix | None], Matrix], roadmap: Roadmap
) -> None:
    before = threads()
    with Finder(roadmap, vectors, HashEmbedder()) as finder:
        until(lambda: finder.vectors == 3)
        assert len(threads() - before) == 1
    assert threads() <= before


def test_a_search_does_not_wait_for_the_model_and_closing_does(
    stored: Sessions, vectors: Callable[[Matrix | None], Matrix], roadmap: Roadmap
) -> None:
    model, before = Held(), threads()
    with Finder(roadmap, vectors, model) as finder:
        assert model.begun.wait(WAIT)
        assert found(finder, stored, "springs") == (("2606.00003",), False)
        threading.Timer(0.05, model.go.set).start()
    assert threads() <= before


def test_new_vectors_are_taken_in_and_the_same_ones_are_not_read_again(
    stored: Sessions,
    vectors: Callable[[Matrix | None], Matrix],
    roadmap: Roadmap,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.005)
    seen: list[Matrix] = []

    def watched(held: Matrix | None) -> Matrix:
        seen.append(vectors(held))
        return seen[-1]

    with Finder(roadmap, watched, HashEmbedder()) as finder:
        until(lambda: len(seen) > 2 and finder.vectors == 3)
        assert seen[1] is seen[0]
        with stored.begin() as session:
            add_item(session, roadmap, "2606.00004", title="Reeds that listen", abstract=None)
        embed_new(stored, HashEmbedder(), clock)
        until(lambda: finder.vectors == 4)
        assert "2606.00004" in found(finder, stored, "listen")[0]


def test_a_model_that_fails_leaves_the_words_and_is_told_once(
    stored: Sessions,
    vectors: Callable[[Matrix | None], Matrix],
    roadmap: Roadmap,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.005)
    looks: list[int] = []

    def counted(held: Matrix | None) -> Matrix:
        looks.append(1)
        return vectors(held)

    with caplog.at_level(logging.WARNING), Finder(roadmap, counted, Failing()) as finder:
        until(lambda: len(looks) > 3)
        assert found(finder, stored, "springs") == (("2606.00003",), False)
    told = [record for record in caplog.records if "words alone" in record.getMessage()]
    assert len(told) == 1
    assert "The model is not there" in told[0].getMessage()


def test_a_model_that_fails_at_a_query_leaves_the_words(
    stored: Sessions, vectors: Callable[[Matrix | None], Matrix], roadmap: Roadmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = HashEmbedder()
    finder = Finder(roadmap, vectors, model)
    finder.refresh()
    monkeypatch.setattr(model, "embed", Failing().embed)
    assert found(finder, stored, "springs") == (("2606.00003",), False)


def test_a_look_that_breaks_is_logged_and_the_next_one_mends_it(
    stored: Sessions,
    vectors: Callable[[Matrix | None], Matrix],
    roadmap: Roadmap,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "EVERY", 0.005)
    failures = [OSError("disk full")]

    def broken_once(held: Matrix | None) -> Matrix:
        if failures:
            raise failures.pop()
        return vectors(held)

    with Finder(roadmap, broken_once, HashEmbedder()) as finder:
        until(lambda: finder.vectors == 3)
    assert "disk full" in caplog.text


def test_similar_lists_neighbours_and_nothing_for_what_has_no_vector(
    stored: Sessions, vectors: Callable[[Matrix | None], Matrix], roadmap: Roadmap
) -> None:
    finder = Finder(roadmap, vectors, HashEmbedder())
    with reading(stored) as session:
        assert finder.similar(session, "2606.00001", PaperFilter(limit=5)) == []
        finder.refresh()
        near = finder.similar(session, "2606.00001", PaperFilter(limit=5))
        assert {one.id for one in near} == {"2606.00002", "2606.00003"}
        assert finder.similar(session, "2606.99999", PaperFilter(limit=5)) == []
