"""What to ask the full-text index for by the words of a query, one plan behind the other (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.querywords import TITLE_WORDS, TITLES, phrases, telling, terms_of
from core.wordforms import other_forms


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask the index for: of each group of words one, and phrases besides; none where more than `most` have it.

    `titled` phrases stand in the title.
    """

    groups: Sequence[Sequence[str]]
    joint: str = " AND "
    phrases: Sequence[Sequence[str]] = ()
    titled: bool = False
    most: int | None = None


def plans(words: str) -> Iterator[Plan]:
    """Say what to ask for by the words of a query, the best first; the query has words."""
    terms = terms_of(words)
    told = telling(terms)
    each, both = [[term] for term in told], [[term, *other_forms(term)] for term in told]
    if len(told) < len(terms) >= TITLE_WORDS:
        yield Plan([], phrases=[[term] for term in terms], titled=True, most=TITLES)
    yield from _with_phrases(words, told)
    yield Plan(each)
    yield Plan(both)
    if len(both) > 1:
        yield Plan(both, " OR ")


def _with_phrases(words: str, told: Sequence[str]) -> Iterator[Plan]:
    """Ask for what is quoted wherever it stands, for other phrases in the title, and for one that is all wherever."""
    said, each = phrases(words), [[term] for term in told]
    if quoted := [one.words for one in said if one.quoted]:
        yield Plan(each, phrases=quoted)
    for one in said:
        if not one.quoted:
            yield Plan(each, phrases=[one.words], titled=True)
            if set(told) <= set(one.words):
                yield Plan(each, phrases=[one.words])
