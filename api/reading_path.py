"""The reading list as a path: works in study order, each with where to read it and what to read before."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from api.links import SiteLinks
from db import papers
from digest.words import web
from roadmap.model import Roadmap, Topic, Work


@dataclass(frozen=True, slots=True)
class Step:
    """One work: `href` is its page where it is stored, else its own address; `before` are (title, address) pairs."""

    work: Work
    href: str | None
    before: tuple[tuple[str, str], ...]

    @property
    def anchor(self) -> str:
        """Name the work within its page."""
        return work_anchor(self.work.key)


@dataclass(frozen=True, slots=True)
class Leg:
    """Works of one topic that are read one after another."""

    topic: Topic
    steps: tuple[Step, ...]


def work_anchor(key: str) -> str:
    """Name a work of the reading list within its stage's page."""
    return f"w-{key}"


def stored_works(session: Session, works: Collection[Work]) -> frozenset[str]:
    """Find the works that are stored as items; gives their arXiv ids."""
    ids = {work.arxiv_id for work in works if work.arxiv_id}
    return frozenset(ids - papers.absent(session, ids))


def steps(works: Iterable[Work], roadmap: Roadmap, links: SiteLinks, stored: Collection[str]) -> tuple[Step, ...]:
    """Lead through works in the order given; what is to be read before stands on the page of its stage."""
    known = {work.key: work for work in roadmap.canon}
    return tuple(
        Step(
            work,
            links.paper(work.arxiv_id) if work.arxiv_id in stored and work.arxiv_id else web(work.url),
            tuple((known[key].title, work_href(known[key], links)) for key in work.prerequisites if key in known),
        )
        for work in works
    )


def work_href(work: Work, links: SiteLinks) -> str:
    """Give a work's place on the page of its stage."""
    return f"{links.stage(work.stage)}#{work_anchor(work.key)}"


def legs(found: Iterable[Step], roadmap: Roadmap) -> tuple[Leg, ...]:
    """Part a path where its topic changes; a topic that comes back later has another leg."""
    parted = groupby(found, key=lambda step: step.work.topic)
    return tuple(Leg(roadmap.topics[topic], tuple(steps_)) for topic, steps_ in parted)


def earlier(works: Iterable[Work], number: int, roadmap: Roadmap) -> tuple[Work, ...]:
    """List the works of earlier stages that some of these works ask for, in the order they are read."""
    asked = {key for work in works for key in work.prerequisites}
    return tuple(work for work in roadmap.canon if work.key in asked and work.stage < number)
