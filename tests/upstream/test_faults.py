"""Every scripted fault does what its name says, and the log tells what was asked."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from arxiv._feed import parse
from lxml import etree

from tests.upstream import Upstream
from tests.upstream.faults import KINDS, parsed

QUERY = "/api/query?search_query=cat:cs.LG&max_results=5&sortBy=submittedDate"
LIST = "/oai?verb=ListRecords&metadataPrefix=arXivRaw&set=cs:cs:LG"


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A fresh world on a free port."""
    with Upstream() as upstream:
        yield upstream


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are shown, not followed."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


def get(up: Upstream, path: str, seconds: float = 10, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of a request, whatever the status."""
    request = urllib.request.Request(up.url + path, headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=seconds) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def ids(body: bytes) -> list[str]:
    """The ids of all entries of a page."""
    return [result.get_short_id() for result in parse(body).results]


def test_status_is_counted_and_says_when_to_come_back(up: Upstream) -> None:
    up.fault("/api/query", status=503, retry_after="2", times=2)
    answers = [get(up, QUERY) for _ in range(3)]
    assert [status for status, _, _ in answers] == [503, 503, 200]
    assert answers[0][2]["Retry-After"] == "2"
    assert get(up, "/feeds/qwen.xml")[0] == 200


def test_retry_after_may_be_a_date(up: Upstream) -> None:
    up.fault("/", status=429, retry_after="+60")
    _, _, headers = get(up, "/api/daily_papers")
    assert 50 < parsedate_to_datetime(headers["Retry-After"]).timestamp() - time.time() <= 60


def test_fault_may_spare_the_first_requests_and_be_cleared(up: Upstream) -> None:
    fault = up.fault("/api/v1", status=500, after=1)
    assert [get(up, "/api/v1/papers/")[0] for _ in range(3)] == [200, 500, 500]
    assert fault.hits == 2
    up.clear_faults()
    assert get(up, "/api/v1/papers/")[0] == 200


def test_fault_may_hit_one_page_only(up: Upstream) -> None:
    up.fault("/api/query", "empty-page", containing="start=5&")
    pages = [parse(get(up, f"{QUERY}&start={start}&page=1")[1]) for start in (0, 5, 10)]
    assert [len(page.results) for page in pages] == [5, 0, 5]


def test_hang_and_drip_never_finish(up: Upstream) -> None:
    up.fault("/api/query", "hang", times=1)
    up.fault("/api/query", "drip")
    for _ in range(2):
        with pytest.raises(TimeoutError):
            _read_for(up, 1.5)
    with Upstream() as other:
        other.fault("/api/query", "delay", seconds=0.3)
        start = time.monotonic()
        assert get(other, QUERY)[0] == 200
        assert time.monotonic() - start >= 0.3


def _read_for(up: Upstream, seconds: float) -> None:
    """Read a body within a total time, as a client with a deadline does."""
    end = time.monotonic() + seconds
    with urllib.request.urlopen(up.url + QUERY, timeout=seconds) as answer:
        while answer.read(1):
            if time.monotonic() > end:
                raise TimeoutError


def test_cut_ends_inside_an_entry_without_a_sign(up: Upstream) -> None:
    whole = get(up, QUERY)[1]
    up.fault("/api/query", "cut")
    body = get(up, QUERY)[1]
    assert whole.startswith(body)
    assert body.rfind(b"<entry>") > body.rfind(b"</entry>")
    assert parse(body).header.total_results > len(parse(body).results)


def test_wrong_length_and_cut_gzip_are_noticed(up: Upstream) -> None:
    up.fault("/api/query", "wrong-length", times=1)
    with pytest.raises(http.client.IncompleteRead):
        get(up, QUERY)
    up.fault("/api/query", "gzip-cut", times=1)
    _, body, headers = get(up, QUERY)
    assert headers["Content-Encoding"] == "gzip"
    unpacker = zlib.decompressobj(31)
    assert unpacker.decompress(body).startswith(b"<?xml")
    assert not unpacker.eof


def test_large_bodies(up: Upstream) -> None:
    up.fault("/api/query", "gzip-bomb", times=1, megabytes=20)
    _, body, _ = get(up, QUERY)
    assert len(body) * 900 < len(zlib.decompress(body, 31)) == 20 << 20
    up.fault("/api/query", "huge", times=1, megabytes=3)
    assert len(get(up, QUERY)[1]) > 3 << 20


def test_empty_short_and_wrong_pages(up: Upstream) -> None:
    whole = get(up, QUERY)[1]
    total = parse(whole).header.total_results
    up.fault("/api/query", "empty-page", times=1)
    empty = parse(get(up, QUERY)[1])
    assert (empty.header.total_results, empty.results) == (total, [])
    up.fault("/api/query", "short-page", missing=2, times=1)
    assert ids(get(up, QUERY)[1]) == ids(whole)[:3]
    up.fault("/api/query", "total-wrong", total=7, times=1)
    assert parse(get(up, QUERY)[1]).header.total_results == 7


@pytest.mark.parametrize(("place", "index"), [("first", 0), ("middle", 2), ("last", 4)])
def test_one_malformed_entry(up: Upstream, place: str, index: int) -> None:
    whole = get(up, QUERY)[1]
    up.fault("/api/query", f"malformed-{place}", times=1)
    body = get(up, QUERY)[1]
    wanted = ids(whole)
    assert wanted[index].encode() in body
    assert ids(body) == wanted[:index] + wanted[index + 1 :]
    up.fault("/api/query", f"malformed-{place}", how="bad-xml", times=1)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(get(up, QUERY)[1])


@pytest.mark.parametrize("path", ["/api/daily_papers", "/api/v1/papers/"])
def test_malformed_and_missing_items_of_json(up: Upstream, path: str) -> None:
    def items(body: bytes) -> list[dict[str, Any]]:
        value = json.loads(body)
        return value if isinstance(value, list) else list(value["results"])

    whole = items(get(up, path)[1])
    up.fault(path, "malformed-last", times=1)
    assert items(get(up, path)[1])[:-1] == whole[:-1]
    up.fault(path, "empty-page", times=1)
    assert items(get(up, path)[1]) == []
    up.fault(path, "not-json", times=1)
    with pytest.raises(json.JSONDecodeError):
        json.loads(get(up, path)[1])


def test_something_else_than_data(up: Upstream) -> None:
    up.fault("/", "maintenance", times=1)
    status, body, headers = get(up, QUERY)
    assert (status, headers["Content-Type"][:9]) == (200, "text/html")
    assert feedparser.parse(body).version == ""
    up.fault("/", "json", times=1)
    assert "results" in json.loads(get(up, "/feeds/qwen.xml")[1])


def test_hostile_xml(up: Upstream) -> None:
    up.fault("/rss/", "doctype", times=1)
    assert b'<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>' in get(up, "/rss/cs.LG")[1]
    up.fault("/api/query", "billion-laughs", times=1)
    assert get(up, QUERY)[1].count(b"<!ENTITY") == 9
    up.fault("/api/query", "deep", times=1, depth=1000)
    assert get(up, QUERY)[1].count(b"<a>") == 1000


def test_redirects(up: Upstream) -> None:
    up.fault("/feeds/", "redirect", to="http://169.254.169.254/latest", times=1)
    status, _, headers = get(up, "/feeds/qwen.xml")
    assert (status, headers["Location"]) == (302, "http://169.254.169.254/latest")
    up.fault("/feeds/qwen.xml", "redirect-loop")
    assert get(up, "/feeds/qwen.xml")[2]["Location"] == "/feeds/qwen.xml"


def test_oai_faults(up: Upstream) -> None:
    up.fault("/oai", "bad-token", times=1, after=1)
    assert b"<resumptionToken" in get(up, LIST)[1]
    assert b'code="badResumptionToken"' in get(up, "/oai?verb=ListRecords&resumptionToken=x")[1]
    up.fault("/oai", "empty-page", times=1)
    body = get(up, LIST)[1]
    assert b"<record>" not in body
    assert b"<resumptionToken" in body


def test_log_tells_pace_headers_and_connection(up: Upstream) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=10)
    for _ in range(2):
        connection.request("GET", QUERY, headers={"User-Agent": "shirube-test"})
        connection.getresponse().read()
    connection.close()
    first, second = up.requests("/api/query")
    assert (first.method, first.path, first.headers["User-Agent"]) == ("GET", "/api/query", "shirube-test")
    assert "max_results=5" in first.query
    assert first.at < second.at
    assert first.client == second.client


def test_control_route(up: Upstream) -> None:
    def post(order: dict[str, Any]) -> int:
        request = urllib.request.Request(f"{up.url}/_faults", json.dumps(order).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert post({"prefix": "/api/query", "status": 503}) == 200
    assert get(up, QUERY)[0] == 503
    assert post({"clear": True}) == 200
    assert get(up, QUERY)[0] == 200
    assert post({"prefix": "/", "kind": "earthquake"}) == 400
    assert all(request.path != "/_faults" for request in up.log)
    assert set(json.loads(get(up, "/_faults")[1])["kinds"]) == set(KINDS)


def test_fault_of_the_command_line() -> None:
    order = parsed("status=/api/query,status:503,retry_after:2,times:3")
    assert order == {"kind": "status", "prefix": "/api/query", "status": 503, "retry_after": "2", "times": 3}
    assert parsed("hang=/oai") == {"kind": "hang", "prefix": "/oai"}


def test_command_prints_settings() -> None:
    command = [sys.executable, "-m", "tests.upstream", "--port", "0", "--fault", "hang=/oai"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=dict(os.environ)) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert lines[0].startswith("export SHIRUBE_ARXIV_URL=http://127.0.0.1:")
    assert {line.split("=")[0].removeprefix("export SHIRUBE_") for line in lines} == {
        "ARXIV_URL", "OAI_URL", "ARXIV_RSS_URL", "HF_URL", "PWC_URL", "LAB_FEEDS", "ALLOW_PRIVATE_HOSTS",
        "ARXIV_DELAY_SECONDS",
    }  # fmt: skip
