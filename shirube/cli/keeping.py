"""Commands about what is kept: settings and database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ShirubeError
from shirube import terminal
from shirube.cli.options import FAILED, PARTLY

if TYPE_CHECKING:
    from shirube.wiring import Wiring

config_app = typer.Typer(help="The settings in force.", no_args_is_help=True)
db_app = typer.Typer(help="The database.", no_args_is_help=True)


@config_app.command("show")
def show_config(context: typer.Context) -> None:
    """Print every setting with its value in force; secrets are masked."""
    from shirube.settings import shown

    wiring: Wiring = context.obj
    for name, value in shown(wiring.settings).items():
        terminal.out(f"{name}={value}")


@db_app.command("upgrade")
def upgrade_database(context: typer.Context) -> None:
    """Make the database, or bring it to the newest form."""
    from db import integrity
    from shirube.troubles import RESTORE

    wiring: Wiring = context.obj
    if lost := integrity.missing(wiring.engine):
        raise ShirubeError(f"Of the database {', '.join(lost)}", RESTORE)
    terminal.say(f"The database is up to date ({wiring.engine.dialect.name}).")


@db_app.command("backup", epilog="Examples:  shirube db backup    shirube db backup --to /mnt/backups")
def backup_database(
    context: typer.Context,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder; default: backups in the data dir.")
    ] = None,
) -> None:
    """Write a backup while everything runs, read it back, and delete those older than 30 days; prints its file."""
    from shirube import backups

    wiring: Wiring = context.obj
    folder = to or wiring.backups_dir
    terminal.out(str(backups.backup(wiring, folder)))
    if less := backups.poorer(folder):
        terminal.say(f"The backup just made {less}. The older ones are kept.")
        terminal.say(f"{backups.POORER}.")
        raise typer.Exit(PARTLY)


@db_app.command("restore", epilog="Example:  shirube db restore var/backups/shirube-20261105T030000Z.zip")
def restore_database(
    context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]
) -> None:
    """Fill an empty database from a backup, of either kind; mail is held until you let it go."""
    from shirube import backups

    wiring: Wiring = context.obj
    found, aside = backups.restore(wiring, file)
    rows = sum(content.rows for content in found.tables.values())
    terminal.say(f"Restored {rows:,} rows as of {found.made:%Y-%m-%d %H:%M} UTC.")
    if aside is not None:
        terminal.say(
            "SHIRUBE_SECRET_KEY is set and lacks a key of the backup, without which links in older mails are dead:"
        )
        terminal.say(f"  put the lines of {aside} before it.")
    terminal.say("Mail is held: look at shirube outbox, then shirube outbox --release.")


@db_app.command("check")
def check_database(
    context: typer.Context,
    mend: Annotated[bool, typer.Option("--mend", help="First make full text anew from the stored items.")] = False,
) -> None:
    """Read the whole database and tell whether it is sound."""
    from db import integrity, search

    wiring: Wiring = context.obj
    if mend:
        with wiring.sessions.begin() as session:
            search.rebuild(session)
    found = integrity.faults(wiring.engine)
    for fault in found:
        terminal.out(fault)
    if found:
        terminal.say("Full text is made anew by shirube db check --mend.")
        terminal.say("For all else restore the last backup into an empty database: shirube db restore FILE.")
        raise typer.Exit(FAILED)
    terminal.out("The database is sound")


@db_app.command("move", epilog="Example:  shirube db move postgresql+psycopg://shirube@localhost/shirube")
def move_database(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The database to copy into: an empty one.")],
) -> None:
    """Copy everything into another database, SQLite or PostgreSQL, and prove that both hold the same."""
    from shirube.moving import move

    wiring: Wiring = context.obj
    with terminal.bar("Tables", left=False) as bar:
        moved = move(wiring, url, bar)
    terminal.say(f"{sum(moved.rows.values()):,} rows in {len(moved.rows)} tables are the same in both.")
    terminal.say("Stop Shirube, set SHIRUBE_DATABASE_URL to the new one, and start it again.")
