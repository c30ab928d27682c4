"""arXiv identifiers in every form people write them, and the anchors made from item ids.

Source of the grammar: https://info.arxiv.org/help/arxiv_identifier.html
"""

import re
from collections.abc import Iterable

from core.errors import UsageError

_NEW = re.compile(r"(?P<yymm>\d{2}(?:0[1-9]|1[0-2]))\.(?P<number>\d{4,5})(?:v(?P<version>[1-9]\d*))?", re.ASCII)
_OLD = re.compile(
    r"(?P<archive>[a-z][a-z-]+)(?:\.[A-Z]{2})?/(?P<number>\d{2}(?:0[1-9]|1[0-2])\d{3})(?:v(?P<version>[1-9]\d*))?",
    re.ASCII,
)
_PREFIX = re.compile(
    r"^(?:(?:https?://)?(?:www\.|export\.|browse\.)?arxiv\.org/(?:abs|pdf|html|format|src|e-print)/"
    r"|(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\."
    r"|(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/papers/|(?:https?://)?(?:www\.)?alphaxiv\.org/abs/"
    r"|oai:arxiv\.org:|arxiv:\s*|[a-z-]+(?:\.[a-z]{2})?/(?=\d{4}\.\d{4,5}))",
    re.IGNORECASE,
)
_TAIL = re.compile(r"(?:\.pdf)?(?:[?#].*)?/*$", re.IGNORECASE)
_IN_TEXT = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|10\.48550/arxiv\.|(?:huggingface\.co|hf\.co)/papers/|arxiv:\s*)"
    r"(?:\d{4}\.\d{4,5}|[a-z][a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?<![\w./])arxiv[\s.:]+(?=[a-z\d])", re.IGNORECASE | re.ASCII)
_BARE = re.compile(r"(?<![\w.])\d{4}\.\d{4,5}(?:v\d+)?(?!\w|\.\d)", re.ASCII)
# All of an address or a path with an id in it, and the brackets that hold nothing else; begun at no later part of it.
_ADDRESS = re.compile(
    rf"(?<![/\\])(?:\]?[(\[<{{]+)?(?:doi:\s*)?(?:[\w.~:%@+-]*[/\\])*(?:[\w-]+\.)*"
    rf"(?:{_IN_TEXT.pattern}|{_BARE.pattern})(?:\.pdf)?(?:[?#][^\s()\[\]<>{{}}]*)?/*[)\]>}}]*",
    re.IGNORECASE | re.ASCII,
)
# What arXiv writes behind an id in the margin of a PDF: the category and the day.
_STAMP = re.compile(r"\[[a-z-]+(?:\.[a-z-]+)?(?:\]|$)(?:\s+\d{1,2} [a-z]{3} \d{4})?", re.IGNORECASE | re.ASCII)


def parse_arxiv_id(text: str) -> tuple[str, int | None] | None:
    """Read one arXiv id in any of its forms: (id without version, version or None), or None when it is no id."""
    bare = text if _NEW.fullmatch(text) else _TAIL.sub("", _PREFIX.sub("", text.strip()))
    if match := _NEW.fullmatch(bare):
        return f"{match['yymm']}.{match['number']}", _version(match["version"])
    if match := _OLD.fullmatch(bare):
        return f"{match['archive']}/{match['number']}", _version(match["version"])
    return None


def find_arxiv_ids(text: str) -> list[str]:
    """List the arXiv ids that links or citations in a text name, each once, in order of appearance."""
    return _read(_IN_TEXT.finditer(text))


def arxiv_ids_asked(text: str) -> tuple[list[str], str]:
    """List the arXiv ids in a person's query, bare ones too, and give the rest of it; sources are not read so freely.

    Ids come in order of appearance. Without one the rest is the text as it was, else the text without the addresses and
    paths that ids stand in. The signs around the query should be gone.
    """
    labelled = _LABEL.sub("arXiv:", text)
    if whole := parse_arxiv_id(labelled):
        return [whole[0]], ""
    found = _read(sorted([*_IN_TEXT.finditer(labelled), *_BARE.finditer(labelled)], key=re.Match.start))
    return found, _ADDRESS.sub(" ", _STAMP.sub(" ", labelled)) if found else text


def refuse_several(text: str) -> None:
    """Let a person's words pass that name one paper at most; raises UsageError for those that name several."""
    ids, _ = arxiv_ids_asked(text)
    if len(ids) > 1:
        raise UsageError(f"{text} names {len(ids)} papers", f"Name one of them, such as {ids[0]}")


def arxiv_month(arxiv_id: str) -> str:
    """Give the YYYY-MM that an arXiv id carries; ids began in August 1991, so 91-99 are the last century."""
    digits = arxiv_id.rpartition("/")[2][:4]
    year = int(digits[:2])
    return f"{1900 + year if year >= 91 else 2000 + year}-{digits[2:]}"


def anchor(item_id: str) -> str:
    """Make the page anchor of an item: `p-` and the id, with colon and slash as hyphens."""
    return "p-" + re.sub(r"[:/]", "-", item_id)


def _read(matches: Iterable[re.Match[str]]) -> list[str]:
    """List the ids that were matched, each once; what begins with a host has lost its scheme."""
    found = (parse_arxiv_id(match.group()) or parse_arxiv_id("https://" + match.group()) for match in matches)
    return list(dict.fromkeys(parsed[0] for parsed in found if parsed))


def _version(text: str | None) -> int | None:
    return int(text) if text else None
