"""The short text under a title: whole sentences of the abstract that say what was done and found (pure)."""

import re

MAX_CHARS = 420
_PAGES = re.compile(r"(\d{1,4})\s*(?:\+\s*\d+\s*)?(?:pages|pp\.?|pgs?\.?)(?![a-z])", re.IGNORECASE)
_BREAK = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9$\\])")
# Abbreviations after which a full stop ends no sentence.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|etc|Fig|Figs|Eq|Eqs|Sec|Tab|resp|approx|w\.r\.t|a\.k\.a|No|St|Dr|Prof)|\b[A-Z])\.$"
)
_DOES = re.compile(
    r"\b(?:we|this (?:paper|work|study|article|survey|report)|in this (?:paper|work))\b.{0,40}?\b"
    r"(?:propose|present|introduce|develop|describe|study|investigate|analy[sz]e|show|prove|derive|survey|review|build|train|release|examine|ask|design|formali[sz]e|revisit|establish)",
    re.IGNORECASE,
)
_FINDS = re.compile(
    r"\b(?:we (?:show|find|prove|demonstrate|observe|reveal)|results? (?:show|suggest|indicate|demonstrate)|experiments"
    r"|outperform|achiev|improv|reduc|state-of-the-art|\d+(?:\.\d+)?\s?(?:%|\\%|x|×|times))",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """Split a text into whole sentences; abbreviations, initials and decimals do not end one, nor does maths."""
    parts: list[str] = []
    for piece in _BREAK.split(text.strip()):
        if parts and (_SHORT.search(parts[-1]) or parts[-1].count("$") % 2):
            parts[-1] = f"{parts[-1]} {piece}"
        else:
            parts.append(piece)
    return [part for part in parts if part]


def extract(abstract: str | None) -> str | None:
    """Choose one or two whole sentences: what was done, then what was found; None where no sentence fits."""
    found = [s for s in sentences(abstract or "") if len(s) <= MAX_CHARS]
    if not found:
        return None
    does = next((s for s in found if _DOES.search(s)), found[0])
    after = found[found.index(does) + 1 :]
    finds = next((s for s in after if _FINDS.search(s)), None)
    if finds is None or len(does) + len(finds) + 1 > MAX_CHARS:
        return does
    return f"{does} {finds}"


def page_count(comment: str | None) -> int | None:
    """Read the number of pages from an author's comment such as "12 pages, 4 figures"; None where it says none."""
    match = _PAGES.search(comment or "")
    pages = int(match.group(1)) if match else 0
    return pages if 0 < pages <= 500 else None
