"""How a mail's part travels through 7-bit relays (RFC 2045, 6): the shorter of the two encodings, and its size."""

import base64
import binascii
from typing import NamedTuple

SAFE = bytes(c for c in range(32, 127) if c != ord("=")) + b"\t\n"  # stands for itself in quoted-printable


def encoded(text: str) -> tuple[str, str]:
    """Encode a text of lines ended by a line feed; gives the encoding's name and the characters that travel.

    Quoted-printable triples every byte of Japanese; base64 adds a third to everything.
    """
    raw = text.encode("utf-8", "replace")
    based = 4 * -(-len(raw) // 3) + 2 * -(-len(raw) // 57)  # as it would travel, told without writing it
    if _least_quoted(raw) <= based:
        quoted = binascii.b2a_qp(raw, istext=True)
        if len(quoted) + quoted.count(b"\n") <= based:
            return "quoted-printable", quoted.decode("ascii")
    return "base64", base64.encodebytes(raw).decode("ascii")


def _least_quoted(raw: bytes) -> int:
    return len(raw) + 2 * len(raw.translate(None, SAFE)) + raw.count(b"\n")


class Size(NamedTuple):
    """How long a text is, and what else decides how it travels; sizes of parts add up to that of the whole."""

    raw: int  # bytes of UTF-8
    unsafe: int  # of them: those that quoted-printable triples
    breaks: int  # line feeds

    def plus(self, other: "Size", times: int = 1) -> "Size":
        """Give the size of a text with another in it, some times over."""
        return Size(*(own + times * more for own, more in zip(self, other, strict=True)))

    @property
    def most(self) -> int:
        """Give a bound on the bytes it travels in, lines ended by CRLF: quick, never too low, hardly too high."""
        quoted = self.raw + 2 * self.unsafe
        # A soft break, three bytes, at least every 73 characters; a space at a line's end is quoted, two bytes more.
        return min(quoted + 3 * (quoted // 73) + 3 * (self.breaks + 1), 78 * (self.raw // 57 + 1))


def size(text: str) -> Size:
    """Measure a text."""
    raw = text.encode("utf-8", "replace")
    return Size(len(raw), len(raw.translate(None, SAFE)), raw.count(b"\n"))
