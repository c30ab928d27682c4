"""What compose is given: items, places on a shortlist and the facts of a month, frozen so that composing is pure."""

from dataclasses import dataclass, field
from datetime import date, datetime

from core.scores import Reason
from digest.model import Banner, CodeRef, Filed, SecondLook, Summary


@dataclass(frozen=True, slots=True)
class LabBelief:
    """A lab ranking believes an item to be from, how surely, and the evidence (kind, detail), strongest first."""

    lab: str
    confidence: float
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item with everything an entry prints; `stage` and `worth` are None where ranking found no topic for it."""

    id: str
    kind: str
    month: str
    title: str
    authors: tuple[str, ...]  # all, in order
    submitted: date | None
    categories: tuple[str, ...]
    url: str
    pdf_url: str | None
    topics: tuple[tuple[str, float], ...]  # (topic key, fit), best first
    labs: tuple[LabBelief, ...]  # surest first
    code: tuple[CodeRef, ...]
    votes: int | None
    stage: int | None
    worth: float | None
    minutes: int
    minutes_guessed: bool
    reasons: tuple[Reason, ...]
    summary: Summary | None
    read_first: tuple[str, ...]  # canon keys
    withdrawn: bool
    has_abstract: bool
    recorded: bool  # known from the recorded month alone
    type: str | None = None  # survey, benchmark, ... as ranking tells

    @property
    def fit(self) -> float:
        """Give the best topic fit, 0 where no topic was scored."""
        return self.topics[0][1] if self.topics else 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """One row of a shortlist: an item's place in a stage's order, as ranking left it."""

    stage: int
    position: int
    section: str  # main | late | left-out
    candidate: Candidate
    twins: tuple[Candidate, ...]  # folded under this one
    reason: str | None  # why it was left out: fit | floor | twin | budget | withdrawn


@dataclass(frozen=True, slots=True)
class LabItem:
    """Something believed to be from a lab this month, for the lab's list."""

    lab: str
    id: str
    kind: str
    title: str
    url: str
    votes: int | None
    worth: float | None
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about a month that is not a single paper."""

    month: str
    status: str  # draft | sample | final
    made: datetime
    published: datetime | None
    closes: datetime
    previous: str | None
    next: str | None
    banners: tuple[Banner, ...]
    considered: dict[int, int]  # stage -> papers whose best fit it is, however low
    topics: dict[str, int]  # topic -> papers with fit >= 0.5
    lab_items: tuple[LabItem, ...]
    late: tuple[Candidate, ...]  # late items at or above fit and floor, highest worth first; more than are printed
    late_total: int  # of all such late items
    printed_before: frozenset[str]  # considered in a final issue of another month
    version: str
    model: str
    inputs_hash: str
    posts: dict[int, int] = field(default_factory=dict)  # stage -> posts of the labs whose best fit it is
    coded: dict[int, int] = field(default_factory=dict)  # stage -> considered papers whose code is known
    new_code: dict[int, int] = field(default_factory=dict)  # stage -> papers of earlier months, code first seen in this
    filed: dict[int, Filed] = field(default_factory=dict)  # stage -> what is filed there
    before: dict[str, dict[int, int]] | None = None  # month -> papers filed; full months only; None: nothing to compare
    second: tuple[SecondLook, ...] = ()  # in the order they are printed; more than are
    shortlisted: int = 0
    inputs: tuple[tuple[str, str], ...] = ()
