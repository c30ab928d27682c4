"""Vectors for what has none: read what is new, encode it as a stream, save it in small transactions."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import Clock
from core.text import embedding_text, text_hash
from db import scores
from db.engine import Sessions, reading
from db.scores import ToEmbed
from ranking.embedder import Embedder, Vectors
from ranking.embedder.processes import Stream, spread
from ranking.shards import ALL, Part

BATCH = 256
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Batch:
    """Some items: texts to encode, and items whose text is still what their vector says."""

    read_at: datetime
    seen: int = 0
    new: list[tuple[ToEmbed, str]] = field(default_factory=list)  # with its text
    same: dict[str, datetime] = field(default_factory=dict)  # id: its last change


def embed_new(
    sessions: Sessions,
    embedder: Embedder,
    clock: Clock,
    *,
    part: Part = ALL,
    stream: Stream | None = None,
    on_progress: Progress | None = None,
) -> int:
    """Embed every item of a part whose text has no vector of this model yet; gives the number embedded.

    `stream` encodes in other processes or on other machines; without it the embedder does it here. Each batch is a
    transaction of its own: an interrupted run loses what was on its way, and the next one takes up the rest.
    """
    model = embedder.identity.partition("@")[0]
    with reading(sessions) as session:
        total = scores.count_to_embed(session, model)
    if not total:
        return 0
    with spread(embedder, total // part.count) if stream is None else nullcontext(stream) as encode:
        return _embed(sessions, embedder.identity, encode, _read(sessions, model, part, clock), total, on_progress)


def _embed(
    sessions: Sessions,
    identity: str,
    encode: Stream,
    batches: Iterator[_Batch],
    total: int,
    on_progress: Progress | None,
) -> int:
    waiting: deque[_Batch] = deque()
    made = seen = 0
    for rows in encode(_texts(batches, waiting)):
        batch = waiting.popleft()
        _save(sessions, identity, batch, rows)
        made, seen = made + len(rows), seen + batch.seen
        if on_progress:
            on_progress(seen, max(total, seen))
    return made


def _read(sessions: Sessions, model: str, part: Part, clock: Clock) -> Iterator[_Batch]:
    """Read on in order of id, what may be new, some hundred items of the part at a time."""
    after = ""
    batch = _Batch(clock())
    while True:
        with reading(sessions) as session:
            rows = scores.to_embed(session, model, BATCH, after)
        if not rows:
            break
        after = rows[-1].id
        _sort_in(batch, rows, part)
        if len(batch.new) + len(batch.same) >= BATCH:
            yield batch
            batch = _Batch(clock())
    if batch.new or batch.same:
        yield batch


def _sort_in(batch: _Batch, rows: Sequence[ToEmbed], part: Part) -> None:
    """Tell what is new from what is not. A vector made from an abstract we may not ship outlives the title alone."""
    batch.seen += len(rows)
    for row in rows:
        if part.holds(row.id):
            text = embedding_text(row.title, row.abstract)
            known = row.known_hash is not None and (row.abstract is None or row.known_hash == text_hash(text))
            if known:
                batch.same[row.id] = row.updated
            else:
                batch.new.append((row, text))


def _texts(batches: Iterator[_Batch], waiting: deque[_Batch]) -> Iterator[list[str]]:
    """Hand on the texts of each batch, and remember whose they are until their rows come back."""
    for batch in batches:
        waiting.append(batch)
        yield [text for _, text in batch.new]


def _save(sessions: Sessions, identity: str, batch: _Batch, rows: Vectors) -> None:
    with sessions.begin() as session:
        there = scores.hold_items(session, [one.id for one, _ in batch.new])  # a post may prove to be a paper
        values = [
            _vector_row(one, text, vector, identity, batch.read_at)
            for (one, text), vector in zip(batch.new, rows, strict=True)
            if one.id in there
        ]
        scores.save_vectors(session, identity, values)
        scores.mark_compared(session, identity.partition("@")[0], batch.same)


def _vector_row(one: ToEmbed, text: str, vector: NDArray[np.float32], model: str, now: datetime) -> dict[str, Any]:
    return {
        "item_id": one.id,
        "model": model,
        "text_hash": text_hash(text),
        "vector": vector.astype("<f2").tobytes(),
        "made_at": now,
        "item_updated": one.updated,
    }
