"""Commands about the keys of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.apikeys import SCOPES
from shirube import terminal

if TYPE_CHECKING:
    from shirube.wiring import Wiring

keys_app = typer.Typer(help="Keys for programs that write by the API.", no_args_is_help=True)


@keys_app.command("add", epilog="Example:  shirube keys add 'sign-up form' --scope subscriptions:write > key.txt")
def add_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What will use it, in your own words.")],
    scope: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SCOPES)}; may be repeated.")] = None,
) -> None:
    """Make a key and print it, this once: only its hash is stored."""
    from shirube import keys

    made = keys.add(context.obj, name, scope or [])
    terminal.say("Keep this key now: it is not shown again. Send it as  Authorization: Bearer KEY")
    terminal.out(made.text)


@keys_app.command("list", epilog="Example:  shirube keys list")
def list_keys(context: typer.Context) -> None:
    """List the keys by their prefix, with what they allow and when they were last used."""
    from shirube import keys

    rows = [
        (
            one.prefix,
            terminal.plain(one.name),
            " ".join(one.scopes),
            f"{one.created:%Y-%m-%d}",
            f"{one.last_used:%Y-%m-%d %H:00}" if one.last_used else "never",
            f"revoked {one.revoked:%Y-%m-%d}" if one.revoked else "works",
        )
        for one in keys.listed(context.obj)
    ]
    terminal.table(("prefix", "name", "scopes", "made", "last used (UTC)", "state"), rows)


@keys_app.command("revoke", epilog="Example:  shirube keys revoke 1f0c9a3e")
def revoke_key(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="The eight characters after shk_, as in keys list.")],
) -> None:
    """Make a key worthless at once and for good."""
    from shirube import keys

    wiring: Wiring = context.obj
    gone = keys.revoke(wiring, prefix)
    terminal.say(f"The key {gone.prefix} ({terminal.plain(gone.name)}) no longer works.")
