"""Small stores for the digest's tests: papers ranked by hand, ledgers closed by hand. All of it is invented."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.ids import parse_arxiv_id
from core.months import closing_time, first_day, last_day
from db.models import Issue, Item, LabScore, Rating, Shortlist, TopicScore, Window
from digest.service import IssueOptions, build_issue
from roadmap.model import Roadmap

OPTIONS = IssueOptions(version="0.1.0", model="tiny@int8")


def add_paper(
    session: Session,
    roadmap: Roadmap,
    id_: str,
    month: str,
    *,
    stage: int = 5,
    worth: float | None = 0.7,
    fit: float = 0.8,
    minutes: int = 12,
    votes: int | None = None,
    kind: str = "paper",
    seen: datetime | None = None,
    sources: Sequence[str] = ("arxiv", "hf"),
    labs: Sequence[tuple[str, float]] = (),
    ranked: bool = True,
    **more: Any,
) -> Item:
    """Store an item of a month with its scores, as ranking would have left them; `shortlist` lists it."""
    moment = seen or datetime.combine(first_day(month) + timedelta(days=2), datetime.min.time(), tzinfo=UTC)
    topic = roadmap.topics_of(stage)[0].key
    values: dict[str, Any] = {
        "id": id_,
        "kind": kind,
        "arxiv_id": id_ if parse_arxiv_id(id_) else None,
        "title": f"On the matter of {id_}",
        "folded_title": f"on the matter of {id_}",
        "abstract": "An invented abstract of two sentences. It says little.",
        "authors": [{"name": f"{letter}. Imagined", "affiliation": None} for letter in "ABCDE"],
        "categories": ["cs.LG"],
        "submitted": datetime.combine(first_day(month), datetime.min.time(), tzinfo=UTC) if kind == "paper" else None,
        "feed_date": first_day(month) if kind == "post" else None,
        "first_seen": moment,
        "updated": moment,
        "month": month,
        "withdrawn": False,
        "url": f"https://arxiv.org/abs/{id_}",
        "votes": votes,
        "organizations": [],
        "keywords": [],
        "tasks": [],
        "sources": list(sources),
        "provenance": {},
    }
    item = Item(**{**values, **more})
    session.add(item)
    session.flush()
    if ranked:
        _rank(session, item, topic, stage, worth, fit, minutes)
        session.add_all(
            LabScore(
                item_id=id_, lab=lab, confidence=sure, evidence=[{"kind": "feed", "detail": "https://example.org"}]
            )
            for lab, sure in labs
        )
    session.flush()
    return item


def _rank(session: Session, item: Item, topic: str, stage: int, worth: float | None, fit: float, minutes: int) -> None:
    session.add(TopicScore(item_id=item.id, topic=topic, stage=stage, fit=fit, why={}))
    session.add(
        Rating(
            item_id=item.id,
            model="tiny@int8",
            input_hash="0" * 32,
            best_topic=topic,
            best_stage=stage,
            worth=worth,
            reasons=[{"kind": "topic", "facts": {"topic": topic, "phrase": None, "title_only": False}, "share": 0.5}],
            summary={"text": "An invented abstract.", "kind": "extractive", "model": None, "created": None},
            read_first=[],
            minutes=minutes,
            minutes_guessed=False,
            ranked_at=item.updated,
        )
    )


def shortlist(session: Session, month: str) -> None:
    """List a month's ranked items by stage and worth, as ranking does after every run."""
    session.execute(delete(Shortlist).where(Shortlist.month == month))
    order = (Rating.best_stage, Rating.worth.desc(), Item.id)
    rows = session.execute(select(Item.id, Rating.best_stage).join(Rating).where(Item.month == month).order_by(*order))
    places: dict[int, int] = {}
    for item_id, stage in rows:
        if stage is not None and places.setdefault(stage, 0) < 40:
            places[stage] += 1
            session.add(Shortlist(month=month, stage=stage, position=places[stage], item_id=item_id, twins=[]))
    session.flush()


def add_window(session: Session, source: str, month: str, **more: Any) -> Window:
    """Put one closed window of a whole month into the ledger, read two hours after the closing time."""
    read = closing_time(month, 5) + timedelta(hours=2)
    values: dict[str, Any] = {
        "source": source,
        "channel": "main",
        "from_day": first_day(month),
        "to_day": last_day(month),
        "state": "closed",
        "expected": 10 if source == "arxiv" else None,
        "received": 10,
        "errors": 0,
        "attempts": 1,
        "checked_at": read,
        "closed_at": read,
    }
    window = Window(**{**values, **more})
    session.add(window)
    session.flush()
    return window


def close_windows(session: Session, month: str) -> None:
    """Close the ledger of a month for every source."""
    for source in ("arxiv", "hf", "pwc", "labs"):
        add_window(session, source, month)


def at(day: str, hour: int = 9) -> datetime:
    """Give an hour of a day in UTC."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC) + timedelta(hours=hour)


def build(session: Session, month: str, roadmap: Roadmap, now: datetime, **more: Any) -> Issue:
    return build_issue(session, month, roadmap, lambda: now, OPTIONS, **more)


def ready(session: Session, roadmap: Roadmap, month: str = "2026-06", papers: int = 3) -> None:
    """Store a month that lacks nothing."""
    for number in range(papers):
        add_paper(session, roadmap, f"{month[2:4]}{month[5:]}.{10000 + number}", month, worth=0.9 - number / 100)
    shortlist(session, month)
    close_windows(session, month)
