"""Invented items and issues for the web door's tests, stored as ranking and digest would leave them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.ids import parse_arxiv_id
from core.months import item_month
from core.text import fold
from db.engine import Sessions
from db.models import Code, Issue, Item, LabScore, Rating, TopicScore
from digest.closing import IssueOptions
from digest.service import build_issue
from roadmap.model import Roadmap
from tests.digest.store import close_windows, shortlist

TOPIC = "mixture-of-experts"
SEEN = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
SUBMITTED = datetime(2026, 6, 2, 17, 30, tzinfo=UTC)
SENTENCE = "Herons wind their own springs when the router forgets them."
PHRASE = "when the router forgets them"
ABSTRACT = f"We build a heron out of clockwork. {SENTENCE}"


def add_item(
    session: Session,
    roadmap: Roadmap,
    item_id: str,
    *,
    topics: Mapping[str, float] | None = None,
    labs: Mapping[str, float] | None = None,
    code: Sequence[str] = (),
    worth: float | None = 0.8,
    ranked: bool = True,
    phrases: Mapping[str, str] | None = None,
    **given: Any,
) -> Item:
    """Store an item with code, topics, labs and, unless told otherwise, a rating; `phrases` speak for its topics."""
    item = Item(**(_columns(item_id) | given))
    session.add(item)
    session.flush()
    fits = {TOPIC: 0.8} if topics is None else topics
    said = dict.fromkeys(fits, PHRASE) | dict(phrases or {})
    session.add_all(_topic(roadmap, item_id, key, fit, said[key]) for key, fit in fits.items())
    session.add_all(
        LabScore(item_id=item_id, lab=lab, confidence=sure, evidence=[{"kind": "repository", "detail": "heron/clock"}])
        for lab, sure in (labs or {}).items()
    )
    session.add_all(
        Code(item_id=item_id, url=url, official=True, stars=7, source="pwc", first_seen=SEEN, checked_at=SEEN)
        for url in code
    )
    if ranked:
        session.add(_rating(roadmap, item_id, fits, worth, said))
    session.flush()
    return item


def _columns(item_id: str) -> dict[str, Any]:
    arxiv = item_id if parse_arxiv_id(item_id) else None
    title = f"A clockwork heron, part {item_id}"
    kind = "paper" if arxiv else "post"
    submitted = SUBMITTED if arxiv else None
    return {
        "id": item_id,
        "kind": kind,
        "arxiv_id": arxiv,
        "title": title,
        "folded_title": fold(title),
        "abstract": ABSTRACT,
        "authors": [{"name": "Ada Moorhen", "affiliation": None}, {"name": "Ivo Plover", "affiliation": "Reed Lab"}],
        "categories": ["cs.LG", "cs.CL"],
        "submitted": submitted,
        "submitted_from": "arxiv" if arxiv else None,
        "first_seen": SEEN,
        "updated": SEEN,
        "month": item_month(kind, arxiv, submitted, None, SEEN),
        "version": 1 if arxiv else None,
        "url": f"https://arxiv.org/abs/{item_id}",
        "pdf_url": f"https://arxiv.org/pdf/{item_id}" if arxiv else None,
        "organizations": [],
        "keywords": [],
        "tasks": [],
        "sources": ["arxiv"],
        "provenance": {},
    }


def _topic(roadmap: Roadmap, item_id: str, key: str, fit: float, phrase: str) -> TopicScore:
    why = {"phrase": phrase, "field": "abstract", "signals": {"dense": fit}}
    return TopicScore(item_id=item_id, topic=key, stage=roadmap.topics[key].stage, fit=fit, why=why)


def _rating(
    roadmap: Roadmap, item_id: str, fits: Mapping[str, float], worth: float | None, phrases: Mapping[str, str]
) -> Rating:
    best = max(fits, key=lambda key: fits[key], default=None)
    facts = {"topic": best, "phrase": phrases[best] if best else PHRASE, "title_only": False}
    readers = {"votes": 12, "place": 3, "of": 40, "date": "2026-07-01"}
    return Rating(
        item_id=item_id,
        model="tiny@int8",
        input_hash="0" * 32,
        best_topic=best,
        best_stage=roadmap.topics[best].stage if best else None,
        worth=worth,
        reasons=[
            {"kind": "topic", "facts": facts, "share": 0.5},
            {"kind": "readers", "facts": readers, "share": 0.3},
        ],
        summary={"text": SENTENCE, "kind": "extractive", "model": None, "created": None},
        read_first=[roadmap.canon[0].key],
        type="survey",
        minutes=12,
        minutes_guessed=False,
        ranked_at=SEEN,
    )


def fill(sessions: Sessions, roadmap: Roadmap, count: int, **given: Any) -> list[str]:
    """Store items submitted a minute apart, oldest first; gives their ids."""
    ids = [f"2606.{number:05d}" for number in range(1, count + 1)]
    with sessions.begin() as session:
        for number, item_id in enumerate(ids):
            moment = SUBMITTED + timedelta(minutes=number)
            add_item(session, roadmap, item_id, submitted=moment, worth=0.5 + number / 1000, **given)
    return ids


def make_issue(sessions: Sessions, roadmap: Roadmap, month: str, now: datetime, *, complete: bool = True) -> str:
    """Make the issue of a month from what is stored; gives its status. Incomplete: its ledger stays empty."""
    with sessions.begin() as session:
        shortlist(session, month)
        if complete:
            close_windows(session, month)
        issue: Issue = build_issue(session, month, roadmap, lambda: now, IssueOptions(version="1", model="tiny@int8"))
        return issue.status
