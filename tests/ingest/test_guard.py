"""Where the guard refuses to go (reliability.md, row 9): addresses are judged when they are connected to."""

import re
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SourceError
from ingest.address import next_hop
from ingest.guard import Policy, is_private, place_of, resolve
from ingest.http import Guard
from tests.ingest.doubles import guarded
from tests.upstream import Upstream

PUBLIC = "93.184.215.14"


@pytest.fixture(scope="module")
def internal() -> Iterator[Upstream]:
    """A server nobody allowed to ask."""
    with Upstream(months=("2026-09",)) as running:
        yield running


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
     "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1"],
)  # fmt: skip
def test_private_addresses_are_known(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::6810:84e5", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"])
def test_public_addresses_are_let_through(address: str) -> None:
    assert not is_private(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_all_its_wrappings(address: IPv4Address) -> None:
    plain = is_private(str(address))
    assert is_private(f"::ffff:{address}") == plain
    assert is_private(str(IPv6Address((0x0064FF9B << 96) | int(address)))) == plain


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://0177.0.0.1:{port}/",
     "http://0x7f000001:{port}/", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://0.0.0.0:{port}/",
     "http://[::1]:{port}/", "http://169.254.169.254/latest/"],
)  # fmt: skip
def test_private_addresses_are_refused_in_every_spelling(internal: Upstream, url: str) -> None:
    with guarded(retries=0) as guard, pytest.raises(SourceError) as refused:
        guard.get(url.format(port=internal.port))
    assert internal.log == []
    assert re.search(r"private address|no address|cannot be reached", str(refused.value))


@pytest.mark.parametrize(
    ("url", "reason"),
    [("file:///etc/passwd", "only http"), ("ftp://example.org/", "only http"), ("gopher://x/", "only http"),
     ("//example.org/", "only http"), ("http://", "only http"), ("http://me:secret@example.org/", "name and password"),
     ("http://exa mple.org/", "no address"), ("http://example.org:99999/", "no address")],
)  # fmt: skip
def test_other_addresses_are_refused(url: str, reason: str) -> None:
    with guarded() as guard, pytest.raises(SourceError, match=reason) as refused:
        guard.get(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "//127.0.0.1:{port}/x"],
)
def test_a_redirect_gains_nothing(up: Upstream, internal: Upstream, target: str) -> None:
    with guarded(up) as guard:
        up.fault("/feeds/", "redirect", to=target.format(port=internal.port))
        with pytest.raises(SourceError, match="private address"):
            guard.get(up.url + "/feeds/openai.xml")
        assert internal.log == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "http://a:b@example.org/"])
def test_a_redirect_leads_to_http_only(up: Upstream, target: str) -> None:
    with guarded(up) as guard:
        up.fault("/feeds/", "redirect", to=target)
        with pytest.raises(SourceError, match="refused"):
            guard.get(up.url + "/feeds/openai.xml")


def test_a_redirect_within_the_allowed_is_followed(up: Upstream) -> None:
    with guarded(up) as guard:
        up.fault("/feeds/old", "redirect", to="/feeds/qwen.xml", status=308)
        answer = guard.get(up.url + "/feeds/old.xml")
        assert answer.url == up.url + "/feeds/qwen.xml"
        assert b"<rss" in answer.body


def test_a_redirect_loop_ends(up: Upstream) -> None:
    with guarded(up) as guard:
        up.fault("/feeds/openai.xml", "redirect-loop")
        with pytest.raises(SourceError, match="more than 5 times"):
            guard.get(up.url + "/feeds/openai.xml")
        assert len(up.log) == 6


def test_no_step_down_from_https() -> None:
    with pytest.raises(SourceError, match="https to http"):
        next_hop("https://example.org/a", "http://example.org/b")
    assert next_hop("http://example.org/a/b", "../c") == "http://example.org/c"


def test_a_redirect_keeps_the_question() -> None:
    """Without it arXiv answers "nothing found", and Hugging Face with the list of another day."""
    asked = "http://example.org/api?date=2026-10-01&q=a%20b"
    for location in ("/api", "/", "/api?date=2026-10-02&q=a%20b", "https://example.org/api?q=a%20b"):
        with pytest.raises(SourceError, match="another question"):
            next_hop(asked, location)
    kept = "https://example.org/v2?q=a+b&lang=en&date=2026-10-01"
    assert next_hop(asked, kept) == kept


class Wire:
    """A resolver and a network that only take notes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        """Answer each lookup with the next list of addresses, and let no connection be made."""
        self.lookups = 0
        self.connected: list[str] = []
        self._answers = list(answers)
        monkeypatch.setattr(socket, "getaddrinfo", self._lookup)
        monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", self._connect)

    def _lookup(self, host: str, port: int, **_: Any) -> list[Any]:
        self.lookups += 1
        return [(0, 0, 0, "", (address, port)) for address in self._answers.pop(0)]

    def _connect(self, address: str, port: int, timeout: float) -> httpcore2.NetworkStream:
        self.connected.append(address)
        raise httpcore2.ConnectError("no network in this test")


def test_a_name_that_turns_private_is_refused_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, [PUBLIC], ["127.0.0.1"])
    guard = Guard(Policy(retries=0))
    with pytest.raises(SourceError) as first:
        guard.get("http://rebinding.example/")
    assert first.value.unreachable
    with pytest.raises(SourceError, match=r"private address 127\.0\.0\.1"):
        guard.get("http://rebinding.example/")
    assert wire.connected == [PUBLIC]  # the address that was judged, never the name
    assert wire.lookups == 2
    guard.close()


def test_of_a_mixed_answer_only_public_addresses_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, ["10.0.0.1", PUBLIC, "::1", "2606:4700::6810:84e5"])
    guard = Guard(Policy(retries=0))
    with pytest.raises(SourceError, match="cannot be reached"):
        guard.get("http://mixed.example/")
    assert wire.connected == [PUBLIC, "2606:4700::6810:84e5"]
    guard.close()


def test_the_allowed_is_one_host_and_port_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, ["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"])
    guard = Guard(Policy(retries=0, allow_private=frozenset({"Inside.example:8080"})))
    with pytest.raises(SourceError, match="cannot be reached"):
        guard.get("http://inside.example:8080/")
    for url in ("http://inside.example/", "http://other.example:8080/"):
        with pytest.raises(SourceError, match="private address"):
            guard.get(url)
    assert wire.connected == ["127.0.0.1"]
    guard.close()


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(httpcore2.ConnectError, match="cannot be resolved"):
        resolve("nowhere.example", 80, 1)
    with guarded() as guard, pytest.raises(SourceError, match="cannot be reached") as failed:
        guard.get("https://nowhere.example/")
    assert failed.value.unreachable


@pytest.mark.parametrize(
    ("url", "place"),
    [("https://export.arxiv.org", "export.arxiv.org:443"), ("http://127.0.0.1:80/api/", "127.0.0.1:80/api"),
     ("http://[::1]:8/x", "[::1]:8/x"), ("https://A.example/B", "a.example:443/B")],
)  # fmt: skip
def test_places_have_one_spelling(url: str, place: str) -> None:
    assert place_of(url) == place
