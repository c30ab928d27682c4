"""Stored items turned into the facts that rating reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from db import scores
from db.models import Code, Item
from ranking import rating, worth
from ranking.labs import LabFacts, links_in
from ranking.novelty import Novelty

TEXTS = ("arxiv", "arxiv-snapshot")  # sources whose links to code were read in abstract or comment


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a month's readers noticed: the place each number of votes has among them, and how many were voted for."""

    places: dict[int, int]
    voted: int


def crowd(session: Session, month: str) -> Crowd:
    """Read a month's votes."""
    votes = scores.month_votes(session, month)
    return Crowd({value: worth.place(value, votes) for value in set(votes)}, len(votes))


def facts(
    session: Session, items: Sequence[Item], readers: Crowd, novelties: Mapping[str, Novelty]
) -> list[rating.Facts]:
    """Gather what rating reads of each item, in their order; code and rating must be loaded."""
    claims = scores.claims(session, [item.id for item in items])
    return [_item_facts(item, claims.get(item.id, []), readers, novelties.get(item.id)) for item in items]


def _item_facts(
    item: Item, claims: Sequence[tuple[str, str, str]], readers: Crowd, novelty: Novelty | None
) -> rating.Facts:
    return rating.Facts(
        id=item.id,
        title=item.title,
        abstract=item.abstract,
        comment=item.comment,
        withdrawn=item.withdrawn,
        votes=item.votes,
        votes_day=worth.reading_date(item.votes_at) if item.votes_at else None,
        place=readers.places.get(item.votes or 0),
        voted=readers.voted if item.votes else 0,  # else one more voted paper would rank the whole month anew
        listed=item.daily_date,
        novelty=novelty.value if novelty else None,
        compared=novelty.months if novelty and novelty.striking else None,  # else nobody is told of it
        code=tuple((c.url, c.official, c.stars, worth.reading_date(c.checked_at)) for c in item.code),
        labs=_lab_facts(item, claims),
    )


def _lab_facts(item: Item, claims: Sequence[tuple[str, str, str]]) -> LabFacts:
    return LabFacts(
        authors=tuple((author["name"], author.get("affiliation")) for author in item.authors),
        organization=item.organization,
        organizations=tuple(item.organizations),
        repositories=_own(item.code),
        project_url=item.project_url,
        links=links_in(item.abstract, item.comment),
        claims=tuple(claims),
        day=item.submitted.date() if item.submitted else item.feed_date or date.fromisoformat(f"{item.month}-15"),
    )


def _own(code: Sequence[Code]) -> tuple[str, ...]:
    """Give the repositories that may speak for a lab: official ones, else those that somebody named as the paper's.

    What is known not to be official is another's work; what a text merely names counts as a link of it.
    """
    official = tuple(c.url for c in code if c.official)
    return official or tuple(c.url for c in code if c.official is None and c.source not in TEXTS)
