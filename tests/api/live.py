"""A site that really serves on loopback, for programs that ask by themselves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import AppOptions, create_app
from core.clock import Clock
from db.engine import Sessions
from roadmap.model import Roadmap


@contextmanager
def serving(sessions: Sessions, roadmap: Roadmap, clock: Clock) -> Iterator[str]:
    """Serve a site until the block ends; gives its address."""
    app = create_app(sessions, roadmap, clock, AppOptions())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", proxy_headers=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=30)
