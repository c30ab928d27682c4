"""Conditional requests (RFC 9110, section 13.1): what tells an unchanged answer, and how to ask whether it changed."""

from ingest.http import Answer
from ingest.source import Marks

_LONGEST = 1000  # characters; a longer mark is not worth keeping


def marks_of(answer: Answer) -> Marks:
    """Give the marks of an answer; one that could not be sent back as it came counts as absent."""
    return Marks(_mark(answer, "etag"), _mark(answer, "last-modified"))


def asking(marks: Marks) -> dict[str, str]:
    """Give the headers that have an unchanged answer answered by 304, without its body; none without marks."""
    sent = {"If-None-Match": marks.etag, "If-Modified-Since": marks.last_modified}
    return {name: value for name, value in sent.items() if value}


def _mark(answer: Answer, name: str) -> str | None:
    value = answer.headers.get(name, "").strip()
    return value if 0 < len(value) <= _LONGEST and value.isascii() and value.isprintable() else None
