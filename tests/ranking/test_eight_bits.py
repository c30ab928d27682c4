"""Eight-bit integers by torch: nearly what single precision gives, whatever flows through, also to many threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor

from ranking.embedder import PACKAGED, SentenceTransformerEmbedder, by_torch, networks
from ranking.embedder.calibration import calibration_texts
from ranking.embedder.eight_bits import quantised
from ranking.embedder.verdict import SAME_ENOUGH

SHORT = ("x", "道標 means signpost", "how to quantise a language model")
pytestmark = pytest.mark.skipif(not by_torch.native_bytes(), reason="this processor adds up no products of bytes")


@pytest.fixture(scope="module")
def quick() -> SentenceTransformerEmbedder:
    """Give the packaged model in eight-bit integers."""
    return SentenceTransformerEmbedder(arithmetic=networks.VNNI, threads=1)


def test_texts_of_all_lengths_get_the_vectors_of_single_precision(
    quick: SentenceTransformerEmbedder, model: SentenceTransformerEmbedder
) -> None:
    assert quick.identity == f"{PACKAGED}@vnni"
    assert_long_and_short_agree(quick, model)


def test_threads_that_share_a_network_disturb_none(quick: SentenceTransformerEmbedder) -> None:
    assert_threads_get_their_own(quick)


def test_channels_that_stand_out_and_channels_that_are_nought_are_borne() -> None:
    net = small_bert()
    with torch.no_grad():
        first = net.embeddings.LayerNorm
        first.bias[3], first.weight[5], first.bias[5] = 60.0, 0.0, 0.0
        net.encoder.layer[0].intermediate.dense.weight[:, 7] = 0
        net.encoder.layer[1].output.dense.weight[2] = 0
        exact = last_layer(net)
        nearly = last_layer(quantised(net, last_layer))
    assert torch.isfinite(nearly).all()
    assert torch.nn.functional.cosine_similarity(exact, nearly, dim=1).min() > 0.99


def assert_long_and_short_agree(quick: SentenceTransformerEmbedder, model: SentenceTransformerEmbedder) -> None:
    """Hold an arithmetic against single precision, over texts from one word to beyond the model's limit together."""
    texts = [*calibration_texts()[:48], *SHORT]
    assert float((quick.embed(texts) * model.embed(texts)).sum(axis=1).min()) >= SAME_ENOUGH


def assert_threads_get_their_own(quick: SentenceTransformerEmbedder) -> None:
    """Let four threads share a network, and hold what each text got against what it gets alone."""
    texts = calibration_texts()[:24]
    alone = [quick.embed([text]) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: quick.embed([text]), texts))
    for one, other in zip(alone, together, strict=True):
        assert float((one @ other.T).item()) == pytest.approx(1, abs=1e-6)


def small_bert() -> Any:
    """Make a BERT of two layers by chance, the same each time."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    sizes: Any = {"hidden_size": 32, "intermediate_size": 128, "num_attention_heads": 4, "vocab_size": 90}
    made: Any = BertModel(BertConfig(num_hidden_layers=2, **sizes))
    return made.eval()


def last_layer(net: Any) -> Tensor:
    """Run a network over all its words in one text."""
    with torch.inference_mode():
        found: Tensor = net(input_ids=torch.arange(90)[None]).last_hidden_state[0]
        return found
