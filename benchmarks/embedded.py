"""Vectors of corpus papers, embedded once and kept in a cache folder that may be thrown away."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpus import Paper
from core.text import embedding_text
from ranking.embedder import Embedder

CACHE = Path(os.environ.get("SHIRUBE_BENCH_CACHE", Path(__file__).resolve().parents[1] / "var" / "bench"))
BATCH = 512


def vectors(papers: Mapping[str, Paper], embedder: Embedder) -> dict[str, NDArray[np.float32]]:
    """Give a unit row for each paper; what the cache holds is not embedded again."""
    name = embedder.identity.partition("@")[0].replace("/", "-")  # precisions are one model (decision 0020)
    ids_file, rows_file = CACHE / f"{name}.json", CACHE / f"{name}.npy"
    known: dict[str, NDArray[np.float32]] = {}
    if ids_file.is_file() and rows_file.is_file():
        known = dict(zip(json.loads(ids_file.read_text()), np.load(rows_file), strict=True))
    missing = sorted(set(papers) - set(known))
    for start in range(0, len(missing), BATCH):
        part = missing[start : start + BATCH]
        rows = embedder.embed([embedding_text(papers[p].title, papers[p].abstract) for p in part])
        known.update(zip(part, rows, strict=True))
        _save(known, ids_file, rows_file)
        print(f"embedded {start + len(part):,} of {len(missing):,}", file=sys.stderr, flush=True)
    return {paper: known[paper] for paper in papers}


def _save(known: Mapping[str, NDArray[np.float32]], ids_file: Path, rows_file: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    temporary = rows_file.with_suffix(".tmp.npy")
    np.save(temporary, np.array(list(known.values()), np.float32))
    temporary.replace(rows_file)
    ids_file.write_text(json.dumps(list(known)))
