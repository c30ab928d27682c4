"""What is believed about an item: a claim for each field, links, lab claims, and every name it was told by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.record import Kind

ARXIV = frozenset({"arxiv", "arxiv-snapshot"})  # the authority on what a paper is
NEVER = datetime.max.replace(microsecond=0, tzinfo=UTC)  # when an item was first seen that was only spoken of

Name = tuple[str, str]  # kind, value; kind: id | doi | title | author | year
LabKey = tuple[str, str, str]  # lab, kind, detail
Grown = tuple[str, str, int]  # votes | discussion | stars, the repository's address for stars or "", the value


@dataclass(frozen=True, slots=True)
class Register:
    """One claim about one field: the value, who says so, and when it was true.

    `version` is that of the paper for `withdrawn`, for other fields the edition of the entry that says so. `told_in`
    names the post of a lab that tells it by its day; a newer post is believed, of one the newer reading. `deleted` is
    a withdrawal said of no version, as OAI-PMH does.
    """

    value: Any
    source: str
    as_of: datetime
    version: int = 0
    told_in: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A repository known for an item: the best source that named it, when we first saw it, when last checked."""

    source: str
    first_seen: datetime
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """Who made a lab claim, and when first."""

    as_of: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Believed:
    """An item as believed: registers by field (for code: "official <url>", "stars <url>"), links, lab claims.

    `versions` and `history` give the earliest moment claimed; `aliases` hold every name (ingest.names) that claims
    differ in, and other ids that they gave. Without a title it is a note about an item that other claims must make;
    nobody has seen that item yet.
    """

    id: str
    kind: Kind
    arxiv_id: str | None
    first_seen: datetime
    sources: frozenset[str]
    registers: Mapping[str, Register]
    code: Mapping[str, Link] = field(default_factory=dict)
    labs: Mapping[LabKey, Said] = field(default_factory=dict)
    versions: Mapping[int, datetime] = field(default_factory=dict)
    history: Mapping[Grown, datetime] = field(default_factory=dict)
    aliases: frozenset[Name] = frozenset()

    def value(self, name: str) -> Any:
        """Give what is believed of a field; None where every source is silent."""
        register = self.registers.get(name)
        return None if register is None else register.value

    @property
    def is_note(self) -> bool:
        """Tell whether nothing here says what the item is: such a belief makes no item of its own."""
        return "title" not in self.registers

    @property
    def withdrawn(self) -> bool:
        """Tell whether the item is withdrawn: its latest version is, or it was deleted and arXiv is silent since."""
        deleted, title = self.registers.get("deleted"), self.registers.get("title")
        if self.value("withdrawn") or deleted is None:
            return bool(self.value("withdrawn"))
        # The day, not the hour: OAI-PMH dates a deletion by the day.
        back = title is not None and title.source in ARXIV and title.as_of.date() > deleted.as_of.date()
        return not back
