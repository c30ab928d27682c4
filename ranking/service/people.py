"""Authors in a query: the papers by those whose name it is, and by those whom it names beside other words."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select
from sqlalchemy.orm import Session

from db import search as words
from ranking.authors import AuthorAsked, authors_asked, is_name, mostly_signed, signed, spellings, together, written_by

Among = Select[str] | None
Headings = Mapping[str, tuple[str, Sequence[str]]]  # title and authors' names


def by_author(session: Session, query: str, holders: Headings, among: Among) -> tuple[list[str], bool]:
    """List the papers by the author whose name a query is, the newest first, and whether it is surely a name.

    None where it is no name. `holders` are papers that hold all of its words, where these are known: a word that most
    of them do not hold as an author's is not counted in all papers.
    """
    asked = authors_asked(query)
    if not asked or not (asked[0].sure or _alone(session, asked[0], holders)):
        return [], False
    return together([_written(session, author, among) for author in asked]), asked[0].sure


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
    return {word for word in among if word.isalpha() and is_name(*words.standing(session, spellings(word)))}


def _written(session: Session, author: AuthorAsked, among: Among) -> list[str]:
    groups = [spellings(word) for word in sorted(author.words)]
    return written_by(author, words.authored(session, groups, among))
