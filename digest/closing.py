"""When an issue may close and what it says of itself. Pure: what was loaded about a month decides."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from core.months import last_day
from db.issues import MonthCounts
from digest import coverage as ledger
from digest.candidates import Facts, Place
from digest.coverage import Stored, WindowFact
from digest.formats.json import to_json
from digest.model import Banner, Coverage, Digest
from roadmap.model import Roadmap

GRACE = timedelta(days=7)
# What of a digest is not made from its inputs: the moment, the state and the neighbours.
_NOT_INPUTS = ("made", "published", "status", "banners", "closes", "previous", "next", "making")


@dataclass(frozen=True, slots=True)
class IssueOptions:
    """What making an issue must be told: the closing day of the next month, the program, the model, the sources.

    `sources` are those that must have been read; leave out one that this installation does not use. `webhook`: another
    program is told when an issue becomes final, with addresses below `base_url`.
    """

    closing_day: int = 5
    version: str = ""
    model: str = ""
    sources: tuple[str, ...] = ("arxiv", "hf", "pwc", "labs")
    webhook: bool = False
    base_url: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything known about a month before anything is decided."""

    month: str
    closes: datetime
    counts: MonthCounts
    late: int  # late items that compete here
    windows: tuple[WindowFact, ...]
    sources: tuple[str, ...]
    open: tuple[str, ...]  # what keeps it from closing
    statuses: dict[str, str]  # of every issue in the store
    takes_late: bool  # no earlier month is still to be closed: late items compete in the next to close alone

    @property
    def pulled(self) -> bool:
        """Tell whether arXiv was asked about any day of the month."""
        return any(w.source == ledger.ARXIV for w in ledger.by_submission(self.windows))

    @property
    def whole(self) -> bool:
        """Tell whether the month is stored and ranked in full, so that its counts can stand beside another's."""
        return ledger.whole(self.month, self.windows) and not self.counts.unranked and not self.counts.recorded

    def coverage(self, status: str) -> Coverage:
        """Say what may be missing: of a draft up to the day last asked about, else up to the month's end."""
        asked = ledger.horizon(self.month, self.windows)
        through: date = last_day(self.month) if status == "final" or asked is None else asked
        stored = Stored(self.counts.papers, self.counts.ranked_papers, self.late)
        return ledger.coverage(self.month, self.windows, self.sources, stored, through, exact=status == "final")

    def banners(self, status: str, overdue: bool) -> tuple[Banner, ...]:
        """Say what a reader must know first."""
        finals = [month for month, found in self.statuses.items() if found == "final"]
        until = ledger.horizon(self.month, self.windows)
        first = (ledger.overdue(self.open),) if overdue else ()
        papers, last = self.counts.papers, max(finals, default=None)
        return first + ledger.banners(status, papers, until, self.closes, last, self.coverage(status))

    @property
    def neighbours(self) -> tuple[str | None, str | None]:
        """Name the months before and after that have an issue."""
        return neighbours(self.month, self.statuses)


def decide(loaded: Loaded, now: datetime, blocked: bool) -> tuple[str, bool]:
    """Choose draft, sample or final, and tell whether a final one closes with something open.

    A month of which arXiv was never asked holds strays at most, such as an old paper on today's list of another
    source: it never closes, and next to recorded items a few strays do not make it more than a sample.
    """
    counts = loaded.counts
    if counts.recorded and (counts.recorded == counts.items or not loaded.pulled):
        return "sample", False
    if blocked or not loaded.pulled or counts.first_seen is None or now < loaded.closes:
        return "draft", False
    if not loaded.open:
        return "final", False
    # A month first pulled long after its closing time has its seven days as well, from its first item on:
    # otherwise an interrupted pull of an old month would be frozen at once.
    overdue = now >= max(loaded.closes, counts.first_seen) + GRACE
    return ("final", True) if overdue else ("draft", False)


def neighbours(month: str, months: dict[str, str]) -> tuple[str | None, str | None]:
    """Name the months before and after one, among those that have an issue."""
    before = max((other for other in months if other < month), default=None)
    return before, min((other for other in months if other > month), default=None)


def inputs_of(
    loaded: Loaded, facts: Facts, shortlists: Sequence[Place], roadmap: Roadmap
) -> tuple[tuple[str, str], ...]:
    """Name each thing an issue is made from by its hash, so that a later reader can tell which of them changed.

    The ledger's hours are left out: the same answer an hour later is the same input.
    """
    ledger_ = [replace(window, checked_at=None, closed_at=None) for window in loaded.windows]
    counts = facts.considered, facts.posts, facts.topics, facts.coded, facts.filed, facts.new_code, facts.before
    parts = {
        "shortlists": (shortlists, facts.late, facts.second, facts.lab_items, sorted(facts.printed_before)),
        "counts": [sorted(one.items()) if one is not None else None for one in counts],
        "ledger": ledger_,
        "curriculum": roadmap,
    }
    return tuple((name, _hash(repr(part))) for name, part in parts.items())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def inputs_hash(digest: Digest) -> str:
    """Name a digest by what it was made from: 32 hex digits of SHA-256, the same for the same rows."""
    plain = {key: value for key, value in to_json(digest).items() if key not in _NOT_INPUTS}
    plain["made_by"] = [digest.making.version, digest.making.model]
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    return _hash(text)
