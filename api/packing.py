"""Answers packed for readers who take gzip (RFC 9110, 8.4 and 12.5.3): a quarter of the bytes, by the packed form kept.

Only what is kept is packed, so that packing is paid once; none of it holds a secret that its size could tell.
"""

import gzip
from collections.abc import Iterable
from functools import lru_cache

from api.headers import RawHeader

LEAST = 1_000  # bytes; a smaller answer fits one packet either way
LEVEL = 4  # half of the time of 6, for seven of a hundred bytes more


@lru_cache(maxsize=256)
def takes_gzip(accepted: bytes) -> bool:
    """Tell whether an Accept-Encoding field names gzip and does not refuse it."""
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not _is_zero(weight)
    return False


def _is_zero(weight: str) -> bool:
    name, _, value = weight.replace(" ", "").partition("=")
    return name == "q" and value.rstrip("0") in ("", ".", "0.")


def is_packable(headers: Iterable[RawHeader], size: int) -> bool:
    """Tell whether an answer is worth packing: our answers are all text."""
    return size >= LEAST and all(name != b"content-encoding" for name, _ in headers)


def varied(headers: Iterable[RawHeader]) -> list[RawHeader]:
    """Say in an answer's headers that it depends on what a reader unpacks."""
    kept = list(headers)
    known = [value for name, value in kept if name == b"vary"]
    others = [pair for pair in kept if pair[0] != b"vary"]
    return [*others, (b"vary", b", ".join([*known, b"Accept-Encoding"]))]


def packed(headers: Iterable[RawHeader], body: bytes) -> tuple[list[RawHeader], bytes]:
    """Pack an answer; its tag is a weak one then: the bytes differ, and what they say does not (RFC 9110, 8.8.1)."""
    small = gzip.compress(body, LEVEL, mtime=0)
    own = {b"content-length": b"%d" % len(small)}
    found = [(name, own.get(name, _weak(value) if name == b"etag" else value)) for name, value in headers]
    return [*found, (b"content-encoding", b"gzip")], small


def _weak(tag: bytes) -> bytes:
    return tag if tag.startswith(b"W/") else b"W/" + tag
