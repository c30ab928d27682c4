"""Kept answers packed for who takes gzip: the same words, a tag that fits both forms, and never the wrong form."""

import gzip

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.packing import LEAST, is_packable, packed, takes_gzip, varied
from db.engine import Sessions
from roadmap.model import Roadmap
from tests.api.factory import fill, make_issue
from tests.conftest import NOW

PAGES = ("/stages/5", "/api/v1/papers", "/feeds/picks.atom", "/digests/2026-06", "/static/style.css")
PACKED, PLAIN = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}


@pytest.fixture
def filled(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> TestClient:
    """A site with papers and a final issue."""
    fill(sessions, roadmap, 5)
    make_issue(sessions, roadmap, "2026-06", NOW)
    return client


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        (b"gzip", True),
        (b"gzip, deflate, br", True),
        (b"br;q=1.0, GZIP; q=0.8", True),
        (b"gzip;q=0.001", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"br, deflate", False),
        (b"identity", False),
        (b"notgzip", False),
        (b"", False),
        (b"\xff,;;q=", False),
    ],
)
def test_a_field_takes_gzip_where_it_names_it(accepted: bytes, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


@given(st.binary(max_size=40))
def test_any_field_is_read(accepted: bytes) -> None:
    assert takes_gzip(accepted) in (True, False)


@given(st.binary(min_size=LEAST, max_size=5_000))
def test_what_is_packed_is_what_was_said(body: bytes) -> None:
    headers = [(b"content-length", b"%d" % len(body)), (b"etag", b'"a"'), (b"content-type", b"text/html")]
    told, small = packed(headers, body)
    assert gzip.decompress(small) == body
    assert dict(told) == {
        b"content-length": b"%d" % len(small),
        b"etag": b'W/"a"',
        b"content-type": b"text/html",
        b"content-encoding": b"gzip",
    }
    assert not is_packable(told, len(small)), "what is packed is not packed again"


def test_what_varies_is_said_beside_what_varied_before() -> None:
    assert varied([(b"vary", b"Cookie"), (b"etag", b'"a"')]) == [
        (b"etag", b'"a"'),
        (b"vary", b"Cookie, Accept-Encoding"),
    ]
    assert varied([]) == [(b"vary", b"Accept-Encoding")]


@pytest.mark.parametrize("address", PAGES)
def test_each_reader_gets_the_form_it_takes(filled: TestClient, address: str) -> None:
    for _ in range(2):  # made, then kept
        with filled.stream("GET", address, headers=PACKED) as answer:
            small = b"".join(answer.iter_raw())
            told = answer.headers
        plain = filled.get(address, headers=PLAIN)
        assert told["content-encoding"] == "gzip"
        assert int(told["content-length"]) == len(small) < len(plain.content) / 2
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(small) == plain.content
        assert told["etag"] == "W/" + plain.headers["etag"].removeprefix("W/")
        assert "Accept-Encoding" in told["vary"]
        assert told["vary"] == plain.headers["vary"]


@pytest.mark.parametrize("address", PAGES)
def test_either_tag_tells_either_reader_that_nothing_changed(filled: TestClient, address: str) -> None:
    tags = [filled.get(address, headers=form).headers["etag"] for form in (PACKED, PLAIN)]
    for tag in tags:
        for form in (PACKED, PLAIN):
            answer = filled.get(address, headers={**form, "If-None-Match": tag})
            assert (answer.status_code, answer.content) == (304, b"")
            assert "content-encoding" not in answer.headers


def test_a_head_tells_the_length_of_the_form_its_reader_takes(filled: TestClient) -> None:
    whole = filled.get("/digests/2026-06", headers=PACKED)
    head = filled.head("/digests/2026-06", headers=PACKED)
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.headers["content-encoding"] == "gzip"


def test_what_is_short_or_ones_own_is_not_packed(filled: TestClient) -> None:
    assert "content-encoding" not in filled.get("/healthz", headers=PACKED).headers
    assert "content-encoding" not in filled.get("/subscribe", headers=PACKED).headers
