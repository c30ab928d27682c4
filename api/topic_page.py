"""What the pages of a topic and of a lab show: what it is, its papers month by month, and the list of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.listing import stage_topics_of
from api.reading_path import Step, steps, stored_works
from api.road_list import ListQuery, Question, RoadList, read_list
from api.site import Site
from core.months import shift
from db import papers
from db.papers import SHOWN, PaperFilter
from digest.words import Line, Voice
from roadmap.model import Lab, Roadmap, Topic

PART = 20
MONTHS = 12
STEP, BAR, GROUND, FULL = 22.6, 16.0, 66.0, 52.4  # of the chart, in SVG units


@dataclass(frozen=True, slots=True)
class Bar:
    """The papers of one month, as measured for the chart."""

    month: str
    count: int
    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        """The x of the bar's middle."""
        return round(self.x + BAR / 2, 1)


@dataclass(frozen=True, slots=True)
class TopicPage:
    """Everything the page of a topic prints, in one language."""

    v: Voice
    topic: Topic
    prerequisites: tuple[Topic, ...]
    neighbours: tuple[Topic, ...]
    works: tuple[Step, ...]
    counts: Line
    chart: tuple[Bar, ...]
    found: RoadList


@dataclass(frozen=True, slots=True)
class LabPage:
    """Everything the page of a lab prints, in one language."""

    v: Voice
    lab: Lab
    counts: Line
    chart: tuple[Bar, ...]
    found: RoadList


def topic_page(site: Site, session: Session, topic: Topic, query: ListQuery, v: Voice) -> TopicPage:
    """Prepare the page of a topic: the items shown under it, the worthiest first unless asked otherwise."""
    wanted = PaperFilter(topic=topic.key, min_fit=SHOWN, limit=PART)
    works = [work for work in site.roadmap.canon if work.topic == topic.key]
    counts = papers.monthly(session, wanted, stage_topics_of(site.roadmap))
    question = Question(site.links.topic(topic.key), wanted, ("worth", "fit", "newest"), query)
    return TopicPage(
        v=v,
        topic=topic,
        prerequisites=_named(topic.prerequisites, site.roadmap),
        neighbours=_named(topic.neighbours, site.roadmap),
        works=steps(works, site.roadmap, site.links, stored_works(session, works)),
        counts=counted(v, counts),
        chart=bars(counts),
        found=read_list(session, site, v, question),
    )


def lab_page(site: Site, session: Session, lab: Lab, query: ListQuery, v: Voice) -> LabPage:
    """Prepare the page of a lab: what is believed to be from it, newest first unless asked otherwise."""
    wanted = PaperFilter(lab=lab.key, limit=PART)
    counts = papers.monthly(session, wanted, stage_topics_of(site.roadmap))
    question = Question(site.links.lab(lab.key), wanted, ("newest", "worth"), query)
    return LabPage(v, lab, counted(v, counts), bars(counts), read_list(session, site, v, question))


def counted(v: Voice, counts: Mapping[str, int]) -> Line:
    """Say how many items are stored, since when, and how many of the newest month; "" without any."""
    if not counts:
        return Line()
    first, last = min(counts), max(counts)
    total = sum(counts.values())
    if first == last:
        return v.n("%(n)s, from %(month)s.", "%(n)s, all from %(month)s.", total, month=v.month(last))
    return v.t(
        "%(total)s since %(first)s, %(count)s of them from %(last)s.",
        total=total,
        first=v.month(first),
        count=counts[last],
        last=v.month(last),
    )


def bars(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    """Measure the months from the first to the newest that have any item, twelve at most; () where it is one."""
    if not counts:
        return ()
    months = [shift(max(counts), -back) for back in reversed(range(MONTHS))]
    first = min(month for month in months if month in counts)
    shown = [(month, counts.get(month, 0)) for month in months if month >= first]
    tallest = max(count for _, count in shown)
    if len(shown) < 2:
        return ()
    return tuple(_bar(place, month, count, tallest) for place, (month, count) in enumerate(shown))


def _bar(place: int, month: str, count: int, tallest: int) -> Bar:
    height = round(max(1.0, FULL * count / tallest), 1) if count else 0.0
    return Bar(month, count, round(2 + STEP * place, 1), round(GROUND - height, 1), height)


def _named(keys: tuple[str, ...], roadmap: Roadmap) -> tuple[Topic, ...]:
    return tuple(roadmap.topics[key] for key in keys if key in roadmap.topics)
