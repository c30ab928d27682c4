"""Eight-bit integers by OpenVINO: the vectors of single precision, also to many threads and where torch is not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ranking.embedder import PACKAGED, SentenceTransformerEmbedder, by_openvino, by_torch, networks
from ranking.embedder.calibration import calibration_texts
from tests.ranking.test_eight_bits import (
    SHORT,
    assert_long_and_short_agree,
    assert_threads_get_their_own,
    last_layer,
    small_bert,
)

pytestmark = [
    pytest.mark.skipif(not by_openvino.installed(), reason='needs pip install "shirube[openvino]"'),
    pytest.mark.skipif(not by_torch.native_bytes(), reason="this processor adds up no products of bytes"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder where graphs are kept."""
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="module")
def quick(folder: Path) -> SentenceTransformerEmbedder:
    """Give the packaged model in eight-bit integers by OpenVINO."""
    return SentenceTransformerEmbedder(arithmetic=networks.OPENVINO_VNNI, cache=folder, threads=1)


def test_texts_of_all_lengths_get_the_vectors_of_single_precision(
    quick: SentenceTransformerEmbedder, model: SentenceTransformerEmbedder
) -> None:
    assert quick.identity == f"{PACKAGED}@openvino-vnni"
    assert_long_and_short_agree(quick, model)


def test_threads_that_share_a_network_get_each_its_own_answer(quick: SentenceTransformerEmbedder) -> None:
    assert_threads_get_their_own(quick)


def test_a_process_that_finds_the_graphs_needs_no_torch(quick: SentenceTransformerEmbedder, folder: Path) -> None:
    texts = [SHORT[0], calibration_texts()[11]]
    wanted = quick.embed(texts)
    assert {file.name.partition("-")[0] for file in folder.iterdir()} == {"openvino", "vnni"}
    script = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path\n"
        "from ranking.embedder import SentenceTransformerEmbedder\n"
        "rows = SentenceTransformerEmbedder(arithmetic='openvino-vnni', cache=Path(sys.argv[1])).embed(sys.argv[2:])\n"
        "sys.stdout.buffer.write(rows.tobytes())"
    )
    told = subprocess.run([sys.executable, "-c", script, str(folder), *texts], capture_output=True, check=True)
    assert np.allclose(np.frombuffer(told.stdout, np.float32).reshape(2, -1), wanted, atol=1e-4)


def test_linear_layers_become_bytes_and_say_the_same() -> None:
    from ranking.embedder import graphs, grouped

    net = small_bert()
    with torch.no_grad():
        net.embeddings.LayerNorm.bias[3] = 60.0
        net.encoder.layer[1].output.dense.weight[2] = 0
        exact = last_layer(net)
        graph = grouped.as_bytes(graphs.traced(grouped.quantised(net, last_layer)))
    nearly = run_by_openvino(graph)
    kept = [node.get_element_type().to_string() for node in graph.get_ops() if node.get_type_name() == "Constant"]
    assert kept.count("i8") == 2 * 6
    assert torch.nn.functional.cosine_similarity(exact, nearly, dim=1).min() > 0.99


def run_by_openvino(graph: Any) -> Tensor:
    """Run a graph over all words of the small BERT in one text."""
    from ranking.embedder.graphs import openvino

    ids = np.arange(90, dtype=np.int64)[None]
    found = openvino().Core().compile_model(graph, "CPU")([ids, np.ones_like(ids)])[0]
    return torch.from_numpy(found[0])
