"""How fast the parts are: each as a ratio to a named baseline, turn about in the same run, with peak memory."""

import json
import lzma
import multiprocessing
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import corpus, embedded
from benchmarks.invented import invented_texts
from benchmarks.stored import second_rank
from benchmarks.vectors import many_vectors
from core.text import embedding_text
from ranking import matrix, topics
from ranking.embedder import (
    CATALOGUE,
    PACKAGED,
    QUANTISED,
    SentenceTransformerEmbedder,
    Vectors,
    model_folder,
    quantised,
)
from ranking.embedder.networks import candidates
from ranking.guide import make_guide
from ranking.kept import Kept
from ranking.reading import Reader, Readings
from roadmap.load import load_roadmap

ROUNDS = 3
PAPERS = 100  # embedded each way
STORED = 112_000  # papers of some years, as in the goals
SHELF = 10_000  # of them in a month
HITS = 20
QUERIES = 100
Work = Callable[[], object]


def rows(papers: int = PAPERS, stored: int = STORED, ways: int | None = None) -> Iterator[tuple[str, str]]:
    """Time embedding, scoring, nearest vectors and a second rank; gives (what, figures) line by line.

    `ways`: embed in so many of the arithmetics only, to prove that it runs.
    """
    names = [*candidates(CATALOGUE[PACKAGED]), *([QUANTISED] if quantised.installed() else [])][:ways]
    yield from embedding(papers, names)
    yield from peaks(papers, names)
    yield from scoring(stored)
    yield from nearest(many_vectors(stored))
    yield from second_rank(stored)
    yield "peak memory of this whole run", f"{_peak():.0f} MB"


def in_turn(works: Mapping[str, Work], rounds: int = ROUNDS) -> dict[str, tuple[float, float]]:
    """Run works turn about; gives for each the least seconds of clock and of processor.

    What else the machine does hits all alike; the first turn, which pays for set-up, is not counted.
    """
    for work in works.values():
        work()
    best = dict.fromkeys(works, (float("inf"), float("inf")))
    for _ in range(rounds):
        for name, work in works.items():
            spent = _spent(work)
            best[name] = (min(best[name][0], spent[0]), min(best[name][1], spent[1]))
    return best


def embedding(count: int, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Time arithmetics, and the model in eight-bit integers, beside encode() as shipped, one thread each."""
    texts = paper_texts(count)
    default = _as_shipped()
    wanted = default(texts)
    ways = {name: _way(name, embedded.CACHE / "networks") for name in names}
    works: dict[str, Work] = {name: _bound(ways[name].embed, texts) for name in ways}
    took = in_turn({"encode": lambda: default(texts), **works})
    base = took["encode"]
    for name, way in ways.items():
        same = float((way.embed(texts) * wanted).sum(axis=1).min())
        yield (
            f"embedding, {name}, against encode() as shipped",
            f"{base[1] / took[name][1]:.2f}x by processor, {base[0] / took[name][0]:.2f}x by clock; "
            f"{count / took[name][1]:.1f} papers/s a core; least cosine {same:.5f}",
        )


def _way(name: str, cache: Path) -> SentenceTransformerEmbedder:
    if name == QUANTISED:
        return SentenceTransformerEmbedder(name, threads=1, cache=cache)
    return SentenceTransformerEmbedder(arithmetic=name, threads=1, cache=cache)


def _bound(embed: Callable[[list[str]], Vectors], texts: list[str]) -> Work:
    return lambda: embed(texts)


def _as_shipped() -> Callable[[list[str]], Vectors]:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(model_folder(PACKAGED), device="cpu")
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False), dtype=np.float32)


def peaks(count: int, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Embed in a process of its own each: its peak memory, beside that of encode()."""
    cache = str(embedded.CACHE / "networks")  # where embedding() left what is made once
    base = _alone(None, count, cache)
    yield "peak memory of a process that embeds, encode()", f"{base:.0f} MB"
    for name in names:
        found = _alone(name, count, cache)
        yield f"peak memory of a process that embeds, {name}", f"{found:.0f} MB, {found / base:.2f} of encode()"


def _alone(name: str | None, count: int, cache: str) -> float:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_peak_of, name, count, cache).result()


def _peak_of(name: str | None, count: int, cache: str) -> float:
    texts = paper_texts(count)
    embed = _way(name, Path(cache)).embed if name else _as_shipped()
    embed(texts)
    return _peak()


def paper_texts(count: int) -> list[str]:
    """Give what papers are embedded by."""
    return [embedding_text(paper.title, paper.abstract) for paper in paper_words(count)]


def paper_words(count: int) -> list[topics.Texts]:
    """Give texts of papers: real ones where the labelled corpus is at hand, else invented ones of their length."""
    if not corpus.SHARED.is_dir():
        return [topics.Texts(text[:90], text[90:]) for text in invented_texts(count)]
    with lzma.open(corpus.SHARED / "corpus" / "papers.jsonl.xz", "rt", encoding="utf-8") as lines:
        known = (json.loads(line) for line in lines)
        return list(islice((topics.Texts(row["title"], row["abstract"]) for row in known if row["abstract"]), count))


def scoring(count: int) -> Iterator[tuple[str, str]]:
    """Time the scoring of stored papers: of what was read before, out of the files it is kept in, and from the texts.

    The vectors are those of `many_vectors`, not of the same papers: no step depends on what they say.
    """
    from threadpoolctl import threadpool_limits

    texts = paper_words(count)
    vectors, blend, roadmap = many_vectors(len(texts)), topics.packaged_blend(), load_roadmap()
    years = np.arange(len(texts)) % 12 + topics.FIRST_YEAR
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        guide = make_guide(roadmap, SentenceTransformerEmbedder(arithmetic="fp32"), embedded.CACHE / "guide")
        reader = topics.make_reader(guide, roadmap, blend)
        anew = _spent(lambda: _shelved(reader, folder, texts))
        found = _spent(lambda: _shelved(reader, folder, texts))
        readings = _shelved(reader, folder, texts)
        took = in_turn(
            {
                "bare": lambda: vectors @ guide.descriptions.T,
                "ours": lambda: topics.score(readings, years, vectors, guide, reader, blend),
            }
        )
        size = sum(file.stat().st_size for file in folder.glob("read-*/*")) / len(texts)
    ours, what = took["ours"], f"scoring {len(texts):,} stored papers on all topics"
    yield (
        what,
        f"{_both(ours)}, {ours[1] / took['bare'][1]:.0f} times one bare product; {len(texts) / ours[1]:,.0f} papers/s",
    )
    yield f"{what}, finding what was read of them", f"{_both(found)}; {size:.0f} bytes a paper on disk"
    yield f"{what}, reading them anew", f"{_both(anew)}; {len(texts) / anew[1]:,.0f} papers/s"


def _shelved(reader: Reader, folder: Path, texts: Sequence[topics.Texts]) -> Readings:
    """Read texts as ranking does, month by month, out of what is kept or anew."""
    found = reader.read([])
    for start in range(0, len(texts), SHELF):
        kept = Kept(reader, folder, f"{start}")
        found = found.joined(kept.read(texts[start : start + SHELF]))
        kept.save()
    return found


def _spent(work: Work) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def _both(spent: tuple[float, float]) -> str:
    return f"{spent[1]:.2f} s by processor, {spent[0]:.2f} s by clock"


def nearest(vectors: Vectors) -> Iterator[tuple[str, str]]:
    """Time the top 20 of all vectors beside numpy in single precision and a linear SVM fitted at each request."""
    with tempfile.TemporaryDirectory() as folder:
        ids = [f"{n:08d}" for n in range(len(vectors))]
        start = time.perf_counter()
        made = matrix.write(Path(folder), PACKAGED, "", ids, vectors)
        built = time.perf_counter() - start
        yield from _beside_numpy(made, vectors)
        yield f"building the matrix of {len(vectors):,}", f"{built:.1f} s; shortlist {made.state.shortlist:,}"


def _beside_numpy(made: matrix.Matrix, vectors: Vectors) -> Iterator[tuple[str, str]]:
    from threadpoolctl import threadpool_limits

    asked = np.random.default_rng(5).choice(len(vectors), min(QUERIES, len(vectors)), replace=False)
    query = vectors[asked[0]]
    with threadpool_limits(1):
        took = in_turn(
            {
                "numpy": lambda: np.argpartition(-(vectors @ query), HITS)[:HITS],
                "ours": lambda: made.nearest(query, HITS),
                "all": lambda: [made.nearest(vectors[i], HITS) for i in asked],
            }
        )
        exact = made.exact(vectors[asked], HITS)
    ours = took["all"][1] / len(asked)
    hits = sum(len(_places(made, vectors[i]) & set(wanted.tolist())) for i, wanted in zip(asked, exact, strict=True))
    what = f"top {HITS} of {len(vectors):,} vectors"
    yield (
        f"{what}, against numpy float32",
        f"{took['numpy'][1] / ours:.1f}x by processor ({ours * 1e3:.1f} ms, mean of {len(asked)}); "
        f"{hits} of {HITS * len(asked)} hits found",
    )
    with threadpool_limits(1):
        start = time.process_time()
        svm_list(vectors, asked[:5])
        svm = time.process_time() - start
    yield f"{what}, against an arxiv-sanity-like SVM", f"1/{svm / ours:.0f} of its time ({svm:.2f} s)"


def _places(made: matrix.Matrix, query: Vectors) -> set[int]:
    return {int(item_id) for item_id, _ in made.nearest(query, HITS)}


def svm_list(vectors: Vectors, liked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order all papers as arxiv-sanity-lite does: a linear SVM, refitted at each request, liked papers against all.

    https://github.com/karpathy/arxiv-sanity-lite (serve.py, svm_rank): class_weight balanced, C = 0.01.
    """
    from sklearn import svm  # type: ignore[import-untyped]

    target = np.zeros(len(vectors), dtype=np.float32)
    target[liked] = 1.0
    model: Any = svm.LinearSVC(class_weight="balanced", verbose=False, max_iter=10_000, tol=1e-6, C=0.01)
    model.fit(vectors, target)
    order: NDArray[np.int64] = np.argsort(-model.decision_function(vectors))
    return order


def _peak() -> float:
    """Read this process's peak memory in MB; getrusage, where it must do, counts the process that started this one."""
    status = Path("/proc/self/status")
    if status.is_file():
        return float(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
