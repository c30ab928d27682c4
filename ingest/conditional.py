"""Conditional requests (RFC 9110, section 13.1): what tells an unchanged answer, and how to ask whether it changed."""

from core.text import text_hash
from ingest.http import Answer
from ingest.source import Marks

_LONGEST = 1000  # characters; a longer mark is not worth keeping


def marks_of(answer: Answer, url: str) -> Marks:
    """Give the marks of the answer to an address; one that could not be sent back as it came counts as absent.

    Each begins with a digest of the address: shown to another server, a mark may say unchanged of what never came.
    """
    return Marks(_mark(answer, "etag", url), _mark(answer, "last-modified", url))


def asking(marks: Marks, url: str) -> dict[str, str]:
    """Give the headers that have an unchanged answer answered by 304, without its body; none without its own marks."""
    sent = {"If-None-Match": marks.etag, "If-Modified-Since": marks.last_modified}
    own = _prefix(url)
    return {name: mark.removeprefix(own) for name, mark in sent.items() if mark and mark.startswith(own)}


def _mark(answer: Answer, name: str, url: str) -> str | None:
    value = answer.headers.get(name, "").strip()
    fit = 0 < len(value) <= _LONGEST and value.isascii() and value.isprintable()
    return _prefix(url) + value if fit else None


def _prefix(url: str) -> str:
    return f"{text_hash(url)} "
