"""Commands that stay running: the web service and the schedule."""

from typing import Annotated

import typer

from shirube import terminal
from shirube.wiring import Wiring

commands = typer.Typer()


@commands.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Run the web service: pages, REST API, feeds."""
    import uvicorn

    from api.app import create_app
    from ingest.service import complete_full_text
    from shirube.courier import Courier

    wiring: Wiring = context.obj
    complete_full_text(wiring.sessions)  # what an import that was killed left out; else one look
    base_url = f"http://{host}:{port}"
    with Courier(wiring) as courier, wiring.finder() as finder:
        options = wiring.app_options(base_url)
        web = create_app(wiring.sessions, wiring.roadmap, wiring.clock, options, courier, finder)
        terminal.say(f"Serving on {base_url} (Ctrl-C stops).")
        # The app itself decides whose X-Forwarded-For it believes: SHIRUBE_TRUSTED_PROXIES.
        uvicorn.run(web, host=host, port=port, log_level="warning", proxy_headers=False)


@commands.command()
def work(context: typer.Context) -> None:
    """Run the scheduled jobs: pull, rank, close the month, deliver what waits. It begins no mailing: send does."""
    from ingest.service import complete_full_text
    from shirube import jobs

    wiring: Wiring = context.obj
    complete_full_text(wiring.sessions)
    jobs.run(wiring)
