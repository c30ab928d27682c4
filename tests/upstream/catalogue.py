"""The invented papers of two months, in a world that later tests may change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from threading import RLock

from tests.upstream import labs
from tests.upstream.answer import Answer
from tests.upstream.chance import number
from tests.upstream.decoration import SATURDAY, decorate
from tests.upstream.model import Paper, Post
from tests.upstream.names import people
from tests.upstream.posts import posts
from tests.upstream.seeds import Seed, seeds
from tests.upstream.specials import specials
from tests.upstream.subjects import categories

MONTHS = ("2026-09", "2026-10")
FIRST_NUMBER = 90001
LAB_EVERY = 6


class Catalogue:
    """All papers and posts; what is held back is in no answer until it is released."""

    def __init__(self, papers: Sequence[Paper], feed_posts: Sequence[Post], today: date) -> None:
        """Take over the papers of a world and the day it is there."""
        self.lock = RLock()
        self.papers = {paper.arxiv_id: paper for paper in papers}
        self.posts = list(feed_posts)
        self.today = today
        self.held: set[str] = set()
        self.revision = 0
        self.oai_page = 100
        self.oai_sizes = True  # whether OAI-PMH tells the size of a list of several pages

    def __len__(self) -> int:
        """How many papers can be seen."""
        return len(self.visible())

    def __iter__(self) -> Iterator[Paper]:
        """The papers that can be seen, by id."""
        return iter(self.visible())

    def visible(self) -> list[Paper]:
        """The papers that can be seen, by id."""
        with self.lock:
            return [paper for key, paper in sorted(self.papers.items()) if key not in self.held and not paper.deleted]

    def answer(self, path: str, query: Mapping[str, str]) -> Answer | None:
        """What this world answers by itself; None where the routes do."""
        return None

    def asked(self, expression: str) -> Iterable[Paper]:
        """The papers a search expression has to be tried on; a large world narrows them down."""
        return self.visible()

    def find(self, arxiv_id: str) -> Paper | None:
        """One paper, or None when it is unknown, held back or deleted."""
        paper = self.papers.get(arxiv_id)
        return None if paper is None or arxiv_id in self.held or paper.deleted else paper

    def marked(self, mark: str) -> list[Paper]:
        """The papers that are awkward in one way, such as `bidi` or `crowd`."""
        return [paper for paper in self.visible() if paper.mark == mark]

    def add(self, paper: Paper) -> None:
        """Let a new paper appear, or replace one."""
        with self.lock:
            self.papers[paper.arxiv_id] = paper
            self._changed()

    def hold(self, *arxiv_ids: str) -> None:
        """Hide papers as if they had not come in yet."""
        with self.lock:
            self.held.update(arxiv_ids)
            self._changed()

    def release(self, *arxiv_ids: str) -> None:
        """Let held papers appear."""
        with self.lock:
            self.held.difference_update(arxiv_ids)
            self._changed()

    def bump(self, arxiv_id: str, by: int = 1) -> int:
        """Add votes to a paper on Daily Papers and tell the new count."""
        with self.lock:
            entry = self.papers[arxiv_id].daily
            if entry is None:
                raise KeyError(f"{arxiv_id} is not on Daily Papers")
            entry.upvotes += by
            self._changed()
            return entry.upvotes

    def revise(self, arxiv_id: str, at: datetime | None = None, **fields: object) -> Paper:
        """Give a paper a new version, with other fields where given."""
        with self.lock:
            paper = self.papers[arxiv_id]
            paper.versions.append(at or paper.updated + timedelta(days=2))
            for name, value in fields.items():
                setattr(paper, name, value)
            self._changed()
            return paper

    def withdraw(self, arxiv_id: str) -> Paper:
        """Let the authors take a paper back in a new version."""
        comment = "This paper has been withdrawn"
        text = "This paper has been withdrawn by the authors"
        return self.revise(arxiv_id, withdrawn=True, comment=comment, abstract=text)

    def delete(self, arxiv_id: str) -> None:
        """Turn a paper into a deleted record: OAI-PMH says so, the others do not know it."""
        with self.lock:
            self.papers[arxiv_id].deleted = True
            self.papers[arxiv_id].modified = self.today
            self._changed()

    def _changed(self) -> None:
        """Count changes, so that conditional requests see them."""
        self.revision += 1


def catalogue(months: Sequence[str] = MONTHS) -> Catalogue:
    """The same world for the same months, always: every topic, every lab, every awkward paper."""
    by_month: dict[str, list[Paper]] = {month: [] for month in months}
    for month, paper in _drafts(months):
        by_month[month].append(paper)
    papers = [paper for month in months for paper in _numbered(month, by_month[month])]
    for turn, paper in enumerate(_from_labs(papers)):
        labs.assign(paper, turn)
    last = _last_minute(months[-1]).date()
    return Catalogue(papers, posts(papers), _weekday_before(last))


def _drafts(months: Sequence[str]) -> Iterator[tuple[str, Paper]]:
    """Papers without ids yet, each with the month it was submitted in."""
    for place, seed in enumerate(seeds()):
        for variant in range(len(seed)):
            month = months[(place + variant) % len(months)]
            yield month, _ordinary(seed, variant, month, f"{place}/{variant}")
    for month in months:
        for paper in specials(month, _last_minute(month)):
            yield month, paper


def _ordinary(seed: Seed, variant: int, month: str, key: str) -> Paper:
    """One paper from a seed, submitted at some time of the month."""
    title, abstract = seed.filled(variant)
    authors = people(key, 1 + number(key + "/authors", 7))
    at = _moment(month, key)
    return Paper("", title, abstract, authors, categories(seed.topic, title, key), [at], seed.topic)


def _moment(month: str, key: str) -> datetime:
    """A second of the month, seldom at a weekend."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    days = (_last_minute(month).date() - first.date()).days
    day = first + timedelta(days=number(key + "/day", days))
    if day.weekday() >= SATURDAY and number(key + "/weekend", 4) and day.day > 2:
        day -= timedelta(days=2)
    return day + timedelta(seconds=number(key + "/second", 86_400))


def _numbered(month: str, papers: list[Paper]) -> list[Paper]:
    """Ids in the order of submission, and then what depends on an id."""
    papers.sort(key=lambda paper: (paper.submitted, paper.title))
    following = (_last_minute(month) + timedelta(minutes=1)).strftime("%Y-%m")
    for place, paper in enumerate(papers):
        # arXiv numbers a paper when it is announced: the last ones of a month get the next month's ids.
        late = paper.mark == "last-minute-next-id"
        paper.arxiv_id = _id(following, FIRST_NUMBER + 900) if late else _id(month, FIRST_NUMBER + place)
        if paper.mark is None:
            decorate(paper)
    return papers


def _id(month: str, serial: int) -> str:
    """An id of the month that no real paper will ever have."""
    return f"{month[2:4]}{month[5:7]}.{serial:05d}"


def _from_labs(papers: Sequence[Paper]) -> list[Paper]:
    """The papers that a laboratory wrote: every sixth of those that belong to a topic."""
    candidates = [paper for paper in papers if paper.topic and paper.mark is None]
    return candidates[::LAB_EVERY]


def _last_minute(month: str) -> datetime:
    """The month's last minute in UTC."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    return (first + timedelta(days=32)).replace(day=1) - timedelta(minutes=1)


def _weekday_before(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day
