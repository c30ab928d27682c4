"""The packaged model, loaded once for all tests that need the real one."""

import pytest

from ranking.embedder import SentenceTransformerEmbedder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformerEmbedder:
    """The embedder in use, in plain precision, so that no timing of two decides between runs."""
    verdict = tmp_path_factory.mktemp("model") / "precision.json"
    verdict.write_text('{"all-MiniLM-L6-v2": "fp32"}')
    return SentenceTransformerEmbedder(verdict_file=verdict)
