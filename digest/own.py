"""What one reader's mail prints of an issue, as values: what they chose, what they said, and what follows from both."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from digest.model import Digest, Entry, LabSection, LeftOut, StageSection

Bench = Mapping[int, tuple[Entry, ...]]  # stage -> what its shortlist holds beyond the issue, in order, all eligible
NO_BENCH: Bench = {}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a reader chose, in the order of the road; nothing of the first three means everything."""

    stages: tuple[int, ...] = ()
    topics: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    minutes: int | None = None

    @property
    def everything(self) -> bool:
        """Tell whether they left all of it to us."""
        return not (self.stages or self.topics or self.labs)

    def whole(self, stage: int) -> bool:
        """Tell whether a stage is printed in full, not only what of it belongs to a topic or a lab."""
        return self.everything or stage in self.stages

    def match(self, entry: Entry) -> bool:
        """Tell whether an entry belongs to a chosen topic or lab."""
        return any(t.key in self.topics for t in entry.topics) or any(lab.key in self.labs for lab in entry.labs)


@dataclass(frozen=True, slots=True)
class Moved:
    """How ranking moves one item for a reader, from -1 to 1, and the answers that earned it: (item, title, verb)."""

    adjustment: float
    earned: tuple[tuple[str, str, str], ...] = ()
    hidden: bool = False  # a near-twin of what they hid


@dataclass(frozen=True, slots=True)
class Own:
    """What a reader said that matters here: read already, not for them, and how the rest moves."""

    hidden: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    moved: Mapping[str, Moved] = field(default_factory=dict)

    @property
    def refused(self) -> frozenset[str]:
        """Give what they do not want to meet again at all, near-twins included."""
        return self.hidden | {id_ for id_, moved in self.moved.items() if moved.hidden}

    @property
    def gone(self) -> frozenset[str]:
        """Give what is never printed as new for them."""
        return self.seen | self.refused

    def among(self, ids: Collection[str]) -> "Own":
        """Keep what is about some items alone."""
        moved = {id_: one for id_, one in self.moved.items() if id_ in ids}
        return Own(self.hidden.intersection(ids), self.seen.intersection(ids), moved)

    def __bool__(self) -> bool:
        return bool(self.hidden or self.seen or self.moved)


@dataclass(frozen=True, slots=True)
class Section:
    """One stage in a mail: `stage` as the issue has it, `entries` as this reader gets them."""

    stage: StageSection
    entries: tuple[Entry, ...]
    whole: bool  # False: only what belongs to chosen topics and labs
    left_out: tuple[LeftOut, ...]
    more: int  # chosen in the issue and not printed here, though the reader has neither seen nor hidden it
    full: int = 4  # entries that are printed in full; the others are lines

    @property
    def minutes(self) -> int:
        """Sum up the time of what is printed."""
        return sum(entry.minutes for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A stage that is told in a line: its first entry that the reader has neither seen nor hidden."""

    stage: StageSection
    first: Entry | None


@dataclass(frozen=True, slots=True)
class Selection:
    """All that one mail prints. `digest` is the issue with the hour list, late arrivals and second looks it prints."""

    digest: Digest
    wishes: Wishes
    sections: tuple[Section, ...]
    others: tuple[Ahead, ...]
    labs: tuple[LabSection, ...]  # the chosen ones
    silent: tuple[str, ...]  # chosen topics on which nothing passed
    read: tuple[str, ...]  # chosen topics on which something passed, all of which the reader has seen or hidden
    beyond: int  # wanted, and left to the browser for the sake of the reader's minutes
    cut: int = 0  # of the issue, wanted, and left to the browser since a mail holds only so much

    @property
    def entries(self) -> tuple[Entry, ...]:
        """List what is printed of the stages."""
        return tuple(entry for section in self.sections for entry in section.entries)

    @property
    def minutes(self) -> int:
        """Sum up the time of it."""
        return sum(section.minutes for section in self.sections)

    @property
    def labs_read(self) -> tuple[str, ...]:
        """Name the chosen labs from which something came, all of which the reader has seen or hidden."""
        came = {lab.key for lab in self.digest.labs if lab.count}
        return tuple(lab.key for lab in self.labs if not lab.count and lab.key in came)

    @property
    def moved(self) -> int:
        """Count the entries that stand elsewhere for what the reader said."""
        return sum(any(reason.kind == "you" for reason in entry.reasons) for entry in self.entries)
