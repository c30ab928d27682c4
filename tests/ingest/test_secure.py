"""Secure connections through the guard: the name is checked though an address is connected to."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.errors import SourceError
from tests.ingest.doubles import FakeTime, guarded, raw_server

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command to make a certificate")


class _Handler(BaseHTTPRequestHandler):
    """Answers with the Host it was asked by."""

    def do_GET(self) -> None:
        """Say the Host header."""
        body = (self.headers["Host"] or "").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name `localhost` and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[tuple[int, list[str | None]]]:
    """A server on a loopback port and the names it was asked for while the connection was made."""
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    heard: Callable[[Any, str | None, Any], None] = lambda _socket, name, _context: names.append(name)  # noqa: E731
    context.sni_callback = heard
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield int(server.server_address[1]), names
    server.shutdown()
    server.server_close()
    thread.join(2)


def test_the_name_stays_in_the_handshake_and_in_the_host_header(
    secure: tuple[int, list[str | None]], certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    port, names = secure
    with guarded(allow_private=frozenset({f"localhost:{port}"})) as guard:
        assert guard.get(f"https://localhost:{port}/").body == f"localhost:{port}".encode()
    assert names == ["localhost"]


def test_a_certificate_that_is_not_trusted_is_refused_once_and_is_no_lost_network(
    secure: tuple[int, list[str | None]],
) -> None:
    port, names = secure
    clock = FakeTime()
    with (
        guarded(time=clock, allow_private=frozenset({f"localhost:{port}"})) as guard,
        pytest.raises(SourceError, match="not trusted") as refused,
    ):
        guard.get(f"https://localhost:{port}/")
    assert not refused.value.unreachable
    assert (clock.sleeps, names) == ([], ["localhost"])


def test_a_broken_handshake_is_asked_again_and_is_no_lost_network() -> None:
    clock = FakeTime()
    with (
        raw_server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port,
        guarded(time=clock, allow_private=frozenset({f"127.0.0.1:{port}"})) as guard,
        pytest.raises(SourceError, match="secure connection failed") as failed,
    ):
        guard.get(f"https://127.0.0.1:{port}/")
    assert not failed.value.unreachable
    assert len(clock.sleeps) == 3
