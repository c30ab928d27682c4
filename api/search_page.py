"""What the search page shows: the form as filled in, how the query was read, what was found and why, and what else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from sqlalchemy.orm import Session

from api import passage
from api.finder import Results
from api.nearest import called
from api.question import PAGE, PAGES, Question
from api.road_list import filter_name
from api.site import Site
from db import papers
from db.models import Item
from db.papers import SHOWN
from digest import maths
from digest.sentences import type_mark
from digest.words import NBSP, Line, Part, Voice
from ranking.search import ReadAs, lab_called, read_as
from ranking.service.spelling import Odd
from roadmap.model import Lab, Roadmap, Topic

AUTHORS = 3
TOPICS = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """One paper found: what names it, and why it was found."""

    id: str
    title: Markup
    topics: tuple[Topic, ...]
    marks: tuple[str, ...]
    minutes: str
    byline: Line
    passage: Markup | None
    why: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """The same search with something left out: what, its address, and how many it finds (at most MOST)."""

    label: Line
    query: str
    count: int


@dataclass(frozen=True, slots=True)
class OddWord:
    """A word that may be misspelt: how many papers have it, and words near it with the address of a search for each."""

    word: str
    count: int
    near: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of the store can be found by meaning."""

    stored: int
    vectors: int
    coming: bool  # the model is being loaded


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Everything the page of a search prints; `first` and `last` are the places of its hits, from 1."""

    question: Question
    reading: ReadAs | None
    topics: tuple[Topic, ...]  # that go by the query's name
    lab: Lab | None  # likewise
    odd: tuple[OddWord, ...]
    hits: tuple[Hit, ...]
    total: int
    first: int
    reach: Reach
    by_meaning: bool
    wordless: bool  # nothing found has any of the words
    left_out: tuple[str, ...]  # what the query names and the filters leave out
    offers: tuple[Offer, ...]
    arxiv_id: str | None  # the query is that of a paper that is not stored

    @property
    def last(self) -> int:
        """Give the place of the last hit on this page."""
        return self.first + len(self.hits) - 1

    @property
    def before(self) -> int | None:
        """Give the page before, the last one with hits where this one lies beyond them."""
        number = min(self.question.asking.page - 1, -(-self.total // PAGE))
        return number if number >= 1 else None

    @property
    def after(self) -> int | None:
        """Give the page after, where there is one."""
        number = self.question.asking.page + 1
        return number if number <= PAGES and self.total > (number - 1) * PAGE else None


def search_page(site: Site, session: Session, question: Question, v: Voice) -> SearchPage:
    """Search and prepare the page; the question has words and no faults."""
    asked = site.finder.understand(question.q)
    results = site.finder.search(session, asked, question.wanted(site.roadmap))
    found, reading = results.found, read_as(asked, site.roadmap)
    first = (question.asking.page - 1) * PAGE
    ids = found.ids[first : first + PAGE]
    known = passage.forms(asked.words)
    lab = lab_called(asked, site.roadmap)
    wordless = bool(found.ids) and not (found.by_words or found.named or found.of_lab)
    reach = Reach(papers.count_all(session), site.finder.vectors, site.finder.coming)
    return SearchPage(
        question=question,
        reading=reading,
        topics=_topics(site.roadmap, question.q, reading),
        lab=site.roadmap.labs[lab] if lab else None,
        odd=tuple(_odd(one, question, asked.words) for one in found.odd if one.near or not wordless),
        hits=tuple(_hit(item, results, known, site.roadmap, v) for item in papers.by_ids(session, ids)),
        total=len(found.ids),
        first=first + 1,
        reach=reach,
        by_meaning=results.by_meaning,
        wordless=wordless,
        left_out=found.left_out,
        offers=() if found.ids else _offers(site, session, question, v),
        arxiv_id=asked.arxiv_id if not found.ids and not found.left_out else None,
    )


def narrowed(question: Question, roadmap: Roadmap, v: Voice) -> list[Line]:
    """Say each filter that is set."""
    return [filter_name(v, name, getattr(question.asking, name), roadmap) for name in question.set]


def _odd(odd: Odd, question: Question, words: str) -> OddWord:
    """Offer the same search with each word near an odd one in its place."""
    place = re.compile(rf"\b{re.escape(odd.word)}\b", re.IGNORECASE)
    searches = ((word, replace(question.without(), q=place.sub(word, words))) for word in odd.near)
    return OddWord(odd.word, odd.count, tuple((word, search.query()) for word, search in searches))


def _offers(site: Site, session: Session, question: Question, v: Voice) -> tuple[Offer, ...]:
    """Offer each filter dropped, and all of them, with what is found then."""
    by_name = dict(zip(question.set, narrowed(question, site.roadmap, v), strict=True))
    choices: list[tuple[str, ...]] = [(name,) for name in question.set]
    choices += [question.set] if len(choices) > 1 else []
    offers = []
    for names in choices:
        label = by_name[names[0]] if len(names) == 1 else v.t("all filters")
        other = question.without(*names)
        asked = site.finder.understand(question.q)
        count = len(site.finder.search(session, asked, other.wanted(site.roadmap)).found.ids)
        offers.append(Offer(label, other.query(), count))
    return tuple(offers)


def _topics(roadmap: Roadmap, q: str, reading: ReadAs | None) -> tuple[Topic, ...]:
    keys = dict.fromkeys((*(reading.topics if reading else ()), *called(q, roadmap.topics)))
    return tuple(roadmap.topics[key] for key in keys)


def _hit(item: Item, results: Results, known: dict[str, str], roadmap: Roadmap, v: Voice) -> Hit:
    abstract = maths.to_text(item.abstract) if item.abstract else ""
    kind = item.rating.type if item.rating is not None else None
    shown = [score.topic for score in item.topics if score.fit >= SHOWN and score.topic in roadmap.topics]
    return Hit(
        id=item.id,
        title=maths.to_html(item.title),
        topics=tuple(roadmap.topics[key] for key in shown[:TOPICS]),
        marks=tuple(type_mark(v, kind)),
        minutes=_minutes(item, v),
        byline=_byline(item, roadmap, v),
        passage=passage.passage(abstract, known),
        why=tuple(_why(item, results, known, v)),
    )


def _minutes(item: Item, v: Voice) -> str:
    if item.rating is None or not item.rating.minutes:
        return ""
    time = v.duration(item.rating.minutes)
    return str(v.t("about %(time)s, a guess", time=time)) if item.rating.minutes_guessed else time


def _byline(item: Item, roadmap: Roadmap, v: Voice) -> Line:
    """Name the first authors (a post's lab), the day, the id."""
    names = [maths.to_text(str(author["name"])).replace(" ", NBSP) for author in item.authors]
    if not names:
        names = [v.name(roadmap.labs[score.lab].name) for score in item.labs[:1] if score.lab in roadmap.labs]
    who = v.line(Part(", ".join(names[:AUTHORS]), lang=v.english)) if names else Line()
    if len(names) > AUTHORS:
        who = v.n("%(names)s and %(n)s more", "%(names)s and %(n)s more", len(names) - AUTHORS, names=who)
    day = item.submitted.date() if item.submitted else item.feed_date
    when = v.line(v.date(day)) if day else v.line(v.month(item.month))
    pieces = [piece for piece in (who, when, v.line(Part(item.id, "n"))) if piece]
    parts = [part for piece in pieces for part in (Part(" · "), *piece.parts)]
    return Line(tuple(parts[1:]))


def _why(item: Item, results: Results, known: dict[str, str], v: Voice) -> Sequence[tuple[str, Line]]:
    """Say why a paper was found: by its name, by which of the words, and how close in meaning."""
    found = results.found
    rows: list[tuple[str, Line]] = []
    if item.id in found.named:
        rows.append((str(v.t("Name")), v.t("The query is its name")))
    if item.id in found.by_author:
        rows.append((str(v.t("Author")), v.t("The query is an author’s name")))
    if item.id in found.of_lab:
        rows.append((str(v.t("Lab")), v.t("From the lab of that name")))
    if known:
        text = " ".join([item.title, item.abstract or "", *(str(author["name"]) for author in item.authors)])
        words = passage.hits(text, known)
        held = v.join(v.title(word, kind="") for word in words) if words else v.t("none")
        rows.append((str(v.t("Words")), held))
    if item.id in found.by_meaning:
        place = found.by_meaning.index(item.id) + 1
        rows.append((str(v.t("Meaning")), v.t("%(place)s closest", place=v.ordinal(place))))
    if item.code:
        rows.append((str(v.t("Code")), _code(item, v)))
    return rows


def _code(item: Item, v: Voice) -> Line:
    best = max(item.code, key=lambda code: (bool(code.official), code.stars or 0))
    whose = v.tc("code", "Official") if best.official else v.tc("code", "Linked, not known whether by the authors")
    stars = [v.n("%(n)s star", "%(n)s stars", best.stars)] if best.stars is not None else []
    return v.join([whose, *stars])
