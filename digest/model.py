"""The digest as a value: everything a page, a mail or the API prints, and nothing they must look up."""

from dataclasses import dataclass
from datetime import date, datetime

from core.scores import Reason
from roadmap.model import Text


@dataclass(frozen=True, slots=True)
class CodeRef:
    """A repository of an entry's code."""

    url: str
    official: bool | None
    stars: int | None
    checked: date


@dataclass(frozen=True, slots=True)
class LabRef:
    """The lab of an entry and the strongest evidence for it."""

    key: str
    name: Text
    confidence: float
    evidence: tuple[tuple[str, str], ...]  # (kind, detail), strongest first


@dataclass(frozen=True, slots=True)
class TopicRef:
    """A topic an entry is filed under."""

    key: str
    name: Text
    fit: float


@dataclass(frozen=True, slots=True)
class WorkRef:
    """A canon work to read first, or that an entry is closest to."""

    key: str
    title: str
    url: str
    authors: tuple[str, ...]
    year: int
    minutes: int
    why: Text


@dataclass(frozen=True, slots=True)
class Summary:
    """One to three sentences about an entry: whole ones of its abstract, or a machine's with model and date."""

    text: str
    kind: str  # extractive | machine
    model: str | None = None
    created: date | None = None


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a paper stood in an issue; `number` None: it was considered there, and not printed."""

    month: str
    number: str | None
    status: str | None = "final"  # of that issue; None: the month has none


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper or post as printed; `number` is "5.1" (stage and place)."""

    number: str
    id: str
    kind: str
    title: str  # as stored, LaTeX and all; formats make it readable
    authors: tuple[str, ...]  # the first three
    more_authors: int
    submitted: date | None
    categories: tuple[str, ...]
    url: str
    pdf_url: str | None
    topics: tuple[TopicRef, ...]  # best first
    labs: tuple[LabRef, ...]
    code: tuple[CodeRef, ...]
    votes: int | None
    worth: float
    minutes: int
    minutes_guessed: bool
    reasons: tuple[Reason, ...]
    summary: Summary | None
    withdrawn: bool
    read_first: WorkRef | None
    has_abstract: bool
    recorded: bool
    type: str | None = None  # survey, benchmark, dataset or another; None where not told
    stood: Stood | None = None  # in a catch-up view: the issue that considered it

    @property
    def quotes_abstract(self) -> bool:
        """Tell whether the summary is of the paper's abstract: not a machine's, and not of a post."""
        return self.summary is not None and self.summary.kind != "machine" and self.kind != "post"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A paper widely noticed but not printed, and why: fit | floor | twin | budget | withdrawn."""

    id: str
    title: str
    url: str
    votes: int
    reason: str
    twin_of: str | None = None  # entry number


@dataclass(frozen=True, slots=True)
class Filed:
    """What has a fit of 0.5 and more to a topic of a stage; each item counts once, where it fits best."""

    papers: int = 0
    posts: int = 0
    coded: int = 0  # of the papers: those whose code is known


@dataclass(frozen=True, slots=True)
class Change:
    """A stage's count against those of earlier months that are stored in full (digest.changes)."""

    before: tuple[tuple[str, int], ...]  # (month, papers counted as `StageSection.counted` counts), oldest first
    low: int  # what the months before let expect, with 95% confidence
    high: int


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Something an earlier issue considered that deserves another look; what: code | votes."""

    id: str
    kind: str
    title: str
    url: str
    what: str
    stood: Stood
    stage: int | None
    code: CodeRef | None  # the code that came since
    votes: int | None  # as of today
    votes_then: int | None  # when that issue closed; None: it was not on Daily Papers yet
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What a view shrunk to a budget leaves out of a stage: how many chosen papers, and the budget in minutes."""

    count: int
    minutes: int


@dataclass(frozen=True, slots=True)
class StageSection:
    """One stage of the road in one month."""

    number: int
    key: str
    name: Text
    description: Text
    topics: tuple[TopicRef, ...]  # all topics of the stage; fit unused (0)
    considered: int  # papers whose best fit is this stage, however low it is
    read_first: WorkRef | None
    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...]
    coded: int = 0  # of the considered: those whose code is known
    posts: int = 0  # of the labs, whose best fit is this stage, however low it is
    new_code: int = 0  # papers of earlier months whose code was first seen in this one
    change: Change | None = None  # None: too few months to compare with, or the month is not over
    cut: Cut | None = None  # None: every chosen paper is among the entries
    filed: Filed | None = None  # None: an issue from before it was counted, which speaks of the considered instead

    @property
    def counted(self) -> int:
        """Count the papers that figures, chart and comparison are about: those filed here, as far as it is known."""
        return self.filed.papers if self.filed else self.considered

    @property
    def chosen(self) -> int:
        """Count what was chosen of the stage, whether it is shown here or not."""
        return len(self.entries) + (self.cut.count if self.cut else 0)


@dataclass(frozen=True, slots=True)
class LabLine:
    """One thing a lab published this month; `number` where it is printed in a stage."""

    id: str
    kind: str
    title: str
    url: str
    number: str | None
    evidence: tuple[tuple[str, str], ...]
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class LabSection:
    """What one of the six labs published in the month."""

    key: str
    name: Text
    count: int
    lines: tuple[LabLine, ...]


@dataclass(frozen=True, slots=True)
class SourceCoverage:
    """What one source gave for the month; state: complete | partial | failed | unreachable | absent."""

    source: str
    state: str
    expected: int | None
    received: int
    windows: int
    windows_closed: int
    missing_days: tuple[date, ...]  # days still open, at most 31
    last_read: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What may be missing: counts and the state of every source. `expected` is None where no source proved a total."""

    expected: int | None
    stored: int
    ranked: int
    late: int
    unreadable: int
    sources: tuple[SourceCoverage, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Name the sources that did not answer in full."""
        return tuple(s.source for s in self.sources if s.state in ("partial", "failed", "unreachable"))


@dataclass(frozen=True, slots=True)
class Topmost:
    """The topic with most papers filed under it this month: a figure that anyone can recount."""

    key: str
    name: Text
    count: int


@dataclass(frozen=True, slots=True)
class Banner:
    """Something the reader must know first.

    kind: draft | sample | offline | partial | overdue | catch-up | stages | shrunk | erratum.
    """

    kind: str
    facts: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Making:
    """How the issue was made."""

    version: str
    model: str
    inputs_hash: str  # of all the issue holds
    shortlisted: int = 0  # items that stood on a shortlist
    inputs: tuple[tuple[str, str], ...] = ()  # (what, hash): shortlists, counts, ledger, curriculum


@dataclass(frozen=True, slots=True)
class Digest:
    """One month's issue. It holds both languages; a format renders one of them."""

    month: str  # YYYY-MM
    status: str  # draft | sample | final
    made: datetime  # the last change of its inputs
    published: datetime | None
    closes: datetime
    previous: str | None  # months with an issue in this store
    next: str | None
    banners: tuple[Banner, ...]
    considered: int
    chosen: int
    minutes: int
    topmost: Topmost | None
    hour: tuple[str, ...]  # ids of the five to read in one hour, best stage first
    hour_minutes: int
    stages: tuple[StageSection, ...]
    labs: tuple[LabSection, ...]
    late: tuple[Entry, ...]
    late_more: int
    coverage: Coverage
    making: Making
    compared: tuple[str, ...] | None = None  # months compared with; None: the month is not over, or not real
    second: tuple[SecondLook, ...] = ()
    second_more: int = 0
    since: str | None = None  # a catch-up view begins with this month
    posts: int = 0  # of the labs, considered beside the papers
    road: int = 8  # stages of the whole road, whatever part is shown; issues from before it was noted have eight

    @property
    def filed(self) -> int | None:
        """Count the papers filed in the stages; None in an issue from before they were counted."""
        found = [stage.filed.papers for stage in self.stages if stage.filed]
        return sum(found) if len(found) == len(self.stages) else None

    @property
    def entries(self) -> dict[str, Entry]:
        """Find every printed entry by id, late arrivals included."""
        return {e.id: e for e in (*(e for s in self.stages for e in s.entries), *self.late)}

    @property
    def guessed(self) -> bool:
        """Tell whether all reading times printed are guesses: then that is said once."""
        entries = self.entries.values()
        return bool(entries) and all(entry.minutes_guessed for entry in entries)
