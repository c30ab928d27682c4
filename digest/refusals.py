"""Refusals of addresses that may be the relay's own fault: kept until a mail is taken, or until they look alike. Pure.

Every mail leaves by one relay. One that is set wrongly may speak to each recipient as if there were no such mailbox,
and whoever is suppressed stays so until a person lifts it.
"""

import re
from typing import Generic, Protocol, TypeVar

from digest.delivery import Outcome, Refused, Sent
from digest.mailing import Broken, Doubted

REFUSED_ALIKE = 5  # different domains, one after the other, in the same words, and no mail taken between
_MOST_KEPT = 20  # rows: what is kept is leased meanwhile
_NAME = re.compile(r"\S*[^\sA-Za-z']\S*")  # what differs from one recipient to the next: domains, addresses, numbers


class Addressed(Protocol):
    """What is sent to one recipient: a mail of an issue, or the letter of a sign-up."""

    @property
    def domain(self) -> str:
        """Name the recipient's domain."""


One = TypeVar("One", bound=Addressed)


class Refusals(Generic[One]):
    """What a run heard of addresses that do not exist, as long as it is not certain whose fault that is."""

    def __init__(self) -> None:
        self._kept: list[tuple[One, Refused]] = []

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def kept(self) -> list[One]:
        """Give those whose refusal is not certain, oldest first."""
        return [one for one, _ in self._kept]

    def hear(self, one: One, outcome: Outcome | Broken) -> list[tuple[One, Outcome | Broken | Doubted]]:
        """Take how one mail ended; gives what is certain now, oldest first."""
        if isinstance(outcome, Sent):
            return [*self.believed(), (one, outcome)]
        if not isinstance(outcome, Refused) or not outcome.address:
            return [(one, outcome)]
        differs = self._kept and _words(self._kept[-1][1]) != _words(outcome)
        known = self.believed() if differs or len(self._kept) >= _MOST_KEPT else []
        self._kept.append((one, outcome))
        return known + (self.doubted() if len({kept.domain for kept in self.kept}) >= REFUSED_ALIKE else [])

    def believed(self) -> list[tuple[One, Outcome | Broken | Doubted]]:
        """Give up doubting: what is kept was said of the addresses."""
        kept, self._kept = self._kept, []
        return list(kept)

    def doubted(self) -> list[tuple[One, Outcome | Broken | Doubted]]:
        """Give up believing: what is kept was more likely said of the relay."""
        kept, self._kept = self._kept, []
        return [(one, Doubted(said)) for one, said in kept]


def _words(refused: Refused) -> list[str]:
    return _NAME.sub(" ", refused.reason).split()
