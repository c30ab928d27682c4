"""Search for people: papers by name, words and meaning, narrowed by filters; and what an item's neighbours are."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.ids import refuse_several
from core.querywords import terms_of
from core.text import embedding_text
from db import papers
from db import search as words
from db.papers import PaperFilter
from ranking.authors import OF_A_WORD, unmarked
from ranking.called import undated
from ranking.embedder import Embedder
from ranking.matrix import Mask, Matrix
from ranking.search import BESIDE, DEPTH, OF_A_LAB, Asked, LabAsked, half_remembered, joined, understand
from ranking.service import people
from ranking.service.spelling import Odd, odd_words
from ranking.shortlist import Heading, folded

SPARE = 3  # neighbours looked at for each one shown: twins are folded

Among = Select[str] | None
Stages = Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What search by meaning needs: the query's unit vector, and those of the stored items by the same model."""

    vector: NDArray[np.float32] = field(repr=False)
    matrix: Matrix = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The ids found, best first, and what the person should be told of how they were found."""

    ids: tuple[str, ...]
    named: tuple[str, ...]  # of these, the papers that the query is the name of
    left_out: tuple[str, ...]  # papers that the query names, which the filters leave out
    by_words: tuple[str, ...]  # the first places of each arm, best first
    by_meaning: tuple[str, ...]
    by_author: tuple[str, ...]  # by an author whose name the query is; meaning is not asked then
    of_lab: tuple[str, ...]  # from the lab whose name the query is; nor then
    odd: tuple[Odd, ...]  # words that nothing stored has, or hardly anything, where nothing has all words


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item close to another: the cosine of their vectors, and its own near-twins, which are not listed."""

    id: str
    cosine: float
    twins: tuple[str, ...]


def search(
    session: Session,
    asked: Asked,
    wanted: PaperFilter,
    stages: Stages,
    meaning: Meaning | None,
    lab: LabAsked | None = None,
) -> Found:
    """Find items: those the query names first, then by words and by meaning, fused; at most `wanted.limit`.

    The meaning of a name is noise: of an author's, or of `lab`, whose name the query is, papers come first, then what
    has the words; where words stand beside its name, some papers of the lab on these do. `stages` names the topics of
    each stage. Without `meaning` the words alone decide.
    """
    name, one = asked.named, _Search(session, wanted, stages, meaning)
    all_named = words.named(session, name.ids, name.doi, name.urls, name.title)
    named = one.those(all_named)
    lexical, whole = one.by_words(unmarked(asked.words), wanted.limit)
    holders = one.headings(lexical[:whole])
    written, sure = people.by_author(session, asked.words, holders, one.among)
    of_lab = one.of_lab(lab, asked.words, lexical)
    semantic = [] if written or of_lab else one.by_meaning(one.depth)
    called = [*written[: one.depth if sure else OF_A_WORD], *of_lab[:OF_A_LAB]]
    remembered = [] if called else one.remembered(asked, holders)
    first = [*named, *called, *remembered, *one.on_a_subject(lab)]
    odd = [] if whole or named or called or papers.is_empty(session) else odd_words(session, asked.words)
    return Found(
        ids=tuple(joined(first, [lexical, semantic or of_lab or written], wanted.limit)),
        named=tuple(named),
        left_out=tuple(item_id for item_id in all_named if item_id not in named),
        by_words=tuple(lexical),
        by_meaning=tuple(semantic),
        by_author=tuple(written[: one.depth]),
        of_lab=tuple(of_lab),
        odd=tuple(odd),
    )


def similar(
    session: Session, item_id: str, wanted: PaperFilter, stages: Stages, matrix: Matrix, embedder: Embedder | None
) -> list[Neighbour]:
    """List the nearest items, best first, near-twins of one another folded; at most `wanted.limit`.

    An item that has no vector yet is embedded for the occasion; without a model NotFoundError says what to do.
    """
    vector = _vector(session, item_id, matrix, embedder)
    mask = _mask(session, papers.chosen(wanted, stages), matrix)
    near = matrix.nearest(vector, wanted.limit * SPARE + 1, mask)
    near = [(other, cosine) for other, cosine in near if other != item_id]
    return _folded(session, near, matrix)[: wanted.limit]


def by_author(session: Session, asked: Asked) -> list[str]:
    """List the papers of the author whose name the query is; none where it is no author's."""
    return people.by_author(session, asked.words, {}, None)[0]


def known_id(session: Session, text: str) -> str:
    """Find the item that a person names by its id in any form; raises NotFoundError, and UsageError for several ids."""
    refuse_several(text)
    found = words.named(session, understand(text, {}).named.ids or [text.strip()], None, (), "")
    if not found:
        raise NotFoundError(f"{text} is not stored", "Look for it by its title with shirube search, or pull its month")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Search:
    """One search: the store, what the filters let through, the topics of each stage, and what meaning needs."""

    session: Session
    wanted: PaperFilter
    stages: Stages
    meaning: Meaning | None

    @property
    def among(self) -> Among:
        """Make the query for the ids that may be found; None where all may."""
        return papers.chosen(self.wanted, self.stages)

    @property
    def depth(self) -> int:
        """Tell how far down each ranking is read."""
        return max(DEPTH, self.wanted.limit)

    def those(self, ids: Sequence[str]) -> list[str]:
        """Pick the ids that the filters let through."""
        if self.among is None or not ids:
            return list(ids)
        allowed = set(self.session.scalars(self.among))
        return [item_id for item_id in ids if item_id in allowed]

    def by_words(self, query: str, enough: int) -> tuple[list[str], int]:
        """List what has the words, and how many of the first have all of them."""
        found, whole = words.matched(self.session, query, max(DEPTH, enough), self.among, enough=enough)
        return [item_id for item_id, _ in found], whole

    def by_meaning(self, depth: int) -> list[str]:
        """List what is nearest in meaning."""
        if self.meaning is None:
            return []
        matrix = self.meaning.matrix
        nearest = matrix.nearest(self.meaning.vector, depth, _mask(self.session, self.among, matrix))
        return [item_id for item_id, _ in nearest]

    def of_lab(self, lab: LabAsked | None, said: str, lexical: Sequence[str]) -> list[str]:
        """List a lab's papers where its name is all: of the year asked for, with the words, the newest first."""
        if lab is None or lab.beside or not self._lets(lab):
            return []
        newest = replace(self.wanted, lab=lab.key, sort="newest", limit=self.depth)
        filters = (*_of_year(newest, undated(said)[1]), newest)
        lists = [papers.listed_ids(self.session, one, self.stages) for one in filters]
        return list(dict.fromkeys(item_id for ids in lists for item_id in sorted(ids, key=_places(lexical))))

    def on_a_subject(self, lab: LabAsked | None) -> list[str]:
        """List some papers of a lab named beside words: what holds these, then what is closest in meaning."""
        if lab is None or not lab.beside or not self._lets(lab):
            return []
        its = replace(self, wanted=replace(self.wanted, lab=lab.key))
        lexical, whole = its.by_words(lab.beside, BESIDE)
        semantic = its.by_meaning(BESIDE) if whole < BESIDE else []
        return list(dict.fromkeys([*lexical[:whole], *semantic]))[:BESIDE]

    def remembered(self, asked: Asked, holders: people.Headings) -> list[str]:
        """List, of the papers that hold all words, those whose title is half remembered, or an author beside words.

        A year beside them may be that of a citation, which no paper holds: then what holds the other words follows.
        """
        said = unmarked(asked.words)
        first = self._recalled(said, holders)
        rest, year = undated(said)
        if year is None:
            return first
        lexical, whole = self.by_words(rest, DEPTH)
        return [*first, *self._recalled(rest, self.headings(lexical[:whole]))]

    def headings(self, ids: Sequence[str]) -> people.Headings:
        """Read titles and authors' names of items, in the order of the ids."""
        known = papers.headings(self.session, ids)
        return {item_id: known[item_id] for item_id in ids if item_id in known}

    def _recalled(self, said: str, holders: people.Headings) -> list[str]:
        terms = terms_of(said)
        half = half_remembered(terms, {item_id: title for item_id, (title, _) in holders.items()})
        return [*half, *people.beside(self.session, terms, holders)]

    def _lets(self, lab: LabAsked) -> bool:
        """Tell whether the filters let a lab's papers through."""
        return self.wanted.lab in (None, lab.key)


def _of_year(wanted: PaperFilter, year: int | None) -> list[PaperFilter]:
    """Narrow a filter to a year; none where no year is asked for."""
    if year is None:
        return []
    first, last = date(year, 1, 1), date(year, 12, 31)
    return [replace(wanted, since=max(first, wanted.since or first), until=min(last, wanted.until or last))]


def _places(ranking: Sequence[str]) -> Callable[[str], int]:
    """Give a key that sorts what stands in a ranking by its place, and all else behind."""
    places = {item_id: place for place, item_id in enumerate(ranking)}
    return lambda item_id: places.get(item_id, len(places))


def _mask(session: Session, among: Among, matrix: Matrix) -> Mask | None:
    """Mark the vectors of the items that may be found; None where all may."""
    if among is None:
        return None
    allowed = set(session.scalars(among))
    return np.fromiter((item_id in allowed for item_id in matrix.ids), dtype=np.bool_, count=len(matrix.ids))


def _vector(session: Session, item_id: str, matrix: Matrix, embedder: Embedder | None) -> NDArray[np.float32]:
    place = _place(matrix, item_id)
    if place is not None:
        return np.asarray(matrix.rows[place], dtype=np.float32)
    item = papers.by_id(session, item_id)
    if item is None or embedder is None:
        raise NotFoundError(f"{item_id} has no vector yet", "Run shirube rank first")
    row: NDArray[np.float32] = embedder.embed([embedding_text(item.title, item.abstract)])[0]
    return row


def _place(matrix: Matrix, item_id: str) -> int | None:
    place = bisect_left(matrix.ids, item_id)
    return place if place < len(matrix.ids) and matrix.ids[place] == item_id else None


def _folded(session: Session, near: Sequence[tuple[str, float]], matrix: Matrix) -> list[Neighbour]:
    if not near:
        return []
    ids = [item_id for item_id, _ in near]
    places = [place for item_id in ids if (place := _place(matrix, item_id)) is not None]
    rows = np.asarray(matrix.rows[places], dtype=np.float32)
    known = papers.headings(session, ids)
    headings = [Heading.of(*known[item_id]) if item_id in known else Heading() for item_id in ids]
    twins = folded(rows @ rows.T, headings)
    return [Neighbour(ids[i], near[i][1], tuple(ids[j] for j in twins[i])) for i in twins]
