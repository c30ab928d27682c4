"""Refusals of addresses that may be the relay's own fault: kept until a mail is taken, or until they look alike. Pure.

Every mail leaves by one relay. One that is set wrongly may speak to each recipient as if there were no such mailbox,
and whoever is suppressed stays so until a person lifts it.
"""

import re

from digest.delivery import Outcome, Refused, Sent
from digest.mailing import Broken, Doubted, Job

REFUSED_ALIKE = 5  # different domains, one after the other, in the same words, and no mail taken between
_MOST_KEPT = 20  # rows: what is kept is leased meanwhile
_NAME = re.compile(r"\S*[^\sA-Za-z']\S*")  # what differs from one recipient to the next: domains, addresses, numbers

Known = tuple[Job, Outcome | Broken | Doubted]


class Refusals:
    """What a run heard of addresses that do not exist, as long as it is not certain whose fault that is."""

    def __init__(self) -> None:
        self._kept: list[tuple[Job, Refused]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def hear(self, job: Job, outcome: Outcome | Broken) -> list[Known]:
        """Take how one mail ended; gives what is certain now, oldest first."""
        if isinstance(outcome, Sent):
            return [*self.believed(), (job, outcome)]
        if not isinstance(outcome, Refused) or not outcome.address:
            return [(job, outcome)]
        differs = self._kept and _words(self._kept[-1][1]) != _words(outcome)
        known = self.believed() if differs or len(self._kept) >= _MOST_KEPT else []
        self._kept.append((job, outcome))
        return known + (self._doubted() if len({kept.domain for kept, _ in self._kept}) >= REFUSED_ALIKE else [])

    def believed(self) -> list[Known]:
        """Give up doubting: what is kept was said of the addresses."""
        kept, self._kept = self._kept, []
        return list(kept)

    def _doubted(self) -> list[Known]:
        kept, self._kept = self._kept, []
        return [
            (job, Doubted(f"domain after domain is refused in the same words: {said.reason}")) for job, said in kept
        ]


def _words(refused: Refused) -> list[str]:
    return _NAME.sub(" ", refused.reason).split()
