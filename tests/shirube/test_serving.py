"""What `serve` tells the web app and the server beneath it."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.limits import GENEROUS
from core.clock import system_clock
from core.errors import ConfigError, ShirubeError
from shirube.serving import Http, address, everywhere, server_config, taken
from shirube.settings import load_settings
from shirube.web import served_options, static_options
from shirube.wiring import Wiring
from tests.ingest.doubles import free_port
from tests.shirube.command import run

LISTENING = "http://127.0.0.1:8000"


def wiring(folder: Path, **given: Any) -> Wiring:
    """Wire with a data folder of the test's own."""
    return Wiring(load_settings(data_dir=folder, **given), system_clock)


def test_limits_are_generous_unless_told_otherwise_kind_by_kind(tmp_path: Path) -> None:
    assert dict(served_options(wiring(tmp_path), LISTENING).limits) == GENEROUS
    made = served_options(wiring(tmp_path, rate_limits={"search": "5/second", "bulk": ""}), LISTENING)
    expected = GENEROUS | {"search": "5/second"}
    del expected["bulk"]
    assert dict(made.limits) == expected


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"papers": "5/minute"}, "no limit on papers"),
        ({"read": "many"}, "'many', cannot be read"),
        ({"read": "0/minute"}, "lets nothing in"),
        ({"read": "-5/minute"}, "cannot be read"),
    ],
)
def test_limits_that_cannot_be_meant_end_the_start_with_advice(
    tmp_path: Path, rules: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        served_options(wiring(tmp_path, rate_limits=rules), LISTENING)
    assert raised.value.advice


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, ()),
        ({"base_url": "https://road.example:8443/sub"}, ("road.example",)),
        ({"base_url": "https://road.example", "allowed_hosts": ("web", "[::1]")}, ("road.example", "web", "[::1]")),
        ({"allowed_hosts": ("web",)}, ("web",)),
    ],
)
def test_the_site_answers_to_the_host_of_its_base_url_and_to_those_allowed(
    tmp_path: Path, given: dict[str, Any], hosts: tuple[str, ...]
) -> None:
    assert served_options(wiring(tmp_path, **given), LISTENING).hosts == hosts


@pytest.mark.parametrize(
    ("host", "written"), [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80"), ("web", "http://web:80")]
)
def test_the_address_it_listens_on_can_be_opened(host: str, written: str) -> None:
    assert address(host, 80) == written


@pytest.mark.parametrize(
    ("host", "all_of_them"), [("", True), ("0.0.0.0", True), ("::", True), ("127.0.0.1", False), ("web", False)]
)
def test_a_host_that_stands_for_every_address_is_none_to_link_to(host: str, all_of_them: bool) -> None:
    assert everywhere(host) is all_of_them


def test_a_site_written_as_files_has_no_limits(tmp_path: Path) -> None:
    options = static_options(wiring(tmp_path, base_url="https://road.example"), "https://road.example")
    assert (options.limits, options.hosts) == ((), ())


def test_the_server_bounds_every_wait_and_logs_nobody() -> None:
    config = server_config(None)  # type: ignore[arg-type] # nothing is served
    assert config.http is Http
    assert (config.limit_concurrency, config.timeout_keep_alive) == (500, 5)
    assert (config.access_log, config.log_config, config.server_header, config.proxy_headers) == (
        False,
        None,
        False,
        False,
    )


def test_a_port_that_is_taken_ends_the_start_with_one_and_says_which_option_helps(empty: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = run("serve", "--port", port, env=empty)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        f"shirube: Port {port} of 127.0.0.1 is taken",
        "  Give another one by --port, or stop the program that has it.",
    ]


def test_a_host_that_is_not_this_machines_is_said_so(empty: dict[str, str]) -> None:
    for host in ("192.0.2.1", "no-such-host.invalid"):
        ended = run("serve", "--host", host, env=empty)
        assert ended.code == 1
        assert ended.err.startswith(f"shirube: {host} is no address of this machine\n")
        assert "--host 127.0.0.1" in ended.err


def test_a_port_is_taken_at_every_address_of_a_host_and_let_go_of() -> None:
    port = free_port()
    with taken("localhost", port) as sockets:
        assert {one.getsockname()[1] for one in sockets} == {port}
        with socket.create_connection(("localhost", port)):
            pass
        with pytest.raises(ShirubeError, match="is taken"), taken("127.0.0.1", port):
            pass
    with taken("127.0.0.1", port):
        pass


def test_an_address_that_the_machine_lacks_keeps_none_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without IPv6 whose hosts file names ::1 for localhost."""
    port, kind = free_port(), socket.SOCK_STREAM
    lacking = (socket.AF_INET, kind, 6, "", ("192.0.2.1", port))
    there = (socket.AF_INET, kind, 6, "", ("127.0.0.1", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [lacking, there])
    with taken("localhost", port) as sockets:
        assert [one.getsockname() for one in sockets] == [("127.0.0.1", port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [lacking])
    with pytest.raises(ShirubeError, match="is no address of this machine"), taken("localhost", port):
        pass
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [there, there])
    with pytest.raises(ShirubeError, match="is taken"), taken("localhost", port):
        pass
    monkeypatch.undo()
    with taken("127.0.0.1", port):
        pass


def test_the_web_is_told_what_runs_by_itself_and_when_but_not_of_housekeeping(tmp_path: Path) -> None:
    noon = datetime(2026, 10, 7, 12, tzinfo=UTC)  # after the closing day
    jobs = {job.name: job.after(noon) for job in served_options(wiring(tmp_path), LISTENING).jobs}
    assert jobs["pull-arxiv"] == noon + timedelta(minutes=15)
    assert jobs["close"] == noon + timedelta(minutes=20)
    assert {"backup", "prune"}.isdisjoint(jobs)
    assert static_options(wiring(tmp_path), LISTENING).jobs == ()
