"""How the words quoted as a reason stand where they are from: whole, cut out of a clause, or just above already."""

from collections.abc import Iterable
from dataclasses import replace

from core.scores import Reason
from digest.model import Entry
from digest.words import NBSP

MARK = "…"
_BEGINS = tuple(".;:!?,(—–“\"'")  # what may stand before a quotation that begins with a clause
_ENDS = tuple(".;:!?,)—–”\"'")  # and after one that ends with it


def told(entry: Entry) -> tuple[Reason, ...]:
    """Prepare the reasons of an entry to be said beside its title and its summary."""
    summary = entry.summary.text if entry.summary else ""
    return placed(entry.reasons, entry.title, summary, printed=summary)


def stood(reasons: Iterable[Reason], title: str, abstract: str | None) -> tuple[Reason, ...]:
    """Add to each quoted phrase `quote`, how it stands in title or abstract, which an issue itself does not hold."""
    return tuple(
        replace(reason, facts={**reason.facts, "quote": marked(phrase, title, abstract)})
        if reason.kind == "topic"
        and isinstance(phrase := reason.facts.get("phrase"), str)
        and phrase in (abstract or "")
        else reason
        for reason in reasons
    )


def placed(reasons: Iterable[Reason], title: str, *texts: str | None, printed: str = "") -> tuple[Reason, ...]:
    """Add to each quoted phrase how it stands, `quote`, with marks where it was cut; the words never change.

    A phrase that stands just above already is quoted no more: in the title, which `repeats` tells, or in the summary
    that is `printed`. `texts` are the abstract or parts of it; of a phrase that none of them has nobody can tell where
    its clause ends.
    """
    return tuple(_placed(reason, title, texts, printed) for reason in reasons)


def _placed(reason: Reason, title: str, texts: Iterable[str | None], printed: str) -> Reason:
    phrase = reason.facts.get("phrase")
    if reason.kind != "topic" or not isinstance(phrase, str) or not phrase:
        return reason
    repeats = _bare(phrase) in _bare(title)
    if repeats or phrase in printed:
        return replace(reason, facts={**reason.facts, "phrase": None, "repeats": repeats})
    return replace(reason, facts={**reason.facts, "quote": reason.facts.get("quote") or marked(phrase, title, *texts)})


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .:;,!?()")


def marked(phrase: str, *texts: str | None) -> str:
    """Mark with an ellipsis where a phrase begins or ends within a clause of the first text that has it."""
    around = next((text.split(phrase, 1) for text in texts if text and phrase in text), None)
    before, after = (around[0].rstrip(), around[1].lstrip()) if around else ("x", "x")
    begins = (not before or before.endswith(_BEGINS)) and phrase.count(")") <= phrase.count("(")
    ends = (not after or after.startswith(_ENDS)) and phrase.count("(") <= phrase.count(")")
    return ("" if begins else MARK + NBSP) + phrase + ("" if ends else NBSP + MARK)
