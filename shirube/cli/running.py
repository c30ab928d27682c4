"""Commands that stay running: the web service and the schedule. SIGTERM and Ctrl-C stop them within ten seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ConfigError
from shirube import terminal
from shirube.stopping import Stopping, leave_at_once

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from fastapi import FastAPI

    from shirube.wiring import Wiring
    from shirube.worker import Worker

LOCAL = "http://127.0.0.1:8000"  # what links of answers begin with while no base URL is set
_CLUSTER = 'Install it with pip install "shirube[postgres,cluster]"'
LINGER = 4  # seconds that answers under way have to end once it is to stop

commands = typer.Typer()


@commands.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    work: Annotated[bool, typer.Option("--work", help="Run the schedule as well, as shirube work does.")] = False,
) -> None:
    """Run the web service: pages, REST API, feeds."""
    from ingest.service import complete_full_text
    from shirube.background import Background
    from shirube.courier import Courier
    from shirube.serving import address, everywhere, taken
    from shirube.web import make_web, served_options

    wiring: Wiring = context.obj
    complete_full_text(wiring.sessions)  # what an import that was killed left out; else one look
    base_url = address(host, port)
    stop = Stopping()
    worker, courier = Background(wiring, stop, on=work), Courier(wiring)
    with stop.listening(), taken(host, port) as sockets, worker, courier, wiring.finder() as finder:
        web = make_web(wiring, served_options(wiring, base_url), finder, courier)
        terminal.say(f"Serving on {base_url}{' and working' if work else ''} (Ctrl-C stops).")
        if wiring.settings.base_url is None and everywhere(host):
            terminal.say("Links in feeds and API lead nowhere from other machines: set SHIRUBE_BASE_URL.")
        _answer(web, sockets, stop)
    if worker.left:
        leave_at_once(worker.left)


def _answer(web: FastAPI, sockets: list[socket.socket], stop: Stopping) -> None:
    """Answer requests until asked to stop; uvicorn takes the signals meanwhile, and we hear of them."""
    import uvicorn

    from shirube.serving import server_config

    class Server(uvicorn.Server):
        """Says that a signal came, to whom else must stop."""

        def handle_exit(self, sig: int, frame: object) -> None:
            """Take a signal."""
            stop.signalled(sig)
            self.should_exit = True  # and not noted by uvicorn, which would raise it anew when all has ended well

    server = Server(server_config(web, timeout_graceful_shutdown=LINGER))
    server.should_exit = stop.asked  # a signal that came before it takes them itself
    server.run(sockets)
    if not server.started:
        raise typer.Exit(1)


@commands.command()
def work(
    context: typer.Context,
    queue: Annotated[
        bool, typer.Option("--queue", help="Share the work with other machines by a queue (PostgreSQL alone).")
    ] = False,
) -> None:
    """Run the scheduled jobs: pull, rank, close the month, mail the issue and what waits, back up."""
    from ingest.service import complete_full_text
    from shirube.worker import Worker

    wiring: Wiring = context.obj
    complete_full_text(wiring.sessions)
    stop = Stopping()
    worker = Worker(wiring, stop)
    run = _shared(wiring, worker, stop) if queue else worker.run
    with stop.listening():
        terminal.say(f"Working: {len(worker.jobs)} jobs, listed by shirube jobs (Ctrl-C stops).")
        left = run()
    terminal.say("Stopped; what was begun goes on at the next start." if left else "Stopped.")
    if left:
        leave_at_once(left)


def _shared(wiring: Wiring, worker: Worker, stop: Stopping) -> Callable[[], list[str]]:
    """Give the way to run a worker that takes its work from the queue of many machines."""
    try:
        from shirube.queue import Queue
    except ImportError as problem:
        raise ConfigError("The queue of many machines is not installed", _CLUSTER) from problem
    return Queue(worker, wiring.engine, stop).run


@commands.command(epilog='Example, in a client\'s settings:  {"command": "shirube", "args": ["mcp"]}')
def mcp(context: typer.Context) -> None:
    """Answer AI clients over standard input and output (Model Context Protocol): read-only."""
    from shirube.web import app_options, make_web

    wiring: Wiring = context.obj
    with wiring.finder() as finder:
        make_web(wiring, app_options(wiring, LOCAL), finder).state.mcp.run("stdio")
