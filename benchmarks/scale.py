"""Search among millions of vectors: ours beside numpy and faiss, by processor time on one thread; memory for each."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.vectors import DIMENSIONS, clusters, mixtures, real_vectors
from ranking import matrix
from ranking.embedder import Vectors

COUNT = 3_000_000
PART = 50_000  # vectors made at a time
ASKED = 40
HITS = 20
ROUNDS = 3
RERANKED = 60
KINDS: dict[str, Callable[[Vectors, int, np.random.Generator], Vectors]] = {"mixed": mixtures, "clustered": clusters}

Search = Callable[[NDArray[np.float32]], NDArray[np.int64]]


def rows(count: int = COUNT, asked: int = ASKED) -> Iterator[tuple[str, str]]:
    """Measure each kind of invented vectors; gives (what, figures)."""
    real = real_vectors()
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(kind, real, Path(folder), count, asked)


def _measured(kind: str, real: Vectors, folder: Path, count: int, asked: int) -> Iterator[tuple[str, str]]:
    from threadpoolctl import threadpool_limits

    make, what = KINDS[kind], f"top {HITS} of {count:,} vectors, {kind}"
    whole = np.empty((count, DIMENSIONS), dtype=np.float32)  # what numpy multiplies out
    with threadpool_limits(1):
        start = time.process_time()
        made = matrix.write_parts(folder, "invented", "", count, _parts(make, real, whole))
        built = time.process_time() - start
        queries = make(real, asked, np.random.default_rng(7))
        wanted = made.exact(queries, HITS)
        base = _spent(lambda query: _numpy(whole, query), queries)
        yield f"{what}: numpy float32", f"{base * 1e3:.0f} ms, {whole.nbytes // count:,} bytes a vector"
        yield f"{what}: ours", _said(lambda query: _ours(made, query), queries, wanted, base, _bytes(folder, made))
        yield f"{what}: building ours, with making the vectors", f"{built:.0f} s; shortlist {made.state.shortlist:,}"
        for name, search, size in _by_faiss(whole):
            yield f"{what}: {name}", _said(search, queries, wanted, base, size)


def _parts(
    make: Callable[[Vectors, int, np.random.Generator], Vectors], real: Vectors, whole: Vectors
) -> Iterator[matrix.Part]:
    """Make the vectors part by part, exact in half precision, and keep them for numpy as well."""
    rng = np.random.default_rng(3)
    for start in range(0, len(whole), PART):
        number = min(PART, len(whole) - start)
        halves = make(real, number, rng).astype(np.float16)
        whole[start : start + number] = halves
        yield [f"{place:08d}" for place in range(start, start + number)], halves


def _said(search: Search, queries: Vectors, wanted: NDArray[np.int64], base: float, size: float) -> str:
    spent = _spent(search, queries)
    found = sum(len(set(search(query)) & set(hits)) for query, hits in zip(queries, wanted, strict=True))
    return (
        f"{base / spent:.1f}x by processor ({spent * 1e3:.1f} ms); recall {found / wanted.size:.4f}; "
        f"{size:,.0f} bytes a vector"
    )


def _spent(search: Search, queries: Vectors) -> float:
    """Give the processor seconds of a query: the mean over all of them, in the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for query in queries:
            search(query)
        best = min(best, time.process_time() - start)
    return best / len(queries)


def _numpy(whole: Vectors, query: NDArray[np.float32]) -> NDArray[np.int64]:
    cosines = whole @ query
    hits = np.argpartition(-cosines, HITS)[:HITS]
    return hits[np.argsort(-cosines[hits])]


def _ours(made: matrix.Matrix, query: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.array([int(item_id) for item_id, _ in made.nearest(query, HITS)])


def _bytes(folder: Path, made: matrix.Matrix) -> float:
    """Count what a vector takes: its files, and its id in memory."""
    files = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return files / len(made.ids) + float(np.mean([item_id.__sizeof__() + 8 for item_id in made.ids[:1_000]]))


def _by_faiss(whole: Vectors) -> Iterator[tuple[str, Search, float]]:
    """Give the searches of faiss worth comparing, where it is installed: halves, and bytes followed by products."""
    try:
        import faiss
    except ImportError:
        return
    faiss.omp_set_num_threads(1)
    kind, metric = faiss.ScalarQuantizer, faiss.METRIC_INNER_PRODUCT
    halves = faiss.IndexScalarQuantizer(DIMENSIONS, kind.QT_fp16, metric)
    _fill(halves, whole, 1.0)
    yield "faiss, halves", lambda query: halves.search(query[None], HITS)[1][0], 2 * DIMENSIONS
    halves.reset()
    scale = 127 / max(float(np.abs(whole[at : at + PART]).max()) for at in range(0, len(whole), PART))
    small = faiss.IndexScalarQuantizer(DIMENSIONS, kind.QT_8bit_direct_signed, metric)
    _fill(small, whole, scale)

    def reranked(query: NDArray[np.float32]) -> NDArray[np.int64]:
        places = small.search(query[None] * scale, RERANKED)[1][0]
        return np.asarray(places[np.argsort(-(whole[places] @ query))[:HITS]], dtype=np.int64)

    yield f"faiss, bytes, then {RERANKED} multiplied out", reranked, 3 * DIMENSIONS


def _fill(index: Any, whole: Vectors, scale: float) -> None:
    for start in range(0, len(whole), PART):
        index.add(np.round(whole[start : start + PART] * scale) if scale != 1 else whole[start : start + PART])
