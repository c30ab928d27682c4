"""What ranking says and digest reads: reasons as data, never as sentences."""

from dataclasses import dataclass

# Reason kinds, in the order people see them (look.md): topic, new, lab, readers, code, builds-on; what the reader
# said themselves goes first, and only in their own mail.
REASON_ORDER = ("you", "topic", "new", "lab", "readers", "code", "editors", "builds-on")

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One nameable cause for a place in the list; `facts` hold everything its sentence needs.

    topic: topic, phrase (verbatim or None), title_only; lab: lab, evidence, detail; readers: votes, place, of, date,
    month (in a view of several); code: official, stars, date; new: months, compared; editors: share (of 100 papers, the
    most alike) or date; builds-on: work (canon key); you: item, title and verb (more or less) of what the reader said,
    itself (whether of this very paper).
    `share` is the part of `worth` that this signal gave, 0 to 1.
    """

    kind: str
    facts: dict[str, JsonValue]
    share: float = 0.0
