"""Bodies: decompressed whole or refused, and XML with a document type refused."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SourceError
from ingest.body import TruncatedError, collect, is_html, refuse_depth, refuse_doctype

GZIP, ZLIB = 31, 15


def packed(body: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, wbits)
    return packer.compress(body) + packer.flush()


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[place : place + size] for place in range(0, len(body), size)]


@given(st.binary(max_size=3000), st.integers(1, 700), st.sampled_from([("gzip", GZIP), ("deflate", ZLIB)]))
def test_what_was_packed_comes_out_whatever_the_pieces(body: bytes, size: int, kind: tuple[str, int]) -> None:
    assert collect(pieces(packed(body, kind[1]), size), kind[0], 5000) == body
    assert collect(pieces(body, size), "", 5000) == body


@given(st.binary(min_size=1, max_size=3000), st.data())
def test_a_packed_body_that_ends_early_is_noticed(body: bytes, data: st.DataObject) -> None:
    whole = packed(body, GZIP)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(TruncatedError):
        collect([part], "gzip", 5000)


def test_the_cap_counts_what_comes_out() -> None:
    body = bytes(range(256)) * 20
    with pytest.raises(SourceError, match="larger"):
        collect([packed(body, GZIP)], "gzip", 5000)
    with pytest.raises(SourceError, match="larger"):
        collect(pieces(body, 100), "", 5000)


def test_damage_is_noticed() -> None:
    with pytest.raises(TruncatedError, match="damaged"):
        collect([b"\x1f\x8b\x08\x00 this is no gzip"], "gzip", 5000)


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE feed><feed/>", b'<?xml version="1.0"?>\n<!-- a --> <!doctype feed SYSTEM "x"><feed/>',
     b"\xef\xbb\xbf\n<!DOCTYPE x>", b"<?a b?><!ENTITY x 'y'>", "<!DOCTYPE feed><feed/>".encode("utf-16"),
     b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE', b'{"json": 1}', b"hello <!DOCTYPE x>"],
)  # fmt: skip
def test_a_document_type_is_refused(body: bytes) -> None:
    with pytest.raises(SourceError, match=r"refused|no XML|not read"):
        refuse_doctype(body)


@pytest.mark.parametrize(
    "body",
    [b"<feed/>", b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- no <!DOCTYPE here --><feed></feed>', b"",
     b"<rss><item><![CDATA[<!DOCTYPE html><p>quoted</p>]]></item></rss>", b"\xef\xbb\xbf<rss/>"],
)  # fmt: skip
def test_honest_xml_passes(body: bytes) -> None:
    assert refuse_doctype(body) is None  # type: ignore[func-returns-value]
    with pytest.raises(SourceError, match="document type"):
        refuse_doctype(b"<!DOCTYPE feed>" + body)


def test_a_long_prolog_costs_little() -> None:
    refuse_doctype(b" " * 3_000_000 + b"<feed/>")
    with pytest.raises(SourceError):
        refuse_doctype(b"<!--" + b"-" * 3_000_000)


@pytest.mark.parametrize(
    ("body", "html"),
    [(b"<!DOCTYPE html><html>", True), (b"\n <HTML lang='en'>", True), (b"<!-- x --><!doctype HTML>", True),
     (b"<feed/>", False), (b"[]", False), (b"<?xml version='1.0'?><rss/>", False), (b"", False)],
)  # fmt: skip
def test_web_pages_are_known(body: bytes, html: bool) -> None:
    assert is_html(body) is html


def test_depth_is_refused_and_breadth_is_not() -> None:
    with pytest.raises(SourceError, match="nested"):
        refuse_depth(b"<feed>" + b"<a>" * 501)
    refuse_depth(b"<feed>" + b"<a><b x='1'/></a>" * 10_000 + b"</feed>")
    refuse_depth(b"<rss><![CDATA[" + b"<br>" * 10_000 + b"]]></rss>")
