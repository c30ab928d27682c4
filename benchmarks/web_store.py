"""The store and the servers of the web's benchmark: papers as imported, ranked as if, a final issue of one month."""

import logging
import os
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.app import AppOptions, create_app
from benchmarks.dump import written
from benchmarks.embedded import CACHE
from core.clock import system_clock
from db import bulk
from db.engine import Sessions, make_engine, make_sessions
from db.migrate import upgrade
from db.models import Code, Issue, Item, Rating, TopicScore
from ingest.service import import_snapshot
from roadmap.load import load_roadmap
from tests.api.factory import make_issue

NOW = datetime(2026, 7, 8, 9, tzinfo=UTC)
SMALL = 10_000  # fewer papers are not worth keeping a store of
DAYS = 500
EVERY_SECOND_HAS_CODE = 2


def filled(papers: int, folder: Path) -> Path:
    """Give a store of so many papers; a large one is made once, kept, and brought to the newest revision."""
    kept = CACHE / f"web-{papers}.db" if papers >= SMALL else folder / "web.db"
    if kept.is_file():
        _upgraded(kept)
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    engine = make_engine(f"sqlite:///{unfinished}")
    upgrade(engine)
    sessions = make_sessions(engine)
    import_snapshot(sessions, written(folder / "dump.json", papers), lambda: NOW)
    _rank(sessions)
    make_issue(sessions, load_roadmap(), _fullest_month(sessions), NOW)
    engine.dispose()  # the last connection brings the log into the file
    unfinished.rename(kept)
    return kept


def issue_month(store: Path) -> str:
    """Tell of which month a store's issue is."""
    engine = make_engine(f"sqlite:///{store}")
    with make_sessions(engine)() as session:
        month = session.scalars(select(Issue.month)).one()
    engine.dispose()
    return month


def _fullest_month(sessions: Sessions) -> str:
    with sessions() as session:
        counted = select(Item.month).group_by(Item.month).order_by(func.count().desc(), Item.month)
        return session.scalars(counted).first() or ""


def _upgraded(store: Path) -> None:
    engine = make_engine(f"sqlite:///{store}")
    upgrade(engine)
    engine.dispose()


def _rank(sessions: Sessions) -> None:
    """Give each paper two topics, a rating and every second one code, drawn the same every time."""
    rng = random.Random(7)  # noqa: S311 - nothing secret
    topics = [(topic.key, topic.stage) for topic in load_roadmap().topics.values()]
    with sessions.begin() as session:
        ids = list(session.scalars(select(Item.id).order_by(Item.id)))
        drawn = {item_id: rng.sample(topics, 2) for item_id in ids}
        _insert(session, TopicScore, [_fit(rng, item_id, *one) for item_id in ids for one in drawn[item_id]])
        _insert(session, Rating, [_rating(rng, item_id, *drawn[item_id][0]) for item_id in ids])
        _insert(session, Code, [_code(item_id) for item_id in ids[::EVERY_SECOND_HAS_CODE]])


def _insert(session: Any, table: type[TopicScore | Rating | Code], rows: list[dict[str, Any]]) -> None:
    bulk.insert(session, cast(Table, table.__table__), rows)


def _fit(rng: random.Random, item_id: str, topic: str, stage: int) -> dict[str, Any]:
    why = {"phrase": "a phrase of the abstract", "field": "abstract", "signals": {"dense": 0.5}}
    return {"item_id": item_id, "topic": topic, "stage": stage, "fit": round(rng.uniform(0.3, 1), 4), "why": why}


def _rating(rng: random.Random, item_id: str, topic: str, stage: int) -> dict[str, Any]:
    facts = {"topic": topic, "phrase": "a phrase of the abstract", "title_only": False}
    worth = round(rng.uniform(0, 1), 4)
    return {
        "item_id": item_id,
        "model": "bench",
        "input_hash": "0" * 32,
        "best_topic": topic,
        "best_stage": stage,
        "worth": worth,
        "reasons": [{"kind": "topic", "facts": facts, "share": worth}],
        "summary": {"text": "One sentence of the abstract, as it stands there.", "kind": "extractive"},
        "read_first": [],
        "type": None,
        "minutes": 15,
        "minutes_guessed": True,
        "ranked_at": NOW + timedelta(hours=1),
        "item_updated": NOW,
    }


def _code(item_id: str) -> dict[str, Any]:
    url = f"https://github.com/heron/{item_id.replace('/', '-')}"
    return {
        "item_id": item_id,
        "url": url,
        "official": True,
        "stars": 7,
        "source": "pwc",
        "first_seen": NOW,
        "checked_at": NOW,
    }


@cache
def short_lists() -> list[str]:
    """Name the lists that readers ask for again and again: each topic by two orders."""
    keys = load_roadmap().topics
    return [f"/api/v1/papers?topic={key}{sort}" for key in keys for sort in ("", "&sort=worth")]


@cache
def long_lists() -> list[str]:
    """Name lists that are asked once: each topic up to each of many days."""
    days = [datetime(2026, 6, 30, tzinfo=UTC) - timedelta(days=n) for n in range(DAYS)]
    keys = load_roadmap().topics
    return [f"/api/v1/papers?topic={key}&until={day:%Y-%m-%d}" for day in days for key in keys]


def served() -> Any:
    """Make the app over the store that SHIRUBE_BENCH_STORE names, as `shirube serve` does, without limits."""
    logging.getLogger("shirube.api").setLevel(logging.ERROR)  # what was slow is in the figures
    sessions = make_sessions(make_engine(f"sqlite:///{os.environ['SHIRUBE_BENCH_STORE']}"))
    return create_app(sessions, load_roadmap(), system_clock, AppOptions())


def bare() -> Starlette:
    """Make the least that answers: one text, no middleware of ours."""

    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    return Starlette(routes=[Route("/", hello)])
