"""Authors in a query: the papers by those whose name it is, and by those whom it names beside other words."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select
from sqlalchemy.orm import Session

from db import search as words
from ranking.authors import (
    AuthorAsked,
    authors_asked,
    is_name,
    mostly_signed,
    shortened,
    signed,
    spellings,
    together,
    ways,
    written_by,
)
from ranking.called import named

Among = Select[str] | None
Headings = Mapping[str, tuple[str, Sequence[str]]]  # title and authors' names


def by_author(session: Session, query: str, holders: Headings, among: Among) -> tuple[list[str], bool]:
    """List the papers by the author whose name a query is, the newest first, and whether it is surely a name.

    Those of a year named beside it go before. None where it is no name. `holders` are papers that hold all words of the
    query, where these are known: a word that most of them do not hold as an author's is not counted in all papers.
    """
    called = named(query)
    asked = authors_asked(called.name)
    sure = bool(asked) and (called.marked or asked[0].sure)
    if not asked or not (sure or _alone(session, asked[0], holders if called.name == query else {})):
        return [], False
    return together([_written(session, author, among, called.year) for author in asked]), sure


def beside(session: Session, terms: Sequence[str], holders: Headings) -> list[str]:
    """List, of the papers that hold all words of a query, those by an author whom it names beside other words."""
    mostly = mostly_signed(terms, [authors for _, authors in holders.values()])
    if len(terms) < 2 or not mostly:
        return []
    return signed(terms, holders, mostly, set()) or signed(terms, holders, mostly, _names(session, mostly))


def _alone(session: Session, author: AuthorAsked, holders: Headings) -> bool:
    """Tell whether the one word of what may be a name is a name; asks no more where papers that hold it say no."""
    mostly = mostly_signed(author.words, [authors for _, authors in holders.values()]) if holders else author.words
    return author.words == _names(session, mostly)


def _names(session: Session, among: Collection[str]) -> set[str]:
    """Pick the words that are authors' names and little else."""
    return {word for word in among if word.isalpha() and is_name(*words.standing(session, _all_forms(word)))}


def _all_forms(word: str) -> list[str]:
    return [*spellings(word), *shortened(word)]


def _written(session: Session, author: AuthorAsked, among: Among, year: int | None) -> list[str]:
    return written_by(author, words.authored(session, ways(author), among, year))
