"""Words of a query that no stored item has, or hardly any, and what may have been meant by them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.querywords import telling, terms_of
from core.spelling import near, spelled
from core.wordforms import other_forms
from db.vocabulary import held

MOST = 3  # words that are told of, and words near each
FEW = 3  # items that may have misspelt a word as the query does
COUNTED = 1_000  # items up to which a word is counted: beyond, one is as usual as another
USUAL = 100  # times as many items as misspelt it have the word that was meant
RARE = 0.1  # of the count of the most usual near word: what fewer have is left out


@dataclass(frozen=True, slots=True)
class Odd:
    """A word of a query as typed, how many stored items have it in any form, and words near it that more have."""

    word: str
    count: int
    near: tuple[str, ...]  # the most usual first


def odd_words(session: Session, words: str) -> list[Odd]:
    """List the first few words of a query that nothing stored has, or hardly anything where a usual word is near."""
    forms = {term: [form, *other_forms(form)] for term in telling(terms_of(words)) if (form := spelled(term))}
    known = held(session, [one for each in forms.values() for one in each], FEW + 1)
    counts = {term: sum(known.get(one, 0) for one in each) for term, each in forms.items()}
    rare = [Odd(term, count, _near(session, forms[term][0], count)) for term, count in counts.items() if count <= FEW]
    return [one for one in rare if one.near or not one.count][:MOST]


def _near(session: Session, form: str, count: int) -> tuple[str, ...]:
    """Give the usual words near one that `count` items have; those that far fewer have than the first are left out."""
    counts = dict(_counts(session, form))
    most = max(counts.values(), default=0)
    if most < count * USUAL:
        return ()
    order = sorted((word for word in counts if counts[word] >= RARE * most), key=lambda word: (-counts[word], word))
    return tuple(order[:MOST])


def _counts(session: Session, form: str) -> Iterator[tuple[str, int]]:
    """Count what is near a word, and where that is rare itself, and so misspelt as well, what is near that."""
    first = held(session, near(form), COUNTED)
    yield from first.items()
    if first and max(first.values()) <= FEW:
        beyond = {word for one in first for word in near(one)} - {form, *first}
        yield from held(session, sorted(beyond), COUNTED).items()
