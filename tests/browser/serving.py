"""A site that really serves on loopback, for a browser."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from shirube.serving import server_config


def loopback() -> tuple[socket.socket, str]:
    """Take a free port of this machine; gives its socket and the address it will answer at."""
    taken = socket.create_server(("127.0.0.1", 0))
    return taken, f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def serving(app: FastAPI, at: socket.socket) -> Iterator[None]:
    """Serve an app on a socket, configured as `shirube serve` is, until the block ends."""
    server = uvicorn.Server(server_config(app, host="127.0.0.1", port=0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    yield
    server.should_exit = True
    thread.join(timeout=30)
