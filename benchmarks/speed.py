"""How fast the parts are, each as a ratio to a named baseline in the same run, with peak memory."""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.invented import invented_texts
from ranking import topics
from ranking.embedder import SentenceTransformerEmbedder, model_folder
from ranking.guide import make_guide
from roadmap.load import load_roadmap

ROUNDS = 3


def rows(papers: int = 256, scored: int = 20_000) -> Iterator[tuple[str, str]]:
    """Time embedding and scoring; gives (what, figures) line by line."""
    texts = invented_texts(papers)
    embedder = SentenceTransformerEmbedder()
    ours = best(lambda: embedder.embed(texts))
    default = best(_default(texts))
    yield "embedding, against encode() as shipped", f"{default / ours:.2f}x  ({papers / ours:.1f} papers/s)"
    yield from _scoring(embedder, scored)
    yield "peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Give the seconds of the fastest of some rounds; the first, which pays for set-up, is not counted."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def _default(texts: list[str]) -> Callable[[], object]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_folder("all-MiniLM-L6-v2"), device="cpu")
    return lambda: model.encode(texts, show_progress_bar=False)


def _scoring(embedder: SentenceTransformerEmbedder, count: int) -> Iterator[tuple[str, str]]:
    """Time the scoring of stored vectors beside a bare product with as many topic vectors."""
    roadmap = load_roadmap()
    with tempfile.TemporaryDirectory() as folder:
        guide = make_guide(roadmap, embedder, Path(folder))
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(count, embedder.dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [topics.Texts(text[:90], text[90:]) for text in invented_texts(count)]
    bare = best(lambda: vectors @ guide.descriptions.T)
    blend = topics.packaged_blend()
    ours = best(lambda: topics.fits(texts, vectors, guide, roadmap, blend), rounds=1)
    yield (
        "scoring all topics, against one bare matrix product",
        f"{ours / bare:.0f} times its time  ({count / ours:,.0f} papers/s)",
    )
