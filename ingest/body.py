"""Bodies from strangers: read with a cap, decompressed with a cap, and refused where they are not what is due."""

import json
import re
import zlib
from collections.abc import Iterable

from core.errors import SourceError

_MARK = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"\s*")
# What may stand, beside white space, before a document type or the first element.
_ASIDES = ((b"<?", b"?>"), (b"<!--", b"-->"))
_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])", re.DOTALL | re.IGNORECASE)
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
# Only encodings in which the marks looked for here are the bytes they seem to be.
_PLAIN = re.compile(
    rb"utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|windows-125\d|shift_jis|euc-(?:jp|kr)|gb2312|gbk|big5", re.IGNORECASE
)
_CDATA = re.compile(rb"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_TAG = re.compile(rb"<(/?)[A-Za-z_][^<>]*>")
_DEEPEST = 500
_STEP = 1 << 20
_RATIO_FROM = 1 << 20  # small answers may compress as well as they like
_MOST_RATIO = 200


class TruncatedError(Exception):
    """A compressed body that ends early."""


def collect(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """Gather a body, decompressing gzip or deflate step by step; raises SourceError above `most` bytes."""
    if encoding in ("", "identity"):
        return _gather(chunks, most)
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _gather(_inflated(chunks), most)
    raise SourceError(f"The answer is encoded as {encoding[:40]!r}, which was not asked for")


def _gather(chunks: Iterable[bytes], most: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        if len(body) + len(chunk) > most:
            raise SourceError(f"The answer is larger than {most >> 20} MB and was not read further")
        body += chunk
    return bytes(body)


def _inflated(chunks: Iterable[bytes]) -> Iterable[bytes]:
    unpacker = zlib.decompressobj(wbits=47)  # gzip or zlib, by the header
    taken = given = 0
    for chunk in chunks:
        taken += len(chunk)
        while chunk and not unpacker.eof:
            part = _step(unpacker, chunk)
            chunk = unpacker.unconsumed_tail
            given += len(part)
            if given > _RATIO_FROM and given > taken * _MOST_RATIO:
                raise SourceError(f"The answer grows more than {_MOST_RATIO}-fold when decompressed; it was refused")
            yield part
    yield unpacker.flush()
    if not unpacker.eof:
        raise TruncatedError("the compressed body ends early")


def _step(unpacker: "zlib._Decompress", chunk: bytes) -> bytes:
    try:
        return unpacker.decompress(chunk, _STEP)
    except zlib.error as problem:
        raise TruncatedError(f"the compressed body is damaged: {problem}") from problem


def is_html(body: bytes) -> bool:
    """Tell whether a body is a web page: what a server shows when it is being maintained, or a captcha."""
    return _HTML.match(body[:4096]) is not None


def json_fault(body: bytes, due: type, called: str) -> str | None:
    """Say why a body is no JSON of the kind that is due (`called` so); None where it is."""
    if is_html(body):
        return "an HTML page came where JSON was due (maintenance?)"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "the answer is no complete JSON"
    return None if isinstance(value, due) else f"the answer is no {called}"


def prolog_end(body: bytes) -> int:
    """Find where white space, processing instructions and comments end that stand before all else.

    Step by step, since `re` of Python 3.11.0 to 3.11.4 takes a possessive group for matched where it is not
    (https://github.com/python/cpython/issues/106052).
    """
    place = len(_MARK) if body.startswith(_MARK) else 0
    while True:
        place = _SPACE.match(body, place).end()  # type: ignore[union-attr]  # it always matches
        start, end = next((pair for pair in _ASIDES if body.startswith(pair[0], place)), (b"", b""))
        closed = body.find(end, place + len(start)) if start else -1
        if closed < 0:
            return place
        place = closed + len(end)


def refuse_doctype(body: bytes) -> None:
    """Refuse XML that declares a document type, entities or an odd encoding; raises SourceError.

    A document type may only stand before the first element (https://www.w3.org/TR/xml/#sec-prolog-dtd), so markup
    quoted inside an honest entry is no reason to refuse a feed.
    """
    start = prolog_end(body)
    rest = body[start : start + 2]
    if rest == b"<!":
        raise SourceError("The XML declares a document type (<!DOCTYPE> or <!ENTITY>), which is refused")
    if rest[:1] != b"<" and rest:
        raise SourceError("The answer is no XML")
    named = _ENCODING.search(body[:200])
    if named and not _PLAIN.fullmatch(named.group(1)):
        raise SourceError(f"The XML is encoded as {named.group(1)[:40]!r}, which is not read")


def refuse_depth(body: bytes) -> None:
    """Refuse markup nested deeper than any honest feed: lenient parsers take seconds over it. Raises SourceError."""
    depth = 0
    for match in _TAG.finditer(_CDATA.sub(b"", body)):
        if match.group(1):
            depth -= 1
        elif not match.group().endswith(b"/>"):
            depth += 1
        if depth > _DEEPEST:
            raise SourceError(f"The XML is nested more than {_DEEPEST} deep, which is refused")
