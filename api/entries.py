"""What a list on a page of the road prints of each item: what names it, why it is worth reading, whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.models import Item, TopicScore
from db.papers import SHOWN, PaperFilter
from digest import sentences
from digest.compose import entry_of
from digest.model import Entry
from digest.quotes import placed
from digest.reasons import Names, Said, brief, evidence, for_topic, names_of, say_all
from digest.rows import candidate
from digest.words import Line, Part, Voice
from roadmap.model import Roadmap, Topic

PROOFS = 3  # facts printed for a lab


@dataclass(frozen=True, slots=True)
class Listed:
    """One item of a list in one language; `proof` says why a lab's list holds it.

    `topic` is the one it is filed under best, `closer` whether that is told on the list of another topic; on the list
    of that very topic it goes without saying and is None.
    """

    entry: Entry
    topic: Topic | None
    closer: bool
    marks: tuple[str, ...]
    minutes: str
    byline: Line
    source: Line | None  # of the summary
    why: tuple[Said, ...]
    brief: Line
    proof: Line


def listed_entries(items: Sequence[Item], roadmap: Roadmap, v: Voice, wanted: PaperFilter) -> tuple[Listed, ...]:
    """Prepare items with code, topics, labs and rating loaded; `wanted` tells whose list it is."""
    names = names_of(roadmap)
    return tuple(_listed(item, roadmap, v, names, wanted) for item in items)


def _listed(item: Item, roadmap: Roadmap, v: Voice, names: Names, wanted: PaperFilter) -> Listed:
    entry = entry_of(candidate(item), "", roadmap)
    here = next((score for score in item.topics if score.topic == wanted.topic), None)
    reasons = for_topic(entry.reasons, here.topic, here.why) if here else entry.reasons
    printed = entry.summary.text if entry.summary else ""
    topic = _topic(entry, roadmap, here)
    return Listed(
        entry=entry,
        topic=topic,
        closer=here is not None and topic is not None,
        marks=tuple(sentences.marks(v, entry)),
        minutes=sentences.minutes(v, entry) if entry.minutes else "",
        byline=_byline(v, entry, item.month),
        source=sentences.summary_source(v, entry, entry.summary) if entry.summary else None,
        why=tuple(say_all(placed(reasons, item.title, item.abstract, printed=printed), v.lang, names)),
        brief=brief(placed(reasons, item.title, item.abstract), v.lang, names),
        proof=_proof(v, entry, wanted.lab),
    )


def _topic(entry: Entry, roadmap: Roadmap, here: TopicScore | None) -> Topic | None:
    """Give the topic an item is filed under best; none where its best fit is too low to be shown.

    On the list of a topic that it fits as well as any, that one is not named again.
    """
    best = entry.topics[0] if entry.topics and entry.topics[0].fit >= SHOWN else None
    return roadmap.topics[best.key] if best and not (here and here.fit >= best.fit) else None


def _byline(v: Voice, entry: Entry, month: str) -> Line:
    when = v.date(entry.submitted) if entry.submitted else v.month(month)
    number = v.line(Part(entry.id, "n")) if entry.kind == "paper" else Line()
    pieces = [sentences.authors(v, entry), v.line(when), number, v.line(", ".join(entry.categories))]
    parts = [part for piece in pieces if str(piece) for part in (Part(" · "), *piece.parts)]
    return Line(tuple(parts[1:]))


def _proof(v: Voice, entry: Entry, lab: str | None) -> Line:
    """Say by which evidence an item is believed to be from a lab, strongest first."""
    facts = next((found.evidence for found in entry.labs if found.key == lab), ())
    return v.join([said for kind, detail in facts[:PROOFS] if (said := evidence(kind, detail, v))], "clauses")
