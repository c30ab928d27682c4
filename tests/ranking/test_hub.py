"""Models that the hub has: it is asked once, for seconds, and a name that is none is told with what may be meant."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelError
from ranking.embedder import PACKAGED, QUANTISED, SentenceTransformerEmbedder
from ranking.embedder.catalogue import unavailable
from tests.ingest.doubles import free_port


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """A hub that gives one status to everything: its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Put the hub elsewhere, with nothing of it on this machine."""

    def put(address: str) -> None:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "cache"))

    return put


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each load went by what lies on this machine alone; each fails."""
    seen: list[bool] = []

    def load(name: str, local_files_only: bool = False, **_: Any) -> None:
        seen.append(local_files_only)
        raise OSError(name)

    monkeypatch.setattr("sentence_transformers.SentenceTransformer", load)
    return seen


def refused(name: str) -> ModelError:
    with pytest.raises(ModelError) as caught:
        SentenceTransformerEmbedder(name, arithmetic="fp32").embed(["A title"])
    return caught.value


def test_a_hub_that_is_away_is_asked_once_and_nobody_waits(
    hub: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's client asked six times for each of three files: for 80 seconds in all."""
    hub(f"http://127.0.0.1:{free_port()}")
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    said = refused("all-MiniLM-L6-v3")
    assert "'all-MiniLM-L6-v3' could not be loaded: it is not on this machine, and the hub does not" in said.message
    assert waits == []


@pytest.mark.parametrize(("status", "alone"), [(200, False), (404, False), (503, True), (429, True)])
def test_a_hub_that_answers_is_looked_to_and_one_that_is_not_well_is_not(
    hub: Callable[[str], None], loads: list[bool], status: int, alone: bool
) -> None:
    with answering(status) as (address, asked):
        hub(address)
        said = refused("somebody/a-model")
    assert (loads, len(asked)) == ([alone], 1)
    assert ("the hub does not answer" in said.message) is alone


@pytest.mark.parametrize("name", ["", "absent"])
def test_a_folder_is_no_matter_of_the_hub(
    hub: Callable[[str], None], loads: list[bool], tmp_path: Path, name: str
) -> None:
    with answering(200) as (address, asked):
        hub(address)
        said = refused(str(tmp_path / name))
    assert (loads, asked) == ([True], [])
    assert "the hub does not answer" not in said.message


@pytest.mark.parametrize(
    ("name", "meant"),
    [("all-MiniLM-L6-v3", PACKAGED), ("all-minilm-l6-v2", PACKAGED), ("MiniLM-L6-v2-int8", QUANTISED),
     ("sentence-transformers/all-MiniLM-L6-v2", PACKAGED)],
)  # fmt: skip
def test_a_near_miss_is_told_what_may_be_meant(name: str, meant: str) -> None:
    assert unavailable(name).advice.startswith(f"Did you mean {meant}? ")


def test_a_name_that_is_far_from_all_is_told_those_that_are_known() -> None:
    advice = unavailable("bge-m3").advice
    assert advice.startswith("Check the name, ")
    assert f"{PACKAGED}, {QUANTISED}" in advice
    assert unavailable(PACKAGED).advice == "Connect once so that it can be downloaded from the hub"
