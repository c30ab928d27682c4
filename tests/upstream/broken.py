"""Bodies that are wrong in one way each."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tests.upstream.answer import Answer, as_json

ENTRY = re.compile(rb"[ \t]*<(entry|item|record)>.*?</\1>\s*", re.DOTALL)
TOTAL = re.compile(rb'(totalResults>|completeListSize=")\d+')
MAINTENANCE = (
    b"<!DOCTYPE html>\n<html><head><title>Scheduled maintenance</title></head>\n"
    b"<body><h1>We will be back soon</h1><p>The service is being maintained. Please try again later.</p></body>\n"
    b"</html>\n"
)
BILLION_LAUGHS = (
    b'<?xml version="1.0"?>\n<!DOCTYPE feed [<!ENTITY a0 "ha">\n'
    + b"\n".join(b'<!ENTITY a%d "%s">' % (turn, b"&a%d;" % (turn - 1) * 10) for turn in range(1, 9))
    + b']>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>&a8;</title></feed>\n'
)
MEGABYTE = 1 << 20


def without(answer: Answer, *, every: bool = False, last: int = 0) -> Answer:
    """The page without its entries, or without the last ones."""
    if "json" in answer.content_type:
        return _on_list(answer, lambda items: [] if every else items[: max(0, len(items) - last)])
    found = list(ENTRY.finditer(answer.body))
    gone = found if every else found[max(0, len(found) - last) :]
    body = answer.body
    for match in reversed(gone):
        body = body[: match.start()] + body[match.end() :]
    return answer.with_body(body)


def with_total(answer: Answer, total: int) -> Answer:
    """The page with another count of all results."""
    if "json" in answer.content_type:
        value = json.loads(answer.body)
        return as_json(value | {"count": total}) if isinstance(value, dict) else answer
    return answer.with_body(TOTAL.sub(rb"\g<1>%d" % total, answer.body))


def malformed(answer: Answer, place: str, how: str) -> Answer:
    """The page with one entry made unreadable: no date, a bad date, no title, or broken XML."""
    if "json" in answer.content_type:
        return _on_list(answer, lambda items: _spoil_item(items, place))
    found = list(ENTRY.finditer(answer.body))
    if not found:
        return answer
    match = found[_index(place, len(found))]
    return answer.with_body(answer.body[: match.start()] + _spoil(match.group(), how) + answer.body[match.end() :])


def with_doctype(body: bytes, path: str) -> bytes:
    """A document that tries to read a local file into its first title."""
    declaration = f'<!DOCTYPE feed [<!ENTITY x SYSTEM "file://{path}">]>\n'.encode()
    head, _, rest = body.partition(b"?>")
    if not rest:
        return declaration + body
    return head + b"?>\n" + declaration + rest.lstrip().replace(b"<title>", b"<title>&x;", 1)


@cache
def gzip_bomb(megabytes: int = 200) -> bytes:
    """So many megabytes of spaces that travel as a thousandth of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b" " * MEGABYTE) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


def huge(start: bytes, megabytes: int = 200) -> Iterator[bytes]:
    """A body that begins well and does not end for a long time."""
    yield start
    for _ in range(megabytes):
        yield b" " * MEGABYTE


def gzipped(body: bytes) -> bytes:
    """The body as gzip."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _index(place: str, count: int) -> int:
    """The first, the middle or the last of so many."""
    return {"first": 0, "middle": count // 2, "last": count - 1}[place]


def _spoil(entry: bytes, how: str) -> bytes:
    """One XML entry made unreadable; its id stays where that is possible."""
    if how == "bad-xml":
        return entry.replace(b"</title>", b"</titel>", 1)
    if how == "no-title":
        return re.sub(rb"<((?:dc:)?title)>.*?</\1>\s*", b"", entry, count=1, flags=re.DOTALL)
    dates = rb"<(updated|published|pubDate|created|date|datestamp)>[^<]*</\1>"
    return re.sub(dates, rb"<\1>the day before yesterday</\1>" if how == "bad-date" else b"", entry)


def _on_list(answer: Answer, change: Callable[[list[Any]], list[Any]]) -> Answer:
    """Change the list in a JSON answer, whether it is the answer or its `results`."""
    value = json.loads(answer.body)
    if isinstance(value, list):
        return as_json(change(value))
    return as_json(value | {"results": change(value["results"])}) if "results" in value else answer


def _spoil_item(items: list[Any], place: str) -> list[Any]:
    """One JSON entry of the wrong shape: its title is a number and its date is missing."""
    if not items:
        return items
    index = _index(place, len(items))
    spoiled = {key: value for key, value in items[index].items() if key not in ("published", "publishedAt")}
    inner = spoiled.get("paper")
    spoiled |= {"title": 7} if inner is None else {"paper": {"id": inner["id"], "title": 7}}
    return [*items[:index], spoiled, *items[index + 1 :]]
