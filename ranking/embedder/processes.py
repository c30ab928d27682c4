"""Many texts in several processes of one thread each: threads of one process wait for each other on a busy machine."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from core.errors import ModelError
from ranking.embedder.catalogue import Vectors
from ranking.embedder.model import Embedder, SentenceTransformerEmbedder

Stream = Callable[[Iterator[list[str]]], Iterator[Vectors]]  # batches of texts to batches of rows, in order
MANY = 5_000  # texts from which starting processes pays: each loads the model for itself
ROOM = 1_500_000_000  # bytes of free memory a process asks for; it needs about half of that
AHEAD = 2  # batches waiting for each process

_mine: list[Embedder] = []  # the one embedder of a worker process


@contextmanager
def spread(embedder: Embedder, texts: int) -> Iterator[Stream]:
    """Give the way to encode so many texts: in this process when they are few, else in one process a processor."""
    count = processes(texts)
    if count < 2 or not isinstance(embedder, SentenceTransformerEmbedder):
        yield lambda batches: map(embedder.embed, batches)
        return
    with in_processes(embedder.recipe(), count) as stream:
        yield stream


@contextmanager
def in_processes(recipe: Callable[[], Embedder], count: int) -> Iterator[Stream]:
    """Encode in so many processes, each with an embedder of its own; one that dies raises ModelError."""
    fresh = multiprocessing.get_context("spawn")  # a copy of this process would carry its locks and connections
    pool = ProcessPoolExecutor(count, mp_context=fresh, initializer=_start, initargs=(recipe,))
    try:
        yield lambda batches: _in_order(pool, batches, count * AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def processes(texts: int) -> int:
    """Tell in how many processes so many texts are best encoded here."""
    if texts < MANY:
        return 1
    return max(1, min(_processors(), _free_memory() // ROOM))


def _in_order(pool: ProcessPoolExecutor, batches: Iterator[list[str]], ahead: int) -> Iterator[Vectors]:
    waiting: deque[Future[Vectors]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_work, batch))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as problem:
        advice = "Run the command again: what came is kept. If it happens again, there may be too little memory"
        raise ModelError("A process that embeds ended before its time", advice) from problem


def _start(recipe: Callable[[], Embedder]) -> None:
    _mine[:] = [recipe()]


def _work(texts: Sequence[str]) -> Vectors:
    return _mine[0].embed(texts)


def _processors() -> int:
    allowed = getattr(os, "sched_getaffinity", None)  # absent on macOS and Windows
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _free_memory() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 2 * ROOM  # where the system does not tell, two processes are taken to have room
