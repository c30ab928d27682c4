"""Embedding millions on Ray (extra `cluster`): batches of texts go to workers that each hold the model once.

What is embedded is saved by the one process that asked, batch by batch; so a run that is stopped is taken up where it
was, and a worker that dies costs the batches it held: Ray starts another (Ray Data, `map_batches` with a class,
https://docs.ray.io/en/latest/data/transforming-data.html).
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np

from core.errors import ConfigError, ModelError
from ranking.embedder import Embedder, SentenceTransformerEmbedder, Vectors

WAVE = 64  # batches a worker gets before the model is loaded anew: some ten minutes on one core
_SAFE = {
    "RAY_AUTH_MODE": "token",  # without it whoever reaches the port runs code (CVE-2023-48022)
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}


class Recipe(Protocol):
    """How a worker builds its embedder: small, and sent to it as a value."""

    def __call__(self) -> Embedder:
        """Build an embedder."""
        ...


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers to send batches to; `encode` is a `ranking.service.Stream`."""

    recipe: Recipe
    workers: int

    def encode(self, batches: Iterator[list[str]]) -> Iterator[Vectors]:
        """Give the rows of each batch of texts, in order; raises ModelError where a wave comes back incomplete."""
        while wave := list(islice(batches, WAVE * self.workers)):
            yield from self._wave(wave)

    def _wave(self, wave: list[list[str]]) -> Iterator[Vectors]:
        import ray

        texts = [text for batch in wave for text in batch]
        size = max(len(batch) for batch in wave)
        if not texts:
            yield from _cut(iter(()), wave)
            return
        rows = [{"place": place, "text": text} for place, text in enumerate(texts)]
        encoded = ray.data.from_items(rows, override_num_blocks=-(-len(texts) // size)).map_batches(
            _Worker,
            fn_constructor_args=(self.recipe,),
            batch_size=size,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=self.workers),
        )
        yield from _cut(iter(encoded.iter_batches(batch_size=size)), wave)


class _Worker:
    """Lives in a worker process and holds the model."""

    def __init__(self, recipe: Recipe) -> None:
        self._embedder = recipe()

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        """Embed a block's texts; the place goes with each row, so that it is known whose it is."""
        return {"place": block["place"], "vector": self._embedder.embed([str(text) for text in block["text"]])}


@dataclass(frozen=True, slots=True)
class _Copy:
    """Gives each worker a copy of an embedder that has nothing to load."""

    embedder: Embedder

    def __call__(self) -> Embedder:
        return self.embedder


def recipe_of(embedder: Embedder) -> Recipe:
    """Say how a worker builds an embedder: one that loads a model loads it there, with one thread."""
    return embedder.recipe() if isinstance(embedder, SentenceTransformerEmbedder) else _Copy(embedder)


@contextmanager
def cluster(recipe: Recipe, workers: int | None = None) -> Iterator[Cluster]:
    """Join the cluster that RAY_ADDRESS names, or start one on this machine alone; raises ConfigError without Ray.

    `workers` None: one for each processor of the cluster.
    """
    for name, value in _SAFE.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as problem:
        raise ConfigError("Ray is not installed", 'Install it with pip install "shirube[cluster]"') from problem
    mine = not ray.is_initialized()
    if mine:
        _join(ray, workers)
    try:
        _keep_order(ray)
        yield Cluster(recipe, workers or _processors(ray))
    finally:
        if mine:
            ray.shutdown()


def _processors(ray: Any) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _join(ray: Any, workers: int | None) -> None:
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
        return
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # handed to the processes it starts, and forgotten
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")


def _keep_order(ray: Any) -> None:
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False


def _cut(blocks: Iterator[dict[str, Any]], wave: list[list[str]]) -> Iterator[Vectors]:
    """Cut the stream of rows into the batches it was made of; rows out of place, or too few, are an error."""
    held, places, start = np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.int64), 0
    for batch in wave:
        while len(places) < len(batch):
            block = next(blocks, None)
            if block is None:
                raise _incomplete()
            rows = np.asarray(block["vector"], dtype=np.float32)
            held = np.concatenate([held, rows]) if len(held) else rows
            places = np.concatenate([places, np.asarray(block["place"], dtype=np.int64)])
        if not np.array_equal(places[: len(batch)], np.arange(start, start + len(batch))):
            raise _incomplete()
        yield held[: len(batch)]
        held, places, start = held[len(batch) :], places[len(batch) :], start + len(batch)


def _incomplete() -> ModelError:
    return ModelError("The cluster gave back other texts than it was sent", "Run the command again: what came is kept")
