"""The model in eight-bit integers: opt-in, another model by name, and the same vectors on every machine or none."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from ranking.embedder import (
    CATALOGUE,
    PACKAGED,
    QUANTISED,
    SentenceTransformerEmbedder,
    Vectors,
    by_openvino,
    graphs,
    networks,
    quantised,
    trained_as,
)
from ranking.embedder.calibration import COUNT, calibration_texts
from ranking.embedder.catalogue import EmbeddingModel
from ranking.embedder.tokens import tokeniser
from ranking.embedder.verdict import SAME_ENOUGH
from shirube.settings import load_settings
from shirube.wiring import Wiring
from tests.fakes import HashEmbedder
from tests.ranking.test_embedder import long_texts

MODEL = CATALOGUE[QUANTISED]
TEXTS_SHA256 = "65abd469f5dde0c9632dd2bcae26a6b8f277677746d9c8f6b95a8e8c55ae4123"
ROOT = Path(__file__).resolve().parents[2]
needs_openvino = pytest.mark.skipif(not by_openvino.installed(), reason='needs pip install "shirube[openvino]"')
needs_extra = pytest.mark.skipif(not quantised.installed(), reason='needs pip install "shirube[int8]"')


# What it is quantised by


def test_the_calibration_texts_never_change() -> None:
    """Other texts give other vectors under the same name: whoever changes one must change the name too."""
    assert hashlib.sha256("\n".join(calibration_texts()).encode()).hexdigest() == TEXTS_SHA256


def test_the_calibration_texts_are_as_long_as_papers() -> None:
    texts = calibration_texts()
    lengths = np.array([len(ids) for ids in tokeniser(MODEL)(texts)])
    assert len(texts) == len(set(texts)) == COUNT
    assert lengths.min() < 16
    assert 128 < lengths.mean() < 240
    assert (lengths == MODEL.max_tokens).any()


# Another model by name


def test_it_is_the_packaged_weights_under_another_name() -> None:
    assert (MODEL.sha256, MODEL.hub_id) == (CATALOGUE[PACKAGED].sha256, CATALOGUE[PACKAGED].hub_id)
    assert SentenceTransformerEmbedder(QUANTISED, arithmetic="openvino-bf16").identity == f"{QUANTISED}@openvino-bf16"


@pytest.mark.parametrize(
    ("name", "wanted"), [(QUANTISED, PACKAGED), (PACKAGED, PACKAGED), ("somebody/a-model", "somebody/a-model")]
)
def test_trained_weights_hold_where_that_was_measured(name: str, wanted: str) -> None:
    assert trained_as(name) == wanted


@pytest.mark.parametrize(("name", "trained"), [(PACKAGED, True), (QUANTISED, True), ("somebody/a-model", False)])
def test_ranking_uses_the_trained_weights_of_the_packaged_model(
    name: str, trained: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wiring, "embedder", HashEmbedder(name))
    wiring = Wiring(load_settings(data_dir=tmp_path, embedding_model=name))
    assert wiring.ranker.model == name
    assert (wiring.ranker.blend is not None, wiring.ranker.taste is not None) == (trained, trained)


def test_it_runs_by_openvino_alone() -> None:
    with pytest.raises(ModelError, match="Choose one of openvino-bf16, openvino-fp32"):
        SentenceTransformerEmbedder(QUANTISED, arithmetic="bf16")
    with pytest.raises(ModelError, match="Choose one of fp32, bf16, vnni, openvino-bf16, openvino-vnni"):
        SentenceTransformerEmbedder(PACKAGED, arithmetic="openvino-fp32")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(quantised, "installed", lambda: False)
    with pytest.raises(ModelError, match=r'pip install "shirube\[int8\]"'):
        _ = SentenceTransformerEmbedder(QUANTISED, cache=tmp_path).identity
    with pytest.raises(ModelError, match=r'pip install "shirube\[int8\]"'):
        quantised.release()


# The same vectors or none


def known() -> Vectors:
    """Read the vectors every machine is compared with."""
    file = Path(quantised.__file__).parents[1] / "weights" / quantised.KNOWN_FILE
    return np.asarray(np.load(file), dtype=np.float32)


def test_vectors_that_are_not_the_known_ones_are_refused(model: SentenceTransformerEmbedder) -> None:
    quantised.verify(MODEL, lambda texts: known())
    with pytest.raises(ModelError, match="other vectors on this machine"):
        quantised.verify(MODEL, model.embed)
    with pytest.raises(ModelError, match="other vectors on this machine"):
        quantised.verify(MODEL, lambda texts: known() * np.float32("nan"))


def test_the_known_vectors_are_nearly_those_of_single_precision(model: SentenceTransformerEmbedder) -> None:
    rows = known()
    assert rows.shape == (quantised.KNOWN, MODEL.dimensions)
    assert 0.99 < float((model.embed(quantised.known_texts()) * rows).sum(axis=1).min()) < 0.9999


def dies(_model: EmbeddingModel, _file: Path) -> None:
    """End the process that quantises, as lack of memory does."""
    os._exit(1)


def test_a_process_that_dies_while_quantising_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(quantised, "_make", dies)
    with pytest.raises(ModelError, match="could not be quantised"):
        quantised.make(MODEL, tmp_path / "int8.xml")
    assert list(tmp_path.iterdir()) == []


# With the extra


@needs_openvino
def test_a_disk_without_room_for_a_graph_is_told_and_no_half_graph_stays(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from pathlib import Path; import numpy as np;"
        "from ranking.embedder import graphs; openvino = graphs.openvino();"
        "from openvino import opset13 as ops;"
        "asked = ops.parameter([1, 500], np.float32);"
        "graph = openvino.Model([ops.matmul(asked, np.ones((500, 500), np.float32), False, False)], [asked], 'toy');"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000));"
        "graphs.keep(graph, Path(sys.argv[1]) / 'openvino-toy.xml')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "ModelError: The disk is full, or fails: " in ended.stderr
    assert str(tmp_path) in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the model was quantised once: a minute or two of work."""
    folder = tmp_path_factory.mktemp("int8")
    SentenceTransformerEmbedder(QUANTISED, cache=folder).recipe()
    return folder


@needs_extra
def test_its_vectors_are_near_single_precision_and_as_known(
    cache: Path, model: SentenceTransformerEmbedder, capfd: pytest.CaptureFixture[str]
) -> None:
    quick = SentenceTransformerEmbedder(QUANTISED, cache=cache, threads=1)
    rows = quick.embed(long_texts())
    assert 0.98 < float((rows * model.embed(long_texts())).sum(axis=1).min()) < 0.99999
    assert quick.identity.startswith(f"{QUANTISED}@openvino-")
    assert sorted(file.suffix for file in cache.iterdir()) == [".bin", ".xml"]
    assert capfd.readouterr().out == ""


@needs_extra
def test_it_is_the_same_model_in_either_arithmetic(cache: Path) -> None:
    first, second = (
        SentenceTransformerEmbedder(QUANTISED, arithmetic=way, cache=cache, threads=1) for way in networks.OF_QUANTISED
    )
    assert float((first.embed(long_texts()) * second.embed(long_texts())).sum(axis=1).min()) >= SAME_ENOUGH


def test_nothing_is_told_to_anyone() -> None:
    pytest.importorskip("openvino", reason='needs pip install "shirube[openvino]"')
    graphs.openvino()
    with pytest.raises(ImportError):
        __import__("openvino_telemetry")
