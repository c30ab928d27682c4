"""Refusals that may be the relay's own fault: kept until it takes another mail, and doubted where it takes none. Pure.

Every mail leaves by one relay. One that is set wrongly may speak to each recipient as if there were no such mailbox,
or refuse each for a reason of its own; whoever is suppressed stays so until a person lifts it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from digest.delivery import Later, Outcome, Refused, Sent
from digest.mailing import Broken, Doubted, Unwritable

REFUSED_ALIKE = 5  # different domains, in the same words, and no mail taken between
MOST_KEPT = 20  # rows: what is kept is leased meanwhile
_NAME = re.compile(r"\S*[^\sA-Za-z']\S*")  # what differs from one recipient to the next: domains, addresses, numbers


class Addressed(Protocol):
    """What is sent to one recipient: a mail of an issue, or the letter of a sign-up."""

    @property
    def domain(self) -> str:
        """Name the recipient's domain."""


One = TypeVar("One", bound=Addressed)
Ended = Outcome | Broken | Unwritable


class Refusals(Generic[One]):
    """What a run heard that is refused for good, as long as it is not certain whose fault that is."""

    def __init__(self) -> None:
        self._kept: list[tuple[One, Refused]] = []

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def kept(self) -> list[One]:
        """Give those whose refusal is not certain, oldest first."""
        return [one for one, _ in self._kept]

    @property
    def room(self) -> bool:
        """Tell whether one refusal more leaves room for a mail that is taken after all of them."""
        return self._alike() < REFUSED_ALIKE - 1 and len(self) < MOST_KEPT - 1

    def hear(self, one: One, outcome: Ended) -> list[tuple[One, Ended | Doubted]]:
        """Take how one mail ended; gives what is certain now, oldest first.

        A relay that takes a mail is right: what it refused just before was said of the recipients.
        """
        if isinstance(outcome, Sent):
            kept, self._kept = self._kept, []
            return [*kept, (one, outcome)]
        if not isinstance(outcome, Refused):
            return [(one, outcome)]
        self._kept.append((one, outcome))
        return self.doubted() if self._alike() >= REFUSED_ALIKE or len(self) >= MOST_KEPT else []

    def doubted(self) -> list[tuple[One, Ended | Doubted]]:
        """Give up believing, as at a run's end: no mail was taken since, so all of it may be the relay's own fault."""
        kept, self._kept = self._kept, []
        return [(one, Doubted(said)) for one, said in kept]

    def _alike(self) -> int:
        """Count the domains that were refused in the same words."""
        domains: dict[str, set[str]] = defaultdict(set)
        for one, said in self._kept:
            domains[_NAME.sub(" ", " ".join(said.reason.split()))].add(one.domain)
        return max(map(len, domains.values()), default=0)


def ends_run(known: Iterable[tuple[Addressed, Ended | Doubted]]) -> bool:
    """Tell whether what a run heard speaks of the relay itself: then every other mail would be refused too."""
    return any(
        isinstance(outcome, Doubted) or (isinstance(outcome, Later) and outcome.delays == "everyone")
        for _, outcome in known
    )
