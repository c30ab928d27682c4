"""A store as large as in the goals, filled by bulk rows: what a rank with nothing new, and one new day, cost."""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, update
from sqlalchemy.orm import Session

from benchmarks import embedded
from benchmarks.dump import invented_lines
from benchmarks.vectors import many_vectors
from core.clock import Clock
from db import bulk
from db.engine import Sessions, make_engine, make_sessions
from db.migrate import upgrade
from db.models import Embedding, Item, Rating
from ingest.service import import_snapshot
from ranking import topics
from ranking.embedder import SentenceTransformerEmbedder
from ranking.guide import make_guide
from ranking.service import Ranker, embed_new, rank_new, vector_matrix
from roadmap.load import load_roadmap

NOW = datetime(2026, 7, 8, 9, tzinfo=UTC)
DAY = 500  # papers of a day, changed and so looked at again


def second_rank(count: int) -> Iterator[tuple[str, str]]:
    """Fill a store, rank nothing new, then a day's papers; gives (what, figures)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sessions, ranker = _store(folder, count), shipped_ranker(folder)
        _fill(sessions, ranker, count)
        yield (
            f"a rank with nothing new, {count:,} papers stored",
            f"{_seconds(lambda: _rank(sessions, ranker, _at(2))):.2f} s",
        )
        first = _seconds(lambda: vector_matrix(sessions, ranker.model, folder / "cache"))
        again = _seconds(lambda: vector_matrix(sessions, ranker.model, folder / "cache"))
        yield "opening their matrix: built from the rows, found unchanged", f"{first:.2f} s, {again:.2f} s"
        day = min(DAY, count // 2)
        _touch(sessions, day)
        took = _seconds(lambda: _rank(sessions, ranker, _at(30)))
        yield f"a rank with {day} changed papers among them", f"{took:.2f} s ({day / took:.0f} papers/s)"


def _store(folder: Path, count: int) -> Sessions:
    engine = make_engine(f"sqlite:///{folder / 'shirube.db'}")
    upgrade(engine)
    dump = folder / "dump.json"
    with dump.open("wb") as file:
        file.writelines(invented_lines(count))
    sessions = make_sessions(engine)
    import_snapshot(sessions, str(dump), lambda: NOW)
    return sessions


def shipped_ranker(folder: Path) -> Ranker:
    """Make the ranker that ships, with its cache in a folder."""
    roadmap, embedder = load_roadmap(), SentenceTransformerEmbedder(arithmetic="fp32")
    guide = make_guide(roadmap, embedder, embedded.CACHE / "guide")
    return Ranker(roadmap, guide, embedder, topics.packaged_blend(), folder / "cache")


def _fill(sessions: Sessions, ranker: Ranker, count: int) -> None:
    """Give each item a vector and a rating, as if it had been ranked an hour after it came."""
    with sessions.begin() as session:
        ids = sorted(session.scalars(Item.__table__.select().with_only_columns(Item.id)))
        insert_rows(session, Embedding, vector_rows(ids, ranker, count, NOW))
        insert_rows(session, Rating, [_rating_row(item_id, ranker.engine) for item_id in ids])


def vector_rows(ids: list[str], ranker: Ranker, count: int, stored: datetime) -> list[dict[str, Any]]:
    """Make a row of the table of vectors for each paper; `stored` is when the papers were."""
    halves = many_vectors(count)[: len(ids)].astype("<f2")
    seen = {"made_at": stored + timedelta(hours=1), "item_updated": stored}
    base = {"model": ranker.embedder.identity, "text_hash": "0" * 32, **seen}
    return [{**base, "item_id": item_id, "vector": row.tobytes()} for item_id, row in zip(ids, halves, strict=True)]


def _rating_row(item_id: str, engine: str) -> dict[str, Any]:
    return {
        "item_id": item_id,
        "model": engine,
        "input_hash": "0" * 32,
        "type": None,
        "best_topic": None,
        "best_stage": None,
        "worth": None,
        "reasons": [],
        "summary": None,
        "read_first": [],
        "minutes": 15,
        "minutes_guessed": True,
        "ranked_at": NOW + timedelta(hours=1),
        "item_updated": NOW,
    }


def insert_rows(session: Session, table: type[Embedding | Rating], rows: list[dict[str, Any]]) -> None:
    """Write rows in bulk; the caller commits."""
    bulk.insert(session, cast(Table, table.__table__), rows)


def _touch(sessions: Sessions, count: int) -> None:
    """Let some papers of the newest month change otherwise than in their texts."""
    newest = Item.__table__.select().with_only_columns(Item.id).order_by(Item.month.desc(), Item.id).limit(count)
    with sessions.begin() as session:
        ids = list(session.scalars(newest))
        session.execute(update(Item).where(Item.id.in_(ids)).values(updated=_at(24)(), comment="9 pages"))
        _forget_texts(session, ids)


def _forget_texts(session: Session, ids: list[str]) -> None:
    """Let the vectors be those of the items' texts, so that ranking is timed and not embedding."""
    session.execute(update(Embedding).where(Embedding.item_id.in_(ids)).values(item_updated=_at(24)()))


def _rank(sessions: Sessions, ranker: Ranker, clock: Clock) -> None:
    embed_new(sessions, ranker.embedder, clock)
    rank_new(sessions, ranker, clock)


def _at(hours: int) -> Clock:
    return lambda: NOW + timedelta(hours=hours)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
