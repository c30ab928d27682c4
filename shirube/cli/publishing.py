"""The command that writes the whole site as plain files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shirube import terminal

if TYPE_CHECKING:
    from shirube.wiring import Wiring

commands = typer.Typer()


@commands.command(epilog="Example:  SHIRUBE_BASE_URL=https://papers.example shirube publish public")
def publish(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made where there is none.")],
) -> None:
    """Write the whole site as static files that any web host serves; a good site is never made poorer."""
    from shirube.publish import LOCAL
    from shirube.publish import publish as run

    wiring: Wiring = context.obj
    if wiring.settings.base_url is None:
        terminal.say(f"SHIRUBE_BASE_URL is not set: feeds and canonical addresses will lead to {LOCAL}.")
    done = run(wiring, folder)
    terminal.say(f"{done.files:,} files, {done.written:,} of them new or changed.")
    terminal.out(str(folder))
