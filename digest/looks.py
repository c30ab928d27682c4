"""Second looks: what an earlier issue considered, and what happened to it since. Pure.

They are papers that were printed and whose code came later, and papers whose upvotes at least doubled. Each is named
once for each of the two; "printed at most once" does not bind them, and they say so (contract.md, late).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from db.looks import Since
from digest.model import CodeRef, SecondLook, Stood

BUDGET = 6  # printed; the rest are counted
LEAST_VOTES = 20  # new ones, so that a growth from 2 to 5 is no news


def second_looks(
    coded: Iterable[tuple[Since, CodeRef]], noticed: Iterable[Since], earlier: Sequence[Mapping[str, Any]]
) -> tuple[SecondLook, ...]:
    """Choose what deserves a second look, worthiest first.

    `earlier` are the stored final issues of the months looked back to, as JSON: what they named for the same reason is
    left out, and they know under which number a paper stood. One that has code since is not told for its votes too.
    """
    numbers = {(issue["month"], id_): number for issue in earlier for id_, number in printed_in(issue).items()}
    said = {(row["id"], row["what"]) for issue in earlier for row in issue.get("second", ())}
    found: dict[str, tuple[float, SecondLook]] = {}
    for since, code in coded:
        if (since.id, "code") not in said:
            found[since.id] = since.worth or 0.0, _look(since, "code", numbers, code)
    for since in noticed:
        if grew(since) and (since.id, "votes") not in said:
            found.setdefault(since.id, (since.worth or 0.0, _look(since, "votes", numbers, None)))
    return tuple(look for _, look in sorted(found.values(), key=lambda pair: (-pair[0], pair[1].id)))


def grew(since: Since) -> bool:
    """Tell whether upvotes at least doubled since the issue closed, by twenty or more.

    Where none were known then, a paper counts only when Daily Papers listed it after that: unread is not zero.
    """
    if since.votes is None:
        return False
    if since.votes_then is not None:
        return since.votes >= 2 * since.votes_then and since.votes - since.votes_then >= LEAST_VOTES
    listed_later = since.daily_date is not None and since.daily_date > since.closed.date()
    return listed_later and since.votes >= LEAST_VOTES


def printed_in(issue: Mapping[str, Any]) -> dict[str, str]:
    """Give the number of everything a stored issue printed, by id."""
    lists = (issue["late"], *(stage["entries"] for stage in issue["stages"]))
    return {entry["id"]: entry["number"] for entries in lists for entry in entries}


def _look(since: Since, what: str, numbers: Mapping[tuple[str, str], str], code: CodeRef | None) -> SecondLook:
    return SecondLook(
        id=since.id,
        kind=since.kind,
        title=since.title,
        url=since.url,
        what=what,
        stood=Stood(since.month, numbers.get((since.month, since.id))),
        stage=since.stage,
        code=code,
        votes=since.votes,
        votes_then=since.votes_then,
    )
