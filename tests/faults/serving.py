"""The web service as `shirube serve` runs it, in a thread, for tests that speak to it by socket."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from shirube.serving import server_config

LOOPBACK = "127.0.0.1"


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """Serve an app on a free port, which is given."""
    server = uvicorn.Server(server_config(app, host=LOOPBACK, port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive()


def connect(port: int, sent: bytes = b"", seconds: float = 30.0) -> socket.socket:
    """Open a connection and send something; reading from it gives up after some seconds."""
    opened = socket.create_connection((LOOPBACK, port), timeout=seconds)
    opened.sendall(sent)
    return opened


def rest(opened: socket.socket) -> bytes:
    """Read all that still comes until the other side hangs up; raises TimeoutError where it does not."""
    parts = []
    try:
        while part := opened.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass  # hung up the hard way: what came before counts
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    """Read the status of a raw answer."""
    return int(answer.split(b" ", 2)[1])
