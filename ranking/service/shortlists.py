"""The shortlists of a month: the main order of each stage, and what readers noticed but the list does not have."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from db import papers, scores
from db.scores import Rated
from ranking.rating import FILED
from ranking.shortlist import LENGTH, POOL, Contender, Heading, Place, shortlist
from roadmap.model import Roadmap

LEFT_OUT_FROM = 50  # of the stage's most noticed papers
LEFT_OUT = 6
LEFT_OFFSET = 1000  # positions of what was left out, beyond any main list


def renew(session: Session, month: str, model: str, roadmap: Roadmap) -> None:
    """Make a month's shortlists from its stored ratings, unless its issue is frozen; the caller commits.

    What arrives after its month was closed needs no row: the digest takes late items by their ratings.
    """
    if not scores.is_final(session, month):
        scores.replace_shortlists(session, month, _rows(session, month, model, roadmap))


def _rows(session: Session, month: str, model: str, roadmap: Roadmap) -> list[dict[str, Any]]:
    rated = scores.rated(session, month, FILED)
    rows: list[dict[str, Any]] = []
    for stage in roadmap.stages:
        own = [item for item in rated if item.stage == stage.number]
        places = shortlist(_contenders(session, model, own))
        rows += [_row(month, stage.number, n, place) for n, place in enumerate(places, 1)]
        rows += _left_out(month, stage.number, own, places)
    return sorted(rows, key=lambda row: (row["stage"], row["position"]))


def _contenders(session: Session, model: str, own: Sequence[Rated]) -> list[Contender]:
    """Let what is filed somewhere and not withdrawn compete; vectors are read of those alone that can win a place."""
    filed = [i for i in own if i.filed and i.topic is not None and not i.withdrawn]
    best = sorted(filed, key=lambda i: (-(i.worth or 0), i.id))[: LENGTH * POOL]
    ids = [item.id for item in best]
    vectors, headings = scores.vectors(session, model, ids), papers.headings(session, ids)
    return [
        Contender(i.id, str(i.topic), float(i.worth or 0), vectors[i.id], Heading.of(*headings[i.id]))
        for i in best
        if i.id in vectors
    ]


def _row(
    month: str, stage: int, position: int, place: Place, section: str = "main", reason: str | None = None
) -> dict[str, Any]:
    return {
        "month": month,
        "stage": stage,
        "position": position,
        "item_id": place.id,
        "section": section,
        "twins": list(place.twins),
        "reason": reason,
    }


def _left_out(month: str, stage: int, own: Sequence[Rated], places: Sequence[Place]) -> list[dict[str, Any]]:
    """Name what readers noticed most and the list does not have, with the neutral reason."""
    listed = {place.id for place in places}
    twins = {twin: place.id for place in places for twin in place.twins}
    noticed = sorted((i for i in own if i.votes), key=lambda i: (-(i.votes or 0), i.id))[:LEFT_OUT_FROM]
    missing = [item for item in noticed if item.id not in listed][:LEFT_OUT]
    rows = []
    for n, item in enumerate(missing, 1):
        place = Place(item.id, (twins[item.id],) if item.id in twins else ())
        rows.append(_row(month, stage, LEFT_OFFSET + n, place, "left-out", _why_not(item, item.id in twins)))
    return rows


def _why_not(item: Rated, is_twin: bool) -> str:
    if is_twin:
        return "twin"
    if item.withdrawn:
        return "withdrawn"
    return "budget" if item.filed else "fit"
