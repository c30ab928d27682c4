"""What the page of one item shows, prepared so that the template only lays it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from api.schemas import TOPICS_SHOWN, canon_works
from core.ids import arxiv_month
from core.scores import Reason
from db.models import Item
from db.papers import SHOWN
from digest import maths
from digest.notices import source_name
from digest.quotes import marked, placed
from digest.reasons import Names, evidence, in_order, names_of, say
from digest.sentences import type_mark
from digest.words import Line, Voice, voice, web
from roadmap.model import Roadmap, Topic, Work

AUTHORS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One line of the table of reasons; `share` is the part of the whole it gave, `percent` its bar."""

    label: str
    line: Line
    share: str
    percent: int


@dataclass(frozen=True, slots=True)
class LabBox:
    """A lab and everything that speaks for it."""

    key: str
    name: str
    facts: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TopicBox:
    """A topic an item is filed under, how well it fits, and the words of title or abstract that say so."""

    topic: Topic
    fit: str
    phrase: str | None
    by_title: bool


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A repository and what is known of it."""

    url: str
    facts: Line


@dataclass(frozen=True, slots=True)
class PaperPage:
    """Everything the page of an item prints, in one language."""

    item: Item
    v: Voice
    title: Markup
    plain_title: str
    marks: tuple[str, ...]
    authors: tuple[str, ...]
    more_authors: tuple[str, ...]
    abstract: Markup | None
    description: str
    dated: Line
    url: str | None
    pdf_url: str | None
    project_url: str | None
    daily_url: str | None
    code: tuple[CodeLine, ...]
    topics: tuple[TopicBox, ...]
    stages: tuple[int, ...]  # that of the best topic first
    stage: int | None
    labs: tuple[LabBox, ...]
    reasons: tuple[ReasonRow, ...]
    worth: str | None
    read_first: tuple[Work, ...]
    sources: Line
    summary: dict[str, Any] | None
    summary_html: Markup | None


def paper_page(item: Item, roadmap: Roadmap, lang: str) -> PaperPage:
    """Prepare the page of an item with code, topics, labs and rating loaded."""
    v, rating = voice(lang), item.rating
    names = [maths.to_text(str(author["name"])) for author in item.authors]
    topics = _topics(item, roadmap)
    worth = rating.worth if rating is not None and topics else None
    summary = rating.summary if rating is not None else None
    return PaperPage(
        item=item,
        v=v,
        title=maths.to_html(item.title),
        plain_title=maths.to_text(item.title),
        marks=tuple(type_mark(v, rating.type if rating is not None else None)),
        authors=tuple(names[:AUTHORS_SHOWN]),
        more_authors=tuple(names[AUTHORS_SHOWN:]),
        abstract=maths.to_html(item.abstract) if item.abstract else None,
        description=maths.to_text(str(summary["text"]) if summary else item.abstract or item.title)[:300],
        dated=_dated(item, v),
        url=web(item.url),
        pdf_url=web(item.pdf_url),
        project_url=web(item.project_url),
        daily_url=_daily_url(item),
        code=tuple(_code(item, v)),
        topics=topics,
        stages=tuple(dict.fromkeys(box.topic.stage for box in topics)),
        stage=topics[0].topic.stage if topics else None,
        labs=_labs(item, roadmap, v),
        reasons=_reasons(item, names_of(roadmap), v) if worth is not None else (),
        worth=_figure(worth) if worth is not None else None,
        read_first=tuple(canon_works(rating.read_first, roadmap)) if rating is not None else (),
        sources=v.join(source_name(v, str(source)) for source in item.sources),
        summary=summary,
        summary_html=maths.to_html(str(summary["text"])) if summary else None,
    )


def _topics(item: Item, roadmap: Roadmap) -> tuple[TopicBox, ...]:
    shown = [score for score in item.topics if score.fit >= SHOWN and score.topic in roadmap.topics]
    return tuple(
        TopicBox(
            roadmap.topics[score.topic],
            _figure(score.fit),
            marked(str(score.why["phrase"]), item.title, item.abstract) if score.why.get("phrase") else None,
            score.why.get("field") == "title",
        )
        for score in shown[:TOPICS_SHOWN]
    )


def _dated(item: Item, v: Voice) -> Line:
    """Say when the item was submitted or published; by its month alone where no day is known."""
    if item.kind == "post":
        return v.t("Published %(date)s", date=v.date(item.feed_date)) if item.feed_date else _seen(item, v)
    if item.submitted is not None:
        return v.t("Submitted %(date)s", date=v.date(item.submitted.date()))
    if item.arxiv_id is not None:
        return v.t("Submitted in %(month)s, by its number", month=v.month(arxiv_month(item.arxiv_id)))
    return _seen(item, v)


def _seen(item: Item, v: Voice) -> Line:
    return v.t("First seen %(date)s", date=v.date(item.first_seen.date()))


def _daily_url(item: Item) -> str | None:
    noticed = item.arxiv_id is not None and (item.votes is not None or item.daily_date is not None)
    return f"https://huggingface.co/papers/{item.arxiv_id}" if noticed else None


def _code(item: Item, v: Voice) -> list[CodeLine]:
    lines = []
    for code in item.code:
        url = web(code.url)
        facts = [
            v.tc("code", "Official") if code.official else v.tc("code", "Linked, not known whether by the authors")
        ]
        if code.stars is not None:
            facts.append(v.n("%(n)s star", "%(n)s stars", code.stars))
        facts.append(v.t("seen %(date)s", date=v.date(code.checked_at.date())))
        if url is not None:
            lines.append(CodeLine(url, v.join(facts)))
    return lines


def _labs(item: Item, roadmap: Roadmap, v: Voice) -> tuple[LabBox, ...]:
    return tuple(
        LabBox(
            score.lab,
            v.name(roadmap.labs[score.lab].name),
            tuple(evidence(str(fact["kind"]), str(fact["detail"]), v) for fact in score.evidence),
        )
        for score in item.labs
        if score.confidence >= SHOWN and score.lab in roadmap.labs
    )


def stored_reasons(item: Item) -> list[Reason]:
    """Read the reasons of an item's rating back as values, in the order people see them."""
    rows = item.rating.reasons if item.rating is not None else []
    found = in_order(Reason(row["kind"], row["facts"], row["share"]) for row in rows)
    return list(placed(found, item.title, item.abstract))


def _reasons(item: Item, names: Names, v: Voice) -> tuple[ReasonRow, ...]:
    found = stored_reasons(item)
    worth = (item.rating.worth if item.rating is not None else None) or 1.0
    rows = []
    for reason in found:
        said = say(reason, v.lang, names)
        rows.append(ReasonRow(said.label, said.line, _figure(reason.share), round(100 * reason.share / worth)))
    return (*rows, *_base(found, worth, v))


def _base(found: Sequence[Reason], worth: float, v: Voice) -> tuple[ReasonRow, ...]:
    """Name what the worth has beside its reasons (the prior, and likeness or newness too small to be told)."""
    rest = worth - sum(reason.share for reason in found)
    if rest < 0.005:  # would be printed as nothing
        return ()
    line = v.t("What every paper has, and what no sentence can tell")
    return (ReasonRow(str(v.t("Base")), line, _figure(rest), round(100 * rest / worth)),)


def _figure(value: float) -> str:
    return f"{value:.2f}"
