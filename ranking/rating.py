"""One item's facts turned into what is stored of it: scores, labs, worth, reasons, summary (pure)."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ids import arxiv_month, parse_arxiv_id
from core.months import month_of
from core.scores import REASON_ORDER, Reason
from core.text import text_hash
from ranking import affinity, editors, kinds, labs, lexical, summary, worth
from ranking.guide import Guide
from ranking.naming import Naming
from ranking.preparing import Near, closest, read_first
from roadmap.model import Roadmap, Topic, Work

KEPT_FIT = 0.001  # fits below this are not stored: about six of a paper's 37 stay; from 0.01 lists lose their tails
FILED = 0.5  # "an expert would file it here"
SUMMARY_MAKER = "extractive"
READ_FIRST_WORKS = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """All that ranking knows of one item; code is (url, official, stars, day checked)."""

    id: str
    title: str
    abstract: str | None
    comment: str | None
    withdrawn: bool
    votes: int | None
    votes_day: str | None
    place: int | None  # among the month's voted items
    voted: int  # how many those are
    code: tuple[tuple[str, bool | None, int | None, str], ...]
    labs: labs.LabFacts
    listed: date | None = None  # its day on Daily Papers
    novelty: float | None = None  # None: too little of the months before is stored
    compared: int | None = None  # months that were compared in full; None: a reader is not told


@dataclass(frozen=True, slots=True)
class Rated:
    """What is stored of one item: rows for topic_score and lab_score, columns of rating."""

    topics: list[dict[str, Any]]
    labs: list[dict[str, Any]]
    rating: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Words:
    """What is read of a filed item: its title, what its abstract says of its own work (None: it has none), summary."""

    title: str
    own: str | None
    summary: str | None


def input_hash(facts: Facts, engine: str, vector_hash: str, fits: Sequence[float] = ()) -> str:
    """Name everything that rating an item reads: the same name, the same rating.

    `fits` are named where they depend on what else came that month.
    """
    read = [engine, vector_hash, asdict(facts), *([list(fits)] if fits else [])]
    return text_hash(json.dumps(read, default=str, sort_keys=True))


def rate(
    facts: Facts,
    fits: NDArray[np.float32],
    vector: NDArray[np.float32],
    guide: Guide,
    roadmap: Roadmap,
    share: float | None = None,
) -> Rated:
    """Rate one item: `fits` is its row of topic fits in the guide's order, `vector` its unit vector.

    `share` is the share of papers as alike to what editors choose (ranking.editors), None where that is unknown.
    """
    found = labs.attribute(facts.labs, roadmap.labs, affinity.shipped())
    best, fit = _best(fits, guide)
    topic = best if fit >= FILED else None
    works = read_first(vector, topic, guide, roadmap, Naming(facts.title, facts.abstract), _not_yet(facts, roadmap))
    score = worth.worth(_signals(facts, fit, found, share)) if best is not None else None
    words = _words(facts) if topic is not None else None
    reasons: list[Reason] = []
    # What is filed nowhere competes for no place, and nothing speaks for what its authors took back.
    if score is not None and words is not None and topic is not None and not facts.withdrawn:
        about = {"topic": topic, **_why(words, roadmap.topics[topic])}
        reasons = _reasons(facts, about, found, works, score.shares, share)
    minutes, guessed = worth.reading_minutes(summary.page_count(facts.comment))
    rating = {
        "best_topic": best,
        "best_stage": roadmap.topics[best].stage if best is not None else None,
        "worth": score.score if score else None,
        "reasons": [asdict(reason) for reason in reasons],
        "summary": _summary(words) if words else None,
        "read_first": [work.key for work in works[:READ_FIRST_WORKS]],
        "type": _type(facts),
        "minutes": minutes,
        "minutes_guessed": guessed,
    }
    return Rated(_topic_rows(facts.id, words, fits, guide, roadmap), [_lab_row(facts.id, a) for a in found], rating)


def _best(fits: NDArray[np.float32], guide: Guide) -> tuple[str | None, float]:
    """Give the topic that fits best, and how well; None where there is no topic."""
    if not len(fits):
        return None, 0.0
    best = int(np.argmax(fits))
    return guide.topics[best], float(fits[best])


def _not_yet(facts: Facts, roadmap: Roadmap) -> set[str]:
    """Give the works that nobody could read before a paper: itself, and what came after its month."""
    month = month_of(facts.labs.day) if facts.labs.day else None
    return {work.key for work in roadmap.canon if work.arxiv_id == facts.id or (month and _month(work) > month)}


def _month(work: Work) -> str:
    return arxiv_month(work.arxiv_id) if work.arxiv_id else f"{work.year}-01"


def _signals(facts: Facts, fit: float, found: Sequence[labs.Attribution], share: float | None) -> worth.Signals:
    stars = [stars for _, _, stars, _ in facts.code if stars is not None]
    return worth.Signals(
        fit=fit,
        votes=facts.votes,
        listed=facts.listed,
        counted=date.fromisoformat(facts.votes_day) if facts.votes_day else None,
        has_code=bool(facts.code),
        official=any(official for _, official, _, _ in facts.code) or None,
        stars=max(stars, default=None),
        lab_confidence=found[0].confidence if found else None,
        announced=any(kind == "feed" for _, kind, _ in facts.labs.claims),
        likeness=editors.likeness(share) if share is not None else None,
        novelty=facts.novelty,
        withdrawn=facts.withdrawn,
    )


def _reasons(
    facts: Facts,
    about: dict[str, Any],
    found: Sequence[labs.Attribution],
    works: Sequence[Near],
    shares: Mapping[str, float],
    share: float | None,
) -> list[Reason]:
    """List the reasons in the order people see them; each is a fact with its share of the worth."""
    reasons = [Reason("topic", about, shares.get("topic", 0.0))]
    if facts.compared is not None:
        reasons.append(Reason("new", {"months": facts.compared}, shares["new"]))
    if found:
        reasons.append(_from_lab(found[0], shares))
    if facts.votes:
        reasons.append(Reason("readers", _readers(facts), shares.get("readers", 0.0)))
    if facts.code:
        reasons.append(Reason("code", _code(facts), shares.get("code", 0.0)))
    if share is not None and share <= editors.STRIKING:
        reasons.append(Reason("editors", {"share": math.ceil(share * 100)}, shares["editors"]))
    if closest(works):
        reasons.append(Reason("builds-on", {"work": works[0].key}))
    return sorted(reasons, key=lambda reason: REASON_ORDER.index(reason.kind))


def _from_lab(found: labs.Attribution, shares: Mapping[str, float]) -> Reason:
    """Speak of a lab by its strongest evidence; that its feed announced the paper counts with it."""
    kind, detail = found.evidence[0]
    much = shares.get("lab", 0.0) + shares.get("announced", 0.0)
    return Reason("lab", {"lab": found.lab, "evidence": kind, "detail": detail}, round(much, 4))


def _readers(facts: Facts) -> dict[str, Any]:
    return {"votes": facts.votes, "place": facts.place, "of": facts.voted, "date": facts.votes_day}


def _words(facts: Facts) -> _Words:
    own = summary.own_part(facts.abstract, facts.title) if facts.abstract is not None else None
    return _Words(facts.title, own, summary.extract(facts.abstract, facts.title))


def _why(words: _Words, topic: Topic) -> dict[str, Any]:
    match = lexical.best_match(words.title, words.own, topic.phrases, words.summary or "")
    title_only = words.own is None
    if match is None:
        return {"phrase": None, "field": None, "title_only": title_only}
    return {"phrase": match.quote, "field": match.field, "title_only": title_only}


def _code(facts: Facts) -> dict[str, Any]:
    """Speak of the best repository: an official one before others, then by stars."""
    url, official, stars, day = max(facts.code, key=lambda c: (bool(c[1]), c[2] or -1, c[0]))
    return {"url": url, "official": official, "stars": stars, "date": day}


def _type(facts: Facts) -> str | None:
    """Tell what sort of paper an item is; a post is none."""
    return kinds.kind(facts.title, facts.abstract) if parse_arxiv_id(facts.id) else None


def _summary(words: _Words) -> dict[str, Any] | None:
    text = words.summary
    return {"text": text, "kind": SUMMARY_MAKER, "model": None, "created": None} if text else None


def _topic_rows(
    item_id: str, words: _Words | None, fits: NDArray[np.float32], guide: Guide, roadmap: Roadmap
) -> list[dict[str, Any]]:
    rows = []
    for key, fit in zip(guide.topics, fits.tolist(), strict=True):
        if fit >= KEPT_FIT:
            topic = roadmap.topics[key]
            why = _why(words, topic) if words is not None and fit >= FILED else {}
            rows.append({"item_id": item_id, "topic": key, "stage": topic.stage, "fit": round(fit, 4), "why": why})
    return rows


def _lab_row(item_id: str, found: labs.Attribution) -> dict[str, Any]:
    evidence = [{"kind": kind, "detail": detail} for kind, detail in found.evidence]
    return {"item_id": item_id, "lab": found.lab, "confidence": found.confidence, "evidence": evidence}
