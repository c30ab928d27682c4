"""The roadmap as vectors: descriptions, queries, near misses and canon; a disposable cache of what it says."""

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ranking import folders
from ranking.embedder import Embedder, Vectors
from roadmap.model import Roadmap, Topic

Owners = NDArray[np.int64]  # which topic each row belongs to


@dataclass(frozen=True, slots=True)
class Guide:
    """What papers are compared with; rows are unit vectors, topics in the roadmap's order."""

    topics: tuple[str, ...]
    queries: Vectors = field(repr=False)
    query_owner: Owners = field(repr=False)
    descriptions: Vectors = field(repr=False)  # one row a topic
    misses: Vectors = field(repr=False)
    miss_owner: Owners = field(repr=False)
    canon: Vectors = field(repr=False)  # one row a work, in the canon's order


def make_guide(roadmap: Roadmap, embedder: Embedder, cache: Path | None = None) -> Guide:
    """Embed the roadmap's own sentences, or read them from the cache when neither words nor model have changed."""
    texts = _texts(roadmap)
    vectors = _cached(texts, embedder, cache)
    parts = np.split(vectors, np.cumsum([len(part) for part in texts])[:-1])
    topics = list(roadmap.topics.values())
    return Guide(
        topics=tuple(roadmap.topics),
        descriptions=parts[0],
        queries=parts[1],
        query_owner=_owners([len(t.queries) for t in topics]),
        misses=parts[2],
        miss_owner=_owners([len(t.near_misses) for t in topics]),
        canon=parts[3],
    )


def _texts(roadmap: Roadmap) -> list[list[str]]:
    topics: list[Topic] = list(roadmap.topics.values())
    return [
        [f"{t.name.en}: {t.description.en}" for t in topics],
        [query for t in topics for query in t.queries],
        [miss for t in topics for miss in t.near_misses],
        [f"{work.title}. {work.why.en}" for work in roadmap.canon],
    ]


def _owners(counts: list[int]) -> Owners:
    return np.repeat(np.arange(len(counts)), counts)


def _cached(texts: list[list[str]], embedder: Embedder, cache: Path | None) -> Vectors:
    flat = [text for part in texts for text in part]
    key = hashlib.sha256(json.dumps([embedder.identity, flat]).encode()).hexdigest()[:16]
    file = cache / f"guide-{key}.npy" if cache else None
    stored = _read(file) if file and file.is_file() else None
    if stored is not None and stored.shape == (len(flat), embedder.dimensions):
        return stored
    vectors = embedder.embed(flat)
    if file:
        _write(file, vectors)
    return vectors


def _read(file: Path) -> Vectors | None:
    """Read a cache; a damaged one is none, since it can be made anew."""
    try:
        return np.asarray(np.load(file), dtype=np.float32)
    except (ValueError, EOFError, OSError):
        return None


def _write(file: Path, vectors: Vectors) -> None:
    """Write whole or not at all: a half cache would be read as a wrong one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    former = set(file.parent.glob("guide-*.npy")) - {file}  # now: what another process puts there later is its own
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=folders.FRESH) as folder:
        made = Path(folder) / file.name
        np.save(made, vectors)
        made.replace(file)
    for old in former:
        old.unlink(missing_ok=True)
