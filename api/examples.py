"""Examples of the API's answers: invented rows written by the same functions that write real ones."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from api.curriculum import lab_json, stage_json, topic_json, work_json
from api.schemas import ItemJson, QueryJson, item_json
from api.similar import NeighbourJson, NeighboursJson
from api.site import Site
from api.standing import DayJson, MonthStandingJson, StatusJson
from core.text import fold
from db.models import Code, Item, LabScore, Rating, TopicScore
from digest.formats.json import to_json
from digest.model import Coverage, Digest, Entry, Filed, Making, SourceCoverage, StageSection, TopicRef
from roadmap.model import Roadmap, Topic

ID = "2610.90031"
CURSOR = "WyJuZXdlc3QiLCIyMDI2LTEwLTA1VDE3OjMwOjAwWiIsIjI2MTAuOTAwMzEiXQ"
TITLE = "Herding Clockwork Herons: Routers That Rest"
SENTENCE = "Routers that rest one layer in three lose nothing and save a fifth of the work."
_SEEN = datetime(2026, 10, 6, 6, tzinfo=UTC)
_SUBMITTED = datetime(2026, 10, 5, 17, 30, tzinfo=UTC)
_MONTH = "2026-10"

# Of a parameter by its name.
PARAMETERS: Mapping[str, Any] = {
    "item_id": ID,
    "month": _MONTH,
    "number": 5,
    "q": "sparse routing",
    "topic": "rag",
    "lab": "qwen",
    "stage": 5,
    "since": "2026-10-01",
    "until": "2026-10-31",
    "kind": "paper",
    "has_code": True,
    "min_fit": 0.5,
    "limit": 20,
    "cursor": CURSOR,
    "lang": "en",
}
# Of an answer in a format of others, by its media type.
TEXTS: Mapping[str, Any] = {
    "text/x-opml": (
        '<?xml version="1.0" encoding="utf-8"?>\n<opml version="2.0"><head><title>Feeds of Shirube</title></head><body>'
        '<outline type="rss" text="Retrieval-augmented generation" '
        'xmlUrl="https://road.example/feeds/topics/rag.atom"/></body></opml>\n'
    ),
    "application/feed+json": {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Retrieval-augmented generation: Shirube",
        "items": [{"id": f"tag:shirube,2026:{ID}", "title": TITLE, "content_html": f"<p>{SENTENCE}</p>"}],
    },
}
# Of a body that is sent, by the name of its shape.
BODIES: Mapping[str, Any] = {
    "SignUp": {"email": "reader@example.org", "lang": "en", "stages": [5], "minutes": 30},
    "FeedbackJson": {"token": "WzEsMV0.the-token-of-your-mail", "item": ID, "verb": "more"},
}


def item(roadmap: Roadmap) -> ItemJson:
    """Give an item as the API writes it."""
    return item_json(_item(roadmap), roadmap)


def digest(roadmap: Roadmap) -> dict[str, Any]:
    """Give a month's issue with one section and one entry."""
    return to_json(_digest(roadmap))


def section(roadmap: Roadmap) -> dict[str, Any]:
    """Give one stage of that issue."""
    whole = digest(roadmap)
    kept = ("month", "status", "made", "published", "banners", "coverage")
    return {name: whole[name] for name in kept} | {"stage": whole["stages"][0]}


def _items(site: Site) -> Any:
    return {"items": [item(site.roadmap)], "next": CURSOR}


def _search(site: Site) -> Any:
    query: QueryJson = {
        "text": "疎 routing",
        "english": "sparse routing",
        "translated": [{"ja": "疎", "en": "sparse"}],
        "not_understood": [],
        "odd_words": [],
        "by_words": True,
        "by_meaning": True,
        "named": [],
        "left_out": [],
    }
    return {"query": query, **_items(site), "next": None}


def _issues(site: Site) -> Any:
    head = {"month": _MONTH, "status": "final", "made": "2026-11-05T06:00:00Z", "published": "2026-11-05T06:10:00Z"}
    return {"items": [head | {"url": site.options.absolute(site.links.issue(_MONTH))}], "next": None}


def _neighbours(site: Site) -> Any:
    near: NeighbourJson = {**item(site.roadmap), "cosine": 0.83, "twins": []}
    found: NeighboursJson = {"items": [near], "next": None}
    return found


def _canon(site: Site) -> Any:
    works = [work for work in site.roadmap.canon if work.stage == _topic(site.roadmap).stage]
    return _list([work_json(work) for work in works[:1]])


def _reports(site: Site) -> Any:
    said = {
        "verb": "wrong-topic",
        "topic": _topic(site.roadmap).key,
        "lab": None,
        "item": ID,
        "title": TITLE,
        "readers": 3,
        "visitors": 1,
        "newest": "2026-10-09T08:15:00Z",
    }
    return _list([said])


def _status(site: Site) -> Any:
    day: DayJson = {"day": "2026-10-05", "state": "complete", "stored": 312, "announced": 312, "received": 312}
    month: MonthStandingJson = {
        "month": _MONTH,
        "issue": "draft",
        "asked": True,
        "papers": 1_480,
        "ranked": 1_480,
        "recorded": 0,
        "unreadable": 0,
        "days": [day],
        "open": [],
    }
    seen, following = "2026-10-06T06:00:00Z", "2026-10-06T12:00:00Z"
    found: StatusJson = {
        "version": site.options.version,
        "at": "2026-10-06T06:30:00Z",
        "model": "all-MiniLM-L6-v2",
        "stored": 112_480,
        "ranked": 112_480,
        "embedded": 112_480,
        "newest_paper": "2026-10-05T17:59:00Z",
        "oldest_month": "2025-01",
        "newest_issue": {"month": "2026-09", "status": "final"},
        "next_issue": {"month": _MONTH, "closes": "2026-11-05T06:00:00Z"},
        "sources": [{"source": "arxiv", "state": "complete", "last_complete": seen, "next_try": following}],
        "months": [month],
        "worker": {"state": "ticking", "last_seen": "2026-10-06T06:29:50Z"},
        "jobs": [
            {
                "job": "pull-arxiv",
                "state": "done",
                "started_at": "2026-10-06T04:15:00Z",
                "ended_at": "2026-10-06T04:26:00Z",
                "seconds": 660.0,
                "next": "2026-10-06T08:15:00Z",
            }
        ],
    }
    return found


def _list(items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next": None}


# Of an answer by the name of its shape.
ANSWERS: Mapping[str, Callable[[Site], Any]] = {
    "ItemJson": lambda site: item(site.roadmap),
    "ItemsJson": _items,
    "SearchJson": _search,
    "IssuesJson": _issues,
    "NeighboursJson": _neighbours,
    "CanonJson": _canon,
    "StagesJson": lambda site: _list([stage_json(site.roadmap.stages[0])]),
    "TopicsJson": lambda site: _list([topic_json(site, _topic(site.roadmap))]),
    "LabsJson": lambda site: _list([lab_json(lab) for lab in list(site.roadmap.labs.values())[:1]]),
    "HealthJson": lambda site: {"status": "ok", "version": site.options.version},
    "ReadyJson": lambda site: {
        "status": "ready",
        "version": site.options.version,
        "search": "meaning",
        "vectors": 112_480,
    },
    "AcceptedJson": lambda site: {"status": "accepted", "detail": "A link to confirm is on its way."},
    "ReportsJson": _reports,
    "StatusJson": _status,
    "DigestJson": lambda site: digest(site.roadmap),
    "DigestStageJson": lambda site: section(site.roadmap),
}


def key(path: str, roadmap: Roadmap) -> str:
    """Give the key of a lab or a topic, whichever an address is about."""
    return next(iter(roadmap.labs), "lab") if "/labs/" in path else _topic(roadmap).key


def _topic(roadmap: Roadmap) -> Topic:
    """Take a topic of stage 5 where the curriculum has one."""
    return roadmap.topics.get("rag") or next(iter(roadmap.topics.values()))


def _item(roadmap: Roadmap) -> Item:
    topic, lab = _topic(roadmap), next(iter(roadmap.labs), "lab")
    why = {"phrase": "routers that rest", "field": "abstract"}
    code = Code(item_id=ID, url="https://github.com/heron/clock", official=True, stars=7, checked_at=_SEEN)
    return Item(
        id=ID,
        kind="paper",
        arxiv_id=ID,
        title=TITLE,
        folded_title=fold(TITLE),
        abstract=f"Herons wind their own springs. {SENTENCE}",
        authors=[{"name": "Ada Moorhen", "affiliation": None}, {"name": "Ivo Plover", "affiliation": None}],
        categories=["cs.LG", "cs.CL"],
        submitted=_SUBMITTED,
        submitted_from="arxiv",
        announced=date(2026, 10, 6),
        first_seen=_SEEN,
        updated=_SEEN,
        version=1,
        withdrawn=False,
        url=f"https://arxiv.org/abs/{ID}",
        pdf_url=f"https://arxiv.org/pdf/{ID}",
        sources=["arxiv", "hf"],
        code=[code],
        topics=[TopicScore(item_id=ID, topic=topic.key, stage=topic.stage, fit=0.81, why=why)],
        labs=[
            LabScore(item_id=ID, lab=lab, confidence=0.9, evidence=[{"kind": "repository", "detail": "heron/clock"}])
        ],
        rating=_rating(roadmap, topic),
    )


def _rating(roadmap: Roadmap, topic: Topic) -> Rating:
    facts = {"topic": topic.key, "phrase": "routers that rest", "title_only": False}
    return Rating(
        item_id=ID,
        best_topic=topic.key,
        best_stage=topic.stage,
        worth=0.74,
        reasons=[{"kind": "topic", "facts": facts, "share": 0.74}],
        summary={"text": SENTENCE, "kind": "extractive", "model": None, "created": None},
        read_first=[work.key for work in roadmap.canon[:1]],
        type="method",
        minutes=25,
        minutes_guessed=False,
        ranked_at=_SEEN,
    )


def _digest(roadmap: Roadmap) -> Digest:
    published = datetime(2026, 11, 5, 6, 10, tzinfo=UTC)
    source = SourceCoverage("arxiv", "complete", 9_100, 9_100, 31, 31, (), published, None)
    return Digest(
        month=_MONTH,
        status="final",
        made=datetime(2026, 11, 5, 6, tzinfo=UTC),
        published=published,
        closes=datetime(2026, 11, 5, 6, tzinfo=UTC),
        previous="2026-09",
        next=None,
        banners=(),
        considered=9_100,
        chosen=1,
        minutes=25,
        topmost=None,
        hour=(ID,),
        hour_minutes=25,
        stages=(_section(roadmap),),
        labs=(),
        late=(),
        late_more=0,
        coverage=Coverage(9_100, 9_100, 9_100, 0, 0, (source,)),
        making=Making("1.0", "all-MiniLM-L6-v2@bf16", "0" * 32),
    )


def _section(roadmap: Roadmap) -> StageSection:
    topic = _topic(roadmap)
    stage = next(stage for stage in roadmap.stages if stage.number == topic.stage)
    topics = tuple(TopicRef(key, roadmap.topics[key].name, 0.0) for key in stage.topics if key in roadmap.topics)
    return StageSection(
        number=stage.number,
        key=stage.key,
        name=stage.name,
        description=stage.description,
        topics=topics,
        considered=412,
        filed=Filed(papers=131, coded=9),
        read_first=None,
        entries=(_entry(topic),),
        left_out=(),
    )


def _entry(topic: Topic) -> Entry:
    return Entry(
        number=f"{topic.stage}.1",
        id=ID,
        kind="paper",
        title=TITLE,
        authors=("Ada Moorhen", "Ivo Plover"),
        more_authors=0,
        submitted=_SUBMITTED.date(),
        categories=("cs.LG", "cs.CL"),
        url=f"https://arxiv.org/abs/{ID}",
        pdf_url=f"https://arxiv.org/pdf/{ID}",
        topics=(TopicRef(topic.key, topic.name, 0.81),),
        labs=(),
        code=(),
        votes=12,
        worth=0.74,
        minutes=25,
        minutes_guessed=False,
        reasons=(),
        summary=None,
        withdrawn=False,
        read_first=None,
        has_abstract=True,
        recorded=False,
        type="method",
    )
