"""What each lab published in a month: printed things first, with their number."""

from collections.abc import Sequence

from digest.candidates import LabItem
from digest.model import Entry, LabLine, LabSection
from roadmap.model import Lab, Roadmap

LAB_LINES = 12


def lab_sections(items: Sequence[LabItem], roadmap: Roadmap, printed: dict[str, Entry]) -> tuple[LabSection, ...]:
    """List every lab of the roadmap in its order; all items count, at most twelve are lines."""
    return tuple(_section(lab, [i for i in items if i.lab == lab.key], printed) for lab in roadmap.labs.values())


def _section(lab: Lab, items: list[LabItem], printed: dict[str, Entry]) -> LabSection:
    rows = sorted(items, key=lambda i: (i.id not in printed, -(i.votes or 0), -(i.worth or 0.0), i.id))
    return LabSection(lab.key, lab.name, len(rows), tuple(_line(row, printed) for row in rows[:LAB_LINES]))


def _line(item: LabItem, printed: dict[str, Entry]) -> LabLine:
    entry = printed.get(item.id)
    return LabLine(item.id, item.kind, item.title, item.url, entry.number if entry else None, item.evidence)
