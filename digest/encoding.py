"""How a mail's part travels through 7-bit relays (RFC 2045, 6): the shorter of the two encodings, and its size."""

import base64
import binascii

SAFE = bytes(c for c in range(32, 127) if c != ord("=")) + b"\t\n"  # stands for itself in quoted-printable


def encoded(text: str) -> tuple[str, str]:
    """Encode a text of lines ended by a line feed; gives the encoding's name and the characters that travel.

    Quoted-printable triples every byte of Japanese; base64 adds a third to everything.
    """
    raw = text.encode("utf-8", "replace")
    quoted, plain = binascii.b2a_qp(raw, istext=True), base64.encodebytes(raw)
    if _wire(quoted) <= _wire(plain):
        return "quoted-printable", quoted.decode("ascii")
    return "base64", plain.decode("ascii")


def most_bytes(text: str) -> int:
    """Give a bound on the bytes a text travels in, lines ended by CRLF: quick, never too low, hardly too high."""
    raw = text.encode("utf-8", "replace")
    quoted = len(raw) + 2 * len(raw.translate(None, SAFE))
    lines = raw.count(b"\n") + 1
    # A soft break, three bytes, at least every 73 characters; a space at a line's end is quoted, two bytes more.
    return min(quoted + 3 * (quoted // 73) + 3 * lines, 78 * (len(raw) // 57 + 1))


def _wire(data: bytes) -> int:
    return len(data) + data.count(b"\n")
