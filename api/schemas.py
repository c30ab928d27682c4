"""The wire shape of an item and of lists (contract.md, HTTP): one pure function, used by the API and the command line.

The shapes are typed dictionaries, so that mypy holds the serialiser to them and the OpenAPI document shows them.
"""

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from core.clock import iso
from db.models import Code, Item, LabScore, Rating, TopicScore
from db.papers import SHOWN
from db.wholes import Fit, Made, Rated, Repository, Whole
from digest.words import web
from roadmap.model import Roadmap, Work

TOPICS_SHOWN = 10


class CodeJson(TypedDict):
    """A repository; `official` is null where nobody said, `stars` where nobody counted."""

    url: str
    official: bool | None
    stars: int | None
    checked_at: str


class WhyJson(TypedDict):
    """The phrase, verbatim, that speaks for a topic, and the field it stands in."""

    phrase: str | None
    field: str | None


class TopicFitJson(TypedDict):
    """How well an item fits a topic, 0 to 1; 0.5 = an expert would file it here."""

    key: str
    fit: float
    why: WhyJson


class EvidenceJson(TypedDict):
    """One fact that speaks for a lab."""

    kind: str
    detail: str


class LabFitJson(TypedDict):
    """A lab an item is believed to come from, 0 to 1, strongest evidence first."""

    key: str
    confidence: float
    evidence: list[EvidenceJson]


class StageFitJson(TypedDict):
    """How well an item fits a stage: the best fit among the stage's topics."""

    number: int
    fit: float


class ReasonJson(TypedDict):
    """One cause of the score: its kind, the facts its sentence needs, its share of the whole."""

    kind: str
    facts: dict[str, Any]
    share: float


class WorthJson(TypedDict):
    """How much an item is worth reading, 0 to 1, null where it is not ranked; each reason has its share of the score.

    What is filed nowhere has no reasons: its score orders the lists of labs and competes for no place.
    """

    score: float | None
    reasons: list[ReasonJson]


class WorkRefJson(TypedDict):
    """A work of the reading list."""

    key: str
    title: str
    url: str
    minutes: int


class SummaryJson(TypedDict):
    """One or two sentences: taken from the abstract, or made by the model named."""

    text: str
    kind: str
    model: str | None
    created: str | None


class ItemJson(TypedDict):
    """A paper or a post. Moments are RFC 3339 in UTC, days YYYY-MM-DD, everything unknown is null."""

    id: str
    kind: str
    arxiv_id: str | None
    title: str
    authors: list[str]
    abstract: str | None
    submitted: str | None
    submitted_from: str | None
    announced: str | None
    first_seen: str
    updated: str
    version: int | None
    withdrawn: bool
    categories: list[str]
    url: str | None
    pdf_url: str | None
    code: list[CodeJson]
    topics: list[TopicFitJson]
    labs: list[LabFitJson]
    stages: list[StageFitJson]
    level: str | None
    type: str | None
    worth: WorthJson
    read_first: list[WorkRefJson]
    sources: list[str]
    summary: SummaryJson | None


class ItemsJson(TypedDict):
    """One part of a list; `next` is the cursor of the part that follows, null at the end."""

    items: list[ItemJson]
    next: str | None


class TranslatedJson(TypedDict):
    """A Japanese term of a query and the English it was searched as."""

    ja: str
    en: str


class OddWordJson(TypedDict):
    """A word of a query that hardly any stored item has, how many do, and words near it, the most usual first."""

    word: str
    papers: int
    near: list[str]


class QueryJson(TypedDict):
    """How a query was read: `english` are the words searched for, "" where the query is only a name.

    `by_words` is false where nothing stored has any of the words: what is found is only close in meaning. `by_meaning`
    is false while only words are compared. `odd_words` may be misspelt: next to nothing has them.
    `named` are the items that the query is the name of; `left_out` are those named that the filters keep out.
    """

    text: str
    english: str
    translated: list[TranslatedJson]
    not_understood: list[str]
    odd_words: list[OddWordJson]
    by_words: bool
    by_meaning: bool
    named: list[str]
    left_out: list[str]


class SearchJson(TypedDict):
    """One part of what was found, best first, and how the query was read."""

    query: QueryJson
    items: list[ItemJson]
    next: str | None


class NamesJson(TypedDict):
    """A name or a sentence in both languages."""

    en: str
    ja: str


class StageJson(TypedDict):
    """One stage of the road and its topics in study order."""

    number: int
    key: str
    name: NamesJson
    description: NamesJson
    topics: list[str]


class StagesJson(TypedDict):
    """All stages."""

    items: list[StageJson]
    next: None


class CanonWorkJson(TypedDict):
    """A work of the reading list; `others` if more wrote it than are named, `prerequisites` are keys to read before."""

    key: str
    arxiv_id: str | None
    url: str
    title: str
    authors: list[str]
    others: bool
    year: int
    stage: int
    topic: str
    why: NamesJson
    minutes: int
    prerequisites: list[str]


class CanonJson(TypedDict):
    """The reading list of a stage, in the order it is read."""

    items: list[CanonWorkJson]
    next: None


class TopicJson(TypedDict):
    """One topic papers are filed under."""

    key: str
    stage: int
    name: NamesJson
    description: NamesJson
    prerequisites: list[str]
    feed: str


class TopicsJson(TypedDict):
    """All topics in study order."""

    items: list[TopicJson]
    next: None


class LabJson(TypedDict):
    """One lab to watch; `feed` is the lab's own."""

    key: str
    name: NamesJson
    homepage: str
    feed: str | None


class LabsJson(TypedDict):
    """All labs."""

    items: list[LabJson]
    next: None


class ReportJson(TypedDict):
    """A topic or lab that readers say is wrong for an item; `newest` is RFC 3339."""

    verb: str
    topic: str | None
    lab: str | None
    item: str
    title: str
    readers: int
    visitors: int
    newest: str


class ReportsJson(TypedDict):
    """All of them."""

    items: list[ReportJson]
    next: str | None


class IssueJson(TypedDict):
    """One month's issue in the list of issues; `made` is when its inputs last changed."""

    month: str
    status: str  # draft, sample or final
    made: str
    published: str | None
    url: str


class IssuesJson(TypedDict):
    """All issues, newest first."""

    items: list[IssueJson]
    next: None


def item_json(item: Item | Whole, roadmap: Roadmap, min_fit: float = SHOWN) -> ItemJson:
    """Write an item in its wire shape; needs code, topics, labs and rating loaded.

    Topics below `min_fit` stay out. Who asks below what is shown gets all of them.
    """
    topics = [score for score in item.topics if score.fit >= min_fit][: TOPICS_SHOWN if min_fit >= SHOWN else None]
    return {
        "id": item.id,
        "kind": item.kind,
        "arxiv_id": item.arxiv_id,
        "title": item.title,
        "authors": [author["name"] for author in item.authors],
        "abstract": item.abstract,
        "submitted": iso(item.submitted) if item.submitted else None,
        "submitted_from": item.submitted_from,
        "announced": item.announced.isoformat() if item.announced else None,
        "first_seen": iso(item.first_seen),
        "updated": iso(item.updated),
        "version": item.version,
        "withdrawn": item.withdrawn,
        "categories": list(item.categories),
        "url": web(item.url),
        "pdf_url": web(item.pdf_url),
        "code": [part for code in item.code if (part := _code(code)) is not None],
        "topics": [_topic(score) for score in topics],
        "labs": [_lab(score) for score in item.labs],
        "stages": _stages(topics),
        "level": None,  # could not be told better than by guessing: docs/ranking.md
        "type": item.rating.type if item.rating is not None else None,
        "worth": _worth(item.rating),
        "read_first": _read_first(item.rating, roadmap),
        "sources": list(item.sources),
        "summary": _summary(item.rating),
    }


def _code(code: Code | Repository) -> CodeJson | None:
    url = web(code.url)
    if url is None:
        return None
    return {"url": url, "official": code.official, "stars": code.stars, "checked_at": iso(code.checked_at)}


def _topic(score: TopicScore | Fit) -> TopicFitJson:
    why: WhyJson = {"phrase": score.why.get("phrase"), "field": score.why.get("field")}
    return {"key": score.topic, "fit": round(score.fit, 4), "why": why}


def _lab(score: LabScore | Made) -> LabFitJson:
    evidence: list[EvidenceJson] = [{"kind": fact["kind"], "detail": fact["detail"]} for fact in score.evidence]
    return {"key": score.lab, "confidence": round(score.confidence, 4), "evidence": evidence}


def _stages(topics: Sequence[TopicScore | Fit]) -> list[StageFitJson]:
    best: dict[int, float] = {}
    for score in topics:
        best[score.stage] = max(score.fit, best.get(score.stage, 0.0))
    ordered = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"number": number, "fit": round(fit, 4)} for number, fit in ordered]


def _worth(rating: Rating | Rated | None) -> WorthJson:
    if rating is None or rating.worth is None:
        return {"score": None, "reasons": []}
    reasons: list[ReasonJson] = [
        {"kind": reason["kind"], "facts": dict(sorted(reason["facts"].items())), "share": round(reason["share"], 4)}
        for reason in rating.reasons
    ]
    return {"score": round(rating.worth, 4), "reasons": reasons}


def _read_first(rating: Rating | Rated | None, roadmap: Roadmap) -> list[WorkRefJson]:
    return [] if rating is None else [_work(work) for work in canon_works(rating.read_first, roadmap)]


def _work(work: Work) -> WorkRefJson:
    return {"key": work.key, "title": work.title, "url": work.url, "minutes": work.minutes}


def canon_works(keys: list[str], roadmap: Roadmap) -> list[Work]:
    """Find works of the reading list by key, in the order asked; a key the list no longer has is left out."""
    works = {work.key: work for work in roadmap.canon}
    return [works[key] for key in keys if key in works]


def _summary(rating: Rating | Rated | None) -> SummaryJson | None:
    if rating is None or rating.summary is None:
        return None
    stored = rating.summary
    return {
        "text": stored["text"],
        "kind": stored["kind"],
        "model": stored.get("model"),
        "created": stored.get("created"),
    }
